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
pub(in super::super) struct SeenVersion {
    lineage: String,
    serial: u64,
    #[serde(default)]
    version: String,
}

impl SeenVersion {
    /// That of a snapshot; `None` for what is none.
    pub(in super::super) fn of(snapshot: &[u8]) -> Option<Self> {
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

/// The one name of a file, however its path is written; a remote place has no folder here, and keeps its name.
fn real_place(place: &Path) -> PathBuf {
    let folder = match place.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return place.to_owned(),
    };
    match (folder.canonicalize(), place.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => place.to_owned(),
    }
}

/// The memory of one place.
#[derive(Clone, Debug)]
pub(in super::super) struct Memory {
    file: PathBuf,
    place: PathBuf,
}

impl Memory {
    /// That of a state, in this file.
    pub(in super::super) fn new(file: &Path, place: &Path) -> Self {
        Self {
            file: file.to_owned(),
            place: real_place(place),
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
    pub(in super::super) fn check(&self, found: Option<&SeenVersion>) -> Result<(), StoreError> {
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

    /// Refuses a state without a seal where one with a seal was seen.
    pub(in super::super) fn check_never_sealed(&self) -> Result<(), StoreError> {
        match self.read().seen.get(&self.key()) {
            None => Ok(()),
            Some(seen) => Err(StoreError::SealLost {
                path: self.place.clone(),
                serial: seen.serial,
                seen: self.file.clone(),
            }),
        }
    }

    /// Forgets the place, whose state has no seal from now on.
    pub(in super::super) fn forget(&self) {
        let mut file = self.read();
        if file.seen.remove(&self.key()).is_some() {
            self.write(file);
        }
    }

    /// Notes a version that was found. Another run may have noted a newer one since it was read.
    pub(super) fn note_found(&self, version: &SeenVersion) {
        let is_newer = |seen: &SeenVersion| version.serial > seen.serial;
        let file = self.read();
        if file.seen.get(&self.key()).is_none_or(is_newer) {
            self.note(file, version);
        }
    }

    /// Notes a version that this run wrote: it is the newest, whatever was there before.
    pub(in super::super) fn note_written(&self, version: &SeenVersion) {
        self.note(self.read(), version);
    }

    fn note(&self, mut file: SeenFile, version: &SeenVersion) {
        file.seen.insert(self.key(), version.clone());
        self.write(file);
    }

    fn write(&self, mut file: SeenFile) {
        (file.format, file.version) = (SEEN.to_owned(), FIRST);
        let beside = with_suffix(&self.file, &format!(".{}", random_name()));
        let written = serde_json::to_vec(&file).map_err(|source| StoreError::Encode { source });
        let written = written.and_then(|it| replace_durably(&RealDisk, &self.file, &beside, &it));
        if let Err(error) = written {
            tracing::warn!(file = %self.file.display(), %error, "the newest state that was seen is not noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(lineage: &str, serial: u64, version: &str) -> SeenVersion {
        let (lineage, version) = (lineage.to_owned(), version.to_owned());
        SeenVersion {
            lineage,
            serial,
            version,
        }
    }

    #[test]
    fn only_what_may_come_after_the_newest_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("seen.json");
        let memory = Memory::new(&file, Path::new("a/state.json"));
        memory.check(None).unwrap();
        memory.note_written(&version("l", 7, "v"));
        for (found, why) in [
            (Some(version("l", 6, "u")), "serial 6 after 7"),
            (Some(version("l", 7, "w")), "another version of serial 7"),
            (Some(version("m", 9, "v")), "it is of another lineage"),
            (None, "there is none after serial 7"),
        ] {
            let error = memory.check(found.as_ref()).unwrap_err();
            assert_eq!(error.code(), "state/older");
            assert!(error.to_string().contains(why), "{error}");
        }
        for found in [version("l", 7, "v"), version("l", 8, "x")] {
            memory.check(Some(&found)).unwrap();
        }
        // Another place is remembered beside it.
        let other = Memory::new(&file, Path::new("b/state.json"));
        other.check(None).unwrap();
        other.note_found(&version("m", 1, "v"));
        assert!(memory.check(None).is_err() && other.check(None).is_err());
    }

    #[test]
    fn what_is_found_late_does_not_make_it_forget() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new(&folder.path().join("seen.json"), Path::new("state.json"));
        memory.note_found(&version("l", 7, "v"));
        memory.note_found(&version("l", 6, "u"));
        assert!(memory.check(Some(&version("l", 6, "u"))).is_err());
        // A person brought an older one back.
        memory.note_written(&version("l", 5, "t"));
        memory.check(Some(&version("l", 6, "u"))).unwrap();
    }

    #[test]
    fn a_memory_that_cannot_be_kept_keeps_nobody_from_anything() {
        let folder = tempfile::tempdir().unwrap();
        let gone = Memory::new(
            &folder.path().join("gone/seen.json"),
            Path::new("state.json"),
        );
        gone.note_written(&version("l", 7, "v"));
        gone.check(None).unwrap();
        let file = folder.path().join("seen.json");
        for text in ["", "{", "{\"format\":\"pospool-seen\",\"version\":9}"] {
            std::fs::write(&file, text).unwrap();
            let memory = Memory::new(&file, Path::new("state.json"));
            memory.check(None).unwrap();
            memory.note_written(&version("l", 7, "v"));
            assert!(memory.check(None).is_err());
        }
    }
}
