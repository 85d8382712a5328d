//! What the images of all kinds have in common: names made from digests, archives, and how Docker makes them.
//!
//! - Reads: an archive; the engine.
//! - Returns: names, digests, ids of images.
//! - Never: takes an image for its name alone: its label must hold the digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use sha3::{Digest, Sha3_256};

use crate::client::Engine;
use crate::codes;
use crate::names::{self, ImageRef, Name};

/// Hardened nodes.
pub(crate) const NODES: &str = "pospool/node";
/// The files of a page.
pub(crate) const PAGES: &str = "pospool/page";
/// The same with the server.
pub(crate) const SERVERS: &str = "pospool/ui";
/// Syncers.
pub(crate) const SYNCERS: &str = "pospool/syncer";
/// Release of the program that goes into images; another one makes other images.
pub(crate) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Name of the image in a repository that has a digest.
pub(crate) fn tag(repository: &str, digest: &str) -> String {
    format!("{repository}:{}", digest.get(..12).unwrap_or(digest))
}

/// Whether a name is one of an image in these repositories.
pub(crate) fn is_of(repositories: &[&str], name: &str) -> bool {
    let mut repositories = repositories.iter();
    let tag = repositories.find_map(|it| name.strip_prefix(it)?.strip_prefix(':'));
    tag.is_some_and(|tag| Name::new(tag).is_ok())
}

/// Digest of some bytes: SHA3-256 in hex.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha3_256::digest(bytes) {
        // Writing into a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Adds a file to an archive; the same files give the same bytes each time.
pub(crate) fn add(
    archive: &mut tar::Builder<Vec<u8>>,
    path: &str,
    bytes: &[u8],
    mode: u32,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    archive.append_data(&mut header, path, bytes)
}

/// The archive of an image could not be made.
pub(crate) fn unpacked(source: io::Error) -> ProviderError {
    ProviderError::Refused {
        code: codes::BUILD_FAILED,
        what: "the image's archive cannot be made".to_owned(),
        source: Some(Box::new(source)),
    }
}

/// Id of an image that was made for a digest.
pub(crate) async fn local(
    engine: &Engine,
    tag: &str,
    digest: &str,
) -> Result<Option<String>, ProviderError> {
    let tag =
        ImageRef::parse(tag).map_err(|what| ProviderError::refused(codes::BAD_IMAGE, what))?;
    let found = engine.image(&tag).await?;
    let ours = found.filter(|image| {
        image
            .labels
            .get(names::DIGEST)
            .is_some_and(|it| it == digest)
    });
    Ok(ours.map(|image| image.id))
}

/// An image that was made for a digest and that an earlier effect left.
pub(crate) async fn require(
    engine: &Engine,
    tag: &str,
    digest: &str,
) -> Result<String, ProviderError> {
    local(engine, tag, digest).await?.ok_or_else(|| {
        let what = format!("the image `{tag}` is gone; plan again");
        ProviderError::refused(codes::NO_IMAGE, what)
    })
}

/// Makes an image under the name of its digest, with more labels beside that one; returns its id.
pub(crate) async fn make(
    engine: &Engine,
    tag: &str,
    digest: &str,
    more: &[(&str, String)],
    context: Vec<u8>,
    progress: &dyn Progress,
) -> Result<String, ProviderError> {
    let more = more.iter();
    let mut labels: BTreeMap<String, String> = more
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    labels.insert(names::DIGEST.to_owned(), digest.to_owned());
    engine.build(tag, &labels, context, progress).await?;
    local(engine, tag, digest).await?.ok_or_else(|| {
        let what = format!("Docker says that it built `{tag}`, and does not have it");
        ProviderError::refused(codes::BUILD_FAILED, what)
    })
}

/// What an effect says of the image that it made or found.
pub(crate) fn outputs(name: &str, tag: String, id: String) -> Attributes {
    [(name, tag), ("image_id", id)]
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_repository_and_a_tag_that_is_only_a_name() {
        let ours = [PAGES, SERVERS, SYNCERS];
        for repository in ours {
            let made = tag(repository, &hash(b"content"));
            assert!(is_of(&ours, &made), "{made}");
        }
        for other in [
            "node:20",
            "pospool/ui",
            "pospool/node:0a",
            "pospool/ui:../x",
            "evil/pospool/ui:0a",
        ] {
            assert!(!is_of(&ours, other), "{other}");
        }
    }
}
