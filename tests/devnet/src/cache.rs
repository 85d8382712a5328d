//! The folder for what is made once and used by later runs.
//!
//! - Reads and writes: files below one folder.
//! - Returns: paths, and locks that other processes respect.
//! - Never: removes anything.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::error::{DevnetError, Result};

/// A cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens a cache folder, which need not exist yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// Returns a folder of the cache, made if it is not there.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path)
            .map_err(DevnetError::io(format!("make folder `{}`", path.display())))?;
        Ok(path)
    }

    /// Waits until no other process does the named work; the lock ends when the file is dropped.
    pub(crate) async fn lock(&self, name: &str) -> Result<File> {
        let path = self.folder("locks")?.join(name);
        let what = format!("lock `{}`", path.display());
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        });
        match locked.await {
            Ok(file) => file.map_err(DevnetError::io(what)),
            Err(error) => Err(DevnetError::malformed(what, error)),
        }
    }
}
