//! What exists now: the only look at the outside before a plan.
//!
//! - Reads: the config and the state; calls [`pospool_model::Provider::observe`]
//!   twice at most per provider, first for given resources, then for managed ones.
//! - Returns: everything that a plan needs to know of the outside, and what could not be looked at.
//! - Never: changes anything; takes what it could not see for absent.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use pospool_lang::config::Config;
use pospool_lang::graph;
use pospool_model::plan::Plan;
use pospool_model::provider::{EarlierSign, Facts, Observation, ObserveContext, Observed, Target};
use pospool_model::state::{AccountIdentity, ChainIdentity, Recorded, State};
use pospool_model::{Address, Attributes, Diagnostic, Finding, ProviderError, Role, Severity};

use crate::blocked::{Block, Blocked, used_by};
use crate::codes;
use crate::registry::Registry;
use crate::resolve::{self, Outputs, Wanted};

/// What was found outside.
#[derive(Default)]
pub struct SeenResources {
    /// Wanted attributes, with the outputs of given resources filled in.
    pub wanted: Wanted,
    /// Outputs of given resources.
    pub given: Outputs,
    /// Managed objects that are there.
    pub objects: BTreeMap<Address, Observed>,
    /// Identities of the chains.
    pub chains: BTreeMap<Address, ChainIdentity>,
    /// What keys of accounts say, or said before.
    pub accounts: BTreeMap<Address, AccountIdentity>,
    /// Facts that a plan can be bound to.
    pub bindings: BTreeMap<String, String>,
    /// Where each counter of the outside stands.
    pub counters: BTreeMap<String, u64>,
    /// Accounts whose counters a service of ours moves between two applies.
    pub service_accounts: BTreeSet<String>,
    /// Each provider's own facts, by its position in the registry.
    pub facts: BTreeMap<usize, Facts>,
    /// Attributes that differ from the last run and are no drift.
    pub edits: BTreeMap<Address, BTreeSet<&'static str>>,
    /// Why it is better to stop a resource later.
    pub bad_moments: BTreeMap<Address, String>,
    /// Problems of the spec, which leave nothing to plan from.
    pub problems: Vec<Diagnostic>,
    /// What could not be looked at, or was not to be.
    pub blocked: Blocked,
    /// Attributes of what is there that could not be looked at, by resource and name: they count as recorded.
    pub unseen: Vec<(Address, &'static str, Block)>,
    /// What is known of the outputs of given resources that could not be looked at.
    pub foreseen: Outputs,
    /// Advice that stops nothing.
    pub warnings: Vec<Diagnostic>,
    /// Signs that something was made for a resource under another state.
    pub earlier: Vec<EarlierSign>,
    /// What is wrong, what cannot be seen, and what is on its way.
    pub findings: Vec<Finding>,
}

/// Looks at everything that the spec and the state speak of, but for what is blocked before.
pub async fn observe_resources(
    config: &Config,
    state: &State,
    registry: &Registry,
    blocked: Blocked,
) -> SeenResources {
    let (wanted, problems) = resolve::resolve_unseen(config, registry);
    let mut seen = SeenResources {
        wanted,
        problems,
        blocked,
        ..SeenResources::default()
    };
    seen.problems.extend(find_given_records(state, registry));
    if !seen.problems.is_empty() {
        return seen;
    }
    registry.configure(&seen.wanted);
    let from = RefreshInput {
        config,
        state,
        registry,
    };
    look(Role::Given, from, &mut seen).await;
    let predicted = resolve::predict_outputs(config, registry).into_iter();
    seen.foreseen = predicted
        .filter(|(address, _)| {
            seen.blocked.holds(address) || seen.blocked.unlooked.contains(address)
        })
        .collect();
    let mut outputs = seen.foreseen.clone();
    outputs.extend(known(from, &seen));
    let first = std::mem::take(&mut seen.wanted);
    let (wanted, problems) = resolve::resolve_again(config, registry, &outputs, first);
    seen.wanted = wanted;
    seen.problems.extend(problems);
    if !seen.problems.is_empty() {
        return seen;
    }
    // Some ways to the outside are outputs, such as the RPC of a chain.
    registry.configure(&seen.wanted);
    look(Role::Managed, from, &mut seen).await;
    let unlooked = seen.blocked.unlooked.iter();
    let recorded = unlooked.filter_map(|address| state.resources.get_key_value(address));
    for (address, recorded) in recorded {
        let there = Observed::Present {
            attributes: recorded.attributes.clone(),
            outputs: recorded.outputs.clone(),
        };
        seen.objects.insert(address.clone(), there);
    }
    seen
}

/// What nobody needs to look at to take down what the state knows: chains, accounts and sources, and what stays outside anyway.
#[must_use]
pub fn unlooked_by_destroy(
    config: &Config,
    state: &State,
    registry: &Registry,
    blocked: &Blocked,
) -> BTreeSet<Address> {
    let mut needed: BTreeSet<&Address> = BTreeSet::new();
    for address in state.resources.keys() {
        let provider = registry.of_kind(address.kind());
        let looks = provider.filter(|provider| !provider.leaves_behind());
        let Some(provider) = looks.filter(|_| !blocked.holds(address)) else {
            continue;
        };
        let used = used_by(address, config, state).into_iter();
        needed.extend(used.filter(|used| provider.needs_sight(address, used)));
        needed.insert(address);
    }
    let wanted = config.resources().map(|resource| &resource.address);
    let all = wanted.chain(state.resources.keys());
    all.filter(|address| !needed.contains(address))
        .cloned()
        .collect()
}

/// What a look starts from.
#[derive(Clone, Copy)]
struct RefreshInput<'a> {
    config: &'a Config,
    state: &'a State,
    registry: &'a Registry,
}

