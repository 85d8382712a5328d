//! The state on disk: a snapshot, a journal of the run in progress, and a lock.
//!
//! - Reads and writes: what a [`Medium`] keeps: files beside the spec ([`Store::open`]), or
//!   somebody else's. Nothing else in the engine writes files.
//! - Returns: the [`State`] with every journalled entry folded in, and the effects
//!   that a killed run left open.
//! - Never: reads an empty, torn, foreign or newer file as "there is nothing yet",
//!   and never puts a new file in place before its bytes are on the disk.
//!
//! The snapshot is the truth between runs; the journal covers the run in progress
//! and names the version of the snapshot that it goes on from. Saving writes the next
//! snapshot first and removes the journal after it, so a crash between the two
//! leaves a journal whose entries are all in the snapshot, which names it.

mod backups;
mod disk;
mod error;
mod files;
mod form;
mod holder;
mod journal;
mod lock;
mod medium;
mod moved;
mod names;
mod own;
mod paths;
mod repair;
mod reseal;
mod seal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_model::state::{Recorded, State};
use pospool_model::{Dependency, Groups, dependency};
use serde::{Deserialize, Serialize};

pub use backups::{Backup, MOST_BACKUPS};
pub use disk::{Disk, DiskFile, RealDisk, Stamp, read_bounded};
pub use error::StoreError;
pub use form::{FIRST, MAX_BYTES, VERSION, parse_versioned as parse_form};
pub use holder::Holder;
pub use journal::{Header, JournalEntry, Read};
pub use lock::Mode;
pub use medium::{KeptState, Medium};
pub use moved::MovedFile;
pub use names::random_name;
pub use own::{Mark, read_begin, refuse_foreign_place, replace_own_file};
pub use repair::{Finding, Hand, recover_state, repair_state};
pub use reseal::{ResealEnd, Resealed, SealChange, reseal_state};
pub use seal::{SealedFile, SealedHeader, StateKey, WeakKey, open_plan, seal_medium, seal_plan};

use backups::{is_worth_keeping, seconds_now};
use files::FileMedium;
use journal::{Before, Relation};
use paths::with_suffix;

/// The snapshot file.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateFile {
    /// Always `pospool-state`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// The state itself.
    pub state: State,
}

impl StateFile {
    /// The file of a state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            format: "pospool-state".to_owned(),
            version: if state.groups.is_empty() && state.accounts.is_empty() {
                FIRST
            } else {
                VERSION
            },
            state,
        }
    }
}

/// An effect that was begun and whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEffect {
    /// Which effect.
    pub id: EffectId,
    /// Who carries it out.
    pub provider: String,
    /// What was attempted.
    pub ticket: Ticket,
}

/// Journal lines that are collected before they are handed on, in bytes.
const BUFFER: usize = 1 << 16;

/// A loaded state, its journal and the lock on both.
pub struct Store {
    /// The state's name in messages.
    path: PathBuf,
    medium: Box<dyn Medium>,
    state: State,
    exists: bool,
    /// What was there before this run, until it is kept.
    before: Option<State>,
    open: Vec<OpenEffect>,
    journal: Journal,
    replayed: usize,
    bytes_written: u64,
}

/// What is known of the journal on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Journal {
    /// There is none, or none of this snapshot.
    None,
    /// The one of this name goes on.
    Going {
        name: String,
        /// Lines that are not handed to the medium yet.
        buffer: Vec<u8>,
        synced: bool,
    },
}

impl Journal {
    /// One with everything on the medium.
    fn going(header: Header) -> Self {
        Self::Going {
            name: header.name,
            buffer: Vec::new(),
            synced: true,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Store");
        debug.field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Locks the state in a file and reads it. A missing file is an empty state;
    /// everything else that is not a whole state of this program is an error.
    pub fn open(path: &Path, mode: Mode, command: &str) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(RealDisk), path, mode, command)
    }

