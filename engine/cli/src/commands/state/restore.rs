//! `pospool state restore`: lists the last states that were replaced, and brings one back.
//!
//! - Reads: the state and what is kept of earlier ones.
//! - Does: puts one in the place of the state, which is kept in its turn.
//! - Never: takes the place of a state under which something is still under way.

use std::path::{Path, PathBuf};

use pospool_engine::store::{Backup, Mode, StoreError, decode_snapshot};
use pospool_model::state::State;
use pospool_remote::Location;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::open::refuse_open_effects;
use super::report::report_done;

/// Who holds the lock.
const COMMAND: &str = "state restore";

/// Runs the command.
pub(super) fn run_state_restore(
    session: &mut Session<'_, '_>,
    number: Option<u64>,
) -> Result<Exit, Failure> {
    match number {
        Some(number) => bring_back(session, number),
        None => list(session),
    }
}

fn list(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    // What is in the place of the state does not matter: it may be what somebody wants to get rid of.
    let key = session.project.key()?;
    let mut medium = pospool_remote::open_medium(location, Mode::Read, COMMAND, settings, key)?;
    let mut backups = medium.backups()?;
    backups.reverse();
    let read = |it: &Backup| {
        let name = name(location, it);
        read(&name, medium.open_backup(&name, &it.bytes))
    };
    let states: Vec<_> = backups.iter().map(|it| (it, read(it))).collect();
    let text = view::backups::format_backups(location, &states);
    let json = view::backups::backups_to_json(location, &states);
    report_done(session, &text, &json)
}

fn bring_back(session: &mut Session<'_, '_>, number: u64) -> Result<Exit, Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    let mut store =
        pospool_remote::open_to_restore(location, COMMAND, settings, session.project.key()?)?;
    refuse_open_effects(&store)?;
    let backups = store.backups()?;
    let Some(backup) = backups.iter().find(|it| it.number == number) else {
        let location = location.clone();
        return Err(StateFailure::NoBackup { location, number }.into());
    };
    let name = name(location, backup);
    let given = read(&name, store.open_backup(&name, backup))?;
    // As with a push: no plan and no journal of either is taken for this state's.
    let serial = given.serial.max(store.state().serial);
    store.conclude(|state| *state = State { serial, ..given })?;
    let text = view::backups::format_restored(location, number, store.state());
    let json = view::upkeep::pushed_json(location, store.state());
    report_done(session, &text, &json)
}

/// What was kept under this number.
fn read(name: &Path, bytes: Result<Vec<u8>, StoreError>) -> Result<State, StoreError> {
    decode_snapshot(name, &bytes?)
}

/// Its name in messages.
fn name(location: &Location, backup: &Backup) -> PathBuf {
    format!("{location}, kept state {}", backup.number).into()
}
