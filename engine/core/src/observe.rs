//! What exists now: the only look at the outside before a plan.
//!
//! - Reads: the config and the state; calls [`pospool_model::Provider::observe`]
//!   twice at most per provider, first for given resources, then for managed ones.
//! - Returns: everything that a plan needs to know of the outside.
//! - Never: changes anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use pospool_lang::config::Config;
use pospool_model::provider::{Facts, Observation, ObserveContext, Observed, Target};
use pospool_model::state::{ChainIdentity, Recorded, State};
use pospool_model::{Address, Attributes, Diagnostic, Finding, ProviderError, Role, Severity};

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
    /// Facts that a plan can be bound to.
    pub bindings: BTreeMap<String, String>,
    /// Where each counter of the outside stands.
    pub counters: BTreeMap<String, u64>,
    /// Each provider's own facts, by its position in the registry.
    pub facts: BTreeMap<usize, Facts>,
    /// Attributes that differ from the last run and are no drift.
    pub edits: BTreeMap<Address, BTreeSet<&'static str>>,
    /// Why it is better to stop a resource later.
    pub bad_moments: BTreeMap<Address, String>,
    /// Problems found on the way.
    pub problems: Vec<Diagnostic>,
    /// Advice that stops nothing.
    pub warnings: Vec<Diagnostic>,
    /// What is wrong, what cannot be seen, and what is on its way.
    pub findings: Vec<Finding>,
}

/// Looks at everything that the spec and the state speak of.
pub async fn observe_resources(
    config: &Config,
    state: &State,
    registry: &Registry,
) -> Result<SeenResources, ProviderError> {
    let (wanted, problems) = resolve::resolve_unseen(config, registry);
    let mut seen = SeenResources {
        wanted,
        problems,
        ..SeenResources::default()
    };
    if !seen.problems.is_empty() {
        return Ok(seen);
    }
    registry.configure(&seen.wanted);
    look(Role::Given, config, state, registry, &mut seen).await?;
    if !seen.problems.is_empty() {
        return Ok(seen);
    }
    let first = std::mem::take(&mut seen.wanted);
    let (wanted, problems) = resolve::resolve_again(config, registry, &known(state, &seen), first);
    seen.wanted = wanted;
    seen.problems.extend(problems);
    // Some ways to the outside are outputs, such as the RPC of a chain.
    registry.configure(&seen.wanted);
    look(Role::Managed, config, state, registry, &mut seen).await?;
    Ok(seen)
}

/// Outputs before anything is planned: recorded ones, and those of given resources.
fn known(state: &State, seen: &SeenResources) -> Outputs {
    let mut outputs = seen.given.clone();
    for (address, recorded) in &state.resources {
        outputs.insert(address.clone(), recorded.outputs.clone());
    }
    outputs
}

async fn look(
    role: Role,
    config: &Config,
    state: &State,
    registry: &Registry,
    seen: &mut SeenResources,
) -> Result<(), ProviderError> {
    let outputs = known(state, seen);
    let empty = BTreeSet::new();
    let targets = targets(role, state, registry, config.reads(), seen, &empty);
    let scene = ObserveContext {
        lineage: &state.lineage,
        wanted: &seen.wanted,
        outputs: &outputs,
    };
    let looks = registry.providers().map(|(position, provider)| {
        let mine = targets.get(&position);
        async move {
            match mine {
                Some(targets) => provider.observe(targets, &scene).await.map(Some),
                None => Ok(None),
            }
        }
    });
    for (position, found) in join_all(looks).await.into_iter().enumerate() {
        if let Some(found) = found? {
            take(role, config, position, found, seen);
        }
    }
    Ok(())
}

/// Targets by position of their provider.
fn targets<'a>(
    role: Role,
    state: &'a State,
    registry: &Registry,
    used: &'a BTreeMap<Address, BTreeSet<String>>,
    seen: &'a SeenResources,
    empty: &'a BTreeSet<String>,
) -> BTreeMap<usize, Vec<Target<'a>>> {
    let mut targets: BTreeMap<usize, Vec<Target<'a>>> = BTreeMap::new();
    let wanted = seen.wanted.keys();
    let addresses: BTreeSet<&Address> = wanted.chain(state.resources.keys()).collect();
    for address in addresses {
        let (Some(schema), Some(position)) = (
            registry.schema(address.kind()),
            registry.position(address.kind()),
        ) else {
            continue;
        };
        if schema.role == role {
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
        seen.problems
            .push(resolve::locate_problem(config, address, problem));
    }
    for (address, problem) in &found.warnings {
        let mut warning = resolve::locate_problem(config, address, problem);
        warning.severity = Severity::Warning;
        seen.warnings.push(warning);
    }
    seen.findings.extend(found.findings);
    seen.bad_moments.extend(found.bad_moments);
    seen.chains.extend(found.chains);
    seen.bindings.extend(found.bindings);
    seen.counters.extend(found.counters);
    seen.edits.extend(found.edits);
    seen.facts.insert(position, found.facts);
    for (address, observed) in found.objects {
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
