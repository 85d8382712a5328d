//! `pospool state mv`: gives a resource another name, everywhere in the state.

use pospool_model::state::State;
use pospool_model::{Address, Attributes, Value};

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
    store.update(|state| rename(state, from, to))?;
    let serial = store.state().serial;
    let text = view::upkeep::format_resource_renamed(from, to);
    let json = view::upkeep::change_json("renamed", from, Some(to), serial);
    report_done(session, &text, &json)
}

/// Writes `to` wherever the state says `from`.
fn rename(state: &mut State, from: &Address, to: &Address) {
    if let Some(recorded) = state.resources.remove(from) {
        state.resources.insert(to.clone(), recorded);
    }
    if let Some(chain) = state.chains.remove(from) {
        state.chains.insert(to.clone(), chain);
    }
    for recorded in state.resources.values_mut() {
        rename_in(&mut recorded.attributes, from, to);
        rename_in(&mut recorded.outputs, from, to);
    }
    state.rename_dependency(from, Some(to));
    for value in state.outputs.values_mut() {
        rename_value(value, from, to);
    }
}

fn rename_in(attributes: &mut Attributes, from: &Address, to: &Address) {
    for value in attributes.values_mut() {
        rename_value(value, from, to);
    }
}

fn rename_value(value: &mut Value, from: &Address, to: &Address) {
    match value {
        Value::Resource(address) if address == from => address.clone_from(to),
        Value::List(values) => {
            for value in values {
                rename_value(value, from, to);
            }
        }
        Value::Map(values) => {
            for value in values.values_mut() {
                rename_value(value, from, to);
            }
        }
        _ => {}
    }
}
