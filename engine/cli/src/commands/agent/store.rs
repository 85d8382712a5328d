//! Sealed secrets, and files that are whole or not there.
//!
//! - Reads: nothing.
//! - Returns: where a sealed secret is.
//! - Never: lets a name mean half a file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use pospool_model::CredentialName;

use crate::failure::Failure;

/// Where systemd looks for sealed secrets.
pub(super) const STORE: &str = "etc/credstore.encrypted";

/// The file of a sealed secret.
pub(super) fn sealed_path(root: &Path, name: &CredentialName) -> PathBuf {
    root.join(STORE).join(format!("pospool.{name}"))
}

/// Writes a file so that its name always means a whole one.
pub(super) fn put_file(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    let written = write();
    if written.is_err() {
        // It may not be there, and nobody misses it.
        let _ = std::fs::remove_file(&draft);
    }
    written.map_err(Failure::of_file("write", path))
}
