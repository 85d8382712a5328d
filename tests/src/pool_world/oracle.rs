//! Whether the world is what the spec says, and came there by each step once.
//!
//! - Reads: the shape, the model's events, the state on the disk.
//! - Returns: everything that is wrong.
//! - Never: asks the provider: the model itself is the oracle.

use std::collections::BTreeMap;

use pospool_engine::store::Mode;
use pospool_model::state::{Recorded, State};
use pospool_modelchain::Account;
use pospool_modelchain::amounts::VOTE;
use pospool_modelchain::ledger::Deed;

use super::shape::PoolShape;
use super::{PoolWorld, Shape, account_of};

/// What the world must have cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Transactions of our own; unknown where somebody else or bad luck made some more needed.
    pub transactions: Option<u64>,
}

/// Compares the world with the spec.
#[must_use]
pub fn check_world(world: &PoolWorld, shape: &Shape, expected: Expected) -> Vec<String> {
    let mut wrong = world.model.violations();
    let state = match world.store(Mode::Read) {
        Ok(store) => {
            if !store.open_effects().is_empty() || store.replayed() > 0 {
                wrong.push("the journal is not empty".to_owned());
            }
            store.state().clone()
        }
        Err(error) => return vec![format!("the state cannot be read: {error}")],
    };
    if world.has_journal() {
        wrong.push("the journal is still there".to_owned());
    }
    for (address, recorded) in &state.resources {
        if !recorded.complete {
            wrong.push(format!("{address} is not complete in the state"));
        }
    }
    for pool in &shape.pools {
        wrong.extend(check_pool(world, shape, pool, &state));
    }
    if shape.manager {
        wrong.extend(check_manager(world, shape, &state));
    }
    wrong.extend(check_events(world, shape));
    wrong.extend(check_count(world, shape, expected));
    for address in world.desk.made_twice() {
        wrong.push(format!("{address} was made twice"));
    }
    wrong
}

fn recorded<'a>(state: &'a State, kind: &str, label: &str) -> Option<&'a Recorded> {
    state
        .resources
        .get(&format!("{kind}.{label}").parse().ok()?)
}

fn output<'a>(recorded: Option<&'a Recorded>, name: &str) -> &'a str {
    recorded
        .and_then(|recorded| recorded.outputs.get(name))
        .and_then(|value| value.as_text())
        .unwrap_or_default()
}

fn address_in(state: &State, label: &str) -> Option<Account> {
    account_of(output(recorded(state, "core_contract", label), "address"))
}

#[allow(clippy::too_many_lines, reason = "a list of comparisons")]
fn check_pool(world: &PoolWorld, shape: &Shape, wanted: &PoolShape, state: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    let label = wanted.label;
    let mut same = |what: &str, found: String, expected: String| {
        if found != expected {
            wrong.push(format!(
                "{what} of {label} is {found} and should be {expected}"
            ));
        }
    };
    let Some(address) = address_in(state, label) else {
        return vec![format!("the state has no address of {label}")];
    };
    let Some((pool, implementation)) = world.model.pool(address) else {
        return vec![format!(
            "there is no pool at the recorded address of {label}"
        )];
    };
    let contract = recorded(state, "core_contract", label);
    let recorded_implementation = account_of(output(contract, "implementation"));
    same(
        "implementation",
        format!("{implementation:?}"),
        format!("{recorded_implementation:?}"),
    );
    same(
        "proxy",
        implementation.is_some().to_string(),
        wanted.proxy.to_string(),
    );
    let owner = shape
        .accounts()
        .nth(wanted.owner)
        .map(|account| account.bytes());
    same(
        "owner",
        format!("{:?}", Some(pool.owner)),
        format!("{owner:?}"),
    );
    same(
        "manager",
        format!("{:?}", Some(pool.manager)),
        format!("{owner:?}"),
    );
    same("name", pool.name, wanted.name.clone().unwrap_or_default());
    same(
        "ratio",
        pool.ratio.to_string(),
        (wanted.ratio.unwrap_or(90) * 100).to_string(),
    );
    let lock = wanted.lock_period.unwrap_or(2_250_000);
    same(
        "lock period",
        pool.lock_period.to_string(),
        lock.to_string(),
    );
    let unlock = wanted.unlock_period.unwrap_or(176_400);
    same(
        "unlock period",
        pool.unlock_period.to_string(),
        unlock.to_string(),
    );
    same("registered", pool.registered.to_string(), true.to_string());
    same(
        "stake",
        world.model.staked(address).to_string(),
        VOTE.to_string(),
    );
    let registration = recorded(state, "pos_registration", label);
    let key = world
        .desk
        .pos_addresses()
        .remove(&format!("node.{label}"))
        .unwrap_or_default();
    same(
        "recorded key",
        output(registration, "pos_address").to_owned(),
        key.clone(),
    );
    same("votes", world.model.votes(&key).to_string(), "1".to_owned());
    let votes = registration.and_then(|recorded| recorded.outputs.get("votes"));
    let votes = votes.and_then(pospool_model::Value::as_integer);
    same("recorded votes", format!("{votes:?}"), "Some(1)".to_owned());
    wrong
}

fn check_manager(world: &PoolWorld, shape: &Shape, state: &State) -> Vec<String> {
    let listed = address_in(state, "manager").and_then(|address| world.model.pools(address));
    let Some(mut listed) = listed else {
        return vec!["there is no list of pools at its recorded address".to_owned()];
    };
    let pools = shape.pools.iter().map(|pool| address_in(state, pool.label));
    let mut pools: Vec<_> = pools.flatten().collect();
    listed.sort_unstable();
    pools.sort_unstable();
    if listed == pools {
        return Vec::new();
    }
    vec![format!(
        "the manager lists {listed:?} and should list {pools:?}"
    )]
}

/// Each contract, each registration once, and no money into the void.
fn check_events(world: &PoolWorld, shape: &Shape) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut created: BTreeMap<&str, usize> = BTreeMap::new();
    let mut registered = 0;
    for event in world.model.events() {
        match event.deed {
            Deed::Created(what) => *created.entry(what).or_default() += 1,
            Deed::Registered(_) => registered += 1,
            Deed::IntoTheVoid(value) if value > 0 => {
                wrong.push(format!("{value} drip went to an address without code"));
            }
            _ => {}
        }
    }
    let proxies = shape.pools.iter().filter(|pool| pool.proxy).count();
    let expected = [
        ("pool", shape.pools.len()),
        ("proxy", proxies),
        ("manager", usize::from(shape.manager)),
    ];
    for (what, expected) in expected {
        let found = created.get(what).copied().unwrap_or_default();
        if found != expected {
            wrong.push(format!(
                "{found} times a {what} was created, and {expected} were wanted"
            ));
        }
    }
    if registered != shape.pools.len() {
        wrong.push(format!(
            "{registered} registrations, and {} pools",
            shape.pools.len()
        ));
    }
    wrong
}

fn check_count(world: &PoolWorld, shape: &Shape, expected: Expected) -> Vec<String> {
    let counts = shape
        .accounts()
        .map(|account| world.model.executed(account.bytes()));
    let found: u64 = counts.map(|(executed, foreign)| executed - foreign).sum();
    match expected.transactions {
        Some(expected) if expected != found => {
            vec![format!(
                "{found} transactions of ours were executed, and {expected} were needed"
            )]
        }
        _ => Vec::new(),
    }
}
