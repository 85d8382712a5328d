//! What looks of all kinds share: which chain is meant, and what the state knows of it.

use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, Problem, ProviderError, Value};

use crate::facts::ChainProviderFacts;

/// What a look at a part found.
pub(crate) type ObservedPart = (Observation, ChainProviderFacts);

/// Adds what one part found. Every field is named, so that none of a part is ever left behind.
pub(super) fn merge_part((found, known): ObservedPart, (all, facts): &mut ObservedPart) {
    let Observation {
        objects,
        chains,
        accounts: known_accounts,
        bindings,
        counters,
        // The facts of all parts become one value in the end.
        facts: _,
        bad_moments,
        problems,
        unseen,
        edits,
        warnings,
        earlier,
        findings,
        service_accounts,
    } = found;
    all.objects.extend(objects);
    all.chains.extend(chains);
    all.accounts.extend(known_accounts);
    all.bindings.extend(bindings);
    all.counters.extend(counters);
    all.service_accounts.extend(service_accounts);
    all.bad_moments.extend(bad_moments);
    all.problems.extend(problems);
    all.unseen.extend(unseen);
    all.edits.extend(edits);
    all.warnings.extend(warnings);
    all.earlier.extend(earlier);
    all.findings.extend(findings);
    let ChainProviderFacts {
        chains,
        accounts,
        espace_chains,
        espace_accounts,
        contracts,
        makers,
        registrations,
        bridges,
        profits,
    } = known;
    facts.chains.extend(chains);
    facts.accounts.extend(accounts);
    facts.espace_chains.extend(espace_chains);
    facts.espace_accounts.extend(espace_accounts);
    facts.contracts.extend(contracts);
    facts.makers.extend(makers);
    facts.registrations.extend(registrations);
    facts.bridges.extend(bridges);
    facts.profits.extend(profits);
}

/// A part that could not be looked at: nobody knows what is there of any of it.
pub(crate) fn unseen_part<'a>(
    addresses: impl IntoIterator<Item = &'a Address>,
    error: &ProviderError,
) -> ObservedPart {
    let problem = error.to_problem();
    problem_of_all(addresses, &problem)
}

/// One problem of many.
pub(crate) fn problem_of_all<'a>(
    addresses: impl IntoIterator<Item = &'a Address>,
    problem: &Problem,
) -> ObservedPart {
    let addresses = addresses.into_iter();
    let problems = addresses.map(|address| (address.clone(), problem.clone()));
    let observation = Observation {
        problems: problems.collect(),
        ..Observation::default()
    };
    (observation, ChainProviderFacts::default())
}

/// The chain that attributes name, or the only one.
pub(crate) fn chain_of<'a>(
    attributes: Option<&'a Attributes>,
    scene: &ObserveContext<'a>,
) -> Option<&'a Address> {
    let named = attributes
        .and_then(|attributes| attributes.get("chain"))
        .and_then(Value::as_resource);
    named.or_else(|| {
        let mut chains = scene
            .wanted
            .keys()
            .filter(|address| address.kind() == "chain");
        chains.next().filter(|_| chains.next().is_none())
    })
}

/// Name of the output that says how new a chain must be at least.
const EPOCH: &str = "epoch";

/// The output of a transaction that says when it was executed.
pub(crate) fn known_at(epoch: u64) -> Attributes {
    let number = i64::try_from(epoch).unwrap_or(i64::MAX);
    Attributes::from([(EPOCH.to_owned(), Value::Integer(number))])
}

/// The newest epoch that the state knows of these targets.
pub(super) fn newest_known(targets: &[&Target<'_>]) -> Option<u64> {
    let recorded = targets.iter().filter_map(|target| target.recorded);
    let epochs = recorded.filter_map(|recorded| recorded.outputs.get(EPOCH)?.as_integer());
    epochs.filter_map(|epoch| epoch.try_into().ok()).max()
}

pub(super) fn observed_present(outputs: Attributes) -> Observed {
    Observed::Present {
        attributes: Attributes::new(),
        outputs,
    }
}
