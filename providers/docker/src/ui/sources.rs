//! What a page is made from, bound to its content.

use std::path::Path;

use pospool_model::ProviderError;
use serde::{Deserialize, Serialize};

use super::files::{self, PageFiles};
use crate::codes;
use crate::image::hash_bytes;
use crate::names::ImageRef;

/// Everything that goes into the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageImageBuild {
    /// The files, or what they are built from.
    pub(crate) from: PinnedPageSource,
    /// What the page knows of its pool.
    pub(crate) config: serde_json::Value,
}

/// Files of this machine, bound to their content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum PinnedPageSource {
    /// Built files.
    Built {
        /// Their folder.
        path: String,
        /// Digest of the files when the plan was made.
        digest: String,
    },
    /// Sources.
    Tree(Box<PageBuild>),
}

impl PinnedPageSource {
    /// Reads the files that the plan saw.
    pub(crate) fn files(&self) -> Result<PageFiles, ProviderError> {
        let (found, path, digest) = match self {
            Self::Built { path, digest } => (files::read_built(Path::new(path)), path, digest),
            Self::Tree(tree) => (
                files::read_folder(Path::new(&tree.path)),
                &tree.path,
                &tree.digest,
            ),
        };
        let found = found.map_err(|what| ProviderError::refused(codes::PAGE_FILES, what))?;
        if files::digest_files(&found) == *digest {
            return Ok(found);
        }
        Err(ProviderError::refused(
            codes::PAGE_CHANGED,
            format!("the files in `{path}` changed since the plan was made; plan again"),
        ))
    }

    /// Digest over what the files come from.
    pub(crate) fn digest(&self) -> String {
        let parts = match self {
            Self::Built { digest, .. } => serde_json::json!(["built", digest]),
            Self::Tree(tree) => serde_json::json!([
                "tree",
                tree.digest,
                tree.folder,
                tree.lock.as_ref().map(|(_, digest)| digest),
                tree.image,
                tree.environment,
            ]),
        };
        hash_bytes(parts.to_string().as_bytes())
    }
}

/// Sources and what builds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageBuild {
    /// Folder of the whole tree.
    pub(crate) path: String,
    /// Digest of its files when the plan was made.
    pub(crate) digest: String,
    /// Folder in the tree that is built.
    pub(crate) folder: String,
    /// Lock file of this machine to build with, and its digest.
    pub(crate) lock: Option<(String, String)>,
    /// The image in which it is built.
    pub(crate) image: ImageRef,
    /// Variables of the build.
    pub(crate) environment: std::collections::BTreeMap<String, String>,
    /// Where packages come from; not part of the digest, since the lock file binds their content.
    pub(crate) mirror: Option<String>,
    /// Certificate authorities of this machine for that; not part of the digest either.
    pub(crate) ca_bundle: Option<String>,
    /// Memory limit of the build in bytes.
    pub(crate) memory: i64,
}
