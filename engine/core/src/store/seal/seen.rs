//! The newest sealed state that was seen: a genuine older one has a right seal too.
//!
//! - Reads and writes: a small file beside the spec, which has an entry for each place of a state.
//! - Returns: whether a state that is read now may be the newest one.
//! - Never: keeps a run from its work because the file cannot be written: it is a memory, not a part of the state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::disk::{RealDisk, read_bounded, replace_durably};
use super::super::error::StoreError;
use super::super::form::{FIRST, parse_versioned};
use super::super::names::random_name;
use super::super::paths::with_suffix;

/// Name of the form.
const SEEN: &str = "pospool-seen";
/// Most bytes that are read of it.
const MOST: u64 = 1 << 20;

/// The file beside the spec.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenFile {
    format: String,
    version: u64,
    /// By the place of the state.
    seen: BTreeMap<String, SeenVersion>,
}

/// What tells a version of a state from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenVersion {
    lineage: String,
    serial: u64,
    #[serde(default)]
    version: String,
}

impl SeenVersion {
    /// That of a snapshot; `None` for what is none.
    pub(super) fn of(snapshot: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Snapshot {
            state: SeenVersion,
        }
        let read = serde_json::from_slice::<Snapshot>(snapshot).ok()?;
        Some(read.state)
    }

    /// Why this one cannot come after the one that was seen; `None` if it can.
    fn fault_after(&self, seen: &Self) -> Option<String> {
        if self.lineage != seen.lineage {
            return Some("it is of another lineage".to_owned());
        }
        if self.serial < seen.serial {
            return Some(format!("serial {} after {}", self.serial, seen.serial));
        }
        let same = self.serial > seen.serial || self.version == seen.version;
        (!same).then(|| format!("another version of serial {}", self.serial))
    }
}

/// The memory of one place.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    file: PathBuf,
    place: PathBuf,
}

impl Memory {
    /// That of a state, in this file.
    pub(super) fn new(file: &Path, place: &Path) -> Self {
        Self {
            file: file.to_owned(),
            place: place.to_owned(),
        }
    }

    fn key(&self) -> String {
        self.place.display().to_string()
    }

    fn read(&self) -> SeenFile {
        let read = || {
            let bytes = read_bounded(&self.file, MOST)?;
            bytes
                .map(|bytes| parse_versioned(&self.file, &bytes, SEEN, FIRST))
                .transpose()
        };
        read().unwrap_or_else(|error| {
            // Who could damage it could have removed it.
            tracing::warn!(file = %self.file.display(), %error, "the newest state that was seen is not known");
            None
        })
        .unwrap_or_default()
    }

    /// Refuses a state that cannot be the newest one; none at all is such a state too.
    pub(super) fn check(&self, found: Option<&SeenVersion>) -> Result<(), StoreError> {
        let file = self.read();
        let Some(seen) = file.seen.get(&self.key()) else {
            return Ok(());
        };
        let fault = match found {
            None => Some(format!("there is none after serial {}", seen.serial)),
            Some(found) => found.fault_after(seen),
        };
        match fault {
            None => Ok(()),
            Some(why) => Err(StoreError::Older {
                path: self.place.clone(),
                why,
                seen: self.file.clone(),
            }),
        }
    }

    /// Takes this one for the newest.
    pub(super) fn note(&self, version: &SeenVersion) {
        let mut file = self.read();
        if file.seen.get(&self.key()) == Some(version) {
            return;
        }
        file.seen.insert(self.key(), version.clone());
        (file.format, file.version) = (SEEN.to_owned(), FIRST);
        let beside = with_suffix(&self.file, &format!(".{}", random_name()));
        let written = serde_json::to_vec(&file).map_err(|source| StoreError::Encode { source });
        let written = written.and_then(|it| replace_durably(&RealDisk, &self.file, &beside, &it));
        if let Err(error) = written {
            tracing::warn!(file = %self.file.display(), %error, "the newest state that was seen is not noted");
        }
    }
}
