//! Files with secrets: read up to a size, and written new, whole, and for their owner alone.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Most bytes of a file that is read here: as many as a bundle may have.
const MOST_BYTES: u64 = pospool_keys::age::MOST_BYTES as u64;
const MODE: u32 = 0o600;

/// Reads a file, and a byte more than it may have.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(Failure::of_file("read", path))
}

/// Refuses a place where something is, before anything is done for it.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(Failure::Exists(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Failure::of_file("look for", path)(source)),
    }
}

/// Writes a file that is not there yet: it has its name when it is whole and on the disk, and never takes another's place.
pub(crate) fn write_new_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let draft = draft_of(path);
    let written = write_draft(&draft, bytes).and_then(|()| std::fs::hard_link(&draft, path));
    let written = match written {
        // A file system without links, such as that of a memory stick.
        Err(error) if cannot_link(&error) => write_draft(path, bytes),
        other => other,
    };
    // It may not be there, and nobody misses it.
    let _ = std::fs::remove_file(&draft);
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Failure::Exists(path.to_owned()),
        _ => Failure::of_file("write", path)(source),
    })?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(Failure::of_file("write", path))
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn cannot_link(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unsupported | ErrorKind::PermissionDenied
    )
}

/// A new file with these bytes, on the disk; what is half written goes again.
fn write_draft(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_written_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        refuse_existing(&path).unwrap();
        write_new_file(&path, b"one").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for error in [
            write_new_file(&path, b"two").unwrap_err(),
            refuse_existing(&path).unwrap_err(),
        ] {
            assert!(matches!(error, Failure::Exists(_)), "{error}");
        }
        assert_eq!(read_file(&path).unwrap(), b"one");
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "no draft is left");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(matches!(refuse_existing(&link), Err(Failure::Exists(_))));
        assert!(matches!(
            write_new_file(&link, b"x"),
            Err(Failure::Exists(_))
        ));
        let nowhere = folder.path().join("no/where");
        assert!(matches!(
            write_new_file(&nowhere, b"x"),
            Err(Failure::File { .. })
        ));
        assert_eq!(
            read_file(Path::new("/dev/zero")).unwrap().len() as u64,
            MOST_BYTES + 1
        );
    }
}
