//! Where the files lie that belong to a state: beside it, under its name and an ending.

use std::path::{Path, PathBuf};

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
