//! Names in expressions: `var.x`, `local.x`, `kind.label` and what is read of them.
//!
//! - Reads: a path, and all names of the spec.
//! - Returns: the reference, noted in the [`Walker`]; or that there is no such name, with
//!   the one that was probably meant.
//! - Never: looks further than the name that is read: what is behind it is a value.

use std::ops::Range;

use hcl_edit::expr::TraversalOperator;
use hcl_edit::{Decorated, Ident};
use pospool_model::{Address, KindSchema};

use super::paths::{Segment, is_readable_name, read_segment, unknown_output};
use super::references::Walker;
use crate::spec::{self, bytes_of};

impl<'a> Walker<'a> {
    /// Looks at a name and what is read of it.
    pub(super) fn path(
        &mut self,
        name: &'a Decorated<Ident>,
        operators: &'a [Decorated<TraversalOperator>],
    ) {
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
                TraversalOperator::GetAttr(_) => read_segment(operator),
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
        let read = rest.first().and_then(read_segment);
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
        if read.is_some() || !rest.is_empty() || !self.settings {
            self.found.firm.insert(address.clone());
        }
        let Some(read) = read else {
            self.found.whole.insert(address);
            return rest;
        };
        if is_readable_name(schema, read.name) {
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
