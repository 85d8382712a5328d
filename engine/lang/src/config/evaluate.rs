//! Expressions to values.
//!
//! - Reads: a parsed expression, variables, locals, and what is known of resources.
//! - Returns: its value; [`Value::Unknown`] where something is not known yet or is
//!   wrong. What is wrong is added to the problems, under the part that is wrong.
//! - Never: reports a name or function that does not exist: [`super::references`]
//!   looked at all of them when the spec was decoded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey};
use pospool_model::{Code, Dependency, Diagnostic, Value};

use super::calls;
use super::decoded::Config;
use super::operators::{self, OperatorFault, describe_type};
use super::problems::Problems;
use super::scope::Scope;
use crate::spec::{self, SourceFile, bytes_of};

/// How many parts one evaluation may make: locals that double each other would
/// otherwise fill the memory with a spec of a few lines.
const BUDGET: usize = 200_000;

/// How deep evaluation may go; the parser allows about 190 in one expression.
const DEEPEST: usize = 300;

/// How deep a value may be nested: its JSON form must be readable, which ends at 128.
const DEEPEST_VALUE: usize = 32;

/// Evaluates expressions of one owner.
pub(super) struct Evaluator<'a> {
    pub(super) config: &'a Config,
    pub(super) scope: Scope<'a>,
    /// Resources that the owner names, and may read by way of a variable of `for` or a local.
    pub(super) named: Option<&'a BTreeSet<Dependency>>,
    pub(super) source: &'a SourceFile,
    pub(super) bound: Vec<(&'a str, Value)>,
    /// Locals that are not kept for others: something in them is wrong, or this evaluation is at its end.
    pub(super) locals: BTreeMap<&'a str, Value>,
    pub(super) problems: Problems,
    /// Problems inside locals were reported before.
    pub(super) quiet: bool,
    pub(super) budget: usize,
    /// What the local leads to that is being evaluated.
    pub(super) within: Option<&'a BTreeSet<Dependency>>,
    /// A local read what it does not lead to: of a resource that it got as a value of another one.
    pub(super) strayed: bool,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for expressions in one file.
    pub(super) fn new(config: &'a Config, scope: &Scope<'a>, source: &'a SourceFile) -> Self {
        Self {
            config,
            scope: *scope,
            named: None,
            source,
            bound: Vec::new(),
            locals: BTreeMap::new(),
            problems: Problems::default(),
            quiet: false,
            budget: BUDGET,
            within: None,
            strayed: false,
            depth: 0,
        }
    }

    /// Names what values may lead to.
    pub(super) fn naming(mut self, named: &'a BTreeSet<Dependency>) -> Self {
        self.named = Some(named);
        self
    }

    /// Keeps silent about problems inside locals.
    pub(super) fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Evaluates a whole attribute, and refuses what is too large or deep to be kept.
    pub(super) fn whole(&mut self, expression: &'a Expression) -> Value {
        let value = self.value(expression);
        if self.budget == 0 {
            return Value::Unknown;
        }
        if too_deep(&value) {
            self.error(spec::TOO_DEEP, "the value is nested too deep", expression);
            return Value::Unknown;
        }
        value
    }

    /// Evaluates one expression.
    pub(super) fn value(&mut self, expression: &'a Expression) -> Value {
        if self.depth >= DEEPEST {
            self.error(spec::TOO_DEEP, "this is nested too deep", expression);
            return Value::Unknown;
        }
        if !self.spend(1, expression) {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.dispatch(expression);
        self.depth -= 1;
        value
    }

    fn dispatch(&mut self, expression: &'a Expression) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(_) => self.number(expression),
            Expression::String(text) => {
                let text = text.value();
                self.spend(text.len() / 16, expression);
                Value::Text(text.clone())
            }
            Expression::Array(array) => {
                Value::List(array.iter().map(|item| self.value(item)).collect())
            }
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => self.template(template, expression, false),
            Expression::HeredocTemplate(heredoc) => {
                self.template(&heredoc.template, expression, true)
            }
            Expression::Parenthesis(inner) => self.value(inner.inner()),
            Expression::Variable(name) => {
                let value = self.root(name.as_str(), &[]).0;
                self.own(value, expression)
            }
            Expression::Conditional(_) => self.conditional(expression),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => self.traversal(traversal, expression),
            Expression::UnaryOp(operation) => {
                let operand = self.value(&operation.expr);
                let result = operators::apply_unary(*operation.operator.value(), &operand);
                self.settle(result, expression)
            }
            Expression::BinaryOp(operation) => {
                let left = self.value(&operation.lhs_expr);
                let right = self.value(&operation.rhs_expr);
                let result = operators::apply_binary(*operation.operator.value(), &left, &right);
                self.settle(result, expression)
            }
            Expression::ForExpr(each) => self.each(each),
        }
    }

    /// Reports an error under a node.
    pub(super) fn error(
        &mut self,
        code: Code,
        summary: impl Into<String>,
        node: &impl hcl_edit::Span,
    ) {
        self.problems.error(code, summary, self.source.place(node));
    }

    /// Takes from the budget; reports once when it is used up.
    pub(super) fn spend(&mut self, parts: usize, node: &impl hcl_edit::Span) -> bool {
        if self.budget == 0 {
            return false;
        }
        self.budget = self.budget.saturating_sub(parts);
        if self.budget == 0 {
            self.error(spec::TOO_LARGE, "the value becomes too large", node);
        }
        self.budget > 0
    }

    fn settle(
        &mut self,
        result: Result<Value, OperatorFault>,
        node: &impl hcl_edit::Span,
    ) -> Value {
        result.unwrap_or_else(|fault| {
            let mut problem =
                Diagnostic::error(fault.code, fault.summary).at(self.source.place(node));
            problem.help = fault.help;
            self.problems.push(problem);
            Value::Unknown
        })
    }

    /// Turns a looked-up value into one's own, and pays for the copy.
    pub(super) fn own(&mut self, value: Cow<'a, Value>, node: &impl hcl_edit::Span) -> Value {
        if self.spend(weight(&value), node) {
            value.into_owned()
        } else {
            Value::Unknown
        }
    }

    fn number(&mut self, expression: &Expression) -> Value {
        let text = &self.source.text[bytes_of(expression)];
        let digits = text.trim_start_matches('-').trim();
        let sign = if text.starts_with('-') { "-" } else { "" };
        let summary = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            // The parser keeps large numbers as floats, so the text is read again.
            match format!("{sign}{digits}").parse() {
                Ok(number) => return Value::Integer(number),
                Err(_) => format!("`{text}` does not fit in 64 bits"),
            }
        } else {
            format!("`{text}` is not a whole number")
        };
        self.problems.error_with_help(
            spec::BAD_NUMBER,
            summary,
            self.source.place(expression),
            format!("write it as text, `\"{text}\"`, or an amount as `cfx(\"{text}\")`"),
        );
        Value::Unknown
    }

    fn object(&mut self, object: &'a Object) -> Value {
        let mut map = BTreeMap::new();
        let mut known = true;
        for (key, value) in object {
            let name = match key {
                ObjectKey::Ident(name) => Some(name.to_string()),
                ObjectKey::Expression(expression) => {
                    let name = self.value(expression);
                    known &= name != Value::Unknown;
                    self.key(name, expression)
                }
            };
            let value = self.value(value.expr());
            match name {
                Some(name) if map.contains_key(&name) => {
                    self.error(spec::BAD_KEY, format!("the key `{name}` occurs twice"), key);
                }
                Some(name) => _ = map.insert(name, value),
                None => {}
            }
        }
        if known {
            Value::Map(map)
        } else {
            Value::Unknown
        }
    }

    /// Checks a computed key; `None` if it is unknown or cannot be one.
    pub(super) fn key(&mut self, key: Value, node: &impl hcl_edit::Span) -> Option<String> {
        match key {
            Value::Text(text) if text.starts_with('$') => {
                self.error(spec::BAD_KEY, "a key cannot start with `$`", node);
                None
            }
            Value::Text(text) => Some(text),
            Value::Unknown => None,
            other => {
                self.error(
                    spec::BAD_KEY,
                    format!("a key is text, and this is {}", describe_type(&other)),
                    node,
                );
                None
            }
        }
    }

    fn conditional(&mut self, expression: &'a Expression) -> Value {
        let Expression::Conditional(conditional) = expression else {
            return Value::Unknown;
        };
        match self.value(&conditional.cond_expr) {
            // Only the chosen branch is evaluated, so `length(l) > 0 ? l[0] : ""` works.
            Value::Bool(true) => self.value(&conditional.true_expr),
            Value::Bool(false) => self.value(&conditional.false_expr),
            Value::Unknown => Value::Unknown,
            other => {
                let summary = format!(
                    "a condition is a bool, and this is {}",
                    describe_type(&other)
                );
                self.error(spec::BAD_OPERAND, summary, &conditional.cond_expr);
                Value::Unknown
            }
        }
    }

    fn call(&mut self, call: &'a FuncCall) -> Value {
        let Ok(function) = calls::check_call(call, self.source, &self.problems) else {
            return Value::Unknown;
        };
        let mut arguments = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            arguments.push(self.value(argument));
        }
        if arguments.contains(&Value::Unknown) {
            return Value::Unknown;
        }
        match (function.run)(arguments) {
            Ok(value) => value,
            Err(fault) => {
                let argument = fault.argument.and_then(|position| call.args.get(position));
                match argument {
                    Some(argument) => self.settle(Err(fault), argument),
                    None => self.settle(Err(fault), call),
                }
            }
        }
    }
}

/// The size of a value, for the budget.
fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => 1 + text.len() / 16,
        Value::List(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Value::Map(map) => 1 + map.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}

/// Whether a value is nested too deep to be kept.
fn too_deep(value: &Value) -> bool {
    // No recursion: the value may be deeper than the stack.
    let mut level = vec![value];
    for _ in 0..DEEPEST_VALUE {
        let next: Vec<&Value> = level.iter().flat_map(|value| parts(value)).collect();
        if next.is_empty() {
            return false;
        }
        level = next;
    }
    true
}

fn parts(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(list) => list.iter().collect(),
        Value::Map(map) => map.values().collect(),
        _ => Vec::new(),
    }
}
