//! The folder of contracts that tests deploy, and changed copies of it to upgrade to.
//!
//! - Reads: `tests/contracts`, and `POSPOOL_REFERENCE_DIR`.
//! - Returns: folders that a `source` can name.
//! - Never: changes anything but copies.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The project's own stand-ins.
#[must_use]
pub fn stand_ins_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

/// The reference's contracts where `POSPOOL_REFERENCE_DIR` names a checkout, else the stand-ins.
#[must_use]
pub fn contracts_folder() -> PathBuf {
    std::env::var_os("POSPOOL_REFERENCE_DIR").map_or_else(stand_ins_folder, PathBuf::from)
}

/// A copy of the stand-ins with one of `tests/contracts/changes` made to it.
///
/// # Panics
///
/// When `cp` or `git` is missing, or the patch does not fit the stand-ins any more.
#[must_use]
pub fn copy_with_change(change: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder can be made");
    let patch = stand_ins_folder()
        .join("changes")
        .join(format!("{change}.patch"));
    let mut cp = Command::new("cp");
    cp.arg("-R")
        .arg(stand_ins_folder().join("."))
        .arg(copy.path());
    // In a folder of a repository, git would look for the files in the repository.
    let above = copy.path().parent().expect("it is inside of a folder");
    let mut git = Command::new("git");
    git.arg("apply").arg(&patch).current_dir(&copy);
    git.env("GIT_CEILING_DIRECTORIES", above);
    for mut command in [cp, git] {
        let status = command.status().expect("`cp` and `git` can be run");
        assert!(status.success(), "{command:?}: {status}");
    }
    copy
}
