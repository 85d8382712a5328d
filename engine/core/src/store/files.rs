//! A state in files: `<state>`, `<state>.journal`, `<state>.backups/`, and the lock on `<state>.lock`.
//!
//! - Reads and writes: these, and `<state>.next` for the moment of a replacement.
//! - Never: goes on after a failed write or sync, since what is on the disk then is not
//!   known; and never writes over a state that somebody else put there during the run,
//!   nor lets anything begin when somebody else may have the lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::backups::{Backup, keep_backup, read_backups, rewrite_backup};
use super::disk::{Disk, DiskFile, Stamp, replace_durably, replace_if};
use super::error::StoreError;
use super::form::MAX_BYTES;
use super::lock::{FileLock, Mode};
use super::medium::{KeptState, Medium};
use super::paths::with_suffix;

/// How often a state without a lock is read while it is being replaced, and the time between two looks.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// A state in files.
#[derive(Debug)]
pub(super) struct FileMedium {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    lock: Option<FileLock>,
    journal: Option<Box<dyn DiskFile>>,
    /// The snapshot that this run goes on from, to be put back by hand if somebody
    /// replaces the file meanwhile.
    base: Option<Vec<u8>>,
    stamp: Option<Stamp>,
    /// What went wrong with the files of this run.
    broken: bool,
}

impl FileMedium {
    /// Takes the lock.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        mode: Mode,
        command: &str,
    ) -> Result<Self, StoreError> {
        // A link is followed: replacing the file must not replace the link.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = FileLock::acquire(&with_suffix(&path, ".lock"), mode, command)?;
        Ok(Self {
            disk,
            path,
            lock,
            journal: None,
            base: None,
            stamp: None,
            broken: false,
        })
    }

    fn journal_path(&self) -> PathBuf {
        with_suffix(&self.path, ".journal")
    }

    /// Does one thing on the disk, if everything before it went well.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.broken {
            let source = std::io::Error::other("an earlier write to the same files failed");
            return Err(StoreError::io("go on with", &self.path, source));
        }
        let done = work(self);
        self.broken = done.is_err();
        done
    }

    /// Fails when somebody else may be the writer, or when the snapshot is not the one
    /// that this run left there.
    fn check_ours(&self) -> Result<(), StoreError> {
        self.check_lock()?;
        if self.stamp_now()? == self.stamp {
            return Ok(());
        }
        // A new writer's state is no stranger's: the one of this run must not be put back over it.
        self.check_lock()?;
        let kept = with_suffix(&self.path, ".kept");
        if let Some(base) = &self.base {
            replace_durably(&*self.disk, &kept, &with_suffix(&kept, ".next"), base)?;
        }
        Err(StoreError::Changed {
            path: self.path.clone(),
            kept,
        })
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        let lost = self.lock.as_ref().map_or(Ok(None), FileLock::lost_to);
        match lost {
            Ok(None) => Ok(()),
            Ok(Some(holder)) => Err(StoreError::LockLost {
                path: self.path.clone(),
                by: Box::new(holder),
            }),
            Err(source) => Err(StoreError::io("look at the lock of", &self.path, source)),
        }
    }

    fn stamp_now(&self) -> Result<Option<Stamp>, StoreError> {
        self.disk
            .stamp(&self.path)
            .map_err(|source| StoreError::io("look at", &self.path, source))
    }

    /// Reads both files without a lock. They belong together if the snapshot is the same before and after: a run that goes on
    /// from it only adds to its journal, whose torn end counts as not written yet, and one that ends replaces the snapshot
    /// before it removes the journal.
    fn load_unlocked(&mut self) -> Result<KeptState, StoreError> {
        for _ in 0..LOOKS {
            let before = self.stamp_now()?;
            let snapshot = self.read(&self.path)?;
            let journal = self.read(&self.journal_path())?;
            if self.stamp_now()? == before {
                return Ok(KeptState { snapshot, journal });
            }
            std::thread::sleep(PAUSE);
        }
        let source = std::io::Error::other("it was replaced at each look");
        Err(StoreError::io("read", &self.path, source))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        self.disk
            .read(path, MAX_BYTES)
            .map_err(|source| StoreError::io("read", path, source))
    }
}

impl Medium for FileMedium {
    fn load(&mut self) -> Result<KeptState, StoreError> {
        if self.lock.is_none() {
            return self.load_unlocked();
        }
        self.stamp = self.stamp_now()?;
        let snapshot = self.read(&self.path)?;
        self.base.clone_from(&snapshot);
        let journal = self.read(&self.journal_path())?;
        Ok(KeptState { snapshot, journal })
    }

    fn start_journal(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.guarded(|files| {
            files.check_ours()?;
            let path = files.journal_path();
            let io = |verb| {
                let path = path.clone();
                move |source| StoreError::io(verb, &path, source)
            };
            let mut file = files.disk.create(&path).map_err(io("create"))?;
            file.write(line).map_err(io("append to"))?;
            file.sync().map_err(io("sync"))?;
            files
                .disk
                .sync_folder(&path)
                .map_err(io("sync the folder of"))?;
            files.journal = Some(file);
            Ok(())
        })
    }

    fn resume_journal(&mut self, good_bytes: u64) -> Result<(), StoreError> {
        self.guarded(|files| {
            let path = files.journal_path();
            let file = files
                .disk
                .reopen(&path, good_bytes)
                .map_err(|source| StoreError::io("cut the torn end of", &path, source))?;
            files.journal = Some(file);
            Ok(())
        })
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        self.guarded(|files| {
            files.check_ours()?;
            let path = files.journal_path();
            let journal = files.journal.as_mut().ok_or_else(|| none(&path))?;
            journal
                .write(lines)
                .map_err(|source| StoreError::io("append to", &path, source))
        })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.guarded(|files| {
            let path = files.journal_path();
            let journal = files.journal.as_mut().ok_or_else(|| none(&path))?;
            journal
                .sync()
                .map_err(|source| StoreError::io("sync", &path, source))?;
            // Whoever takes the lock or the state from now on finds the journal as it is. Before
            // the sync this would not be sure: they could have read it without its last lines.
            files.check_ours()
        })
    }

    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        self.guarded(|files| {
            files.check_ours()?;
            let (disk, path) = (&*files.disk, &files.path);
            let beside = with_suffix(path, ".next");
            replace_if(disk, path, &beside, snapshot, || files.check_ours())?;
            files.stamp = files.stamp_now()?;
            files.base = Some(snapshot.to_owned());
            files.journal = None;
            let journal = files.journal_path();
            files
                .disk
                .remove(&journal)
                .and_then(|()| files.disk.sync_folder(&journal))
                .map_err(|source| StoreError::io("remove", &journal, source))
        })
    }

    fn keep(&mut self, snapshot: &[u8], kept_at: u64) -> Result<(), StoreError> {
        self.guarded(|files| {
            files.check_ours()?;
            keep_backup(&*files.disk, &files.path, snapshot, kept_at, || {
                files.check_ours()
            })
        })
    }

    fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        read_backups(&*self.disk, &self.path)
    }

    fn rewrite_backup(&mut self, backup: &Backup) -> Result<(), StoreError> {
        self.guarded(|files| {
            rewrite_backup(&*files.disk, &files.path, backup, || files.check_ours())
        })
    }

    fn let_go(&mut self) {
        self.lock = None;
    }
}

fn none(path: &Path) -> StoreError {
    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
    StoreError::io("append to", path, source)
}
