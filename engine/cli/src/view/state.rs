//! The state for people.
//!
//! - Reads: a state, and effects that a killed run left open.
//! - Returns: what was made, with outputs.
//! - Never: shows a secret: a state only ever holds a secret's name.

use std::fmt::Write as _;

use pospool_engine::registry::Registry;
use pospool_engine::store::Store;
use pospool_model::state::{AccountIdentity, ChainIdentity, Recorded, State};
use pospool_model::{Address, Dependency, Groups, dependency};
use pospool_remote::Location;
use serde_json::{Value as Json, json};

use super::upkeep::{format_open_effects, open_effect_json};
use super::{FORMAT_VERSION, Paint, changes, format_count, indent_lines, outputs};

/// What a project without a state shows.
#[must_use]
pub fn format_no_state(location: &Location) -> String {
    format!("there is no state `{location}`: nothing was made yet\n")
}

/// What a command says when it gave a new state its name.
#[must_use]
pub fn format_state_started(location: &Location, state: &State) -> String {
    let name = short(&state.lineage);
    format!(
        "started a new state `{location}` (lineage {name}); keep it, nothing else knows what was made\n"
    )
}

/// What is recorded, without what moves outside by itself: a pool that lost its votes would still have them here.
#[must_use]
pub fn drop_moving_outputs(mut state: State, registry: &Registry) -> State {
    for (address, recorded) in &mut state.resources {
        let schema = registry.schema(address.kind());
        let moves = |name: &str| schema.is_some_and(|schema| schema.output_moves(name));
        recorded.outputs.retain(|name, _| !moves(name));
    }
    state
}

/// The state as text; `state` is what is shown of the store's.
#[must_use]
pub fn format_state(state: &State, store: &Store, paint: Paint) -> String {
    let made = format_count(state.resources.len(), "resource", "resources");
    let mut text = format!(
        "lineage {}, serial {}, {made}\n",
        short(&state.lineage),
        state.serial
    );
    for (address, identity) in &state.chains {
        text.push_str(&chain(address, identity));
    }
    for (address, identity) in &state.accounts {
        text.push_str(&account(address, identity));
    }
    for (address, recorded) in &state.resources {
        text.push('\n');
        text.push_str(&format_resource(address, recorded, paint));
    }
    let outputs = outputs::format_outputs(&state.outputs, paint);
    if !outputs.is_empty() {
        let _ = write!(text, "\n{outputs}");
    }
    if !store.open_effects().is_empty() {
        let _ = write!(text, "\n{}", format_open_effects(store.open_effects()));
    }
    text
}

/// One account as text: what its key said at the last apply.
fn account(address: &Address, identity: &AccountIdentity) -> String {
    let line = format!(
        "{}, in eSpace {}, key in {}",
        identity.address, identity.espace_address, identity.secret
    );
    format!("{address}: {}\n", super::clean_line(&line))
}

/// One chain as text; its genesis hash is what a node said.
fn chain(address: &Address, identity: &ChainIdentity) -> String {
    format!(
        "{address}: chain ids {} and {}, genesis {}\n",
        identity.core_chain_id,
        identity.espace_chain_id,
        super::clean_line(&identity.genesis_hash)
    )
}

/// One resource as text.
#[must_use]
pub fn format_resource(address: &Address, recorded: &Recorded, paint: Paint) -> String {
    let mut text = format!("{}{}\n", paint.bold(address.as_str()), flags(recorded));
    for (name, it) in &recorded.attributes {
        text.push_str(&indent_lines(
            &changes::format_named_value(name, it).join("\n"),
            2,
        ));
    }
    // An output that only repeats an attribute says nothing new.
    let repeated = |name: &String, it| recorded.attributes.get(name) == Some(it);
    for (name, it) in recorded
        .outputs
        .iter()
        .filter(|(name, it)| !repeated(name, it))
    {
        let lines = changes::format_named_value(&format!("→ {name}"), it).join("\n");
        text.push_str(&indent_lines(&lines, 2));
    }
    text
}

/// One resource as JSON.
#[must_use]
pub fn resource_json(address: &Address, recorded: &Recorded, groups: &Groups) -> Json {
    // A group alone says nothing to who looks at one resource.
    let uses = dependency::reached_resources(&recorded.depends_on, groups);
    let uses = uses.into_iter().cloned().map(Dependency::Resource);
    let recorded = Recorded {
        depends_on: uses.collect(),
        ..recorded.clone()
    };
    json!({
        "format_version": FORMAT_VERSION,
        "address": address,
        "recorded": recorded,
    })
}

/// Every name in the state, one a line.
#[must_use]
pub fn format_resource_list(state: &State) -> String {
    let names = state.resources.keys();
    let lines = names.flat_map(|address| [address.as_str(), "\n"]);
    lines.collect()
}

/// Every name in the state as JSON.
#[must_use]
pub fn list_json(state: &State) -> Json {
    let resources = state.resources.iter().map(|(address, recorded)| {
        json!({
            "address": address,
            "complete": recorded.complete,
            "protected": recorded.protected,
        })
    });
    json!({
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "serial": state.serial,
        "resources": resources.collect::<Vec<_>>(),
    })
}

/// The state as JSON; `state` is what is shown of the store's.
#[must_use]
pub fn state_to_json(state: &State, store: &Store) -> Json {
    let open = store.open_effects().iter().map(open_effect_json);
    let state = store.exists().then_some(state);
    json!({
        "format_version": FORMAT_VERSION,
        "state": state,
        "open_effects": open.collect::<Vec<_>>(),
    })
}

fn flags(recorded: &Recorded) -> String {
    let mut flags = String::new();
    if !recorded.complete {
        flags.push_str(" (not finished)");
    }
    if recorded.protected {
        flags.push_str(" (protected)");
    }
    flags
}

/// Enough of a lineage to tell two apart.
fn short(lineage: &str) -> String {
    super::clean_line(lineage.get(..8).unwrap_or(lineage))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: the genesis hash of a node reached the terminal as it came.
    #[test]
    fn a_node_cannot_move_the_terminal() {
        let identity = ChainIdentity {
            core_chain_id: 1,
            espace_chain_id: 71,
            genesis_hash: "0x\u{1b}[31m".to_owned(),
        };
        let shown = chain(&"chain.main".parse().unwrap(), &identity);
        assert_eq!(
            shown,
            "chain.main: chain ids 1 and 71, genesis 0x\u{fffd}[31m\n"
        );
    }
}
