//! Seals: what proves that an entry of the cache is as this user's pospool left it.
//!
//! - Reads: a key outside of the cache; entries of the cache, before anything else reads or runs them.
//! - Returns: whether an entry may be used. One that may not is made again from what is pinned.
//! - Never: believes a digest that lies beside what it is of: whoever replaces the one replaces the other too.
//!
//! A cache may be shared or restored from elsewhere (a CI's cache, a backup, a folder of a group). What is in it is
//! pinned by what it was made *from*: a commit, the hash of a package, a compiler's input. None of these can be checked
//! against the result without making it again, so the result is authenticated with a key that the cache does not hold.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{
    bounded,
    error::{SourceError, io_error},
    text::{encode_hex, hash_keccak},
};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Says what the key is used for.
const PURPOSE: &[u8] = b"pospool-source seal 1";
/// How often the place of an entry is made free for a new one.
const PLACES: usize = 5;
/// Most files and folders of an entry.
const MOST_ENTRIES: usize = 200_000;
/// Most bytes of one file.
const MOST_BYTES: usize = 1 << 30;

/// The key of one user on one machine.
#[derive(Clone)]
pub(crate) struct SealKey([u8; KEY_BYTES]);

impl SealKey {
    /// Reads the key of a file, or makes a new one there; without a file the key is that of this process, so that nothing
    /// is believed that was there before.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, SourceError> {
        static OF_PROCESS: OnceLock<SealKey> = OnceLock::new();
        let Some(file) = file else {
            return Ok(OF_PROCESS.get_or_init(new_key).clone());
        };
        if let Some(key) = read_key(file) {
            return Ok(key);
        }
        let key = new_key();
        let folder = file.parent().unwrap_or(file);
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        write_file(folder, file, &key.0).map_err(io_error("write", file))?;
        // Two runs at once may have made one each: the last one counts.
        Ok(read_key(file).unwrap_or(key))
    }

    /// Whether an entry, a file or a folder, is as it was when it was sealed.
    pub(crate) fn holds(&self, entry: &Path) -> bool {
        let sealed = bounded::read_bounded(&seal_file(entry), 2 * KEY_BYTES);
        let now = || self.seal(entry).ok();
        sealed.is_ok_and(|sealed| now().is_some_and(|now| now.as_bytes() == sealed))
    }

    /// Seals an entry that was made just now.
    pub(crate) fn put(&self, entry: &Path) -> Result<(), SourceError> {
        let seal = self.seal(entry).map_err(io_error("read", entry))?;
        let file = seal_file(entry);
        let folder = entry.parent().unwrap_or(entry);
        write_file(folder, &file, seal.as_bytes()).map_err(io_error("write", file))
    }

    /// Puts a folder that is complete in the place of an entry, and seals it.
    pub(crate) fn replace(
        &self,
        entry: &Path,
        fresh: &Path,
        doing: &'static str,
    ) -> Result<(), SourceError> {
        for _ in 0..PLACES {
            let Err(error) = fs::rename(fresh, entry) else {
                return self.put(entry);
            };
            if self.holds(entry) {
                // Another run was faster; what it made is the same.
                drop(fs::remove_dir_all(fresh));
                return Ok(());
            }
            if !entry.exists() {
                drop(fs::remove_dir_all(fresh));
                return Err(io_error(doing, entry)(error));
            }
            // Moved away first: a removal that is cut would leave half of it under its name.
            let away = tempfile::tempdir_in(entry.parent().unwrap_or(entry));
            let away = away.map_err(io_error("create a folder beside", entry))?;
            drop(fs::rename(entry, away.path().join("away")));
        }
        drop(fs::remove_dir_all(fresh));
        let busy = io::Error::from(io::ErrorKind::ResourceBusy);
        Err(io_error(doing, entry)(busy))
    }

    fn seal(&self, entry: &Path) -> io::Result<String> {
        // An entry does not stand for another one.
        let name = entry.file_name().unwrap_or_default();
        let digest = digest_entry(entry, &mut 0)?;
        let parts = [&self.0, PURPOSE, name.as_encoded_bytes(), &digest];
        Ok(encode_hex(&hash_keccak(&parts)))
    }
}

fn new_key() -> SealKey {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).expect("the operating system gives random bytes");
    SealKey(key)
}

/// The key of a file that nobody else can read.
fn read_key(file: &Path) -> Option<SealKey> {
    let found = fs::symlink_metadata(file).ok()?;
    if !found.is_file() || found.permissions().mode() & 0o077 != 0 {
        return None;
    }
    let bytes = bounded::read_bounded(file, KEY_BYTES).ok()?;
    bytes.try_into().ok().map(SealKey)
}

