//! `profit` of a pool: the pool's own share of what it earns, paid out when it is due.
//!
//! - Reads: the attribute of a block, what the pool says of itself, estimates of the calls.
//! - Returns: normal forms here; what is due, looks and designs in the modules below.
//! - Never: pays anybody but the receiver that the spec names, or the owner where it names none.

pub(crate) mod design;
pub(crate) mod due;
pub(crate) mod observe;

use pospool_model::diagnostic::did_you_mean;
use pospool_model::{Attributes, Problem, Value};

use crate::codes;

/// The attribute that says when what is paid to whom.
pub(crate) const PROFIT: &str = "profit";
/// The attribute that shows what is due.
pub(crate) const PROFIT_DUE: &str = "profit_due";
/// The contract whose functions are meant.
const CONTRACT: &str = "PoSPool";
/// Names of what stands in [`PROFIT`].
const EVERY: &str = "claim_every";
const MIN: &str = "min";
const TO: &str = "to";
const MAX_GAS: &str = "max_gas";
/// Blocks between two claims: a day, at two blocks a second.
const USUAL: u64 = 172_800;

/// When what is paid to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProfitTerms<'a> {
    /// Blocks between two claims.
    pub(crate) every: u64,
    /// Least profit that is paid out, in drip; `None` leaves it to the price of the payment.
    pub(crate) min: Option<u128>,
    /// Who gets it; `None` for the owner.
    pub(crate) to: Option<&'a Value>,
    /// Most gas that settling may need.
    pub(crate) max_gas: Option<u64>,
}

impl<'a> ProfitTerms<'a> {
    /// Reads a block in its normal form; `None` if nothing is claimed for it.
    pub(crate) fn read(block: &'a Attributes) -> Option<Self> {
        let terms = block.get(PROFIT)?.as_map()?;
        Some(Self {
            every: match terms.get(EVERY) {
                Some(Value::Blocks(blocks)) => blocks.0,
                _ => USUAL,
            },
            min: match terms.get(MIN) {
                Some(Value::Amount(drip)) => Some(drip.0),
                _ => None,
            },
            to: terms.get(TO).filter(|to| **to != Value::Null),
            max_gas: terms
                .get(MAX_GAS)
                .and_then(Value::as_integer)
                .and_then(|gas| gas.try_into().ok()),
        })
    }
}

/// Brings `profit` of a block into its normal form, and adds what is always wanted: that nothing is due.
pub(crate) fn normalise_profit(block: &mut Attributes, contract: Option<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let none = Value::List(Vec::new());
    if block.get(PROFIT_DUE).is_some_and(|due| *due != none) {
        let summary = "`profit_due` shows what there is to do, and is not written";
        let problem = Problem::new(codes::BAD_PROFIT, &[PROFIT_DUE], summary);
        problems.push(problem.help("take the line out"));
    }
    block.remove(PROFIT_DUE);
    let Some(profit) = block.get(PROFIT).filter(|profit| **profit != Value::Null) else {
        return problems;
    };
    match (contract, profit) {
        (Some(contract), _) if contract != CONTRACT => {
            let summary = format!(
                "pospool knows how to claim the profit of a `{CONTRACT}`, and this is a `{contract}`"
            );
            problems.push(
                Problem::new(codes::BAD_PROFIT, &[PROFIT], summary).help("take `profit` out"),
            );
        }
        (_, Value::Map(terms)) => problems.extend(
            terms
                .iter()
                .filter_map(|(name, value)| bad_term(name, value)),
        ),
        (_, Value::Unknown) => {}
        (_, other) => {
            let summary = format!("`profit` is {other}, and a map is expected");
            problems.push(Problem::new(codes::BAD_PROFIT, &[PROFIT], summary).help(
                "write it like `profit = { claim_every = blocks(1209600), min = cfx(10), to = account.operator }`",
            ));
        }
    }
    block.insert(PROFIT_DUE.to_owned(), none);
    problems
}

/// What is wrong with one entry of `profit`.
fn bad_term(name: &str, value: &Value) -> Option<Problem> {
    let problem = |what: &str, help: &str| {
        let summary = format!("`{name}` is {value}, and {what} is expected");
        Some(Problem::new(codes::BAD_PROFIT, &[PROFIT, name], summary).help(help))
    };
    match (name, value) {
        (EVERY | MIN | TO | MAX_GAS, Value::Unknown | Value::Null)
        | (EVERY, Value::Blocks(_))
        | (MIN, Value::Amount(_)) => None,
        (MAX_GAS, Value::Integer(gas)) if *gas > 0 => None,
        (TO, Value::Resource(to)) if matches!(to.kind(), "account" | "core_contract") => None,
        (TO, Value::Text(text)) if text.parse::<pospool_conflux::CoreAddress>().is_ok() => None,
        (EVERY, _) => problem(
            "a number of blocks",
            "write it like `blocks(172800)`, which is about a day",
        ),
        (MIN, _) => problem("an amount", "write it like `cfx(10)`"),
        (MAX_GAS, _) => problem("a number of units of gas", "write it like `15000000`"),
        (TO, _) => problem(
            "an account or an address of Core Space",
            "write it like `account.operator`, or in base32",
        ),
        _ => {
            let names = [EVERY, MIN, TO, MAX_GAS];
            let summary = format!("`profit` has no entry `{name}`");
            let help = did_you_mean(name, names);
            let help = help.map_or_else(
                || format!("its entries are {}", names.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            Some(Problem::new(codes::BAD_PROFIT, &[PROFIT, name], summary).help(help))
        }
    }
}

#[cfg(test)]
mod tests;
