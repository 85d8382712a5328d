//! Names of Docker objects and labels, and the two forms of input that end up in a URL.
//!
//! - Reads: a state's lineage, addresses, and texts of specs, states and plans.
//! - Returns: checked names; the client takes nothing else.
//! - Never: lets a text through that could change the path of a request: bollard does not escape names.

use std::collections::BTreeMap;
use std::fmt;

use pospool_model::{Address, Problem};
use serde::{Deserialize, Serialize};

use crate::codes;

/// Label: lineage of the state that made the object.
pub(crate) const LINEAGE: &str = "pospool.lineage";
/// Label: address of the resource.
pub(crate) const ADDRESS: &str = "pospool.address";
/// Label of a container: its normalised attributes as JSON, without any secret's content.
pub(crate) const ATTRIBUTES: &str = "pospool.attributes";
/// Label of a volume: whose PoS key it holds.
pub(crate) const HOLDS: &str = "pospool.holds";
/// Label of an image or a container: digest over everything that went into the image.
pub(crate) const DIGEST: &str = "pospool.digest";
/// Label of a container: release of the pospool that made it.
pub(crate) const RELEASE: &str = "pospool.release";
/// Label of an image: digest over the program and the certificates in it.
pub(crate) const INSIDE: &str = "pospool.inside";
/// Label of an image: id of the image that it was made from.
pub(crate) const BASE: &str = "pospool.base";
/// Label of a container and a network in which a page is built: when nobody can be at work there any more, in seconds
/// since 1970.
pub(crate) const BUILD: &str = "pospool.build";
/// Label: the sources of the chain that a node's guard asks, where nobody hands it any: URLs without a key.
pub(crate) const SOURCES: &str = "pospool.sources";

/// Label of a node's container: the limit of its memory in bytes, where the spec names none and pospool took a share of the
/// host's. A container without it was made without a limit, and is as it was made.
pub(crate) const MEMORY: &str = "pospool.memory";

/// A name or an id that Docker accepts and that is only a name inside a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(String);

impl Name {
    /// Checks a name against Docker's own rule.
    pub(crate) fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        let ok = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if ok {
            Ok(Self(text))
        } else {
            Err(NameError(text))
        }
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A text that is no name.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a Docker name: use letters, digits, `_`, `.` and `-`")]
pub(crate) struct NameError(String);

impl NameError {
    /// Turns it into a problem of one attribute.
    pub(crate) fn problem(&self, path: &[&str]) -> Problem {
        Problem::new(codes::BAD_NAME, path, self.to_string())
    }
}

/// Name of a resource's object: `pospool-<first 8 of the lineage>-<label>`.
///
/// The lineage keeps two pools on one host apart; the label makes the name readable.
pub(crate) fn object_name(lineage: &str, address: &Address) -> Result<Name, NameError> {
    let short: String = lineage
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    if short.len() < 8 {
        return Err(NameError(lineage.to_owned()));
    }
    Name::new(format!("pospool-{short}-{}", address.label()))
}

/// The same with the kind before the label, for kinds that have containers beside those of nodes.
pub(crate) fn object_name_of_kind(lineage: &str, address: &Address) -> Result<Name, NameError> {
    let plain = object_name(lineage, address)?;
    let (kind, label) = (address.kind(), address.label());
    let start = plain.as_str().strip_suffix(label).unwrap_or_default();
    Name::new(format!("{start}{kind}.{label}"))
}

/// An image as a spec names it: `name:tag`, `name@sha256:…` or `name:tag@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ImageRef {
    name: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageRef {
    /// Reads a reference; says in words what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest
            && !is_digest(digest)
        {
            return Err(format!("`{digest}` is not `sha256:` and 64 hex digits"));
        }
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[slash..].rfind(':') {
            Some(at) => (&rest[..slash + at], Some(&rest[slash + at + 1..])),
            None => (rest, None),
        };
        if !is_repository(name) {
            return Err(format!("`{name}` is not the name of an image"));
        }
        if let Some(tag) = tag
            && Name::new(tag).is_err()
        {
            return Err(format!("`{tag}` is not a tag"));
        }
        Ok(Self {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Name without tag and digest.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tag, such as `3.0.3-testnet`.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Digest, `sha256:…`.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Name and tag without the digest, for looking at local images.
    pub(crate) fn tagged(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.name),
            None => self.name.clone(),
        }
    }

    /// Release of conflux-rust by the tag: `3.0.3-testnet` is (3, 0).
    pub(crate) fn release(&self) -> Option<(u32, u32)> {
        let tag = self.tag()?.trim_start_matches('v');
        let mut parts = tag.split(|c: char| !c.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tagged())?;
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for ImageRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> Self {
        image.to_string()
    }
}

/// Whether a text is `sha256:` and 64 lower-case hex digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Whether a text is a repository name, perhaps behind a registry with a port.
fn is_repository(text: &str) -> bool {
    let mut parts = text.split('/').peekable();
    let registry = text.contains('/')
        && text
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':') || first.contains('.'));
    if registry {
        let first = parts.next().unwrap_or_default();
        let (host, port) = first.split_once(':').unwrap_or((first, "0"));
        if Name::new(host).is_err() || port.parse::<u16>().is_err() {
            return false;
        }
    }
    text.len() <= 255
        && parts.peek().is_some()
        && parts.all(|part| {
            let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            part.starts_with(edge)
                && part.ends_with(edge)
                && !part.contains("..")
                && part
                    .chars()
                    .all(|c| edge(c) || matches!(c, '_' | '.' | '-'))
        })
}

/// Labels by name.
pub(crate) type Labels = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_change_a_path_are_refused() {
        for text in ["", "../info", "a/b", "-a", "a b", "a?x=1", "ä", "a%2f"] {
            assert!(Name::new(text).is_err(), "{text}");
        }
        assert!(Name::new("pospool-1a2b3c4d-main_2").is_ok());
    }

    #[test]
    fn objects_of_two_lineages_do_not_share_a_name() {
        let address: Address = "node.main".parse().unwrap();
        let one = object_name("1a2b3c4d-0000-0000", &address).unwrap();
        assert_eq!(one.as_str(), "pospool-1a2b3c4d-main");
        assert_ne!(one, object_name("ffffffff-0000-0000", &address).unwrap());
        assert!(object_name("../..", &address).is_err());
    }

    #[test]
    fn image_references_are_read_and_written() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "conflux:3.0.2".to_owned(),
            "confluxchain/conflux-rust:3.0.3-testnet".to_owned(),
            format!("registry.example:5000/a/b:1@{digest}"),
            format!("a/b@{digest}"),
        ] {
            assert_eq!(ImageRef::parse(&text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "A/b",
            "a:b c",
            "../x:1",
            "a@sha256:12",
            "a//b",
            "a/../b:1",
            "x:y/z",
        ] {
            assert!(ImageRef::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_release_is_read_from_the_tag() {
        let release = |text| ImageRef::parse(text).unwrap().release();
        assert_eq!(release("a/b:3.0.3-testnet"), Some((3, 0)));
        assert_eq!(release("a/b:v3.1.0-mainnet"), Some((3, 1)));
        assert_eq!(release("a/b:latest"), None);
        assert_eq!(release("a/b"), None);
    }
}