/// Where the seal of an entry is: beside it, so that whatever fills a folder is not in its own seal.
fn seal_file(entry: &Path) -> PathBuf {
    let mut name = entry.as_os_str().to_owned();
    name.push(".seal");
    name.into()
}

/// Digest of a file, or of a folder with all that is in it: names, kinds, contents, and what may be run.
fn digest_entry(entry: &Path, seen: &mut usize) -> io::Result<[u8; 32]> {
    *seen += 1;
    if *seen > MOST_ENTRIES {
        let what = format!("it holds more than {MOST_ENTRIES} files and folders");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    let found = fs::symlink_metadata(entry)?;
    if found.is_symlink() {
        let target = fs::read_link(entry)?;
        return Ok(hash_keccak(&[
            b"link",
            target.as_os_str().as_encoded_bytes(),
        ]));
    }
    if !found.is_dir() {
        let is_run = [u8::from(found.permissions().mode() & 0o111 != 0)];
        let bytes = bounded::read_bounded(entry, MOST_BYTES)?;
        return Ok(hash_keccak(&[b"file", &is_run, &bytes]));
    }
    let mut inner = Vec::new();
    for one in fs::read_dir(entry)? {
        inner.push(one?.file_name());
    }
    inner.sort();
    let mut parts = vec![b"folder".to_vec()];
    for name in inner {
        let digest = digest_entry(&entry.join(&name), seen)?;
        parts.push(name.into_encoded_bytes());
        parts.push(digest.to_vec());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(hash_keccak(&parts))
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_file(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(bytes)?;
    fresh.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with an entry, and the key beside it.
    fn sealed() -> (tempfile::TempDir, PathBuf, SealKey) {
        let folder = tempfile::tempdir().unwrap();
        let entry = folder.path().join("entry");
        fs::create_dir_all(entry.join("inner")).unwrap();
        fs::write(entry.join("inner/a"), "one").unwrap();
        fs::write(entry.join("b"), "two").unwrap();
        let key = SealKey::open(Some(&folder.path().join("keys/key"))).unwrap();
        key.put(&entry).unwrap();
        (folder, entry, key)
    }

    #[test]
    fn case_poisoned_cache_every_change_of_an_entry_breaks_its_seal() {
        type Change = fn(&Path);
        let changes: [(&str, Change); 8] = [
            ("content", |it| fs::write(it.join("inner/a"), "On").unwrap()),
            ("name", |it| fs::rename(it.join("b"), it.join("c")).unwrap()),
            ("a new file", |it| fs::write(it.join("c"), "").unwrap()),
            ("a new folder", |it| fs::create_dir(it.join("c")).unwrap()),
            ("gone", |it| fs::remove_file(it.join("b")).unwrap()),
            ("moved", |it| {
                fs::rename(it.join("b"), it.join("inner/b")).unwrap();
            }),
            ("can be run", |it| {
                fs::set_permissions(it.join("b"), fs::Permissions::from_mode(0o755)).unwrap();
            }),
            ("a link", |it| {
                fs::rename(it.join("b"), it.with_file_name("away")).unwrap();
                std::os::unix::fs::symlink("../away", it.join("b")).unwrap();
            }),
        ];
        for (what, change) in changes {
            let (_keep, entry, key) = sealed();
            assert!(key.holds(&entry), "{what}");
            change(&entry);
            assert!(!key.holds(&entry), "{what}");
        }
    }

    #[test]
    fn case_poisoned_cache_a_seal_is_of_one_entry_and_one_key() {
        let (folder, entry, key) = sealed();
        let other = folder.path().join("other");
        fs::rename(&entry, &other).unwrap();
        fs::rename(seal_file(&entry), seal_file(&other)).unwrap();
        assert!(!key.holds(&other), "another name");
        fs::rename(&other, &entry).unwrap();
        assert!(!key.holds(&entry), "no seal");
        key.put(&entry).unwrap();
        let stranger = SealKey::open(Some(&folder.path().join("keys/other"))).unwrap();
        assert!(!stranger.holds(&entry), "sealed by somebody else");
        let same = SealKey::open(Some(&folder.path().join("keys/key"))).unwrap();
        assert!(same.holds(&entry));
    }

    #[test]
    fn case_poisoned_cache_a_key_that_others_can_read_is_none() {
        let (folder, entry, _) = sealed();
        let file = folder.path().join("keys/key");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(!SealKey::open(Some(&file)).unwrap().holds(&entry));
        assert_eq!(mode(&file), 0o600, "it was made again");
        // Without a file nothing is believed that another process left.
        assert!(!SealKey::open(None).unwrap().holds(&entry));
    }
}
