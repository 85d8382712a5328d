//! Names of resources in the state, as the spec has them now.
//!
//! - Reads: the state, and the `moved` blocks of the spec.
//! - Returns: the state with the names of today, which a plan is made on; and what is to be renamed for that.
//! - Never: renames what its provider made under its name.

use std::collections::BTreeMap;

use pospool_lang::config::{Config, Move};
use pospool_model::state::State;
use pospool_model::{Address, Attributes, Diagnostic, Value};

use crate::codes;
use crate::registry::Registry;

/// A state, and what was renamed in it.
#[derive(Clone, Debug, Default)]
pub struct MovedState {
    /// The state with the names of the spec.
    pub state: State,
    /// Names of today by those of the state that was read.
    pub moved: BTreeMap<Address, Address>,
}

/// Renames in a copy of the state what `moved` blocks rename, as `pospool state mv` would.
pub fn move_resources(
    config: &Config,
    state: &State,
    registry: &Registry,
) -> Result<MovedState, Vec<Diagnostic>> {
    let mut named = MovedState {
        state: state.clone(),
        moved: BTreeMap::new(),
    };
    // A move may lead on to another one, or free the name for it, wherever they stand. The spec has no circles, so each
    // runs once at most.
    while let Some(next) = next_move(config, &named.state) {
        check_move(next, &named.state, registry)?;
        rename_resource(&mut named.state, &next.from, &next.to);
        let first = named.moved.iter().find(|(_, now)| **now == next.from);
        let first = first.map_or(&next.from, |(first, _)| first).clone();
        named.moved.insert(first, next.to.clone());
    }
    Ok(named)
}

/// A move of something that is there, best to a name that is free.
fn next_move<'a>(config: &'a Config, state: &State) -> Option<&'a Move> {
    let there = |address: &Address| state.resources.contains_key(address);
    let moves = || config.moves().iter().filter(|it| there(&it.from));
    moves().find(|it| !there(&it.to)).or_else(|| moves().next())
}

fn check_move(
    Move { from, to, span }: &Move,
    state: &State,
    registry: &Registry,
) -> Result<(), Vec<Diagnostic>> {
    if state.resources.contains_key(to) {
        let what = format!("`{from}` cannot become `{to}`: the state has both");
        let help = format!(
            "take `moved` out of the spec; if `{from}` is to be forgotten, write `removed {{ from = {from} }}`"
        );
        let problem = Diagnostic::error(codes::PLAN_BOTH_RECORDED, what).at(span.clone());
        return Err(vec![problem.help(help)]);
    }
    let recorded = &state.resources[from];
    let Some(provider) = registry.of_kind(from.kind()) else {
        return Ok(());
    };
    let checked = provider.check_rename(&state.lineage, to, recorded);
    checked.map_err(|problem| {
        let what = format!("`{from}` cannot become `{to}`: {}", problem.summary);
        let mut fault = Diagnostic::error(problem.code, what).at(span.clone());
        fault.help = problem.help;
        vec![fault]
    })
}

/// Writes `to` wherever the state says `from`.
pub fn rename_resource(state: &mut State, from: &Address, to: &Address) {
    if let Some(recorded) = state.resources.remove(from) {
        state.resources.insert(to.clone(), recorded);
    }
    if let Some(chain) = state.chains.remove(from) {
        state.chains.insert(to.clone(), chain);
    }
    if let Some(account) = state.accounts.remove(from) {
        state.accounts.insert(to.clone(), account);
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
