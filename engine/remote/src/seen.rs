//! A document as its backend has it.
//!
//! - Returns: its bytes, and what the backend says of them: version and age.
//! - Never: looks into the bytes; that is for [`super::document`].

use std::time::Duration;

use object_store::UpdateVersion;

use crate::failure::{RequestFailure, cause_of_text};

/// Most bytes of a document. It is read whole, is there a few times while it is understood, and a state of two thousand
/// resources has a tenth of that.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// A document as it was seen, or as we left it.
#[derive(Clone, Debug)]
pub(crate) struct SeenDocument {
    pub(crate) bytes: Vec<u8>,
    /// What the keeper calls this version, if it knows versions.
    pub(crate) mark: UpdateVersion,
    /// Time since it was written, by the keeper's clock, if it tells.
    pub(crate) age: Option<Duration>,
}

/// Bytes that arrive in parts, and of which there may only be so many.
pub(crate) struct BoundedBytes {
    bytes: Vec<u8>,
    most: u64,
}

impl BoundedBytes {
    pub(crate) fn new(most: u64) -> Self {
        let bytes = Vec::new();
        Self { bytes, most }
    }

    /// Refuses what is announced to be too large, before any of it is read.
    pub(crate) fn expect(&self, announced: Option<u64>) -> Result<(), RequestFailure> {
        match announced {
            Some(length) if length > self.most => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// Takes a part; an announcement may have been wrong.
    pub(crate) fn add(&mut self, part: &[u8]) -> Result<(), RequestFailure> {
        if (self.bytes.len() + part.len()) as u64 > self.most {
            return Err(self.too_large());
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn too_large(&self) -> RequestFailure {
        let most = self.most;
        let text = format!(
            "it is larger than {most} bytes, the most that pospool reads: see what is there, and put a backup of the state in its place"
        );
        RequestFailure::Lasting(cause_of_text(text))
    }
}
