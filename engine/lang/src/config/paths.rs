//! Steps of a path such as `node.main.address`.
//!
//! - Reads: one step of the parsed path, and a kind's table.
//! - Returns: the name in the step, if it is written out, and whether the kind has it.
//! - Never: evaluates an index.

use std::ops::Range;

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, TraversalOperator};
use pospool_model::{Diagnostic, KindSchema};

use super::problems::Problems;
use crate::spec::{self, bytes_of};

/// A name in a path, written `.name` or `["name"]`.
pub(super) struct Segment<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: Range<usize>,
}

/// Returns the name of a step, if it is written out.
pub(super) fn read_segment(operator: &Decorated<TraversalOperator>) -> Option<Segment<'_>> {
    match operator.value() {
        TraversalOperator::GetAttr(name) => Some(Segment {
            name: name.as_str(),
            bytes: bytes_of(name),
        }),
        TraversalOperator::Index(Expression::String(name)) => Some(Segment {
            name: name.value(),
            bytes: bytes_of(name),
        }),
        _ => None,
    }
}

/// Whether others may read `name` of a resource of this kind.
pub(super) fn is_readable_name(schema: &KindSchema, name: &str) -> bool {
    schema.open_outputs
        || schema.attribute(name).is_some()
        || schema.outputs.iter().any(|output| output.name == name)
}

/// Says that a kind gives out no such name.
pub(super) fn unknown_output(schema: &KindSchema, name: &str, problems: &Problems) -> Diagnostic {
    let outputs = schema.outputs.iter().map(|output| output.name);
    let names = outputs.chain(schema.attributes.iter().map(|attribute| attribute.name));
    let help = problems
        .did_you_mean(name, names, ToOwned::to_owned)
        .unwrap_or_else(|| format!("`pospool explain {}` lists the outputs", schema.kind));
    let summary = format!("`{}` has no output `{name}`", schema.kind);
    Diagnostic::error(spec::UNKNOWN_OUTPUT, summary).help(help)
}
