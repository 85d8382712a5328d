//! What the images of all kinds have in common: names made from digests, archives, and how Docker makes them.
//!
//! - Reads: an archive; the engine.
//! - Returns: names, digests, ids of images.
//! - Never: takes an image for its name alone: its label must hold the digest.

use std::collections::BTreeMap;
use std::io;

use async_trait::async_trait;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value, hex};
use sha3::{Digest, Sha3_256};

use crate::client::{Engine, Labels};
use crate::codes;
use crate::names::{self, ImageRef};

/// Release of the program that goes into images; another one makes other images.
pub(crate) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How an image is made.
#[async_trait]
pub(crate) trait Buildable: Sync {
    /// Its repository.
    fn repository(&self) -> &'static str;

    /// Digest over everything that goes in.
    fn digest(&self) -> String;

    /// Name of the image.
    fn tag(&self) -> String {
        image_tag(self.repository(), &self.digest())
    }

    /// Reads and drops what it will need: a run that cannot read it later should end before it changes anything.
    fn check(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    /// Digest over what goes in beside that: the program and certificates of this machine. Another program is no reason to
    /// stop a container, so they are not in its digest; but what is made anew for another reason gets them as they are now.
    fn inside(&self) -> Result<Option<String>, ProviderError> {
        Ok(None)
    }

    /// The archive from which Docker makes it, and labels beside the digest's.
    async fn context(
        &self,
        engine: &Engine,
        progress: &dyn Progress,
    ) -> Result<BuildContext, ProviderError>;

    /// What an effect says of the image that it made or found.
    fn outputs(&self, tag: String, id: String) -> Attributes {
        image_outputs("image", tag, id)
    }
}

/// What Docker makes an image from.
pub(crate) struct BuildContext {
    pub(crate) archive: Vec<u8>,
    pub(crate) labels: Vec<(&'static str, String)>,
}

impl From<Vec<u8>> for BuildContext {
    fn from(archive: Vec<u8>) -> Self {
        let labels = Vec::new();
        Self { archive, labels }
    }
}

/// Name of the image in a repository that has a digest.
pub(crate) fn image_tag(repository: &str, digest: &str) -> String {
    format!("{repository}:{}", digest.get(..12).unwrap_or(digest))
}

/// Name of the image in a repository that a label gives the digest of.
pub(crate) fn labelled_image(repository: &str, labels: &Labels, label: &str) -> Option<String> {
    labels
        .get(label)
        .map(|digest| image_tag(repository, digest))
}

/// Digest of some bytes: SHA3-256 in hex.
pub(crate) fn hash_bytes(bytes: &[u8]) -> String {
    hex::encode(&Sha3_256::digest(bytes))
}

/// Adds a file to an archive; the same files give the same bytes each time.
pub(crate) fn add_file(
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
pub(crate) fn archive_error(source: io::Error) -> ProviderError {
    ProviderError::Refused {
        code: codes::BUILD_FAILED,
        what: "the image's archive cannot be made".to_owned(),
        source: Some(Box::new(source)),
    }
}

/// Id of an image that was made for a digest.
pub(crate) async fn find_image(
    engine: &Engine,
    tag: &str,
    digest: &str,
) -> Result<Option<String>, ProviderError> {
    find_image_with(engine, tag, digest, None).await
}

/// The same, with this inside, where that counts: an image of an earlier program, or of one that only says that it is this
/// release, is not taken for what would be made now.
pub(crate) async fn find_image_with(
    engine: &Engine,
    tag: &str,
    digest: &str,
    inside: Option<&str>,
) -> Result<Option<String>, ProviderError> {
    let tag =
        ImageRef::parse(tag).map_err(|what| ProviderError::refused(codes::BAD_IMAGE, what))?;
    let found = engine.image(&tag).await?;
    let wanted = [(names::DIGEST, Some(digest)), (names::INSIDE, inside)];
    let ours = found.filter(|image| {
        let mut wanted = wanted.iter();
        wanted.all(|(label, value)| {
            let found = image.labels.get(*label).map(String::as_str);
            value.is_none() || found == *value
        })
    });
    Ok(ours.map(|image| image.id))
}

/// Finds or pulls the image to start with, and returns its id: what a tag means may change meanwhile.
pub(crate) async fn pull_base_image(
    engine: &Engine,
    image: &ImageRef,
    progress: &dyn Progress,
) -> Result<String, ProviderError> {
    if let Some(found) = pulled(engine, image).await? {
        return Ok(found);
    }
    progress.waiting(&format!("pulling {image}"));
    engine.pull(image, progress).await?;
    pulled(engine, image).await?.ok_or_else(|| {
        ProviderError::refused(
            codes::DIGEST_MISMATCH,
            format!("what was pulled for `{image}` does not have that digest; do not use it before you know why"),
        )
    })
}

/// Looks for the image without pulling; with a digest only that very content counts.
async fn pulled(engine: &Engine, image: &ImageRef) -> Result<Option<String>, ProviderError> {
    let by_tag = engine.image(image).await?;
    let Some(digest) = image.digest() else {
        return Ok(by_tag.map(|found| found.id));
    };
    if let Some(found) = by_tag.filter(|found| found.is(digest)) {
        return Ok(Some(found.id));
    }
    let by_digest = engine.image_by_digest(image).await?;
    Ok(by_digest
        .filter(|found| found.is(digest))
        .map(|found| found.id))
}

/// An image that was made for a digest and that an earlier effect left.
pub(crate) async fn require_image(
    engine: &Engine,
    tag: &str,
    digest: &str,
) -> Result<String, ProviderError> {
    find_image(engine, tag, digest).await?.ok_or_else(|| {
        let what = format!("the image `{tag}` is gone; plan again");
        ProviderError::refused(codes::NO_IMAGE, what)
    })
}

/// Makes an image under the name of its digest, with more labels beside that one; returns its id.
pub(crate) async fn build_image(
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
    find_image(engine, tag, digest).await?.ok_or_else(|| {
        let what = format!("Docker says that it built `{tag}`, and does not have it");
        ProviderError::refused(codes::BUILD_FAILED, what)
    })
}

/// What an effect says of the image that it made or found.
pub(crate) fn image_outputs(name: &str, tag: String, id: String) -> Attributes {
    [(name, tag), ("image_id", id)]
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into()
}

/// Digest over texts, for labels.
pub(crate) fn parts_digest(parts: &[&str]) -> String {
    // A list of texts always has a JSON form.
    hash_bytes(serde_json::to_string(parts).unwrap_or_default().as_bytes())
}
