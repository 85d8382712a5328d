//! `pospool state …`: looks at the state, moves it, mends it.
//!
//! - Reads: the state alone.
//! - Does: what the word after `state` says.
//! - Never: looks at the outside or changes it.

mod migrate;
pub(super) mod open;
mod push;
mod rename;
mod repair;
pub(super) mod report;
mod reseal;
mod restore;
mod settle;
mod unlock;

use pospool_engine::store::{Mode, StateFile};
use pospool_model::Address;

use crate::args::StateCommand;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;

use super::Session;
use open::{find_recorded, open_changeable, open_existing};
use report::report_done;

/// Runs the command.
pub fn run_state(session: &mut Session<'_, '_>, command: &StateCommand) -> Result<Exit, Failure> {
    match command {
        StateCommand::Pull => pull(session),
        StateCommand::Push(args) => push::run_state_push(session, args),
        StateCommand::List => list(session),
        StateCommand::Show { address } => show(session, address),
        StateCommand::Mv { from, to } => rename::run_state_mv(session, from, to),
        StateCommand::Rm { address } => remove(session, address),
        StateCommand::Restore { number } => restore::run_state_restore(session, *number),
        StateCommand::Repair { dry_run } => repair::run_state_repair(session, *dry_run),
        StateCommand::Settle { drop } => settle::run_state_settle(session, drop.as_deref()),
        StateCommand::Migrate { to } => migrate::run_state_migrate(session, to),
        StateCommand::Seal { unsealed_by_hand } => {
            reseal::run_state_seal(session, *unsealed_by_hand)
        }
        StateCommand::Unseal => reseal::run_state_unseal(session),
        StateCommand::Rekey { old } => reseal::run_state_rekey(session, old),
        StateCommand::Unlock { id, force } => {
            unlock::run_state_unlock(session, id.as_deref(), *force)
        }
    }
}

/// Prints the state in the form that it has on a disk.
fn pull(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let store = open_existing(session, Mode::Read, "state pull")?;
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
    let store = open_existing(session, Mode::Read, "state list")?;
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::state::list_json(store.state()))?;
    } else {
        console.say(&view::state::format_resource_list(store.state()))?;
    }
    Ok(Exit::Done)
}

fn show(session: &mut Session<'_, '_>, address: &Address) -> Result<Exit, Failure> {
    let store = open_existing(session, Mode::Read, "state show")?;
    let recorded = find_recorded(store.state(), address)?;
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
    let mut store = open_changeable(session, "state rm")?;
    if find_recorded(store.state(), address)?.protected {
        return Err(StateFailure::Protected(address.clone()).into());
    }
    store.update(|state| {
        state.resources.remove(address);
        state.rename_dependency(address, None);
    })?;
    let serial = store.state().serial;
    report_done(
        session,
        &view::upkeep::format_resource_forgotten(address),
        &view::upkeep::change_json("forgotten", address, None, serial),
    )
}
