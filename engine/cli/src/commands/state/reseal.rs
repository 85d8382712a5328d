//! `pospool state seal`, `unseal` and `rekey`: another seal for the state and for what is kept of replaced ones.
//!
//! - Reads: the state, by the seal of before.
//! - Does: seals it anew; what it says stays as it is.
//! - Never: takes the place of a state under which something is still under way.

use pospool_engine::store::{self, Mode, ResealEnd, SealChange};
use pospool_model::SecretRef;
use pospool_remote::Key;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;
use crate::view::seal::NewSeal;

use super::report::report_done;

/// Seals a state that has no seal.
pub(super) fn run_state_seal(
    session: &mut Session<'_, '_>,
    unsealed_by_hand: bool,
) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    let change = SealChange {
        to: key.as_deref(),
        unsealed_by_hand,
        ..SealChange::default()
    };
    run(session, "state seal", NewSeal::First, change)
}

/// Takes the seal away.
pub(super) fn run_state_unseal(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    let change = SealChange {
        from: key.as_deref(),
        ..SealChange::default()
    };
    run(session, "state unseal", NewSeal::None, change)
}

/// Seals with the key of the spec what is sealed with another one.
pub(super) fn run_state_rekey(
    session: &mut Session<'_, '_>,
    old: &SecretRef,
) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    let old = session.project.other_key(old)?;
    let change = SealChange {
        from: old.as_deref(),
        to: key.as_deref(),
        ..SealChange::default()
    };
    run(session, "state rekey", NewSeal::Other, change)
}

fn named_key(session: &Session<'_, '_>) -> Result<Key, Failure> {
    match session.project.key()? {
        None => Err(StateFailure::KeyNotNamed.into()),
        key => Ok(key.clone()),
    }
}

fn run(
    session: &mut Session<'_, '_>,
    command: &str,
    new: NewSeal,
    change: SealChange<'_>,
) -> Result<Exit, Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    let mut medium = pospool_remote::open_unsealed(location, Mode::Write, command, settings)?;
    let end = store::reseal_state(medium.as_mut(), &location.name(), change)?;
    drop(medium);
    let resealed = match end {
        ResealEnd::NoState => return Err(StateFailure::None(location.clone()).into()),
        ResealEnd::UnderWay(count) => return Err(StateFailure::OpenEffects(count).into()),
        ResealEnd::Done(resealed) => resealed,
    };
    let text = view::seal::format_resealed(location, new, &resealed);
    let json = view::seal::resealed_to_json(location, new, &resealed);
    report_done(session, &text, &json)
}
