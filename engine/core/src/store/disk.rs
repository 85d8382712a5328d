//! The operations on files that a state needs. Each is a moment at which the machine may stop.
//!
//! - Reads and writes: the files that it is told to.
//! - Never: decides when something must be durable; that is for [`super::files`].

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::StoreError;

/// Files, as the operating system gives them or as a test makes them.
///
/// What was written is sure to be there after a power cut only when the file was
/// synced, and a name that was created, renamed or removed only when its folder was.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Reads a whole file of at most `limit` bytes; `None` if there is none.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>>;

    /// Makes an empty file, private to its owner, in the place of whatever is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to append to it after cutting it to `length` bytes.
    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn DiskFile>>;

    /// Puts a file in the place of another one, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; a missing one is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes created, renamed and removed names in the folder of a file durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder, private to its owner; one that is there is fine.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Names in a folder, in any order; none if it is not there.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// What tells this version of a file from any other, without reading it; `None` if there is none.
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>>;
}

/// An open file.
pub trait DiskFile: Send + fmt::Debug {
    /// Appends all of the bytes, where the file ends by now.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was written durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Identity of one version of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub [u64; 4]);

/// The machine's own files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

impl Disk for RealDisk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let what = format!("larger than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        Ok(Some(bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).open(path)?;
        file.set_len(0)?;
        Ok(Box::new(RealFile(file)))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len(length)?;
        file.sync_data()?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            ended => ended,
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(folder_of(path))?.sync_all()
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let seen = match fs::metadata(path) {
            Ok(seen) => seen,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let changed = seen.mtime().unsigned_abs() << 30 | seen.mtime_nsec().unsigned_abs();
        Ok(Some(Stamp([seen.dev(), seen.ino(), seen.len(), changed])))
    }
}

impl DiskFile for RealFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Reads a file of at most `limit` bytes; `None` if there is none.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    RealDisk
        .read(path, limit)
        .map_err(|source| StoreError::io("read", path, source))
}

/// The order that makes a replacement atomic and durable: bytes, then their sync, then
/// the name, then its sync.
pub(super) fn replace_durably(
    disk: &dyn Disk,
    path: &Path,
    beside: &Path,
    bytes: &[u8],
) -> Result<(), StoreError> {
    replace_if(disk, path, beside, bytes, || Ok(()))
}

/// The same, if at the last moment nothing is against it.
pub(super) fn replace_if(
    disk: &dyn Disk,
    path: &Path,
    beside: &Path,
    bytes: &[u8],
    may: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let io = |verb| move |source| StoreError::io(verb, path, source);
    let mut file = disk.create(beside).map_err(io("create a file beside"))?;
    file.write(bytes).map_err(io("write"))?;
    file.sync().map_err(io("sync"))?;
    drop(file);
    may()?;
    disk.rename(beside, path).map_err(io("replace"))?;
    disk.sync_folder(path).map_err(io("sync the folder of"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
