//! Files that are whole or absent, never half.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use super::StoreError;

/// Reads a file of at most `limit` bytes; `None` if there is none.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let io = |source| StoreError::Io {
        verb: "read",
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(io(std::io::Error::other(format!(
            "larger than {limit} bytes"
        ))));
    }
    Ok(Some(bytes))
}

/// Puts `bytes` in place of the file: after a crash it holds either all of the old or all of the new.
///
/// The file is private to its owner, since a state names everything of a pool and
/// a plan can hold more than its reader may see.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let io = |verb| {
        move |source| StoreError::Io {
            verb,
            path: path.to_owned(),
            source,
        }
    };
    let folder = folder_of(path);
    // `tempfile` creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("create a file beside"))?;
    file.write_all(bytes).map_err(io("write"))?;
    file.as_file().sync_all().map_err(io("sync"))?;
    file.persist(path)
        .map_err(|error| io("replace")(error.error))?;
    sync_folder(path)
}

/// Makes a created, renamed or removed name in the file's folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(folder_of(path))
        .and_then(|folder| folder.sync_all())
        .map_err(|source| StoreError::Io {
            verb: "sync the folder of",
            path: path.to_owned(),
            source,
        })
}

/// Removes a file and makes that durable; a missing one is fine.
pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Io {
            verb: "remove",
            path: path.to_owned(),
            source,
        }),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
