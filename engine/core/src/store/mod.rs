//! The state on disk: a snapshot, a journal of the run in progress, and a lock.
//!
//! - Reads and writes: `<state>`, `<state>.journal`, `<state>.lock`; nothing else in the engine writes files.
//! - Returns: the [`State`] with every journalled entry folded in, and the effects
//!   that a killed run left open.
//! - Never: reads an empty, torn, foreign or newer file as "there is nothing yet",
//!   and never puts a new file in place before its bytes are on the disk.
//!
//! The snapshot is the truth between runs; the journal covers the run in progress
//! and is bound to the snapshot's lineage and serial. Saving writes the next
//! snapshot first and removes the journal after it, so a crash between the two
//! leaves a journal whose entries are all in the snapshot, which is recognised by
//! its older serial.

mod disk;
mod form;
mod journal;
mod lock;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pospool_model::Address;
use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_model::state::{Recorded, State};
use serde::{Deserialize, Serialize};

pub use disk::{read_bounded, replace_file};
pub(crate) use form::parse as parse_form;
pub use journal::{Entry, Header};
pub use lock::{Holder, Lock, Mode};

use journal::Journal;

/// Version of the forms on disk that this program writes.
pub const VERSION: u64 = 1;

/// Most bytes of a state, a journal or a plan that are read.
const MAX_BYTES: u64 = 1 << 30;

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

/// An effect that was begun and whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which effect.
    pub id: EffectId,
    /// Who carries it out.
    pub provider: String,
    /// What was attempted.
    pub ticket: Ticket,
}

/// A loaded state, its journal and the lock on both.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    state: State,
    exists: bool,
    open: Vec<Open>,
    journal: Option<Journal>,
    replayed: usize,
    bytes_written: u64,
    _lock: Lock,
}

impl Store {
    /// Locks the state and reads it. A missing file is an empty state; everything
    /// else that is not a whole state of this program is an error.
    pub fn open(path: &Path, mode: Mode, command: &str) -> Result<Self, StoreError> {
        let lock = Lock::acquire(&with_suffix(path, ".lock"), mode, command)?;
        let loaded = read_snapshot(path)?;
        let exists = loaded.is_some();
        let mut store = Self {
            path: path.to_owned(),
            state: loaded.unwrap_or_default(),
            exists,
            open: Vec::new(),
            journal: None,
            replayed: 0,
            bytes_written: 0,
            _lock: lock,
        };
        store.replay(mode)?;
        Ok(store)
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
    pub fn open_effects(&self) -> &[Open] {
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
        self.bytes_written + self.journal.as_ref().map_or(0, Journal::bytes_written)
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
        self.save()
    }

    /// Appends an entry and folds it in. It is on the disk after the next [`Store::sync`].
    pub fn record(&mut self, entry: Entry) -> Result<(), StoreError> {
        if !self.exists {
            self.save()?;
        }
        if self.journal.is_none() {
            let header = Header::new(&self.state.lineage, self.state.serial);
            self.journal = Some(Journal::create(&self.journal_path(), &header)?);
        }
        if let Some(journal) = &mut self.journal {
            journal.append(&entry)?;
        }
        fold(&mut self.state.resources, &mut self.open, entry);
        Ok(())
    }

    /// Waits until every appended entry is on the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.journal.as_mut().map_or(Ok(()), Journal::sync)
    }

    /// Writes the next snapshot and removes the journal. Effects that are still
    /// open keep the journal: it is the only place of their tickets.
    pub fn save(&mut self) -> Result<(), StoreError> {
        if !self.open.is_empty() {
            return self.sync();
        }
        if self.state.lineage.is_empty() {
            self.state.lineage = new_lineage();
        }
        let mut next = self.state.clone();
        next.serial += 1;
        let file = StateFile {
            format: "pospool-state".to_owned(),
            version: VERSION,
            state: next,
        };
        let text = serde_json::to_vec(&file).map_err(|source| StoreError::Encode { source })?;
        replace_file(&self.path, &text)?;
        self.bytes_written += text.len() as u64;
        self.state.serial = file.state.serial;
        self.exists = true;
        self.replayed = 0;
        if let Some(journal) = self.journal.take() {
            self.bytes_written += journal.bytes_written();
        }
        journal::remove(&self.journal_path())
    }

    fn journal_path(&self) -> PathBuf {
        with_suffix(&self.path, ".journal")
    }