    /// The same on another disk than the machine's own.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        path: &Path,
        mode: Mode,
        command: &str,
    ) -> Result<Self, StoreError> {
        let files = FileMedium::open(disk, path, mode, command)?;
        Self::over(Box::new(files), path, mode)
    }

    /// The same behind a seal, if there is a key.
    pub fn open_sealed_on(
        disk: Arc<dyn Disk>,
        path: &Path,
        mode: Mode,
        command: &str,
        key: Option<&Arc<StateKey>>,
    ) -> Result<Self, StoreError> {
        let Some(key) = key else {
            return Self::open_on(disk, path, mode, command);
        };
        let files = FileMedium::open(disk, path, mode, command)?;
        let sealed = seal_medium(Box::new(files), path, Arc::clone(key));
        Self::over(sealed, path, mode)
    }

    /// The keeper of a state in a file, for who moves one from keeper to keeper.
    pub fn keeper(path: &Path, mode: Mode, command: &str) -> Result<Box<dyn Medium>, StoreError> {
        Ok(Box::new(FileMedium::open(
            Arc::new(RealDisk),
            path,
            mode,
            command,
        )?))
    }

    /// Reads what a medium keeps. `name` is the state's name in messages. To look, the
    /// lock is only held while it is read.
    pub fn over(mut medium: Box<dyn Medium>, name: &Path, mode: Mode) -> Result<Self, StoreError> {
        let kept = medium.load()?;
        let loaded = match &kept.snapshot {
            Some(bytes) => Some(decode_snapshot(name, bytes)?),
            None => None,
        };
        let mut store = Self::loaded(medium, name, loaded);
        if let Some(journal) = &kept.journal {
            store.replay(journal, mode)?;
        }
        // With its journal: what a run did that was killed is in no snapshot yet.
        store.before = store.exists.then(|| store.state.clone());
        if mode != Mode::Write {
            store.medium.let_go();
        }
        Ok(store)
    }

    /// The same to put another state in its place. A snapshot that is empty, damaged or not ours, and has no journal, does
    /// not hinder that: it is kept as it is.
    pub fn over_any(mut medium: Box<dyn Medium>, name: &Path) -> Result<Self, StoreError> {
        let kept = match medium.load() {
            Err(error) if error.is_of_seal() => {
                return if medium.set_aside(seconds_now())? {
                    Ok(Self::loaded(medium, name, None))
                } else {
                    Err(error)
                };
            }
            kept => kept?,
        };
        let snapshot = kept.snapshot.as_deref().unwrap_or_default();
        match decode_snapshot(name, snapshot) {
            Err(StoreError::Empty { .. }) if kept.is_lone() => {}
            Err(StoreError::Damaged { .. }) if kept.is_lone() => {
                medium.keep(snapshot, seconds_now())?;
            }
            _ => return Self::over(medium, name, Mode::Write),
        }
        Ok(Self::loaded(medium, name, None))
    }

    fn loaded(medium: Box<dyn Medium>, name: &Path, state: Option<State>) -> Self {
        Self {
            path: name.to_owned(),
            medium,
            exists: state.is_some(),
            state: state.unwrap_or_default(),
            before: None,
            open: Vec::new(),
            journal: Journal::None,
            replayed: 0,
            bytes_written: 0,
        }
    }

    /// The last states that were replaced, the oldest first.
    pub fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        self.medium.backups()
    }

    /// The bytes of a replaced state as they were when it was kept; `name` is for messages.
    pub fn open_backup(&self, name: &Path, backup: &Backup) -> Result<Vec<u8>, StoreError> {
        self.medium.open_backup(name, &backup.bytes)
    }

    /// The state, with the journal folded in.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether a snapshot was there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Effects that an earlier run left open, oldest first.
    #[must_use]
    pub fn open_effects(&self) -> &[OpenEffect] {
        &self.open
    }

    /// Journal entries that an earlier run left behind and that are folded in.
    #[must_use]
    pub fn replayed(&self) -> usize {
        self.replayed
    }

    /// Bytes written so far, snapshots and journal together.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// Changes what is not journalled (chains, outputs), then saves if it differs or
    /// if nothing is on disk yet.
    pub fn update(&mut self, change: impl FnOnce(&mut State)) -> Result<(), StoreError> {
        let mut next = self.state.clone();
        change(&mut next);
        if next == self.state && self.exists && self.replayed == 0 {
            return Ok(());
        }
        self.state = next;
        self.save()
    }

    /// Changes what is not journalled and saves in any case: the end of a run.
    pub fn conclude(&mut self, change: impl FnOnce(&mut State)) -> Result<(), StoreError> {
        change(&mut self.state);
        self.state.forget_unused_groups();
        self.save()
    }

    /// Appends an entry and folds it in. It is on the disk after the next [`Store::sync`].
    pub fn record(&mut self, entry: JournalEntry) -> Result<(), StoreError> {
        if !self.exists {
            self.save()?;
        }
        if self.journal == Journal::None {
            let header = Header::of(&self.state);
            let line = journal::encode_line(&header, Before::Synced)?;
            self.medium.start_journal(line.as_bytes())?;
            self.bytes_written += line.len() as u64;
            self.journal = Journal::going(header);
        }
        if let Journal::Going { buffer, synced, .. } = &mut self.journal {
            let before = if *synced {
                Before::Synced
            } else {
                Before::Unsynced
            };
            let line = journal::encode_line(&entry, before)?;
            self.bytes_written += line.len() as u64;
            buffer.extend_from_slice(line.as_bytes());
            *synced = false;
            if buffer.len() > BUFFER {
                self.medium.append(buffer)?;
                buffer.clear();
            }
        }
        fold(&mut self.state, &mut self.open, entry);
        Ok(())
    }

    /// Waits until every appended entry is on the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let Journal::Going { buffer, synced, .. } = &mut self.journal else {
            return Ok(());
        };
        if *synced {
            return Ok(());
        }
        if !buffer.is_empty() {
            self.medium.append(buffer)?;
            buffer.clear();
        }
        self.medium.sync()?;
        *synced = true;
        Ok(())
    }

    /// Writes the next snapshot and removes the journal. Effects that are still
    /// open keep the journal: it is the only place of their tickets.
    pub fn save(&mut self) -> Result<(), StoreError> {
        if !self.open.is_empty() {
            return self.sync();
        }
        if self.state.lineage.is_empty() {
            self.state.lineage = random_name();
        }
        let mut next = self.state.clone();
        // A file may hold any number; it is the version's name that tells versions apart.
        next.serial = next.serial.saturating_add(1);
        next.version = random_name();
        if let Journal::Going { name, .. } = &self.journal {
            next.journal.clone_from(name);
        }
        let file = StateFile::new(next);
        let text = encode_snapshot(&file)?;
        self.keep_before(&file.state)?;
        self.medium.replace(&text)?;
        self.bytes_written += text.len() as u64;
        self.state = file.state;
        self.exists = true;
        self.replayed = 0;
        self.journal = Journal::None;
        Ok(())
    }

    /// Keeps what was there before this run as soon as the run replaces it with something else.
    fn keep_before(&mut self, next: &State) -> Result<(), StoreError> {
        let worth = |before: &mut State| is_worth_keeping(before, next);
        let Some(before) = self.before.take_if(worth) else {
            return Ok(());
        };
        let text = encode_snapshot(&StateFile::new(before))?;
        self.medium.keep(&text, seconds_now())?;
        self.bytes_written += text.len() as u64;
        Ok(())
    }

    fn replay(&mut self, bytes: &[u8], mode: Mode) -> Result<(), StoreError> {
        let path = with_suffix(&self.path, ".journal");
        let Some(read) = decode_journal(&path, bytes)? else {
            return Ok(());
        };
        if !self.exists {
            return Err(StoreError::JournalWithoutState { path });
        }
        match read.header.relation(&self.state) {
            // Nothing was begun under it.
            Relation::Foreign if read.entries.is_empty() => return Ok(()),
            Relation::Foreign => return Err(StoreError::ForeignJournal { path }),
            // The snapshot was put in place and the machine stopped before the journal was
            // removed.
            Relation::Within => return Ok(()),
            Relation::GoesOn => {}
        }
        self.replayed = read.entries.len();
        for entry in read.entries {
            fold(&mut self.state, &mut self.open, entry);
        }
        check_state(&path, &self.state)?;
        if mode == Mode::Write {
            self.medium.resume_journal(read.good_bytes)?;
            self.journal = Journal::going(read.header);
        }
        Ok(())
    }
}

