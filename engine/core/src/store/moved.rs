//! What stays where a state was: the name of the place that it was moved to.
//!
//! - Reads: the bytes that lie where a state is looked for.
//! - Returns: that nobody may go on here, and where the state is.
//! - Never: follows the name by itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::form::{FIRST, parse_versioned};

/// The note in the place of a state that was moved.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MovedFile {
    /// Always `pospool-moved`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// Where the state is.
    pub to: String,
    /// Its lineage, so that the same state can be moved back here.
    pub lineage: String,
}

impl MovedFile {
    /// The name of the form.
    const FORMAT: &str = "pospool-moved";

    /// A note for this place.
    #[must_use]
    pub fn new(to: String, lineage: String) -> Self {
        Self {
            format: Self::FORMAT.to_owned(),
            version: FIRST,
            to,
            lineage,
        }
    }

    /// Reads a note; `None` if the bytes are something else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        parse_versioned(Path::new(""), bytes, Self::FORMAT, FIRST).ok()
    }
}

/// Why bytes that are no state cannot be used: they say where the state is, or they are foreign.
pub(super) fn or_foreign(name: &Path, bytes: &[u8]) -> StoreError {
    let path = name.to_owned();
    match MovedFile::read(bytes) {
        Some(note) => StoreError::Moved { path, to: note.to },
        None => StoreError::Foreign { path },
    }
}