/// Outputs before anything is planned: recorded ones, those of given resources, and what the spec says itself.
fn known(from: RefreshInput<'_>, seen: &SeenResources) -> Outputs {
    let mut outputs = seen.given.clone();
    for (address, wanted) in &seen.wanted {
        let provider = from.registry.of_kind(address.kind());
        let stated = provider.map(|provider| provider.stated_outputs(address.kind(), wanted));
        if let Some(stated) = stated.filter(|stated| !stated.is_empty())
            && !from.state.resources.contains_key(address)
        {
            outputs.entry(address.clone()).or_insert(stated);
        }
    }
    for (address, recorded) in &from.state.resources {
        // What was just seen of a given one is never what a file says.
        outputs
            .entry(address.clone())
            .or_insert_with(|| recorded.outputs.clone());
    }
    outputs
}

/// Records of what is never recorded: an account, a source, a host. pospool writes none, so somebody else did, and would have
/// an address or code of theirs believed.
fn find_given_records(state: &State, registry: &Registry) -> Vec<Diagnostic> {
    let is_given = |address: &&Address| {
        let schema = registry.schema(address.kind());
        schema.is_some_and(|schema| schema.role == Role::Given)
    };
    let planted = state.resources.keys().filter(is_given);
    let problems = planted.map(|address| {
        let what = format!("the state has a record of `{address}`, and nothing of that kind is ever recorded");
        Diagnostic::error(codes::STATE_GIVEN_RECORDED, what).help(
            "somebody else wrote it: find out who can, and bring back a state of before (`pospool state restore` lists the last ones)",
        )
    });
    problems.collect()
}

async fn look(role: Role, from: RefreshInput<'_>, seen: &mut SeenResources) {
    let RefreshInput {
        config,
        state,
        registry,
    } = from;
    let outputs = known(from, seen);
    let empty = BTreeSet::new();
    let targets = targets(role, state, registry, config.reads(), seen, &empty);
    let addresses: BTreeMap<usize, Vec<Address>> = targets
        .iter()
        .map(|(position, targets)| {
            let addresses = targets.iter().map(|target| target.address.clone());
            (*position, addresses.collect())
        })
        .collect();
    let scene = ObserveContext {
        lineage: &state.lineage,
        wanted: &seen.wanted,
        accounts: &state.accounts,
        outputs: &outputs,
    };
    let looks = registry.providers().filter_map(|(position, provider)| {
        let mine = targets.get(&position)?;
        Some(async move { (position, provider.observe(mine, &scene).await) })
    });
    let mut silent = BTreeSet::new();
    for (position, found) in join_all(looks).await {
        let looked_at = &addresses[&position];
        match found {
            Ok(found) => {
                let says_nothing = |address: &&Address| !found.objects.contains_key(*address);
                silent.extend(looked_at.iter().filter(says_nothing));
                take(role, config, position, found, seen);
            }
            Err(error) => block_all(config, looked_at, &error, seen),
        }
    }
    block_silent(config, state, &silent, seen);
}

/// Whoever says nothing of a resource whose needs are blocked may not have been able to look at it.
fn block_silent(
    config: &Config,
    state: &State,
    silent: &BTreeSet<&Address>,
    seen: &mut SeenResources,
) {
    if seen.blocked.resources.is_empty() {
        return;
    }
    // What each one uses comes before it, so that all that a block reaches is found at once.
    let resources = state.resources.iter();
    let resources = resources.map(|(address, recorded)| (address, &recorded.depends_on));
    let recorded = graph::order_resources(resources, &state.groups);
    let gone = recorded.iter().filter(|it| config.get(it).is_none());
    for address in config.order().iter().chain(gone) {
        if !silent.contains(address) || seen.blocked.holds(address) {
            continue;
        }
        let needed = seen
            .blocked
            .needs_of(address, config, state)
            .next()
            .cloned();
        if let Some(needed) = needed {
            seen.blocked.add(address, Block::Needs(needed));
        }
    }
}

/// A provider that cannot look at all has seen none of its resources.
fn block_all(
    config: &Config,
    addresses: &[Address],
    error: &ProviderError,
    seen: &mut SeenResources,
) {
    let problem = error.to_problem();
    for address in addresses {
        let fault = resolve::locate_problem(config, address, &problem);
        seen.blocked.add(address, Block::Faults(vec![fault]));
    }
}

