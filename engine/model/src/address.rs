//! The name of a resource: its kind and its label.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Name of one resource, written `kind.label`.
///
/// An address is the join key of the whole program: spec, graph, plan and
/// state all use it, and none of them uses a bare string instead.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    kind_length: usize,
}

impl Address {
    /// Builds an address, checking both halves.
    pub fn new(kind: &str, label: &str) -> Result<Self, AddressError> {
        for (part, text) in [("kind", kind), ("label", label)] {
            let ok = text.len() <= 64
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !ok {
                return Err(AddressError {
                    part,
                    text: text.to_owned(),
                });
            }
        }
        Ok(Self {
            text: format!("{kind}.{label}"),
            kind_length: kind.len(),
        })
    }

    /// Returns the kind, which selects the provider.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.text[..self.kind_length]
    }

    /// Returns the label, which is unique among resources of one kind.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.text[self.kind_length + 1..]
    }

    /// Returns `kind.label`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (kind, label) = text.split_once('.').ok_or_else(|| AddressError {
            part: "address",
            text: text.to_owned(),
        })?;
        Self::new(kind, label)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

/// A kind or a label that breaks the naming rule.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "invalid {part} `{text}`: use at most 64 lower-case letters, digits and `_`, starting with a letter"
)]
pub struct AddressError {
    part: &'static str,
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_its_text_form() {
        let address: Address = "core_contract.pool".parse().unwrap();
        assert_eq!(address.kind(), "core_contract");
        assert_eq!(address.label(), "pool");
        assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
    }

    #[test]
    fn names_that_could_leave_their_place_are_refused() {
        for text in [
            "pool", "a.", ".a", "a.B", "a.b.c", "a.../etc", "1a.b", "a.b c",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
