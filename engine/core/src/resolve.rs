//! Expressions to values: what each resource wants, in normal form.
//!
//! - Reads: the config, and outputs as far as they are known.
//! - Returns: wanted attributes and every problem in them.
//! - Never: asks the outside.

use std::collections::{BTreeMap, BTreeSet};

use pospool_lang::config::{Config, Scope};
use pospool_model::{Address, Attributes, Diagnostic, Problem};

use crate::graph;
use crate::registry::Registry;

/// Wanted attributes by resource.
pub type Wanted = BTreeMap<Address, Attributes>;

/// Outputs by resource.
pub type Outputs = BTreeMap<Address, Attributes>;

/// Resources of the spec, dependencies first.
#[must_use]
pub fn order(config: &Config) -> Vec<Address> {
    let dependencies: BTreeMap<&Address, BTreeSet<&Address>> = config
        .resources()
        .map(|resource| (&resource.address, resource.depends_on.iter().collect()))
        .collect();
    graph::order(&dependencies)
}

/// Evaluates every resource with the outputs that are known.
#[must_use]
pub fn resolve(
    config: &Config,
    order: &[Address],
    registry: &Registry,
    outputs: &Outputs,
) -> (Wanted, Vec<Diagnostic>) {
    let mut wanted = Wanted::new();
    let mut problems = Vec::new();
    for address in order {
        let (attributes, found) = resolve_one(config, address, registry, &wanted, outputs);
        problems.extend(found);
        wanted.insert(address.clone(), attributes);
    }
    (wanted, problems)
}

/// Evaluates every resource before anything is looked at: what can be known of a spec alone.
#[must_use]
pub fn resolve_unseen(config: &Config, registry: &Registry) -> (Wanted, Vec<Diagnostic>) {
    let foreseen = foreseen(&used_outputs(config), registry);
    resolve(config, &order(config), registry, &foreseen)
}

/// Of the outputs that the spec reads, what providers know before anything is looked at.
#[must_use]
pub fn foreseen(used: &BTreeMap<Address, BTreeSet<String>>, registry: &Registry) -> Outputs {
    let mut outputs = Outputs::new();
    for (address, used) in used {
        let Some(provider) = registry.of_kind(address.kind()) else {
            continue;
        };
        let known = provider.foreseen_outputs(address.kind(), used);
        if !known.is_empty() {
            outputs.insert(address.clone(), known);
        }
    }
    outputs
}

/// Names of the outputs that the spec reads, by resource.
#[must_use]
pub fn used_outputs(config: &Config) -> BTreeMap<Address, BTreeSet<String>> {
    let mut used: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    let read = config
        .resources()
        .flat_map(|resource| resource.uses.iter().cloned());
    for (address, name) in read.chain(config.output_uses()) {
        used.entry(address).or_default().insert(name);
    }
    used
}

/// Tells all providers what the spec wants, as far as it is known before anything outside is: an apply does this before
/// it settles, since how to reach something is only ever taken from the spec. A look tells them again.
pub fn configure(config: &Config, registry: &Registry) {
    let (wanted, _) = resolve(config, &order(config), registry, &Outputs::new());
    registry.configure(&wanted);
}

/// Evaluates one resource; `wanted` must hold those that it uses.
#[must_use]
pub fn resolve_one(
    config: &Config,
    address: &Address,
    registry: &Registry,
    wanted: &Wanted,
    outputs: &Outputs,
) -> (Attributes, Vec<Diagnostic>) {
    let scope = Scope { wanted, outputs };
    let (attributes, mut problems) = config.evaluate(address, &scope);
    if !problems.is_empty() {
        return (attributes, problems);
    }
    let Some(provider) = registry.of_kind(address.kind()) else {
        return (attributes, problems);
    };
    match provider.normalise_among(address.kind(), attributes.clone(), wanted) {
        Ok(normal) => (normal, problems),
        Err(found) => {
            problems.extend(found.iter().map(|problem| place(config, address, problem)));
            (attributes, problems)
        }
    }
}

/// Turns a provider's problem into a diagnostic with its place in the spec.
#[must_use]
pub fn place(config: &Config, address: &Address, problem: &Problem) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(problem.code, format!("`{address}`: {}", problem.summary));
    if config.get(address).is_some() {
        diagnostic = diagnostic.at(config.span_of(address, &problem.path));
    }
    diagnostic.help.clone_from(&problem.help);
    diagnostic
}
