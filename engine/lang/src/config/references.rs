//! What an expression refers to, found without evaluating it.
//!
//! - Reads: one expression, and all names of the spec.
//! - Returns: the resources and locals that it names and what it reads of them; and
//!   every name, function or form in it that does not exist.
//! - Never: looks at values, so the evaluator need not report names again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey, TraversalOperator};
use hcl_edit::template::{Element, Template};
use pospool_model::Address;

use super::calls;
use super::decoded::Config;
use super::kinds::Kinds;
use super::problems::Problems;
use crate::spec::{self, SourceFile};

/// What an expression refers to, with the first place of each.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Resources, whole or in part.
    pub(super) resources: BTreeMap<Address, Range<usize>>,
    /// Names read of resources.
    pub(super) uses: BTreeSet<(Address, String)>,
    /// Resources whose whole self becomes a value.
    pub(super) whole: BTreeSet<Address>,
    /// Resources that must be planned before the owner: all but those that are only named
    /// inside of settings.
    pub(super) firm: BTreeSet<Address>,
    /// Names read of values that may turn out to be one of the whole resources.
    pub(super) loose: BTreeSet<String>,
    /// Locals.
    pub(super) locals: BTreeMap<String, Range<usize>>,
}

/// Looks through expressions of one owner.
pub(super) struct Walker<'a> {
    pub(super) config: &'a Config,
    pub(super) kinds: &'a Kinds,
    pub(super) source: &'a SourceFile,
    /// The resource that the expressions belong to, which may not refer to itself.
    pub(super) owner: Option<&'a Address>,
    /// Only literals and functions may be used.
    pub(super) constant: bool,
    /// The expression is the value of settings, in which a resource may stand for its identity.
    pub(super) settings: bool,
    pub(super) bound: Vec<&'a str>,
    pub(super) problems: &'a mut Problems,
    pub(super) found: References,
}

impl<'a> Walker<'a> {
    /// A walker for expressions that may use every name of the spec.
    pub(super) fn new(
        config: &'a Config,
        kinds: &'a Kinds,
        source: &'a SourceFile,
        problems: &'a mut Problems,
    ) -> Self {
        Self {
            config,
            kinds,
            source,
            owner: None,
            constant: false,
            settings: false,
            bound: Vec::new(),
            problems,
            found: References::default(),
        }
    }

    /// Refuses references to `owner`.
    pub(super) fn owned_by(mut self, owner: &'a Address) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Refuses every reference.
    pub(super) fn constant(mut self) -> Self {
        self.constant = true;
        self
    }

    /// Looks through one expression.
    pub(super) fn walk(&mut self, expression: &'a Expression) {
        match expression {
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::String(_) => {}
            Expression::Array(array) => array.iter().for_each(|item| self.walk(item)),
            Expression::Object(object) => {
                for (key, value) in object {
                    if let ObjectKey::Expression(key) = key {
                        self.walk(key);
                    }
                    self.walk(value.expr());
                }
            }
            Expression::StringTemplate(template) => self.template(template),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.walk(inner.inner()),
            Expression::Variable(name) => self.path(name, &[]),
            Expression::Conditional(conditional) => {
                self.walk(&conditional.cond_expr);
                self.walk(&conditional.true_expr);
                self.walk(&conditional.false_expr);
            }
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => match &traversal.expr {
                Expression::Variable(name) => self.path(name, &traversal.operators),
                other => {
                    self.walk(other);
                    self.operators(&traversal.operators);
                }
            },
            Expression::UnaryOp(operation) => self.walk(&operation.expr),
            Expression::BinaryOp(operation) => {
                self.walk(&operation.lhs_expr);
                self.walk(&operation.rhs_expr);
            }
            Expression::ForExpr(each) => self.each(each),
        }
    }

    /// Looks at the value of `depends_on`.
    pub(super) fn depends_on(&mut self, list: &'a Expression) {
        let Some(list) = list.as_array() else {
            return self.no_resource(list);
        };
        for entry in list {
            let path = entry.as_traversal();
            if path.is_some_and(|path| path.operators.len() == 1 && path.expr.is_variable()) {
                // It only sets the order, so no name is read of it.
                let whole = std::mem::take(&mut self.found.whole);
                self.walk(entry);
                self.found.whole = whole;
            } else {
                self.no_resource(entry);
            }
        }
    }

    fn no_resource(&mut self, expression: &Expression) {
        let summary = "`depends_on` is a list of bare resources";
        let (span, help) = (
            self.source.place(expression),
            "write `depends_on = [kind.name]`",
        );
        self.problems
            .error_with_help(spec::BAD_DEPENDS_ON, summary, span, help);
    }

    fn template(&mut self, template: &'a Template) {
        for element in template {
            match element {
                Element::Literal(_) => {}
                Element::Interpolation(interpolation) => self.walk(&interpolation.expr),
                Element::Directive(directive) => self.problems.error_with_help(
                    spec::UNSUPPORTED,
                    "`%{ … }` is not supported inside text",
                    self.source.place(directive.as_ref()),
                    "write `${ condition ? \"a\" : \"b\" }`, or `${ join(\", \", [for …]) }`",
                ),
            }
        }
    }

    fn each(&mut self, each: &'a ForExpr) {
        self.walk(&each.intro.collection_expr);
        let before = self.bound.len();
        self.bound
            .extend(each.intro.key_var.as_ref().map(|name| name.as_str()));
        self.bound.push(each.intro.value_var.as_str());
        if let Some(key) = &each.key_expr {
            self.walk(key);
        }
        self.walk(&each.value_expr);
        if let Some(condition) = &each.cond {
            self.walk(&condition.expr);
        }
        self.bound.truncate(before);
    }

    fn call(&mut self, call: &'a FuncCall) {
        match calls::check_call(call, self.source, self.problems) {
            Ok(function) if function.takes_name => {}
            Ok(_) => call.args.iter().for_each(|argument| self.walk(argument)),
            Err(problem) => {
                self.problems.push(problem);
                call.args.iter().for_each(|argument| self.walk(argument));
            }
        }
    }

    /// Looks at steps whose start was looked at.
    pub(super) fn operators(&mut self, operators: &'a [Decorated<TraversalOperator>]) {
        for operator in operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => _ = self.found.loose.insert(name.to_string()),
                TraversalOperator::Index(Expression::String(name)) => {
                    self.found.loose.insert(name.value().clone());
                }
                TraversalOperator::Index(index) => self.walk(index),
                TraversalOperator::LegacyIndex(_) => {}
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    self.problems.error_with_help(
                        spec::UNSUPPORTED,
                        "`*` is not supported here",
                        self.source.place(operator),
                        "write `[for item in list : item.name]`",
                    );
                }
            }
        }
    }
}
