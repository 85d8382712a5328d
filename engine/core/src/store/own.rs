//! Files that the user names for us to write: only our own are replaced.
//!
//! - Reads: what is there.
//! - Writes: a file of our own form, in the place of an older one or of nothing.
//! - Never: replaces what is not ours, follows a link to nowhere, or takes a file from its owner.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use super::disk::{Disk as _, RealDisk, replace_if};
use super::error::StoreError;
use super::paths::with_suffix;

/// How a file of ours begins.
pub type Mark = &'static str;

/// Refuses a place where something is that is not of this form; returns the file itself if the place is a link to it.
///
/// An empty file holds nothing that could be lost.
pub fn refuse_foreign_place(path: &Path, mark: Mark) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::io("look at", path, source);
    let foreign = |what| StoreError::OtherFile {
        path: path.to_owned(),
        what,
    };
    let seen = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        seen => seen.map_err(failed)?,
    };
    let real = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && seen.is_symlink() => {
            return Err(foreign("a link to a file that is not there"));
        }
        real => real.map_err(failed)?,
    };
    if !fs::metadata(&real).map_err(failed)?.is_file() {
        return Err(foreign("no regular file"));
    }
    let begin = read_begin(&real, mark.len()).map_err(failed)?;
    if begin.is_empty() || begin == mark.as_bytes() {
        Ok(real)
    } else {
        Err(foreign("another file"))
    }
}

/// The first bytes of a file, at most so many.
pub fn read_begin(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    File::open(path)?
        .take(length as u64)
        .read_to_end(&mut begin)?;
    Ok(begin)
}

/// Puts `bytes` in place of a file of the same form: after a crash it holds either all of the old or all of the new.
///
/// It is private to its owner, since it can hold more than another reader may see; an owner that it has, it keeps.
pub fn replace_own_file(path: &Path, bytes: &[u8], mark: Mark) -> Result<(), StoreError> {
    let real = refuse_foreign_place(path, mark)?;
    let beside = with_suffix(&real, &format!(".next-{}", std::process::id()));
    let owner = fs::metadata(&real)
        .ok()
        .map(|seen| (seen.uid(), seen.gid()));
    let replaced = replace_if(&RealDisk, &real, &beside, bytes, || {
        // The one who comes last: whoever made another file there meanwhile keeps it.
        refuse_foreign_place(&real, mark)?;
        if let Some((user, group)) = owner {
            // Only root can give a file away, and whoever is not root is its owner already.
            let _ = chown(&beside, Some(user), Some(group));
        }
        Ok(())
    });
    if replaced.is_err() {
        // What failed is told; that its half-written rest cannot be removed either is not news.
        let _ = RealDisk.remove(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const MARK: Mark = "{\"format\":\"ours\"";

    #[test]
    fn case_out_overwrites_only_what_is_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (old, new) = (format!("{MARK},1}}"), format!("{MARK},2}}"));
        let put = |path: &Path| replace_own_file(path, new.as_bytes(), MARK);
        for (name, text) in [("none", None), ("empty", Some("")), ("ours", Some(&*old))] {
            if let Some(text) = text {
                fs::write(at(name), text).unwrap();
            }
            put(&at(name)).unwrap();
            assert_eq!(fs::read_to_string(at(name)).unwrap(), new, "{name}");
        }
        for (name, text) in [
            ("state", "{\"format\":\"pospool-state\"}"),
            ("spec", "chain \"conflux\" {}"),
            ("short", "{"),
        ] {
            fs::write(at(name), text).unwrap();
            let error = put(&at(name)).unwrap_err();
            assert_eq!(error.code(), "state/other-file", "{name}");
            assert_eq!(fs::read_to_string(at(name)).unwrap(), text, "{name}");
        }
        symlink("nowhere", at("dangling")).unwrap();
        for path in [at("dangling"), folder.path().to_owned(), "/dev/null".into()] {
            let error = put(&path).unwrap_err();
            assert_eq!(error.code(), "state/other-file", "{}", path.display());
        }
        assert!(!at("nowhere").exists());
        // A link to one of ours stays a link.
        symlink("ours", at("link")).unwrap();
        fs::write(at("ours"), &old).unwrap();
        put(&at("link")).unwrap();
        assert!(at("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("ours")).unwrap(), new);
        let left = fs::read_dir(folder.path()).unwrap();
        let left = left.filter(|it| {
            let name = it.as_ref().unwrap().file_name();
            name.to_string_lossy().contains(".next-")
        });
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn a_file_keeps_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ours");
        fs::write(&path, MARK).unwrap();
        // Only root may give a file away.
        if chown(&path, Some(10001), Some(10001)).is_ok() {
            replace_own_file(&path, MARK.as_bytes(), MARK).unwrap();
            let seen = fs::metadata(&path).unwrap();
            assert_eq!((seen.uid(), seen.gid()), (10001, 10001));
        }
    }
}
