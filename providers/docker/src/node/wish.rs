//! A node as the spec wants it, in types.
//!
//! - Reads: normalised attributes.
//! - Returns: a [`DesiredNode`], or the first thing that is not known yet.
//! - Never: holds a secret, only its name.

use std::collections::BTreeMap;

use pospool_model::{Address, Attributes, Problem, SecretRef, Value};

use crate::codes;
use crate::names::{ImageRef, Name};
use crate::render::releases::Release;

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredNode {
    pub(crate) host: Address,
    pub(crate) chain: Address,
    pub(crate) image: ImageRef,
    pub(crate) data: Address,
    pub(crate) password: SecretRef,
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) docker_network: Option<Name>,
    pub(crate) bootnodes: Option<String>,
    pub(crate) running: bool,
    pub(crate) memory: Option<i64>,
    pub(crate) publish_p2p: Option<u16>,
    /// Form of its files, where the spec says it.
    pub(crate) form: Option<Release>,
    /// Whether a release may be run that the network has gone on without.
    pub(crate) old_release: bool,
}

impl DesiredNode {
    /// Reads attributes that `normalise` let through.
    pub(crate) fn read(attributes: &Attributes) -> Result<Self, Problem> {
        if let Some((name, _)) = attributes.iter().find(|(_, value)| value.has_unknown()) {
            return Err(Problem::new(
                codes::UNKNOWN_VALUE,
                &[name],
                format!(
                    "`{name}` is not known before the apply, and a node's image is made from it"
                ),
            )
            .help("write the value, or a reference to something that is there already"));
        }
        let password = match attributes.get("pos_key_password") {
            Some(Value::Secret(reference)) => reference.clone(),
            _ => return Err(missing_attribute("pos_key_password")),
        };
        Ok(Self {
            host: reference(attributes, "host")?,
            chain: reference(attributes, "chain")?,
            image: image(attributes)?,
            data: reference(attributes, "data")?,
            password,
            config: attributes
                .get("config")
                .and_then(Value::as_map)
                .cloned()
                .unwrap_or_default(),
            docker_network: match attribute_text(attributes, "docker_network") {
                Some(name) => Some(Name::new(name).map_err(|e| e.problem(&["docker_network"]))?),
                None => None,
            },
            bootnodes: attribute_text(attributes, "bootnodes").map(str::to_owned),
            running: attribute_text(attributes, "state") != Some("stopped"),
            memory: attribute_text(attributes, "memory").and_then(parse_memory),
            publish_p2p: attributes
                .get("publish_p2p")
                .and_then(Value::as_integer)
                .and_then(|port| u16::try_from(port).ok()),
            form: attribute_text(attributes, "release_form").and_then(Release::by_name),
            old_release: attribute_text(attributes, "old_release").is_some(),
        })
    }
}

/// Returns an attribute's text.
pub(crate) fn attribute_text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_text)
}

/// Reads an amount of memory such as `16g`, in bytes.
pub(crate) fn parse_memory(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: i64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

/// Writes an amount of memory in the largest unit that fits.
pub(crate) fn format_memory(bytes: i64) -> String {
    [(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")]
        .into_iter()
        .find(|(unit, _)| bytes % unit == 0)
        .map_or_else(
            || bytes.to_string(),
            |(unit, name)| format!("{}{name}", bytes / unit),
        )
}

fn image(attributes: &Attributes) -> Result<ImageRef, Problem> {
    let image = attribute_text(attributes, "image").ok_or_else(|| missing_attribute("image"))?;
    ImageRef::parse(image).map_err(|what| Problem::new(codes::BAD_IMAGE, &["image"], what))
}

fn reference(attributes: &Attributes, name: &str) -> Result<Address, Problem> {
    attributes
        .get(name)
        .and_then(Value::as_resource)
        .cloned()
        .ok_or_else(|| missing_attribute(name))
}

/// An attribute that must be there is not.
pub(crate) fn missing_attribute(name: &str) -> Problem {
    Problem::new(
        codes::MISSING_ATTRIBUTE,
        &[],
        format!("`{name}` is missing"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_one_normal_form() {
        for (text, normal) in [
            ("16g", "16g"),
            ("16384m", "16g"),
            ("1536M", "1536m"),
            ("1025", "1025"),
        ] {
            assert_eq!(
                parse_memory(text).map(format_memory).as_deref(),
                Some(normal),
                "{text}"
            );
        }
        for text in ["", "g", "1.5g", "-1g", "1t", "9999999999999g"] {
            assert_eq!(parse_memory(text), None, "{text}");
        }
    }
}
