//! A second look at a finished plan, before anybody may apply it.
//!
//! - Reads: the plan, the state, and what was seen.
//! - Returns: problems that make the plan wrong to apply, or that its reader should know of.
//! - Never: changes the plan.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use pospool_model::plan::{Cost, Plan, Purpose};
use pospool_model::provider::EarlierSign;
use pospool_model::state::State;
use pospool_model::{Address, Diagnostic, Drip, Value};

use crate::codes;
use crate::observe::SeenResources;

/// Checks a plan as a whole.
#[must_use]
pub fn check_plan(plan: &Plan, state: &State, seen: &SeenResources) -> Vec<Diagnostic> {
    let mut problems = chains(plan, state);
    problems.extend(funds(plan, seen));
    problems.extend(hands(plan, state, seen));
    problems.extend(history(plan, state, seen));
    problems
}

/// A state that knows of nothing, and accounts that were used: the state may be lost, and what was made with it
/// would be made a second time. Where something that was made is seen too, that is as good as known.
fn history(plan: &Plan, state: &State, seen: &SeenResources) -> Vec<Diagnostic> {
    let is_new = state.resources.is_empty() && state.counters.is_empty();
    if !is_new || plan.steps.is_empty() {
        return Vec::new();
    }
    let used = seen.counters.iter().filter(|(_, now)| **now > 0);
    let used = used.map(|(name, now)| format!("{}`{name}` is {now}", owner(name, seen)));
    let used: Vec<String> = used.collect();
    if let (Some(used), false) = (used.first(), seen.earlier.is_empty()) {
        let lost = seen.earlier.iter();
        return lost.map(|sign| lost_state(sign, used)).collect();
    }
    let warned = used.into_iter().map(|used| {
        Diagnostic::warning(
            codes::STATE_NO_HISTORY,
            format!("{used}, and this state knows of nothing that was made"),
        )
        .help(
            "if something was made with this account before, put its state here (a backup, or --state) before you apply: \
             everything would be made a second time, its stake too. If not, go on",
        )
    });
    warned.collect()
}

fn lost_state(sign: &EarlierSign, used: &str) -> Diagnostic {
    let EarlierSign { address, what, .. } = sign;
    Diagnostic::warning(
        codes::STATE_LOST,
        format!("`{address}`: {what}, and this state knows of nothing that was made; {used}"),
    )
    .help(
        "bring its state back before you apply: `pospool state restore` lists the last ones, --state names another place. If it \
         is lost, `pospool import --scan` takes up what is there. Everything would be made a second time, its stake too",
    )
}

/// Why an apply is refused although nothing is wrong with its plan, unless the user says that it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The state is new, and what it wants to make was made before.
    LostState,
    /// Somebody else signed, or has a newer state.
    OtherHand,
}

/// The doubt that a warning of [`check_plan`] speaks of; `None` if it is advice only.
#[must_use]
pub fn find_doubt(warning: &Diagnostic) -> Option<Doubt> {
    match warning.code {
        code if code == codes::STATE_LOST => Some(Doubt::LostState),
        code if code == codes::STATE_OTHER_HAND => Some(Doubt::OtherHand),
        _ => None,
    }
}

/// What moved although neither this state nor a service of it moved anything: somebody else has the keys, or a newer
/// copy of this state.
fn hands(plan: &Plan, state: &State, seen: &SeenResources) -> Vec<Diagnostic> {
    let both = state.counters.iter();
    let both = both.filter_map(|(name, kept)| Some((name, *kept, *seen.counters.get(name)?)));
    let moved = both.filter_map(|(name, kept, now)| {
        let what = format!("{}`{name}`", owner(name, seen));
        match now.cmp(&kept) {
            Ordering::Equal => None,
            Ordering::Greater if seen.is_moved_by_service(name, plan) => None,
            Ordering::Greater => Some(
                Diagnostic::warning(
                    codes::STATE_OTHER_HAND,
                    format!("{what} is {now}, and the last apply of this state left it at {kept}: somebody else went on"),
                )
                .help(
                    "look for a newer copy of this state and put it here before you apply: what was made with it is not \
                     known here and would be made again. Whoever signed by hand goes on: the next whole apply keeps the new number",
                ),
            ),
            Ordering::Less => Some(
                Diagnostic::warning(
                    codes::STATE_OLDER_CHAIN,
                    format!("{what} is {now}, and the last apply of this state left it at {kept}: the chain is older than the state"),
                )
                .help(
                    "see that its RPC has caught up and is the one that the last apply used; on a chain that was set back, \
                     what the state knows may never have happened",
                ),
            ),
        }
    });
    moved.collect()
}

