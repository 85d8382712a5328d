//! Paths such as `var.x`, `node.main.address` and `local.hosts[0].name`.
//!
//! - Reads: variables, locals, resources, and the parts of values.
//! - Returns: the value at the end of the path, borrowed where it can be: a path into
//!   a large map must not copy the map.
//! - Never: fails on a name that decoding has reported; that is unknown here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use pospool_model::{Address, Diagnostic, Value, dependency, diagnostic};

use super::evaluate::Evaluator;
use super::operators::describe_type;
use super::paths::{is_readable_name, read_segment, unknown_output};
use crate::spec;

impl<'a> Evaluator<'a> {
    pub(super) fn traversal(&mut self, traversal: &'a Traversal, node: &'a Expression) -> Value {
        let (mut value, used) = match &traversal.expr {
            Expression::Variable(name) => self.root(name.as_str(), &traversal.operators),
            other => (Cow::Owned(self.value(other)), 0),
        };
        for operator in traversal.operators.get(used..).unwrap_or_default() {
            value = self.step(value, operator);
        }
        self.own(value, node)
    }

    /// Looks up the start of a path; returns how many of its steps that took.
    pub(super) fn root(
        &mut self,
        name: &'a str,
        operators: &'a [Decorated<TraversalOperator>],
    ) -> (Cow<'a, Value>, usize) {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return (Cow::Owned(value.clone()), 0);
        }
        let unknown = (Cow::Owned(Value::Unknown), operators.len());
        let Some(first) = operators.first().and_then(read_segment) else {
            return unknown;
        };
        match name {
            "var" => match self.config.variables.get(first.name) {
                Some(value) => (Cow::Borrowed(value), 1),
                None => unknown,
            },
            "local" => (self.local(first.name), 1),
            kind => {
                let Some(address) = Address::new(kind, first.name).ok() else {
                    return unknown;
                };
                let Some(resource) = self.config.resources.get(&address) else {
                    return unknown;
                };
                match operators.get(1).and_then(read_segment) {
                    Some(read) if is_readable_name(resource.schema, read.name) => {
                        (self.read(&address, read.name), 2)
                    }
                    Some(_) => unknown,
                    None => (Cow::Owned(Value::Resource(address)), 1),
                }
            }
        }
    }

    /// Reads a name of a resource that has it.
    fn read(&self, address: &Address, name: &str) -> Cow<'a, Value> {
        if let Some(value) = self
            .scope
            .outputs
            .get(address)
            .and_then(|outputs| outputs.get(name))
        {
            return Cow::Borrowed(value);
        }
        let Some(attributes) = self.scope.wanted.get(address) else {
            return Cow::Owned(Value::Unknown);
        };
        if let Some(value) = attributes.get(name) {
            return Cow::Borrowed(value);
        }
        let schema = self
            .config
            .resources
            .get(address)
            .map(|resource| resource.schema);
        let is_attribute = schema.is_some_and(|schema| {
            schema.attribute(name).is_some()
                && schema.outputs.iter().all(|output| output.name != name)
        });
        Cow::Owned(if is_attribute {
            Value::Null
        } else {
            Value::Unknown
        })
    }

    fn local(&mut self, name: &'a str) -> Cow<'a, Value> {
        let Some(local) = self.config.locals.get(name) else {
            return Cow::Owned(Value::Unknown);
        };
        if let Some(value) = &local.constant {
            return Cow::Borrowed(value);
        }
        if let Some(value) = self.locals.get(name) {
            return Cow::Owned(value.clone());
        }
        let kept = self.scope.locals.get(name);
        if let Some(value) = kept.and_then(OnceLock::get) {
            return Cow::Borrowed(value);
        }
        let Some((source, attribute)) = self.config.attribute(local.place) else {
            return Cow::Owned(Value::Unknown);
        };
        let problems = self.problems.len();
        let outer = std::mem::replace(&mut self.source, source);
        let bound = std::mem::take(&mut self.bound);
        let within = self.within.replace(&local.uses);
        let value = self.value(&attribute.value);
        self.within = within;
        self.source = outer;
        self.bound = bound;
        // What is wrong in a local is said to each of its readers; what one of them has left of its budget, or
        // names itself, is not the others' matter.
        let is_whole = self.problems.len() == problems && self.budget > 0 && !self.strayed;
        if self.quiet {
            self.problems.truncate(problems);
        }
        if let Some(kept) = kept.filter(|_| is_whole) {
            return Cow::Borrowed(kept.get_or_init(|| value));
        }
        self.locals.insert(name, value.clone());
        Cow::Owned(value)
    }

    fn step(
        &mut self,
        value: Cow<'a, Value>,
        operator: &'a Decorated<TraversalOperator>,
    ) -> Cow<'a, Value> {
        match operator.value() {
            TraversalOperator::GetAttr(name) => self.member(value, name.as_str(), operator),
            TraversalOperator::LegacyIndex(index) => {
                let index = i64::try_from(*index.value()).unwrap_or(i64::MAX);
                self.element(value, index, operator)
            }
            TraversalOperator::Index(expression) => match self.value(expression) {
                Value::Text(name) => self.member(value, &name, operator),
                Value::Integer(index) => self.element(value, index, operator),
                Value::Unknown => Cow::Owned(Value::Unknown),
                other => {
                    let summary = format!(
                        "an index is a whole number or text, and this is {}",
                        describe_type(&other)
                    );
                    self.error(spec::BAD_INDEX, summary, expression);
                    Cow::Owned(Value::Unknown)
                }
            },
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                Cow::Owned(Value::Unknown)
            }
        }
    }

    fn member(
        &mut self,
        value: Cow<'a, Value>,
        name: &str,
        node: &impl hcl_edit::Span,
    ) -> Cow<'a, Value> {
        match value {
            Cow::Borrowed(Value::Map(map)) => {
                if let Some(value) = map.get(name) {
                    return Cow::Borrowed(value);
                }
                self.no_key(name, map, node);
            }
            Cow::Owned(Value::Map(mut map)) => {
                if let Some(value) = map.remove(name) {
                    return Cow::Owned(value);
                }
                self.no_key(name, &map, node);
            }
            other => match &*other {
                Value::Unknown => {}
                Value::Resource(address) => return self.indirect(&address.clone(), name, node),
                other => {
                    let summary = format!("{} has no `{name}`", describe_type(other));
                    self.error(spec::BAD_INDEX, summary, node);
                }
            },
        }
        Cow::Owned(Value::Unknown)
    }

    fn no_key(&mut self, name: &str, map: &BTreeMap<String, Value>, node: &impl hcl_edit::Span) {
        let meant = diagnostic::did_you_mean(name, map.keys().map(String::as_str));
        let mut problem =
            Diagnostic::error(spec::BAD_INDEX, format!("the map has no key `{name}`"))
                .at(self.source.place(node));
        problem.help = meant.map(|meant| format!("did you mean `{meant}`?"));
        self.problems.push(problem);
    }

    /// Reads a name of a resource that is itself a value, such as a variable of `for`.
    fn indirect(
        &mut self,
        address: &Address,
        name: &str,
        node: &impl hcl_edit::Span,
    ) -> Cow<'a, Value> {
        let Some(resource) = self.config.resources.get(address) else {
            return Cow::Owned(Value::Unknown);
        };
        // What the owner does not name is not among its dependencies, so it may be
        // unknown here by the order of evaluation alone.
        let groups = &self.config.groups;
        let is_named = |named| dependency::leads_to(named, groups, address);
        if !self.named.is_none_or(is_named) {
            self.problems.error_with_help(
                spec::INDIRECT_REFERENCE,
                format!("this reads `{address}`, which is not named here"),
                self.source.place(node),
                format!("write `{address}.{name}`"),
            );
            return Cow::Owned(Value::Unknown);
        }
        self.strayed |= self
            .within
            .is_some_and(|within| !dependency::leads_to(within, groups, address));
        if is_readable_name(resource.schema, name) {
            return self.read(address, name);
        }
        let problem = unknown_output(resource.schema, name, &self.problems);
        self.problems.push(problem.at(self.source.place(node)));
        Cow::Owned(Value::Unknown)
    }

    fn element(
        &mut self,
        value: Cow<'a, Value>,
        index: i64,
        node: &impl hcl_edit::Span,
    ) -> Cow<'a, Value> {
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let summary = match value {
            Cow::Borrowed(Value::List(list)) if position < list.len() => {
                return Cow::Borrowed(&list[position]);
            }
            Cow::Owned(Value::List(mut list)) if position < list.len() => {
                return Cow::Owned(list.swap_remove(position));
            }
            value => match &*value {
                Value::Unknown => return Cow::Owned(Value::Unknown),
                Value::List(list) => {
                    let length = list.len();
                    format!("there is no element {index}: the list has {length}, counted from 0")
                }
                other => format!("{} has no elements", describe_type(other)),
            },
        };
        self.error(spec::BAD_INDEX, summary, node);
        Cow::Owned(Value::Unknown)
    }
}
