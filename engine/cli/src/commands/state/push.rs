//! `pospool state push`: puts a state file in the place of the state.

use std::path::Path;

use pospool_engine::store::{Mode, decode_given, read_bounded};
use pospool_model::state::State;

use crate::args::PushArgs;
use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::open::refuse_open_effects;
use super::report::report_done;

/// Most bytes of a pushed file.
const MOST: u64 = 1 << 30;

/// Runs the command.
pub(super) fn run_state_push(
    session: &mut Session<'_, '_>,
    args: &PushArgs,
) -> Result<Exit, Failure> {
    let given = read(session, &session.project.path(&args.file))?;
    let mut store = session.project.open_state(Mode::Write, "state push")?;
    refuse_open_effects(&store)?;
    if store.exists() && !args.force {
        check(session, &given, store.state())?;
    }
    // The next serial is larger than both, so that no plan or journal is taken for this state's.
    let serial = given.serial.max(store.state().serial);
    store.conclude(|state| *state = State { serial, ..given })?;
    let location = session.project.state()?;
    let text = view::upkeep::format_state_pushed(location, store.state());
    let json = view::upkeep::pushed_json(location, store.state());
    report_done(session, &text, &json)
}

/// A file without a seal is taken as well: it is what `state pull` prints, and a person names it.
fn read(session: &Session<'_, '_>, path: &Path) -> Result<State, Failure> {
    match read_bounded(path, MOST)? {
        Some(bytes) => Ok(decode_given(
            path,
            &bytes,
            session.project.key()?.as_deref(),
        )?),
        None => Err(Failure::File {
            verb: "read",
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        }),
    }
}

fn check(session: &Session<'_, '_>, given: &State, there: &State) -> Result<(), Failure> {
    let location = session.project.state()?.clone();
    if given.lineage != there.lineage {
        return Err(StateFailure::OtherLineage {
            location,
            given: given.lineage.clone(),
            there: there.lineage.clone(),
        }
        .into());
    }
    if given.serial < there.serial {
        return Err(StateFailure::OlderSerial {
            location,
            given: given.serial,
            there: there.serial,
        }
        .into());
    }
    if given.serial == there.serial && given.version != there.version {
        let serial = given.serial;
        return Err(StateFailure::Forked { location, serial }.into());
    }
    Ok(())
}