/// The resource whose counter it is, as the start of a sentence.
fn owner(counter: &str, seen: &SeenResources) -> String {
    let names_it = |value: &Value| {
        value
            .as_text()
            .is_some_and(|text| !text.is_empty() && counter.ends_with(text))
    };
    let owner = seen
        .given
        .iter()
        .find(|(_, outputs)| outputs.values().any(names_it));
    owner.map_or_else(String::new, |(address, _)| format!("`{address}`: "))
}

/// The chains must be those that the state was made on.
fn chains(plan: &Plan, state: &State) -> Vec<Diagnostic> {
    let changed = plan.chains.iter().filter_map(|(address, found)| {
        let recorded = state.chains.get(address)?;
        (recorded != found).then(|| {
            Diagnostic::error(
                codes::CHECK_OTHER_CHAIN,
                format!(
                    "`{address}` is another chain than the one in the state: chain ids {} and {}, genesis {}, recorded {} and {}, {}",
                    found.core_chain_id,
                    found.espace_chain_id,
                    found.genesis_hash,
                    recorded.core_chain_id,
                    recorded.espace_chain_id,
                    recorded.genesis_hash
                ),
            )
            .help("point the chain's RPC at the old network, or use another state with --state")
        })
    });
    changed.collect()
}

/// Each payer must have the money for the whole plan before its first step.
fn funds(plan: &Plan, seen: &SeenResources) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (payer, mut costs) in sum_costs(plan.costs()) {
        costs.retain(|purpose, _| purpose.is_from_balance());
        let Some(needed) = sum(costs.values().copied()) else {
            problems.push(Diagnostic::error(
                codes::CHECK_AMOUNT_OVERFLOW,
                format!("the plan's costs for `{payer}` are too large to add"),
            ));
            continue;
        };
        let balance = seen
            .given
            .get(&payer)
            .and_then(|outputs| outputs.get("balance"));
        let Some(Value::Amount(balance)) = balance else {
            continue;
        };
        if let Some(missing) = needed.checked_sub(*balance).filter(|missing| missing.0 > 0) {
            problems.push(
                Diagnostic::error(
                    codes::CHECK_INSUFFICIENT_FUNDS,
                    format!(
                        "`{payer}` needs up to {needed} for this plan ({}) and has {balance}",
                        parts(&costs)
                    ),
                )
                .help(format!("send at least {missing} to it and plan again")),
            );
        }
    }
    problems
}

/// Costs by payer and purpose; what overflows counts as the largest amount.
#[must_use]
pub fn sum_costs<'a>(
    costs: impl IntoIterator<Item = &'a Cost>,
) -> BTreeMap<Address, BTreeMap<Purpose, Drip>> {
    let mut totals: BTreeMap<Address, BTreeMap<Purpose, Drip>> = BTreeMap::new();
    for cost in costs {
        let total = totals
            .entry(cost.payer.clone())
            .or_default()
            .entry(cost.purpose)
            .or_default();
        *total = total.checked_add(cost.amount).unwrap_or(Drip(u128::MAX));
    }
    totals
}

fn sum(amounts: impl Iterator<Item = Drip>) -> Option<Drip> {
    amounts.into_iter().try_fold(Drip(0), Drip::checked_add)
}

fn parts(costs: &BTreeMap<Purpose, Drip>) -> String {
    let named: Vec<String> = costs
        .iter()
        .map(|(purpose, amount)| format!("{} {amount}", purpose.words()))
        .collect();
    named.join(", ")
}
