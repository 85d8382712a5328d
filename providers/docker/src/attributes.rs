//! Reading single attributes by their names.

use pospool_model::kind::Attribute;
use pospool_model::{Attributes, Problem, Value};

use crate::codes;

/// Returns an attribute's text.
pub(crate) fn attribute_text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_text)
}

/// What an attribute holds that must be there.
pub(crate) fn require_attribute<T: Copy>(
    name: &str,
    attribute: Attribute<T>,
) -> Result<T, Problem> {
    attribute.known().ok_or_else(|| missing_attribute(name))
}

/// An attribute that must be there is not.
pub(crate) fn missing_attribute(name: &str) -> Problem {
    Problem::new(
        codes::MISSING_ATTRIBUTE,
        &[],
        format!("`{name}` is missing"),
    )
}
