//! `pospool state unlock`: shows who holds the lock of a remote state, or takes it away.

use pospool_remote::Location;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view::{self, clean_line};

use super::report::report_done;

/// Runs the command.
pub(super) fn run_state_unlock(
    session: &mut Session<'_, '_>,
    id: Option<&str>,
    force: bool,
) -> Result<Exit, Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    if let Location::File(path) = location {
        let text = view::upkeep::no_lock_to_take(path);
        return report_done(session, &text, &view::upkeep::lock_json(None, false));
    }
    let held = pospool_remote::read_lock_holder(location, settings)?;
    let (Some(held), Some(id)) = (&held, id) else {
        let text = view::upkeep::format_lock(location, held.as_ref());
        let json = view::upkeep::lock_json(held.as_ref(), false);
        return report_done(session, &text, &json);
    };
    // As messages show it: what somebody else put into a name cannot be typed.
    if clean_line(&held.id) != id {
        return Err(StateFailure::WrongLock {
            given: id.to_owned(),
            id: held.id.clone(),
            holder: held.holder.clone(),
        }
        .into());
    }
    if let (true, false, Some(seconds)) = (held.live, force, held.ends_in) {
        return Err(StateFailure::LiveLock {
            id: held.id.clone(),
            holder: held.holder.clone(),
            seconds,
        }
        .into());
    }
    pospool_remote::force_unlock(location, settings, &held.id)?;
    let text = view::upkeep::format_unlocked(location, held);
    report_done(session, &text, &view::upkeep::lock_json(Some(held), true))
}
