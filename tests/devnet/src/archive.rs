//! Tar archives in memory: the form in which Docker takes and gives files.
//!
//! - Reads: entries, or the bytes of an archive.
//! - Returns: the bytes of an archive (the same for the same entries), or the content of a file in it.
//! - Never: unpacks anything to disk.

use std::{
    fs::File,
    io::{Cursor, Read},
    path::PathBuf,
};

use tar::{Archive, Builder, EntryType, Header};

use crate::error::{DevnetError, Result};

/// What an archive holds at one path.
#[derive(Clone, Debug)]
pub(crate) enum ArchiveContent {
    /// A folder.
    Folder,
    /// A file with these bytes.
    Bytes(Vec<u8>),
    /// A copy of a file of this machine.
    Copy(PathBuf),
    /// A symbolic link to this target.
    Link(String),
}

/// One path of an archive.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveEntry {
    /// Path without a leading slash.
    pub(crate) path: String,
    /// Permissions.
    pub(crate) mode: u32,
    /// Owner and group.
    pub(crate) owner: u64,
    /// What is there.
    pub(crate) content: ArchiveContent,
}

impl ArchiveEntry {
    /// Returns a file that belongs to root and that everybody may read.
    pub(crate) fn file(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            mode: 0o644,
            owner: 0,
            content: ArchiveContent::Bytes(bytes.into()),
        }
    }

    /// Returns a folder that belongs to root and that everybody may enter.
    pub(crate) fn folder(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            mode: 0o755,
            owner: 0,
            content: ArchiveContent::Folder,
        }
    }

    /// Returns the same with other permissions.
    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// Returns the same with another owner.
    pub(crate) fn owner(self, owner: u64) -> Self {
        Self { owner, ..self }
    }
}

/// Writes an archive.
pub(crate) fn pack_archive(entries: &[ArchiveEntry]) -> Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        append(&mut builder, entry)?;
    }
    builder
        .into_inner()
        .map_err(DevnetError::io("finish an archive"))
}

fn append(builder: &mut Builder<Vec<u8>>, entry: &ArchiveEntry) -> Result<()> {
    let what = format!("put `{}` into an archive", entry.path);
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(entry.owner);
    header.set_gid(entry.owner);
    header.set_mtime(0);
    header.set_size(0);
    let written = match &entry.content {
        ArchiveContent::Folder => {
            header.set_entry_type(EntryType::Directory);
            builder.append_data(&mut header, format!("{}/", entry.path), std::io::empty())
        }
        ArchiveContent::Bytes(bytes) => {
            header.set_entry_type(EntryType::Regular);
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, &entry.path, bytes.as_slice())
        }
        ArchiveContent::Copy(source) => {
            let from = || DevnetError::io(format!("read `{}`", source.display()));
            let file = File::open(source).map_err(from())?;
            header.set_entry_type(EntryType::Regular);
            header.set_size(file.metadata().map_err(from())?.len());
            builder.append_data(&mut header, &entry.path, file)
        }
        ArchiveContent::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, &entry.path, target)
        }
    };
    written.map_err(DevnetError::io(what))
}

/// Returns the content of the first file in an archive.
pub(crate) fn first_file(bytes: &[u8]) -> Result<Vec<u8>> {
    let what = || DevnetError::io("read an archive of the engine");
    let mut archive = Archive::new(Cursor::new(bytes));
    for entry in archive.entries().map_err(what())? {
        let mut entry = entry.map_err(what())?;
        if entry.header().entry_type().is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(what())?;
            return Ok(content);
        }
    }
    Err(DevnetError::malformed(
        "an archive of the engine",
        "it holds no file",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_read_and_is_the_same_each_time() {
        let entries = [
            ArchiveEntry::folder("a").mode(0o700),
            ArchiveEntry::file("a/b", "text").owner(10001),
            ArchiveEntry {
                content: ArchiveContent::Link("b".to_owned()),
                ..ArchiveEntry::file("a/c", "")
            },
        ];
        let bytes = pack_archive(&entries).unwrap();
        assert_eq!(first_file(&bytes).unwrap(), b"text");
        assert_eq!(bytes, pack_archive(&entries).unwrap());
    }

    #[test]
    fn an_archive_without_a_file_is_an_error() {
        assert!(first_file(&pack_archive(&[ArchiveEntry::folder("a")]).unwrap()).is_err());
    }
}