/// What one entry does to the state.
fn fold(state: &mut State, open: &mut Vec<OpenEffect>, entry: JournalEntry) {
    let resources = &mut state.resources;
    match entry {
        JournalEntry::Begin {
            id,
            provider,
            ticket,
            depends_on,
        } => {
            let recorded = resources
                .entry(id.address.clone())
                .or_insert_with(|| Recorded {
                    depends_on,
                    ..Recorded::default()
                });
            recorded.complete = false;
            // What it moves is only known when the run is whole.
            state.counters.clear();
            open.push(OpenEffect {
                id,
                provider,
                ticket,
            });
        }
        JournalEntry::Amend { id, ticket } => {
            if let Some(open) = open.iter_mut().find(|open| open.id == id) {
                open.ticket = ticket;
            }
        }
        JournalEntry::End { id, outputs } => {
            open.retain(|open| open.id != id);
            if !outputs.is_empty() {
                let recorded = resources.entry(id.address).or_default();
                recorded.outputs.extend(outputs);
            }
        }
        JournalEntry::NoEffect { id, .. } => open.retain(|open| open.id != id),
        JournalEntry::Put { address, recorded } => {
            resources.insert(address, recorded);
        }
        JournalEntry::Remove { address } => {
            resources.remove(&address);
        }
    }
}

