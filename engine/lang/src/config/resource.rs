//! Attributes of one resource, evaluated and checked.
//!
//! - Reads: the resource's expressions, and what is known of others.
//! - Returns: typed attributes, or the value of an output.
//! - Never: changes the config.

use hcl_edit::structure::Attribute;
use pospool_model::{Address, AttributeSchema, Attributes, Diagnostic, Presence, Value};

use super::blocks::{OutputBlock, Resource};
use super::decoded::Config;
use super::evaluate::Evaluator;
use super::scope::Scope;
use super::{place, types};
use crate::spec::{self, bytes_of};

impl Config {
    /// Evaluates the attributes of a resource.
    ///
    /// Optional attributes that are not written are absent, references that are
    /// implied are filled in. An attribute with a problem is [`Value::Unknown`], so
    /// that what reads it can still be looked at.
    #[must_use]
    pub fn evaluate(&self, address: &Address, scope: &Scope<'_>) -> (Attributes, Vec<Diagnostic>) {
        match self.resources.get(address) {
            Some(resource) => evaluate_resource(self, resource, scope, false),
            None => (Attributes::new(), Vec::new()),
        }
    }

    /// Evaluates an `output` block; an unknown name is [`Value::Null`].
    #[must_use]
    pub fn evaluate_output(&self, name: &str, scope: &Scope<'_>) -> (Value, Vec<Diagnostic>) {
        match self.outputs.get(name) {
            Some(output) => evaluate_output(self, output, scope, false),
            None => (Value::Null, Vec::new()),
        }
    }
}

/// Evaluates a resource; `quiet` about problems inside locals.
pub(super) fn evaluate_resource(
    config: &Config,
    resource: &Resource,
    scope: &Scope<'_>,
    quiet: bool,
) -> (Attributes, Vec<Diagnostic>) {
    let mut attributes = Attributes::new();
    let mut problems = Vec::new();
    let mut evaluator: Option<Evaluator<'_>> = None;
    for (schema, place) in &resource.attributes {
        let Some((source, attribute)) = config.attribute(*place) else {
            continue;
        };
        let evaluator = evaluator.get_or_insert_with(|| {
            Evaluator::new(config, scope, source)
                .naming(&resource.depends_on)
                .quiet(quiet)
        });
        let value = evaluator.whole(&attribute.value);
        if let Some(value) = checked(evaluator, resource, schema, attribute, value) {
            attributes.insert(schema.name.to_owned(), value);
        }
    }
    if let Some(evaluator) = evaluator {
        problems = evaluator.problems.into_list();
    }
    for (schema, address) in &resource.implied {
        attributes.insert(schema.name.to_owned(), Value::Resource(address.clone()));
    }
    (attributes, problems)
}

/// Checks a value against its table; `None` when it counts as not written.
fn checked(
    evaluator: &mut Evaluator<'_>,
    resource: &Resource,
    schema: &AttributeSchema,
    attribute: &Attribute,
    value: Value,
) -> Option<Value> {
    let source = evaluator.source;
    if value == Value::Null {
        let is_implied = resource
            .implied
            .iter()
            .any(|(implied, _)| implied.name == schema.name);
        if schema.presence != Presence::Optional && !is_implied {
            evaluator.problems.error_with_help(
                spec::MISSING_ATTRIBUTE,
                format!(
                    "`{}` lacks `{}`: this is null",
                    resource.address, schema.name
                ),
                source.place(&attribute.value),
                format!("give it a value: {}", schema.doc),
            );
            return Some(Value::Unknown);
        }
        return None;
    }
    let (value, mismatches) = types::check_type(schema.name, schema.ty, value);
    for mismatch in mismatches {
        let path = mismatch.path.get(1..).unwrap_or_default();
        let bytes = place::narrow_to_path(source, bytes_of(&attribute.key), &attribute.value, path);
        let mut problem = Diagnostic::error(mismatch.code, mismatch.summary).at(source.span(bytes));
        problem.help = mismatch.help;
        evaluator.problems.push(problem);
    }
    Some(value)
}

/// Evaluates an `output` block.
pub(super) fn evaluate_output(
    config: &Config,
    output: &OutputBlock,
    scope: &Scope<'_>,
    quiet: bool,
) -> (Value, Vec<Diagnostic>) {
    let found = output.value.and_then(|place| config.attribute(place));
    let Some((source, attribute)) = found else {
        return (Value::Unknown, Vec::new());
    };
    let mut evaluator = Evaluator::new(config, scope, source)
        .naming(&output.depends_on)
        .quiet(quiet);
    let mut value = evaluator.whole(&attribute.value);
    if let Some(problem) = refuse_unfit_value(&value) {
        let place = source.place(&attribute.value);
        evaluator.problems.push(problem.at(place));
        value = Value::Unknown;
    }
    (value, evaluator.problems.into_list())
}

/// Says why a value can be neither an output nor a variable.
pub(super) fn refuse_unfit_value(value: &Value) -> Option<Diagnostic> {
    types::find_secret(value).map(|_| {
        Diagnostic::error(
            spec::SECRET_MISPLACED,
            "a secret cannot be shown or handed on here",
        )
        .help("write `env(\"NAME\")` or `file(\"PATH\")` in the attribute that uses the secret")
    })
}
