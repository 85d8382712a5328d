//! One writer at a time: a lock of the operating system on a file of its own.
//!
//! The system lets go of the lock when its holder ends, however it ends, so a
//! killed run never needs a hand. The file stays; only the lock on it counts. Whoever
//! removes the file lets a second process lock a new one: the holder notices.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::holder::Holder;

/// What the state is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To look: several may.
    Read,
    /// To change: one alone.
    Write,
    /// To look while somebody may change it: what is found is whole, and may be older than what is there a moment later.
    Glance,
}

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock or says at once who has it. To look at a state where nothing can
    /// be written no lock is needed, and none is taken.
    pub(super) fn acquire(
        path: &Path,
        mode: Mode,
        command: &str,
    ) -> Result<Option<Self>, StoreError> {
        if mode == Mode::Glance {
            return Ok(None);
        }
        let io = |verb| move |source| StoreError::io(verb, path, source);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let mut file = match opened {
            Err(error) if mode == Mode::Read && is_read_only(&error) => return Ok(None),
            opened => opened.map_err(io("open the lock"))?,
        };
        match try_lock(&file, mode) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    path: path.to_owned(),
                    holder: read_holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        if mode == Mode::Write {
            write_holder(&mut file, command).map_err(io("write the lock"))?;
        }
        let path = path.to_owned();
        Ok(Some(Self { file, path }))
    }

    /// Who may hold the lock besides this one, if the file at its path is not the locked one any more.
    pub(super) fn lost_to(&self) -> std::io::Result<Option<Holder>> {
        let ours = self.file.metadata()?;
        let mut there = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Some(Holder::default()));
            }
            there => there?,
        };
        let found = there.metadata()?;
        if (found.dev(), found.ino()) == (ours.dev(), ours.ino()) {
            return Ok(None);
        }
        Ok(Some(read_holder(&mut there)))
    }
}

fn is_read_only(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied | ErrorKind::NotFound
    )
}

/// Tries for some 50 ms: a process that another one is just starting holds a copy of
/// its open files, and so of a lock that is already let go, until it has become itself.
fn try_lock(file: &File, mode: Mode) -> Result<(), TryLockError> {
    let mut tries = 5;
    loop {
        let taken = match mode {
            Mode::Read | Mode::Glance => file.try_lock_shared(),
            Mode::Write => file.try_lock(),
        };
        tries -= 1;
        if tries == 0 || !matches!(taken, Err(TryLockError::WouldBlock)) {
            return taken;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The holder's note; unreadable or half-written ones give an unknown holder, as
/// the note is for people and the lock itself is what counts.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.take(4096).read_to_string(&mut text);
    read.ok()
        .and_then(|_| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn write_holder(file: &mut File, command: &str) -> std::io::Result<()> {
    let holder = Holder::of_this_process(command);
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    serde_json::to_writer(&mut *file, &holder)?;
    file.flush()
}
