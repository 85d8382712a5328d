//! States that were replaced: the last ones are kept, so that no single command loses everything.
//!
//! - Reads and writes: the folder `<state>.backups`, one file for each, in the form of a state.
//! - Returns: what is kept, with its number and its time.
//! - Never: removes one before the one that takes its place is on the disk.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pospool_model::state::State;

use super::disk::{Disk, replace_if};
use super::error::StoreError;
use super::form::MAX_BYTES;
use super::paths::with_suffix;

/// How many replaced states are kept.
pub const MOST_BACKUPS: usize = 20;

/// A state that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Counts the replaced states of one place; never given twice.
    pub number: u64,
    /// When it was replaced, in seconds since 1970 (UTC).
    pub kept_at: u64,
    /// The bytes of its snapshot.
    pub bytes: Vec<u8>,
}

/// Now, for [`Backup::kept_at`].
pub(super) fn seconds_now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}

/// Whether something would be lost if nobody kept `before` when `next` takes its place: a run that only counts
/// versions or nonces on must not push the last useful state out.
pub(super) fn is_worth_keeping(before: &State, next: &State) -> bool {
    let held = |state: &State| {
        let mut held = state.clone();
        held.serial = 0;
        held.counters.clear();
        held.version.clear();
        held.journal.clear();
        held
    };
    !before.resources.is_empty() && held(before) != held(next)
}

/// What is kept beside a state, the oldest first.
pub(super) fn read_backups(disk: &dyn Disk, state: &Path) -> Result<Vec<Backup>, StoreError> {
    let folder = backup_folder(state);
    let mut backups = Vec::new();
    for name in list_names(disk, &folder)? {
        // Whoever only looks holds no lock, so the oldest may go meanwhile.
        if let Some(bytes) = read(disk, &folder.join(name.text()))? {
            let (number, kept_at) = (name.number, name.kept_at);
            backups.push(Backup {
                number,
                kept_at,
                bytes,
            });
        }
    }
    Ok(backups)
}

/// Keeps a state, if at the last moment nothing is against it, and then forgets the oldest ones. A crash leaves one too
/// many at most.
pub(super) fn keep_backup(
    disk: &dyn Disk,
    state: &Path,
    bytes: &[u8],
    kept_at: u64,
    may: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let folder = backup_folder(state);
    let there = list_names(disk, &folder)?;
    let last = there.last();
    if let Some(last) = last
        && read(disk, &folder.join(last.text()))?.as_deref() == Some(bytes)
    {
        // A run that was cut between this and the replacement kept it already.
        return Ok(());
    }
    if last.is_none() {
        let made = disk.make_folder(&folder);
        made.and_then(|()| disk.sync_folder(&folder))
            .map_err(|source| StoreError::io("make the folder", &folder, source))?;
    }
    let name = BackupName {
        number: last.map_or(1, |last| last.number.saturating_add(1)),
        kept_at,
    };
    let path = folder.join(name.text());
    // Whoever took the state meanwhile keeps what it replaces itself, perhaps under this very name.
    replace_if(disk, &path, &folder.join("next"), bytes, may)?;
    let too_many = (there.len() + 1).saturating_sub(MOST_BACKUPS);
    for old in &there[..too_many] {
        let path = folder.join(old.text());
        let removed = disk.remove(&path);
        removed.map_err(|source| StoreError::io("remove", &path, source))?;
    }
    Ok(())
}

/// Puts other bytes in the place of one that is kept, if at the last moment nothing is against it.
pub(super) fn rewrite_backup(
    disk: &dyn Disk,
    state: &Path,
    backup: &Backup,
    may: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let folder = backup_folder(state);
    let name = BackupName {
        number: backup.number,
        kept_at: backup.kept_at,
    };
    let path = folder.join(name.text());
    replace_if(disk, &path, &folder.join("next"), &backup.bytes, may)
}

fn backup_folder(state: &Path) -> PathBuf {
    with_suffix(state, ".backups")
}

/// The name of a file: `000017-1764504768.json`.
struct BackupName {
    number: u64,
    kept_at: u64,
}

impl BackupName {
    fn text(&self) -> String {
        format!("{:06}-{}.json", self.number, self.kept_at)
    }

    /// Reads a name; `None` if somebody else put the file there, which then stays.
    fn parse(text: &str) -> Option<Self> {
        let (number, kept_at) = text.strip_suffix(".json")?.split_once('-')?;
        let name = Self {
            number: number.parse().ok()?,
            kept_at: kept_at.parse().ok()?,
        };
        (name.text() == text).then_some(name)
    }
}

/// The names in order of their numbers.
fn list_names(disk: &dyn Disk, folder: &Path) -> Result<Vec<BackupName>, StoreError> {
    let names = disk.list(folder);
    let names = names.map_err(|source| StoreError::io("list", folder, source))?;
    let names = names.iter().filter_map(|name| BackupName::parse(name));
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|name| (name.number, name.kept_at));
    Ok(names)
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    disk.read(path, MAX_BYTES)
        .map_err(|source| StoreError::io("read", path, source))
}
