//! What an expression refers to, found without evaluating it.
//!
//! - Reads: one expression, and all names of the spec.
//! - Returns: the resources and locals that it names and what it reads of them; and
//!   every name, function or form in it that does not exist.
//! - Never: looks at values, so the evaluator need not report names again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey, TraversalOperator};
use hcl_edit::template::{Element, Template};
use hcl_edit::{Decorated, Ident};
use pospool_model::{Address, KindSchema};

use super::calls;
use super::paths::{Segment, knows, segment, unknown_output};
use super::problems::Problems;
use super::{Config, Kinds, bytes_of};
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
    /// Names read of values that may turn out to be one of the whole resources.
    pub(super) loose: BTreeSet<String>,
    /// Locals.
    pub(super) locals: BTreeMap<String, Range<usize>>,
}

/// Looks through expressions of one owner.
pub(super) struct Walker<'a> {
    config: &'a Config,
    kinds: &'a Kinds,
    source: &'a SourceFile,
    /// The resource that the expressions belong to, which may not refer to itself.
    owner: Option<&'a Address>,
    /// Only literals and functions may be used.
    constant: bool,
    bound: Vec<&'a str>,
    problems: &'a mut Problems,
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

    /// Looks at an entry of `depends_on`.
    pub(super) fn bare_resource(&mut self, expression: &'a Expression) {
        let path = expression.as_traversal();
        if path.is_some_and(|path| path.operators.len() == 1 && path.expr.is_variable()) {
            // It only sets the order, so no name is read of it.
            let whole = std::mem::take(&mut self.found.whole);
            self.walk(expression);
            self.found.whole = whole;
        } else {
            self.no_list(expression);
        }
    }

    /// Reports a `depends_on` that is no list.
    pub(super) fn no_list(&mut self, expression: &Expression) {
        let summary = "`depends_on` is a list of bare resources";
        let span = self.source.place(expression);
        let help = "write `depends_on = [kind.name]`";
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

    fn operators(&mut self, operators: &'a [Decorated<TraversalOperator>]) {
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

    /// Looks at a name and what is read of it.
    fn path(&mut self, name: &'a Decorated<Ident>, operators: &'a [Decorated<TraversalOperator>]) {
        let root = name.as_str();
        let rest = if self.bound.contains(&root) {
            operators
        } else if self.constant {
            self.problems.error_with_help(
                spec::NOT_CONSTANT,
                format!("`{root}` is a reference, and this value must be known beforehand"),
                self.source.place(name),
                "write text in double quotes, or compute the value in `locals`",
            );
            return;
        } else {
            match (root, self.kinds.get(root)) {
                ("var", _) => self.variable(name, operators),
                ("local", _) => self.local(name, operators),
                (_, Some(schema)) => self.resource(schema, name, operators),
                _ => {
                    self.unknown_root(name);
                    operators.get(1..).unwrap_or_default()
                }
            }
        };
        self.operators(rest);
    }

    fn unknown_root(&mut self, name: &Decorated<Ident>) {
        let root = name.as_str();
        let help = match root {
            "variable" | "vars" => Some("did you mean `var`?".to_owned()),
            "locals" => Some("did you mean `local`?".to_owned()),
            "output" => {
                Some("an output is for people; a value used twice belongs in `locals`".to_owned())
            }
            _ => {
                let kinds = self.kinds.names().map(|kind| -> &str { kind });
                let names = kinds
                    .chain(["var", "local"])
                    .chain(self.bound.iter().copied());
                self.problems.did_you_mean(root, names, ToOwned::to_owned)
            }
        };
        let help = help.unwrap_or_else(|| {
            "write `kind.name`, `var.name` or `local.name`, or put text in double quotes".to_owned()
        });
        let summary = format!("nothing here is called `{root}`");
        let span = self.source.place(name);
        self.problems
            .error_with_help(spec::UNKNOWN_NAME, summary, span, help);
    }

    /// Returns the segment after a root, or reports that there is none.
    fn first(
        &mut self,
        name: &Decorated<Ident>,
        operators: &'a [Decorated<TraversalOperator>],
    ) -> Option<Segment<'a>> {
        let found = operators
            .first()
            .and_then(|operator| match operator.value() {
                TraversalOperator::GetAttr(_) => segment(operator),
                _ => None,
            });
        if found.is_none() {
            let root = name.as_str();
            self.problems.error_with_help(
                spec::INCOMPLETE_REFERENCE,
                format!("`{root}` alone is no value"),
                self.source.place(name),
                format!("write `{root}.name`"),
            );
        }
        found
    }

    fn variable(
        &mut self,
        name: &Decorated<Ident>,
        operators: &'a [Decorated<TraversalOperator>],
    ) -> &'a [Decorated<TraversalOperator>] {
        let Some(variable) = self.first(name, operators) else {
            return operators;
        };
        if !self.config.variables.contains_key(variable.name) {
            let names = self.config.variables.keys().map(String::as_str);
            let help = self
                .problems
                .did_you_mean(variable.name, names, |name| format!("var.{name}"))
                .unwrap_or_else(|| {
                    format!(
                        "declare it: `variable \"{}\" {{ type = text }}`",
                        variable.name
                    )
                });
            let summary = format!("there is no variable `{}`", variable.name);
            let span = self.source.span(variable.bytes);
            self.problems
                .error_with_help(spec::UNKNOWN_VARIABLE, summary, span, help);
        }
        &operators[1..]
    }

    fn local(
        &mut self,
        name: &Decorated<Ident>,
        operators: &'a [Decorated<TraversalOperator>],
    ) -> &'a [Decorated<TraversalOperator>] {
        let Some(local) = self.first(name, operators) else {
            return operators;
        };
        if self.config.locals.contains_key(local.name) {
            let bytes = bytes_of(name).start..local.bytes.end;
            self.found
                .locals
                .entry(local.name.to_owned())
                .or_insert(bytes);
        } else {
            let names = self.config.locals.keys().map(String::as_str);
            let help = self
                .problems
                .did_you_mean(local.name, names, |name| format!("local.{name}"))
                .unwrap_or_else(|| format!("declare it: `locals {{ {} = … }}`", local.name));
            let summary = format!("there is no local `{}`", local.name);
            let span = self.source.span(local.bytes);
            self.problems
                .error_with_help(spec::UNKNOWN_LOCAL, summary, span, help);
        }
        &operators[1..]
    }

    /// Looks at `kind.label` and, if one follows, the name read of it.
    fn resource(
        &mut self,
        schema: &'static KindSchema,
        root: &Decorated<Ident>,
        operators: &'a [Decorated<TraversalOperator>],
    ) -> &'a [Decorated<TraversalOperator>] {
        let Some(label) = self.first(root, operators) else {
            return operators;
        };
        let bytes = bytes_of(root).start..label.bytes.end;
        let rest = &operators[1..];
        let read = rest.first().and_then(segment);
        let Some(address) = self.declared(schema, label.name, &bytes) else {
            return rest.get(1..).unwrap_or_default();
        };
        if self.owner == Some(&address) {
            let summary = format!("`{address}` refers to itself");
            let span = self.source.span(bytes);
            self.problems.error(spec::SELF_REFERENCE, summary, span);
            return rest.get(1..).unwrap_or_default();
        }
        self.found.resources.entry(address.clone()).or_insert(bytes);
        let Some(read) = read else {
            self.found.whole.insert(address);
            return rest;
        };
        if knows(schema, read.name) {
            self.found.uses.insert((address, read.name.to_owned()));
        } else {
            let span = self.source.span(read.bytes);
            let problem = unknown_output(schema, read.name, self.problems).at(span);
            self.problems.push(problem);
        }
        &rest[1..]
    }

    fn declared(
        &mut self,
        schema: &KindSchema,
        label: &str,
        bytes: &Range<usize>,
    ) -> Option<Address> {
        let address = Address::new(schema.kind, label).ok();
        let address = address.filter(|address| self.config.resources.contains_key(address));
        if address.is_none() {
            let labels = self.config.resources.keys();
            let labels = labels
                .filter(|address| address.kind() == schema.kind)
                .map(Address::label);
            let help = self
                .problems
                .did_you_mean(label, labels, |label| format!("{}.{label}", schema.kind))
                .unwrap_or_else(|| format!("declare it: `{} \"{label}\" {{ … }}`", schema.kind));
            let summary = format!("the spec has no `{}.{label}`", schema.kind);
            let span = self.source.span(bytes.clone());
            self.problems
                .error_with_help(spec::UNKNOWN_RESOURCE, summary, span, help);
        }
        address
    }
}
