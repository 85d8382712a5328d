//! From a path of names to the place in the text.
//!
//! - Reads: the expression of an attribute.
//! - Returns: the bytes of the innermost part that the path leads to.
//! - Never: evaluates: where the spec computes a value, the path ends.

use std::ops::Range;

use hcl_edit::expr::{Expression, Object, ObjectKey, ObjectValue};
use pospool_model::{Address, Span};

use super::blocks::Resource;
use super::decoded::Config;
use crate::spec::{SourceFile, bytes_of};

impl Config {
    /// Finds the place of a value of a resource, as deep as the spec writes it out:
    /// the attribute, the key of a map, the position in a list. Falls back to the
    /// block's first line.
    #[must_use]
    pub fn span_of(&self, address: &Address, path: &[String]) -> Span {
        let Some(resource) = self.resources.get(address) else {
            return Span::default();
        };
        find_value_place(self, resource, path).unwrap_or_else(|| resource.span.clone())
    }
}

/// Finds the place of a value of a resource; `None` if the attribute is not written.
fn find_value_place(config: &Config, resource: &Resource, path: &[String]) -> Option<Span> {
    let (name, rest) = path.split_first()?;
    let written = resource
        .attributes
        .iter()
        .find(|(schema, _)| schema.name == name);
    let (source, attribute) = config.attribute(written?.1)?;
    Some(source.span(narrow_to_path(
        source,
        bytes_of(&attribute.key),
        &attribute.value,
        rest,
    )))
}

/// Follows `path` into an expression that stands after `key`.
///
/// A value of several lines is shown by its key: to underline all of it would hide
/// what is meant.
pub(super) fn narrow_to_path(
    source: &SourceFile,
    mut key: Range<usize>,
    mut expression: &Expression,
    path: &[String],
) -> Range<usize> {
    for name in path {
        while let Expression::Parenthesis(inner) = expression {
            expression = inner.inner();
        }
        let inner = match expression {
            Expression::Object(object) => entry(object, name),
            Expression::Array(array) => {
                let item = name.parse().ok().and_then(|position| array.get(position));
                item.map(|item| (first_byte(bytes_of(item)), item))
            }
            _ => None,
        };
        match inner {
            Some((place, value)) => (key, expression) = (place, value),
            None => break,
        }
    }
    let bytes = bytes_of(expression);
    let is_one_line = source
        .text
        .get(bytes.clone())
        .is_some_and(|text| !text.contains('\n'));
    if is_one_line { bytes } else { key }
}

fn first_byte(bytes: Range<usize>) -> Range<usize> {
    bytes.start..bytes.end.min(bytes.start + 1)
}

fn entry<'a>(object: &'a Object, name: &str) -> Option<(Range<usize>, &'a Expression)> {
    let is_it = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(expression) => expression.as_str() == Some(name),
    };
    let mut entries = object.iter();
    let found: Option<(&ObjectKey, &ObjectValue)> = entries.find(|(key, _)| is_it(key));
    found.map(|(key, value)| (bytes_of(key), value.expr()))
}