fn encode_snapshot(file: &StateFile) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(file).map_err(|source| StoreError::Encode { source })
}

/// Reads the bytes of a snapshot; `name` is for messages.
pub fn decode_snapshot(name: &Path, bytes: &[u8]) -> Result<State, StoreError> {
    let path = || name.to_owned();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(StoreError::Empty { path: path() });
    }
    let file: StateFile = match form::parse_versioned(name, bytes, "pospool-state", VERSION) {
        Err(StoreError::Foreign { .. }) => return Err(moved::or_foreign(name, bytes)),
        Err(StoreError::TooNew { .. }) if seal::is_sealed_state(bytes) => {
            return Err(StoreError::Sealed { path: path() });
        }
        parsed => parsed?,
    };
    if file.state.lineage.is_empty() {
        return Err(StoreError::Foreign { path: path() });
    }
    check_state(name, &file.state)?;
    Ok(file.state)
}

/// The same for a file that a person gives by name: it may be sealed with this key, or with none.
pub fn decode_given(
    name: &Path,
    bytes: &[u8],
    key: Option<&StateKey>,
) -> Result<State, StoreError> {
    match key {
        Some(key) if seal::is_sealed_state(bytes) => {
            decode_snapshot(name, &seal::open_state(name, bytes, key)?.0)
        }
        _ => decode_snapshot(name, bytes),
    }
}

fn check_state(name: &Path, state: &State) -> Result<(), StoreError> {
    let resources = state.resources.values();
    check_groups(
        name,
        resources.flat_map(|resource| &resource.depends_on),
        &state.groups,
    )
}

/// Refuses groups that are not whole, as everything in the engine takes them to be.
pub(crate) fn check_groups<'a>(
    name: &Path,
    uses: impl IntoIterator<Item = &'a Dependency>,
    groups: &'a Groups,
) -> Result<(), StoreError> {
    dependency::check_groups(uses, groups).map_err(|why| StoreError::Damaged {
        path: name.to_owned(),
        within: String::new(),
        source: serde::de::Error::custom(why),
    })
}

/// Reads the bytes of a journal; `None` if it was cut before its first line was whole,
/// so that nothing was begun under it. `name` is for messages.
pub fn decode_journal(name: &Path, bytes: &[u8]) -> Result<Option<Read>, StoreError> {
    match journal::read_journal(name, bytes) {
        Err(StoreError::TooNew { .. }) if is_sealed_journal(bytes) => Err(StoreError::Sealed {
            path: name.to_owned(),
        }),
        read => read,
    }
}

fn is_sealed_journal(bytes: &[u8]) -> bool {
    let first = bytes.split_inclusive(|byte| *byte == b'\n').next();
    let content = first.and_then(journal::content);
    content.is_some_and(|(_, json)| seal::is_sealed_header(json))
}

#[cfg(test)]
mod tests;
