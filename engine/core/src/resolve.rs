//! Expressions to values: what each resource wants, in normal form.
//!
//! - Reads: the config, and outputs as far as they are known.
//! - Returns: wanted attributes and every problem in them.
//! - Never: asks the outside.

use std::collections::BTreeMap;

use pospool_lang::config::{Config, Resource, Scope};
use pospool_model::{Address, Attributes, Diagnostic, Problem, SecretRef, Value};

use crate::codes;
use crate::registry::Registry;

/// Wanted attributes by resource.
pub type Wanted = BTreeMap<Address, Attributes>;

/// Outputs by resource.
pub type Outputs = BTreeMap<Address, Attributes>;

/// Evaluates every resource with the outputs that are known.
#[must_use]
pub fn resolve_resources(
    config: &Config,
    registry: &Registry,
    outputs: &Outputs,
) -> (Wanted, Vec<Diagnostic>) {
    resolve_again(config, registry, outputs, Wanted::new())
}

/// The same when other outputs are known than the last time, without problems: what names no other resource stays as it
/// was.
#[must_use]
pub fn resolve_again(
    config: &Config,
    registry: &Registry,
    outputs: &Outputs,
    mut wanted: Wanted,
) -> (Wanted, Vec<Diagnostic>) {
    wanted.retain(|address, _| stands_alone(config, address));
    let mut problems = Vec::new();
    let locals = config.local_values();
    for address in config.order() {
        if wanted.contains_key(address) {
            continue;
        }
        let scope = Scope {
            wanted: &wanted,
            outputs,
            locals: &locals,
        };
        let (attributes, found) = resolve_one(config, address, registry, &scope);
        problems.extend(found);
        wanted.insert(address.clone(), attributes);
    }
    (wanted, problems)
}

/// Whether a resource of the spec is resolved once for all.
#[must_use]
pub fn stands_alone(config: &Config, address: &Address) -> bool {
    config.get(address).is_some_and(Resource::stands_alone)
}

/// Evaluates every resource before anything is looked at: what can be known of a spec alone.
#[must_use]
pub fn resolve_unseen(config: &Config, registry: &Registry) -> (Wanted, Vec<Diagnostic>) {
    resolve_resources(config, registry, &predict_outputs(config, registry))
}

/// Of the outputs that the spec reads, what providers know before anything is looked at.
#[must_use]
pub fn predict_outputs(config: &Config, registry: &Registry) -> Outputs {
    let mut outputs = Outputs::new();
    for (address, used) in config.reads() {
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

/// What the spec wants, as far as it is known before anything outside is. Providers hear it before an apply settles
/// ([`Registry::configure`]), since how to reach something is only ever taken from the spec. A look tells them again.
#[must_use]
pub fn resolve_first(config: &Config, registry: &Registry) -> Wanted {
    resolve_resources(config, registry, &Outputs::new()).0
}

/// Says where one secret is named for two things: attributes of other names send it to other places. Who can write a spec, as
/// in a pull request, could have a private key sent to an explorer of their own.
#[must_use]
pub fn find_reused_secrets(
    config: &Config,
    wanted: &Wanted,
    of_state: Option<&SecretRef>,
) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&SecretRef, (&Address, &str)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (address, attributes) in wanted {
        for (name, secret, purpose_here) in named_secrets(attributes) {
            let (before, purpose) = *first.entry(secret).or_insert((address, purpose_here));
            let other = if of_state == Some(secret) {
                "the key of the state".to_owned()
            } else if purpose != purpose_here {
                format!("the `{purpose}` of `{before}`")
            } else {
                continue;
            };
            let what = format!(
                "`{address}`: `{secret}` is its `{name}`, and {other}: a secret has one purpose"
            );
            let place = config.span_of(address, &[name.to_owned()]);
            let problem = Diagnostic::error(codes::SPEC_SECRET_REUSED, what).at(place);
            problems.push(problem.help("give each its own secret"));
        }
    }
    problems
}

/// The secrets that the attributes of a block name: attribute, secret, and what it is for. A secret that is a URL may be one for
/// several attributes.
fn named_secrets(attributes: &Attributes) -> Vec<(&str, &SecretRef, &str)> {
    fn collect<'a>(
        name: &'a str,
        value: &'a Value,
        found: &mut Vec<(&'a str, &'a SecretRef, &'a str)>,
    ) {
        match value {
            Value::Secret(secret) => found.push((name, secret, name)),
            Value::Endpoint(endpoint) => {
                found.extend(endpoint.name().map(|secret| (name, secret, "URL")));
            }
            Value::List(list) => list.iter().for_each(|it| collect(name, it, found)),
            Value::Map(map) => map.values().for_each(|it| collect(name, it, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (name, value) in attributes {
        collect(name, value, &mut found);
    }
    found
}

/// Evaluates one resource; the scope must hold what is wanted of those that it uses.
#[must_use]
pub fn resolve_one(
    config: &Config,
    address: &Address,
    registry: &Registry,
    scope: &Scope<'_>,
) -> (Attributes, Vec<Diagnostic>) {
    let (attributes, mut problems) = config.evaluate(address, scope);
    if !problems.is_empty() {
        return (attributes, problems);
    }
    let Some(provider) = registry.of_kind(address.kind()) else {
        return (attributes, problems);
    };
    match provider.normalise_among(address.kind(), attributes.clone(), scope.wanted) {
        Ok(normal) => (normal, problems),
        Err(found) => {
            problems.extend(
                found
                    .iter()
                    .map(|problem| locate_problem(config, address, problem)),
            );
            (attributes, problems)
        }
    }
}

/// Turns a provider's problem into a diagnostic with its place in the spec.
#[must_use]
pub fn locate_problem(config: &Config, address: &Address, problem: &Problem) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(problem.code, format!("`{address}`: {}", problem.summary));
    if config.get(address).is_some() {
        diagnostic = diagnostic.at(config.span_of(address, &problem.path));
    }
    diagnostic.help.clone_from(&problem.help);
    diagnostic
}
