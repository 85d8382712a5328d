//! Files that others wrote, read up to a limit.
//!
//! - Reads: one regular file.
//! - Returns: its bytes, or an error that names the limit.
//! - Never: waits for a pipe, or follows a device without end.

use std::{
    fs::{self, File},
    io::{Error, ErrorKind, Read, Result},
    path::Path,
};

/// Returns the bytes of a file that has at most `limit` of them.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>> {
    // Before it is opened: to open a pipe is to wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let what = format!("it is larger than {limit} bytes");
        return Err(Error::new(ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Whether a file was too large.
pub(crate) fn is_too_large(error: &Error) -> bool {
    error.kind() == ErrorKind::FileTooLarge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert!(is_too_large(&read_bounded(&path, 4).unwrap_err()));
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_refused_before_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("endless");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [link.as_path(), dir.path()] {
            let error = read_bounded(path, 5).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}", path.display());
        }
    }
}
