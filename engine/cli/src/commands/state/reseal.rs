//! `pospool state seal`, `unseal` and `rekey`: another seal for the state and for what is kept of replaced ones.
//!
//! - Reads: the state, by the seal of before.
//! - Does: seals it anew; what it says stays as it is.
//! - Never: takes the place of a state under which something is still under way.

use pospool_engine::store::{self, Mode, Store, StoreError};
use pospool_model::SecretRef;
use pospool_remote::Key;

use crate::commands::Session;
use crate::exit::Exit;
use crate::failure::{Failure, StateFailure};
use crate::view;
use crate::view::seal::NewSeal;

use super::open::refuse_open_effects;
use super::report::report_done;

/// Seals a state that has no seal.
pub(super) fn run_state_seal(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    run(session, "state seal", NewSeal::First, (&None, &key))
}

/// Takes the seal away.
pub(super) fn run_state_unseal(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    run(session, "state unseal", NewSeal::None, (&key, &None))
}

/// Seals with the key of the spec what is sealed with another one.
pub(super) fn run_state_rekey(
    session: &mut Session<'_, '_>,
    old: &SecretRef,
) -> Result<Exit, Failure> {
    let key = named_key(session)?;
    let old = session.project.other_key(old)?;
    run(session, "state rekey", NewSeal::Other, (&old, &key))
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
    (from, to): (&Key, &Key),
) -> Result<Exit, Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    fold_journal(session, command, from, to)?;
    let mut medium = pospool_remote::open_unsealed(location, Mode::Write, command, settings)?;
    let name = location.name();
    let resealed = store::reseal_state(medium.as_mut(), &name, from.as_deref(), to.as_deref())?;
    drop(medium);
    let Some(resealed) = resealed else {
        return Err(StateFailure::None(location.clone()).into());
    };
    let text = view::seal::format_resealed(location, new, &resealed);
    let json = view::seal::resealed_to_json(location, new, &resealed);
    report_done(session, &text, &json)
}

/// Puts what a run left in its journal into the state, whose replacement takes the journal away.
fn fold_journal(
    session: &Session<'_, '_>,
    command: &str,
    from: &Key,
    to: &Key,
) -> Result<(), Failure> {
    let (location, settings) = (session.project.state()?, session.project.settings());
    let open =
        |key: &Key| pospool_remote::open_store(location, Mode::Write, command, settings, key);
    // A command that was cut may have sealed it already.
    let mut store: Store = match open(from) {
        Err(
            first @ (StoreError::Sealed { .. }
            | StoreError::NotSealed { .. }
            | StoreError::OtherKey { .. }),
        ) => match open(to) {
            Err(second) if from.is_none() => return Err(second.into()),
            Err(_) => return Err(first.into()),
            Ok(store) => store,
        },
        opened => opened?,
    };
    if !store.exists() {
        return Err(StateFailure::None(location.clone()).into());
    }
    refuse_open_effects(&store)?;
    Ok(store.update(|_| {})?)
}
