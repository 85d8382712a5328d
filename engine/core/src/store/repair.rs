//! What a crash or a slip left beside a state, and the part of it that can be mended without a guess.
//!
//! - Reads: the state, its journal, and the files that a replacement makes for a moment.
//! - Does, if asked to: cuts a torn end, removes what is already in the state.
//! - Never: makes up a state or a journal, or removes what may be the only copy of something.

use std::path::{Path, PathBuf};

use pospool_model::state::State;

use super::disk::{Disk, RealDisk};
use super::error::StoreError;
use super::form::MAX_BYTES;
use super::journal::{Read, Relation};
use super::lock::{FileLock, Mode};
use super::medium::KeptState;
use super::paths::with_suffix;
use super::seal::{StateKey, open_journal, open_state};
use super::{decode_journal, decode_snapshot};

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Only look.
    Off,
    /// Mend what can be mended.
    On,
}

/// Something that is not as a run leaves it.
#[derive(Debug)]
pub enum Finding {
    /// The last line of the journal was not written to its end. It is cut off.
    TornEnd {
        /// The journal.
        path: PathBuf,
        /// Bytes that are cut off.
        bytes: u64,
    },
    /// Every entry of the journal is in the state. It is removed.
    SpentJournal {
        /// The journal.
        path: PathBuf,
    },
    /// The journal has no whole entry: nothing was begun under it. It is removed.
    EmptyJournal {
        /// The journal.
        path: PathBuf,
    },
    /// A replacement was cut before it took place, and the state is whole without it. It is removed.
    Leftover {
        /// The file that would have been put in place.
        path: PathBuf,
    },
    /// A file that may be the only whole copy of something. It stays.
    OnlyCopy {
        /// The file.
        path: PathBuf,
    },
    /// A run found that its state had been replaced, and kept its own here. It stays.
    KeptState {
        /// The kept state.
        path: PathBuf,
        /// The state that replaced it.
        state: PathBuf,
    },
    /// The state or its journal cannot be used as it is.
    Unusable(StoreError),
}

impl Finding {
    /// Whether only a person can decide what to do.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::OnlyCopy { .. } | Self::KeptState { .. } | Self::Unusable(_)
        )
    }
}

/// Looks at everything that belongs to a state in a file, with its lock held.
pub fn repair_state(
    path: &Path,
    hand: Hand,
    key: Option<&StateKey>,
) -> Result<Vec<Finding>, StoreError> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock = with_suffix(&path, ".lock");
    let _lock = FileLock::acquire(&lock, Mode::Write, "state repair")?;
    let findings = look(&path, key)?;
    if hand == Hand::On {
        for finding in &findings {
            mend(finding)?;
        }
    }
    Ok(findings)
}

fn look(path: &Path, key: Option<&StateKey>) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let state = match read(path)?.map(|bytes| decode_kept(path, &bytes, key)) {
        None => FoundState::Nothing,
        Some(Ok(state)) => FoundState::State(Box::new(state)),
        Some(Err(error)) => {
            findings.push(Finding::Unusable(error));
            FoundState::Unusable
        }
    };
    let journal = with_suffix(path, ".journal");
    if let Some(bytes) = read(&journal)? {
        findings.extend(journal_finding(journal, &bytes, &state, key));
    }
    let kept = with_suffix(path, ".kept");
    for next in [with_suffix(path, ".next"), with_suffix(&kept, ".next")] {
        if read(&next)?.is_some() {
            findings.push(match state {
                FoundState::State(_) => Finding::Leftover { path: next },
                _ => Finding::OnlyCopy { path: next },
            });
        }
    }
    if read(&kept)?.is_some() {
        findings.push(Finding::KeptState {
            path: kept,
            state: path.to_owned(),
        });
    }
    Ok(findings)
}

/// What lies where the state is looked for.
enum FoundState {
    Nothing,
    State(Box<State>),
    Unusable,
}

fn decode_kept(path: &Path, bytes: &[u8], key: Option<&StateKey>) -> Result<State, StoreError> {
    match key {
        Some(key) => decode_snapshot(path, &open_state(path, bytes, key)?.0),
        None => decode_snapshot(path, bytes),
    }
}

