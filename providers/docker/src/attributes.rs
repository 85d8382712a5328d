//! Reading single attributes by their names.

use pospool_model::{Attributes, Problem, Value};

use crate::codes;

/// Returns an attribute's text.
pub(crate) fn attribute_text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_text)
}

/// An attribute that must be there is not.
pub(crate) fn missing_attribute(name: &str) -> Problem {
    Problem::new(
        codes::MISSING_ATTRIBUTE,
        &[],
        format!("`{name}` is missing"),
    )
}
