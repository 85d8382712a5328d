//! `pospool state …`: looks at the state, moves it, mends it.
//!
//! - Reads: the state alone.
//! - Does: what the word after `state` says.
//! - Never: looks at the outside or changes it.

mod migrate;
mod push;
mod rename;
mod repair;
mod unlock;

use pospool_engine::store::{Mode, StateFile, Store};
use pospool_model::Address;
use pospool_model::diagnostic::did_you_mean;
use pospool_model::state::{Recorded, State};

use crate::args::StateCommand;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::Session;

/// Runs the command.
pub fn run_state(session: &mut Session<'_, '_>, command: &StateCommand) -> Result<Exit, Failure> {
    match command {
        StateCommand::Pull => pull(session),
        StateCommand::Push(args) => push::run_state_push(session, args),
        StateCommand::List => list(session),
        StateCommand::Show { address } => show(session, address),
        StateCommand::Mv { from, to } => rename::run_state_mv(session, from, to),
        StateCommand::Rm { address } => remove(session, address),
        StateCommand::Repair { dry_run } => repair::run_state_repair(session, *dry_run),
        StateCommand::Migrate { to } => migrate::run_state_migrate(session, to),
        StateCommand::Unlock { id, force } => {
            unlock::run_state_unlock(session, id.as_deref(), *force)
        }
    }
}

/// Prints the state in the form that it has on a disk.
fn pull(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let store = existing(session, Mode::Read, "state pull")?;
    let open = store.open_effects().len();
    session
        .console
        .say_json(&StateFile::new(store.state().clone()))?;
    if open > 0 {
        session.console.tell(&view::upkeep::pulled_with_open(open));
    }
    Ok(Exit::Done)
}

fn list(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let store = existing(session, Mode::Read, "state list")?;
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::state::list_json(store.state()))?;
    } else {
        console.say(&view::state::format_resource_list(store.state()))?;
    }
    Ok(Exit::Done)
}

fn show(session: &mut Session<'_, '_>, address: &Address) -> Result<Exit, Failure> {
    let store = existing(session, Mode::Read, "state show")?;
    let recorded = recorded(store.state(), address)?;
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::state::resource_json(
            address,
            recorded,
            &store.state().groups,
        ))?;
    } else {
        let paint = console.out_paint;
        console.say(&view::state::format_resource(address, recorded, paint))?;
    }
    Ok(Exit::Done)
}

/// Forgets a resource.
fn remove(session: &mut Session<'_, '_>, address: &Address) -> Result<Exit, Failure> {
    let mut store = changeable(session, "state rm")?;
    if recorded(store.state(), address)?.protected {
        return Err(StateFailure::Protected(address.clone()).into());
    }
    store.update(|state| {
        state.resources.remove(address);
        state.rename_dependency(address, None);
    })?;
    let serial = store.state().serial;
    done(
        session,
        &view::upkeep::format_resource_forgotten(address),
        &view::upkeep::change_json("forgotten", address, None, serial),
    )
}

/// Opens a state that must be there.
fn existing(session: &Session<'_, '_>, mode: Mode, command: &str) -> Result<Store, Failure> {
    let store = session.project.open_state(mode, command)?;
    if store.exists() {
        Ok(store)
    } else {
        Err(StateFailure::None(session.project.state()?.clone()).into())
    }
}

/// Opens a state to change it: what is under way would lose its name or its ticket.
fn changeable(session: &Session<'_, '_>, command: &str) -> Result<Store, Failure> {
    let store = existing(session, Mode::Write, command)?;
    match store.open_effects().len() {
        0 => Ok(store),
        open => Err(StateFailure::OpenEffects(open).into()),
    }
}

/// What the state says of a resource.
fn recorded<'a>(state: &'a State, address: &Address) -> Result<&'a Recorded, Failure> {
    state.resources.get(address).ok_or_else(|| {
        let names = state.resources.keys().map(Address::as_str);
        Failure::NotRecorded {
            address: address.to_string(),
            meant: did_you_mean(address.as_str(), names).map(ToOwned::to_owned),
        }
    })
}

/// Says what was done.
fn done(
    session: &mut Session<'_, '_>,
    text: &str,
    json: &serde_json::Value,
) -> Result<Exit, Failure> {
    let console = &mut *session.console;
    if console.json {
        console.say_json(json)?;
    } else {
        console.say(text)?;
    }
    Ok(Exit::Done)
}
