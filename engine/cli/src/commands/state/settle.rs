//! `pospool state settle`: shows the tickets of the journal, or closes one that nobody knows.
//!
//! - Reads: the state and its journal.
//! - Does: takes one ticket out, by its name.
//! - Never: asks the outside, or sends: what is the spec's own is settled by `apply`.

use pospool_engine::codes;
use pospool_engine::store::{JournalEntry, Mode, OpenEffect};
use pospool_model::diagnostic::did_you_mean;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view::{clean_line, upkeep};

use super::open::open_existing;
use super::report::report_done;

/// Runs the command.
pub(super) fn run_state_settle(
    session: &mut Session<'_, '_>,
    drop: Option<&str>,
) -> Result<Exit, Failure> {
    let Some(name) = drop else {
        let store = open_existing(session, Mode::Read, "state settle")?;
        let text = upkeep::format_open_effects(store.open_effects());
        let json = upkeep::open_effects_json(store.open_effects());
        return report_done(session, &text, &json);
    };
    let mut store = open_existing(session, Mode::Write, "state settle")?;
    let open = store.open_effects().iter();
    // As messages show it: what somebody else put into a name cannot be typed.
    let shown = |open: &OpenEffect| clean_line(&open.id.to_string());
    let Some(found) = open.clone().find(|open| shown(open) == name) else {
        let names: Vec<String> = open.map(shown).collect();
        return Err(StateFailure::NoTicket {
            name: name.to_owned(),
            meant: did_you_mean(name, names.iter().map(String::as_str)).map(ToOwned::to_owned),
        }
        .into());
    };
    let found = found.clone();
    store.record(JournalEntry::NoEffect {
        id: found.id.clone(),
        code: codes::STATE_DROPPED_TICKET.to_string(),
    })?;
    store.save()?;
    let left = store.open_effects().len();
    report_done(
        session,
        &upkeep::format_ticket_dropped(&found, left),
        &upkeep::ticket_json(&found, left),
    )
}