/// A journal, and how many of its bytes are good.
pub(super) fn decode_kept_journal(
    path: &Path,
    bytes: &[u8],
    key: Option<&StateKey>,
) -> Result<Option<Read>, StoreError> {
    let Some(key) = key else {
        return decode_journal(path, bytes);
    };
    let opened = open_journal(path, bytes, key)?;
    let read = decode_journal(path, &opened.plain)?;
    Ok(read.map(|read| {
        let end = opened
            .ends
            .iter()
            .find(|(plain, _)| *plain == read.good_bytes);
        let good_bytes = end.map_or(0, |(_, sealed)| *sealed);
        Read { good_bytes, ..read }
    }))
}

fn journal_finding(
    path: PathBuf,
    bytes: &[u8],
    state: &FoundState,
    key: Option<&StateKey>,
) -> Option<Finding> {
    let read = match decode_kept_journal(&path, bytes, key) {
        Err(error) => return Some(Finding::Unusable(error)),
        Ok(None) => return Some(Finding::EmptyJournal { path }),
        Ok(Some(read)) => read,
    };
    let state = match state {
        FoundState::Unusable => return None,
        FoundState::Nothing => {
            return Some(Finding::Unusable(StoreError::JournalWithoutState { path }));
        }
        FoundState::State(state) => state,
    };
    match read.header.relation(state) {
        Relation::Foreign if read.entries.is_empty() => Some(Finding::EmptyJournal { path }),
        Relation::Foreign => Some(Finding::Unusable(StoreError::ForeignJournal { path })),
        Relation::Within => Some(Finding::SpentJournal { path }),
        Relation::GoesOn => {
            let bytes = bytes.len() as u64 - read.good_bytes;
            (bytes > 0).then_some(Finding::TornEnd { path, bytes })
        }
    }
}

/// What is kept, without what a crash left of it: the state, and snapshot and journal as they
/// belong together. `None` if there is no state; `name` is for messages.
pub fn recover_state(
    name: &Path,
    kept: KeptState,
) -> Result<Option<(State, KeptState)>, StoreError> {
    let journal = with_suffix(name, ".journal");
    let Some(snapshot) = &kept.snapshot else {
        return match kept.journal {
            None => Ok(None),
            Some(_) => Err(StoreError::JournalWithoutState { path: journal }),
        };
    };
    let state = decode_snapshot(name, snapshot)?;
    let read = match &kept.journal {
        Some(bytes) => decode_journal(&journal, bytes)?,
        None => None,
    };
    let goes_on = match read {
        None => None,
        Some(read) => match read.header.relation(&state) {
            Relation::GoesOn => Some(read.good_bytes),
            Relation::Within => None,
            Relation::Foreign if read.entries.is_empty() => None,
            Relation::Foreign => return Err(StoreError::ForeignJournal { path: journal }),
        },
    };
    let good = goes_on.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let journal = kept.journal.zip(good).map(|(mut bytes, good)| {
        bytes.truncate(good);
        bytes
    });
    let snapshot = kept.snapshot;
    Ok(Some((state, KeptState { snapshot, journal })))
}

fn mend(finding: &Finding) -> Result<(), StoreError> {
    match finding {
        Finding::TornEnd { path, bytes } => {
            let io = |verb| move |source| StoreError::io(verb, path, source);
            let length = std::fs::metadata(path).map_err(io("look at"))?.len();
            let cut = RealDisk.reopen(path, length.saturating_sub(*bytes));
            cut.map(drop).map_err(io("cut the torn end of"))
        }
        Finding::SpentJournal { path }
        | Finding::EmptyJournal { path }
        | Finding::Leftover { path } => RealDisk
            .remove(path)
            .and_then(|()| RealDisk.sync_folder(path))
            .map_err(|source| StoreError::io("remove", path, source)),
        Finding::OnlyCopy { .. } | Finding::KeptState { .. } | Finding::Unusable(_) => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let read = RealDisk.read(path, MAX_BYTES);
    read.map_err(|source| StoreError::io("read", path, source))
}
