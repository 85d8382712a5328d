//! Another seal for a state: the first one, none any more, or one of another key.
//!
//! - Reads: the state, its journal and what is kept of replaced ones, by the old seal or the new one.
//! - Does: puts into the state what a run left in the journal, and seals each of them anew, the state last. Cut at any
//!   moment, it can be run again.
//! - Never: changes what a state says, or seals something that neither seal vouches for, or that was sealed before and lost
//!   its seal elsewhere.

use std::path::Path;

use pospool_model::state::State;

use super::backups::Backup;
use super::error::StoreError;
use super::journal::{Read, Relation};
use super::medium::Medium;
use super::names::random_name;
use super::paths::with_suffix;
use super::repair::decode_kept_journal;
use super::seal::{
    Memory, Salt, SeenVersion, StateKey, draw_salt, is_sealed_state, open_state, seal_state,
};
use super::{StateFile, check_state, decode_snapshot, encode_snapshot, fold};

/// Which seal takes the place of which; none of them is no seal.
#[derive(Clone, Copy, Debug, Default)]
pub struct SealChange<'a> {
    /// What the state is sealed with.
    pub from: Option<&'a StateKey>,
    /// What it is to be sealed with.
    pub to: Option<&'a StateKey>,
    /// A state without a seal is meant although one with a seal was seen here.
    pub unsealed_by_hand: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResealEnd {
    /// There is no state.
    NoState,
    /// So many effects are under way, and nothing was done.
    UnderWay(usize),
    /// It was sealed anew.
    Done(Resealed),
}

/// What was sealed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Whether the state was, and not only what is kept.
    pub state: bool,
    /// How many replaced states.
    pub backups: usize,
    /// Numbers of replaced states that neither seal vouches for; they stay as they are.
    pub left: Vec<u64>,
}

/// Opens with one seal and seals with the other one.
pub fn reseal_state(
    medium: &mut dyn Medium,
    name: &Path,
    change: SealChange<'_>,
) -> Result<ResealEnd, StoreError> {
    let kept = medium.load()?;
    let Some(there) = &kept.snapshot else {
        return match kept.journal {
            None => Ok(ResealEnd::NoState),
            Some(_) => Err(StoreError::JournalWithoutState {
                path: with_suffix(name, ".journal"),
            }),
        };
    };
    let found = find_state(name, there, change)?;
    let memory = change.to.or(change.from).and_then(|key| key.memory());
    let memory = memory.map(|file| Memory::new(file, name));
    check_memory(memory.as_ref(), &found, change)?;
    let left = match &kept.journal {
        None => LeftJournal::Spent,
        Some(bytes) => read_left_journal(name, bytes, &found, change)?,
    };
    let snapshot = match left {
        LeftJournal::Spent => found.plain,
        LeftJournal::UnderWay(count) => return Ok(ResealEnd::UnderWay(count)),
        LeftJournal::Folded(snapshot) => snapshot,
    };
    let (salt, is_done) = (draw_salt(), found.is_done);
    let mut resealed = reseal_backups(medium, name, change, &salt)?;
    if let (Some(memory), None) = (&memory, change.to) {
        // Before the seal is gone: who is cut in between finds a sealed state, and one that somebody replaced is never
        // taken for one whose seal was taken away.
        memory.forget();
    }
    if !is_done || resealed.backups > 0 || kept.journal.is_some() {
        // A remote state gets its replaced ones with this write; the journal is removed after it.
        medium.replace(&seal(&snapshot, change.to, &salt)?)?;
        resealed.state = !is_done;
    }
    if let (Some(memory), Some(_)) = (&memory, change.to)
        && let Some(version) = SeenVersion::of(&snapshot)
    {
        memory.note_written(&version);
    }
    Ok(ResealEnd::Done(resealed))
}

/// The state as it is there.
struct FoundState {
    plain: Vec<u8>,
    state: State,
    /// It has the new seal already: a command that was cut went so far.
    is_done: bool,
}

fn find_state(name: &Path, bytes: &[u8], change: SealChange<'_>) -> Result<FoundState, StoreError> {
    let found = |(plain, state), is_done| FoundState {
        plain,
        state,
        is_done,
    };
    let by_new = match open(name, bytes, change.to) {
        Ok(opened) => return Ok(found(opened, true)),
        Err(error) => error,
    };
    match open(name, bytes, change.from) {
        Ok(opened) => Ok(found(opened, false)),
        // Without a seal of before, what is sealed is judged by the new one.
        Err(_) if change.from.is_none() => Err(by_new),
        Err(_) if matches!(by_new, StoreError::NotAuthentic { .. }) => Err(by_new),
        Err(by_old) => Err(by_old),
    }
}

