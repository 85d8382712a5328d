//! Steps of a path such as `node.main.address`.
//!
//! - Reads: one step of the parsed path, or a kind's table.
//! - Returns: the name in the step, if it is written out.
//! - Never: evaluates an index.

use std::ops::Range;

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, TraversalOperator};
use pospool_model::KindSchema;

use super::bytes_of;

/// A name in a path, written `.name` or `["name"]`.
pub(super) struct Segment<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: Range<usize>,
}

/// Returns the name of a step, if it is written out.
pub(super) fn segment(operator: &Decorated<TraversalOperator>) -> Option<Segment<'_>> {
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
pub(super) fn knows(schema: &KindSchema, name: &str) -> bool {
    schema.open_outputs
        || schema.attribute(name).is_some()
        || schema.outputs.iter().any(|output| output.name == name)
}