/// What is looked at of one role, by position of its provider.
fn targets<'a>(
    role: Role,
    state: &'a State,
    registry: &Registry,
    used: &'a BTreeMap<Address, BTreeSet<String>>,
    seen: &'a SeenResources,
    empty: &'a BTreeSet<String>,
) -> BTreeMap<usize, Vec<Target<'a>>> {
    let has_role = |address: &Address| {
        let schema = registry.schema(address.kind());
        schema.is_some_and(|schema| schema.role == role)
    };
    let passed_over =
        |address: &Address| seen.blocked.holds(address) || seen.blocked.unlooked.contains(address);
    let addresses = seen.wanted.keys().chain(state.resources.keys());
    let addresses = addresses.filter(|address| has_role(address) && !passed_over(address));
    group_targets(addresses, state, registry, used, seen, empty)
}

/// Targets of these addresses, each once, by position of their provider.
pub(crate) fn group_targets<'a>(
    addresses: impl Iterator<Item = &'a Address>,
    state: &'a State,
    registry: &Registry,
    used: &'a BTreeMap<Address, BTreeSet<String>>,
    seen: &'a SeenResources,
    empty: &'a BTreeSet<String>,
) -> BTreeMap<usize, Vec<Target<'a>>> {
    let mut targets: BTreeMap<usize, Vec<Target<'a>>> = BTreeMap::new();
    let addresses: BTreeSet<&Address> = addresses.collect();
    for address in addresses {
        if let Some(position) = registry.position(address.kind()) {
            targets.entry(position).or_default().push(Target {
                address,
                wanted: seen.wanted.get(address),
                recorded: state.resources.get(address),
                used: used.get(address).unwrap_or(empty),
            });
        }
    }
    targets
}

fn take(
    role: Role,
    config: &Config,
    position: usize,
    found: Observation,
    seen: &mut SeenResources,
) {
    for (address, problem) in &found.problems {
        let fault = resolve::locate_problem(config, address, problem);
        if problem.is_against_everything() {
            seen.problems.push(fault);
            continue;
        }
        let block = seen.blocked.block_of(problem, fault);
        seen.blocked.add(address, block);
    }
    for (address, name, problem) in &found.unseen {
        let fault = resolve::locate_problem(config, address, problem);
        let block = seen.blocked.block_of(problem, fault);
        seen.unseen.push((address.clone(), name, block));
    }
    for (address, problem) in &found.warnings {
        let mut warning = resolve::locate_problem(config, address, problem);
        warning.severity = Severity::Warning;
        seen.warnings.push(warning);
    }
    seen.earlier.extend(found.earlier);
    seen.findings.extend(found.findings);
    seen.bad_moments.extend(found.bad_moments);
    seen.chains.extend(found.chains);
    seen.accounts.extend(found.accounts);
    seen.bindings.extend(found.bindings);
    seen.counters.extend(found.counters);
    seen.service_accounts.extend(found.service_accounts);
    seen.edits.extend(found.edits);
    seen.facts.insert(position, found.facts);
    for (address, observed) in found.objects {
        if seen.blocked.holds(&address) {
            continue;
        }
        if role == Role::Managed {
            seen.objects.insert(address, observed);
        } else if let Observed::Present { outputs, .. } = observed {
            seen.given.insert(address, outputs);
        }
    }
}

impl SeenResources {
    /// Whether an attribute differs from the last run by the doing of the spec or of this program.
    #[must_use]
    pub fn is_edited(&self, address: &Address, attribute: &str) -> bool {
        let edits = self.edits.get(address);
        edits.is_some_and(|edits| edits.contains(attribute))
    }

    /// Whether a service of ours may have moved a counter since the last apply. A plan that moves it itself needs to know
    /// where it stands all the same: two who sign with one account take each other's nonces.
    #[must_use]
    pub fn is_moved_by_service(&self, counter: &str, plan: &Plan) -> bool {
        let account = counter.rsplit(' ').next().unwrap_or_default();
        self.service_accounts.contains(account) && !plan.moves_counter(counter)
    }

    /// Outputs of given resources, as far as they are known before anything is planned.
    #[must_use]
    pub fn known_outputs(&self) -> Outputs {
        let mut outputs = self.foreseen.clone();
        outputs.extend(self.given.clone());
        outputs
    }

    /// What is there of one resource.
    #[must_use]
    pub fn object(&self, address: &Address) -> &Observed {
        const ABSENT: &Observed = &Observed::Absent;
        self.objects.get(address).unwrap_or(ABSENT)
    }
}

/// Attributes as they are now: seen ones, and recorded ones where they cannot be seen.
#[must_use]
pub fn current_attributes(observed: &Observed, recorded: Option<&Recorded>) -> Attributes {
    let mut attributes = recorded.map(|r| r.attributes.clone()).unwrap_or_default();
    if let Observed::Present {
        attributes: seen, ..
    } = observed
    {
        attributes.extend(
            seen.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    attributes
}
