//! `pospool state mv`: gives a resource another name, everywhere in the state.

use pospool_engine::moves::rename_resource;
use pospool_model::Address;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::open::{find_recorded, open_changeable};
use super::report::report_done;

/// Runs the command.
pub(super) fn run_state_mv(
    session: &mut Session<'_, '_>,
    from: &Address,
    to: &Address,
) -> Result<Exit, Failure> {
    if from.kind() != to.kind() {
        let (from, to) = (from.clone(), to.clone());
        return Err(StateFailure::OtherKind { from, to }.into());
    }
    let mut store = open_changeable(session, "state mv")?;
    let recorded = find_recorded(store.state(), from)?;
    if store.state().resources.contains_key(to) {
        return Err(StateFailure::Taken(to.clone()).into());
    }
    if let Some(provider) = session.registry.of_kind(from.kind()) {
        let checked = provider.check_rename(&store.state().lineage, to, recorded);
        checked.map_err(|problem| {
            let (from, to) = (from.clone(), to.clone());
            StateFailure::Stays { from, to, problem }
        })?;
    }
    store.update(|state| rename_resource(state, from, to))?;
    let serial = store.state().serial;
    let text = view::upkeep::format_resource_renamed(from, to);
    let json = view::upkeep::change_json("renamed", from, Some(to), serial);
    report_done(session, &text, &json)
}