    fn replay(&mut self, mode: Mode) -> Result<(), StoreError> {
        let path = self.journal_path();
        let Some(read) = journal::read(&path)? else {
            return Ok(());
        };
        if !self.exists {
            return Err(StoreError::JournalWithoutState { path });
        }
        let header = &read.header;
        if header.lineage != self.state.lineage || header.serial > self.state.serial {
            return Err(StoreError::ForeignJournal { path });
        }
        if header.serial < self.state.serial {
            // The snapshot was put in place and the machine stopped before the
            // journal was removed: all of it is in the snapshot.
            return Ok(());
        }
        self.replayed = read.entries.len();
        for entry in read.entries {
            fold(&mut self.state.resources, &mut self.open, entry);
        }
        if mode == Mode::Write {
            self.journal = Some(Journal::reopen(&path, read.good_bytes)?);
        }
        Ok(())
    }
}

/// What one entry does to the state.
fn fold(resources: &mut BTreeMap<Address, Recorded>, open: &mut Vec<Open>, entry: Entry) {
    match entry {
        Entry::Begin {
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
            open.push(Open {
                id,
                provider,
                ticket,
            });
        }
        Entry::End { id, outputs } => {
            open.retain(|open| open.id != id);
            if !outputs.is_empty() {
                let recorded = resources.entry(id.address).or_default();
                recorded.outputs.extend(outputs);
            }
        }
        Entry::NoEffect { id, .. } => open.retain(|open| open.id != id),
        Entry::Put { address, recorded } => {
            resources.insert(address, recorded);
        }
        Entry::Remove { address } => {
            resources.remove(&address);
        }
    }
}

fn read_snapshot(path: &Path) -> Result<Option<State>, StoreError> {
    let Some(bytes) = read_bounded(path, MAX_BYTES)? else {
        return Ok(None);
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(StoreError::Empty {
            path: path.to_owned(),
        });
    }
    let file: StateFile = form::parse(path, &bytes, "pospool-state")?;
    if file.state.lineage.is_empty() {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    Ok(Some(file.state))
}

/// A random name of 128 bits. The standard library seeds its hash maps from the
/// operating system, which is enough for a name that only has to be unlike others.
fn new_lineage() -> String {
    use std::hash::{BuildHasher, RandomState};
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Why a state cannot be used. The code of each is stable.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the state.
    #[error("the state is in use by {holder} (lock `{}`)", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// Nothing in the file.
    #[error(
        "the state file `{}` is empty; restore it from a backup (an empty file is never read as a new state)",
        path.display()
    )]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Not a state of pospool.
    #[error("`{}` is not a state of pospool; name another file with --state", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The bytes are not what their version promises.
    #[error("the file `{}` is damaged; restore it from a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where it breaks.
        #[source]
        source: serde_json::Error,
    },
    /// Somebody has a newer program.
    #[error("`{}` has version {found}, and this program reads up to {VERSION}; use a newer pospool", path.display())]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Version in the file.
        found: u64,
    },
    /// A line inside the journal is wrong, and lines after it are not.
    #[error(
        "the journal `{}` is damaged in line {line}, not only at its end; restore both files from a backup",
        path.display()
    )]
    DamagedJournal {
        /// Which file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
    },
    /// The journal belongs to another state or to a later version of this one.
    #[error("the journal `{}` does not belong to this state file; put the state back that it was written with", path.display())]
    ForeignJournal {
        /// Which file.
        path: PathBuf,
    },
    /// There is a journal and no state.
    #[error("there is a journal `{}` and no state file beside it; put the state file back", path.display())]
    JournalWithoutState {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state has no JSON form.
    #[error("cannot write the state as JSON")]
    Encode {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Stable code, listed in the reference.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "state/locked",
            Self::Empty { .. } => "state/empty",
            Self::Foreign { .. } => "state/foreign",
            Self::Damaged { .. } => "state/damaged",
            Self::TooNew { .. } => "state/too-new",
            Self::DamagedJournal { .. } => "state/journal-damaged",
            Self::ForeignJournal { .. } => "state/journal-foreign",
            Self::JournalWithoutState { .. } => "state/journal-without-state",
            Self::Io { .. } => "state/io",
            Self::Encode { .. } => "state/encode",
        }
    }
}

#[cfg(test)]
mod tests;
