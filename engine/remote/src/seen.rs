//! A document as its backend has it.
//!
//! - Returns: its bytes, and what the backend says of them: version and age.
//! - Never: looks into the bytes; that is for [`super::document`].

use std::time::Duration;

use object_store::UpdateVersion;

/// Most bytes of a document.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

/// A document as it was seen, or as we left it.
#[derive(Clone, Debug)]
pub(crate) struct SeenDocument {
    pub(crate) bytes: Vec<u8>,
    /// What the keeper calls this version, if it knows versions.
    pub(crate) mark: UpdateVersion,
    /// Time since it was written, by the keeper's clock, if it tells.
    pub(crate) age: Option<Duration>,
}