/// Refuses a state that cannot be the newest one, and one that lost its seal by somebody else's hand.
fn check_memory(
    memory: Option<&Memory>,
    found: &FoundState,
    change: SealChange<'_>,
) -> Result<(), StoreError> {
    let Some(memory) = memory else {
        return Ok(());
    };
    let seal = if found.is_done {
        change.to
    } else {
        change.from
    };
    match seal {
        Some(_) => memory.check(SeenVersion::of(&found.plain).as_ref()),
        None if change.unsealed_by_hand => Ok(()),
        None => memory.check_never_sealed(),
    }
}

/// What a run left in the journal.
enum LeftJournal {
    /// Nothing that the state does not say.
    Spent,
    /// Effects whose end is not known.
    UnderWay(usize),
    /// The next snapshot, with its entries.
    Folded(Vec<u8>),
}

/// Reads the journal by the seal of its state. One of the other seal is what a cut leaves if the state says all of it; a
/// run would have gone on with the state's own.
fn read_left_journal(
    name: &Path,
    bytes: &[u8],
    found: &FoundState,
    change: SealChange<'_>,
) -> Result<LeftJournal, StoreError> {
    let path = with_suffix(name, ".journal");
    let (own, other) = if found.is_done {
        (change.to, change.from)
    } else {
        (change.from, change.to)
    };
    let (read, is_own) = match decode_kept_journal(&path, bytes, own) {
        Err(error) if error.is_of_seal() => match decode_kept_journal(&path, bytes, other) {
            Ok(read) => (read, false),
            Err(_) => return Err(error),
        },
        read => (read?, true),
    };
    let Some(read) = read else {
        return Ok(LeftJournal::Spent);
    };
    match read.header.relation(&found.state) {
        Relation::Within => Ok(LeftJournal::Spent),
        _ if read.entries.is_empty() => Ok(LeftJournal::Spent),
        Relation::GoesOn if is_own => fold_journal(&path, found.state.clone(), read),
        Relation::GoesOn | Relation::Foreign => Err(StoreError::ForeignJournal { path }),
    }
}

/// The snapshot that a run would write that found this journal and did nothing.
fn fold_journal(path: &Path, mut state: State, read: Read) -> Result<LeftJournal, StoreError> {
    let mut open = Vec::new();
    for entry in read.entries {
        fold(&mut state, &mut open, entry);
    }
    check_state(path, &state)?;
    if !open.is_empty() {
        return Ok(LeftJournal::UnderWay(open.len()));
    }
    state.serial = state.serial.saturating_add(1);
    state.version = random_name();
    // An older program's journal has no name, and is told by its serial.
    state.journal = read.header.name;
    Ok(LeftJournal::Folded(encode_snapshot(&StateFile::new(
        state,
    ))?))
}

fn reseal_backups(
    medium: &mut dyn Medium,
    name: &Path,
    change: SealChange<'_>,
    salt: &Salt,
) -> Result<Resealed, StoreError> {
    let mut resealed = Resealed::default();
    for backup in medium.backups()? {
        if open(name, &backup.bytes, change.to).is_ok() {
            continue;
        }
        let Ok((plain, _)) = open(name, &backup.bytes, change.from) else {
            resealed.left.push(backup.number);
            continue;
        };
        medium.rewrite_backup(&Backup {
            bytes: seal(&plain, change.to, salt)?,
            ..backup
        })?;
        resealed.backups += 1;
    }
    Ok(resealed)
}

fn seal(bytes: &[u8], to: Option<&StateKey>, salt: &Salt) -> Result<Vec<u8>, StoreError> {
    match to {
        Some(key) => seal_state(bytes, key, salt),
        None => Ok(bytes.to_owned()),
    }
}

/// A whole snapshot that is sealed with this key, or with none.
fn open(name: &Path, bytes: &[u8], key: Option<&StateKey>) -> Result<(Vec<u8>, State), StoreError> {
    let plain = match key {
        Some(key) => open_state(name, bytes, key)?.0,
        None if is_sealed_state(bytes) => {
            let path = name.to_owned();
            return Err(StoreError::Sealed { path });
        }
        None => bytes.to_owned(),
    };
    let state = decode_snapshot(name, &plain)?;
    Ok((plain, state))
}
