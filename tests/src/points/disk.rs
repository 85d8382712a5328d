//! A disk whose operations are points.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_engine::store::{Disk, DiskFile, Stamp};

use super::Points;

/// A disk whose operations are points.
#[derive(Clone, Debug)]
pub struct PointDisk {
    disk: Arc<dyn Disk>,
    points: Points,
}

#[derive(Debug)]
struct PointFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    points: Points,
}

impl PointDisk {
    /// Counts the operations on a disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, points: &Points) -> Self {
        let points = points.clone();
        Self { disk, points }
    }

    fn file(&self, path: &Path, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(PointFile {
            file,
            path: path.to_owned(),
            points: self.points.clone(),
        })
    }
}

impl Disk for PointDisk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        self.points.operation("read", path)?;
        self.disk.read(path, limit)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.points.operation("create", path)?;
        Ok(self.file(path, self.disk.create(path)?))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn DiskFile>> {
        self.points.operation("reopen", path)?;
        Ok(self.file(path, self.disk.reopen(path, length)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.points.operation("rename", from)?;
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.points.operation("remove", path)?;
        self.disk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.points.operation("sync folder", path)?;
        self.disk.sync_folder(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.points.operation("make folder", path)?;
        self.disk.make_folder(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.points.operation("list", folder)?;
        self.disk.list(folder)
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        self.points.operation("stamp", path)?;
        self.disk.stamp(path)
    }
}

impl DiskFile for PointFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let refused = self.points.operation("write", &self.path);
        if refused.is_err() {
            // A full disk takes what still fits.
            self.file.write(&bytes[..bytes.len() / 2])?;
        }
        refused?;
        self.file.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.points.operation("sync", &self.path)?;
        self.file.sync()
    }
}
