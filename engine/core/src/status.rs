//! How everything is that a look has seen, for people who watch it.
//!
//! - Reads: a look; calls [`pospool_model::Provider::collect_status`] once per provider, and asks for logs where they are wanted.
//! - Returns: the parts of a status, and what could not be looked at.
//! - Never: changes anything; leaves a resource out because it could not be seen.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use pospool_lang::config::Config;
use pospool_model::provider::{Facts, ObserveContext, Observed, StatusContext};
use pospool_model::state::State;
use pospool_model::status::{StatusPart, Unseen};
use pospool_model::{Address, Attributes};

use crate::observe::{SeenResources, group_targets};
use crate::registry::Registry;

/// What providers say of everything that they look after.
#[derive(Debug, Default)]
pub struct CollectedStatus {
    /// How it is.
    pub parts: Vec<StatusPart>,
    /// The last lines that its programs have written, where they were asked for.
    pub logs: BTreeMap<Address, Vec<String>>,
}

/// Asks all providers how what they look after is; `now` is in seconds since 1970, and `log_lines` says how many of the last
/// lines of each program are wanted.
pub async fn collect_status(
    config: &Config,
    state: &State,
    registry: &Registry,
    seen: &SeenResources,
    now: u64,
    log_lines: usize,
) -> CollectedStatus {
    let outputs = seen_outputs(state, seen);
    let unseen: BTreeMap<Address, String> = find_unseen(seen)
        .into_iter()
        .map(|one| (one.address, one.why))
        .collect();
    let scene = ObserveContext {
        lineage: &state.lineage,
        wanted: &seen.wanted,
        accounts: &state.accounts,
        outputs: &outputs,
    };
    let empty = BTreeSet::new();
    let nothing = Facts::default();
    // What is used of each matters to those who look, not to those who say how it is.
    let no_uses = BTreeMap::new();
    let wanted = config.resources().map(|resource| &resource.address);
    let addresses = wanted.chain(state.resources.keys());
    let targets = group_targets(addresses, state, registry, &no_uses, seen, &empty);
    let asked = registry.providers().filter_map(|(position, provider)| {
        let mine = targets.get(&position)?;
        let context = StatusContext {
            scene,
            facts: seen.facts.get(&position).unwrap_or(&nothing),
            objects: &seen.objects,
            unseen: &unseen,
            now,
        };
        Some(async move {
            let parts = provider.collect_status(mine, &context).await;
            let logs = match log_lines {
                0 => BTreeMap::new(),
                lines => provider.collect_logs(mine, &context, lines).await,
            };
            (parts, logs)
        })
    });
    let mut collected = CollectedStatus::default();
    for (parts, logs) in join_all(asked).await {
        collected.parts.extend(parts);
        collected.logs.extend(logs);
    }
    collected
}

/// What could not be looked at, with the first reason of each.
#[must_use]
pub fn find_unseen(seen: &SeenResources) -> Vec<Unseen> {
    let blocked = seen.blocked.resources.keys();
    let unseen = blocked.filter_map(|address| {
        // What only needs something that is blocked has the reason of that.
        let root = seen.blocked.root(address);
        let fault = seen.blocked.shown(root).into_iter().next()?;
        let why = if root == address {
            fault.summary
        } else {
            format!("it needs {root}: {}", fault.summary)
        };
        Some(Unseen {
            address: address.clone(),
            code: fault.code,
            why,
            help: fault.help.filter(|_| root == address),
        })
    });
    unseen.collect()
}

/// Outputs as this look saw them, and as they are recorded where it did not.
fn seen_outputs(state: &State, seen: &SeenResources) -> BTreeMap<Address, Attributes> {
    let recorded = state.resources.iter();
    let mut outputs: BTreeMap<Address, Attributes> = recorded
        .map(|(address, recorded)| (address.clone(), recorded.outputs.clone()))
        .collect();
    for (address, object) in &seen.objects {
        if let Observed::Present { outputs: fresh, .. } = object {
            let known = outputs.entry(address.clone()).or_default();
            known.extend(fresh.clone());
        }
    }
    outputs.extend(seen.given.clone());
    outputs
}
