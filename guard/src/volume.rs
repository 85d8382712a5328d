//! The volume of a node: one guard at a time, and whether it still is the volume that it was.
//!
//! - Reads: the file system that the volume is on.
//! - Returns: a lock, which the system frees when its holder ends, however it ends; a name of this very copy of the data.
//! - Never: starts on data that is not whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use pospool_model::guard::GuardSettings;

use crate::error::GuardError;
use crate::settings::own_folder;

/// Folders that the node expects.
const FOLDERS: [&str; 5] = ["pos_config", "pos_db", "log", "blockchain_data", "tmp"];
/// A copy or a snapshot that did not come to its end.
const UNFINISHED: &str = ".pospool-unfinished";
const LOCK: &str = "guard/lock";

/// The volume, as long as this guard has it.
#[derive(Debug)]
pub(crate) struct HeldVolume {
    /// Name of this copy: a copied or restored volume has another one.
    pub(crate) name: String,
    _lock: File,
}

impl HeldVolume {
    /// Takes the volume, or says who has it.
    pub(crate) fn take(settings: &GuardSettings) -> Result<Self, GuardError> {
        let data = &settings.data;
        let failed = |error: std::io::Error| GuardError::Volume(error.to_string());
        for folder in FOLDERS {
            std::fs::create_dir_all(data.join(folder)).map_err(failed)?;
        }
        std::fs::create_dir_all(own_folder(settings)).map_err(failed)?;
        if data.join(UNFINISHED).exists() {
            return Err(GuardError::Unfinished);
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(data.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                name: name_of(data)?,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(GuardError::InUse),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// The folder and its birth: a copy has others. Not the file system's id, which some make of the number of the device.
fn name_of(data: &Path) -> Result<String, GuardError> {
    let failed = |error: std::io::Error| GuardError::Volume(error.to_string());
    let found = std::fs::metadata(data).map_err(failed)?;
    let born = found.created().ok().and_then(|time| {
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(since.as_nanos())
    });
    Ok(format!("{:x}-{:x}", found.ino(), born.unwrap_or_default()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn settings(data: &Path) -> GuardSettings {
        GuardSettings {
            command: vec!["/bin/true".to_owned()],
            data: data.to_owned(),
            runtime: data.to_owned(),
            local_port: 9,
            rounds_per_epoch: 60,
        }
    }

    #[test]
    fn case_two_voters_one_volume_has_one_guard() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let first = HeldVolume::take(&settings).unwrap();
        let second = HeldVolume::take(&settings).unwrap_err();
        assert!(matches!(second, GuardError::InUse), "{second}");
        let name = first.name.clone();
        drop(first);
        assert_eq!(HeldVolume::take(&settings).unwrap().name, name);
    }

    #[test]
    fn a_copy_of_a_volume_has_another_name() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name =
            |folder: &tempfile::TempDir| HeldVolume::take(&settings(folder.path())).unwrap().name;
        assert_ne!(name(&one), name(&other));
    }

    #[test]
    fn data_that_is_not_whole_is_not_started() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(UNFINISHED), "").unwrap();
        let error = HeldVolume::take(&settings(folder.path())).unwrap_err();
        assert!(matches!(error, GuardError::Unfinished), "{error}");
    }
}
