//! `pospool state migrate`: moves the state to another place.
//!
//! - Reads: both places, each with its lock held.
//! - Does: copies snapshot, journal and the states that were replaced, reads them back, and only then leaves a note in
//!   the old place, so that nobody goes on there. Cut at any moment, it can be run again.
//! - Never: writes over another state.

use std::path::Path;

use pospool_engine::store::{self, Backup, KeptState, Medium, Mode, MovedFile, StoreError};
use pospool_model::state::State;
use pospool_remote::Location;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::report::report_done;

/// Who holds the locks.
const COMMAND: &str = "state migrate";

/// Runs the command.
pub(super) fn run_state_migrate(session: &mut Session<'_, '_>, to: &str) -> Result<Exit, Failure> {
    let from = session.project.state()?.clone();
    let to = Location::parse(to, &session.project.path(Path::new("")))?;
    if is_same(&from, &to) {
        return Err(StateFailure::SamePlace(from).into());
    }
    let mut old = open(session, &from)?;
    let Some((state, kept)) = store::recover_state(&from.name(), old.load()?)? else {
        return Err(StateFailure::None(from).into());
    };
    let backups = old.backups()?;
    let opened = open_backups(&*old, &from, backups)?;
    copy(session, &to, &kept, &state, &opened)?;
    let note = MovedFile::new(to.to_string(), state.lineage.clone());
    let note = serde_json::to_vec(&note).map_err(Failure::Encode)?;
    old.replace(&note)?;
    let text = view::upkeep::format_state_moved(&from, &to);
    let json = view::upkeep::moved_json(&from, &to, &state);
    report_done(session, &text, &json)
}

fn open(session: &Session<'_, '_>, location: &Location) -> Result<Box<dyn Medium>, Failure> {
    let settings = session.project.settings();
    Ok(pospool_remote::open_medium(
        location,
        Mode::Write,
        COMMAND,
        settings,
        session.project.key()?,
    )?)
}

/// What is kept, without its seal: it gets one of the new place. One that nobody vouches for stays behind.
fn open_backups(
    old: &dyn Medium,
    from: &Location,
    backups: Vec<Backup>,
) -> Result<Vec<Backup>, StoreError> {
    let open = |backup: Backup| match old.open_backup(&from.name(), &backup.bytes) {
        Ok(bytes) => Some(Ok(Backup { bytes, ..backup })),
        Err(error) if error.is_of_seal() => None,
        Err(error) => Some(Err(error)),
    };
    backups.into_iter().filter_map(open).collect()
}

/// Writes the state to its new place and reads it back.
fn copy(
    session: &Session<'_, '_>,
    to: &Location,
    kept: &KeptState,
    state: &State,
    backups: &[Backup],
) -> Result<(), Failure> {
    let mut new = open(session, to)?;
    let there = new.load()?;
    if there != *kept {
        check_free(to, &there, state)?;
        for backup in backups {
            new.keep(&backup.bytes, backup.kept_at)?;
        }
        write(new.as_mut(), kept)?;
    }
    drop(new);
    let settings = session.project.settings();
    let key = session.project.key()?;
    let mut new = pospool_remote::open_medium(to, Mode::Read, COMMAND, settings, key)?;
    if new.load()? == *kept {
        Ok(())
    } else {
        Err(StateFailure::NotCopied(to.clone()).into())
    }
}

fn write(medium: &mut dyn Medium, kept: &KeptState) -> Result<(), StoreError> {
    medium.replace(kept.snapshot.as_deref().unwrap_or_default())?;
    let Some(journal) = &kept.journal else {
        return Ok(());
    };
    let end = journal.iter().position(|byte| *byte == b'\n');
    let (first, rest) = journal.split_at(end.map_or(journal.len(), |end| end + 1));
    medium.start_journal(first)?;
    medium.append(rest)?;
    medium.sync()
}

/// A place is free if nothing is there, or the note of this very state.
fn check_free(to: &Location, there: &KeptState, state: &State) -> Result<(), Failure> {
    let free = match &there.snapshot {
        None => there.journal.is_none(),
        Some(bytes) => MovedFile::read(bytes).is_some_and(|note| note.lineage == state.lineage),
    };
    if free {
        Ok(())
    } else {
        Err(StateFailure::NotEmpty(to.clone()).into())
    }
}

fn is_same(from: &Location, to: &Location) -> bool {
    match (from, to) {
        (Location::File(from), Location::File(to)) => {
            let real =
                |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            real(from) == real(to)
        }
        _ => from == to,
    }
}
