//! The state that a command works on, and a resource in it.
//!
//! - Reads: the state.
//! - Returns: what is there; a failure if nothing is.
//! - Never: lets a state be changed under which something is still under way.

use pospool_engine::store::{Mode, Store};
use pospool_model::Address;
use pospool_model::diagnostic::did_you_mean;
use pospool_model::state::{Recorded, State};

use crate::commands::Session;
use crate::failure::{Failure, StateFailure};

/// Opens a state that must be there.
pub(super) fn open_existing(
    session: &Session<'_, '_>,
    mode: Mode,
    command: &str,
) -> Result<Store, Failure> {
    let store = session.project.open_state(mode, command)?;
    if store.exists() {
        Ok(store)
    } else {
        Err(StateFailure::None(session.project.state()?.clone()).into())
    }
}

/// Opens a state to change it.
pub(crate) fn open_changeable(session: &Session<'_, '_>, command: &str) -> Result<Store, Failure> {
    let store = open_existing(session, Mode::Write, command)?;
    refuse_open_effects(&store)?;
    Ok(store)
}

/// What is under way would lose its name or its ticket.
pub(crate) fn refuse_open_effects(store: &Store) -> Result<(), Failure> {
    match store.open_effects().len() {
        0 => Ok(()),
        open => Err(StateFailure::OpenEffects(open).into()),
    }
}

/// What the state says of a resource.
pub(crate) fn find_recorded<'a>(
    state: &'a State,
    address: &Address,
) -> Result<&'a Recorded, Failure> {
    state.resources.get(address).ok_or_else(|| {
        let names = state.resources.keys().map(Address::as_str);
        Failure::NotRecorded {
            address: address.to_string(),
            meant: did_you_mean(address.as_str(), names).map(ToOwned::to_owned),
        }
    })
}
