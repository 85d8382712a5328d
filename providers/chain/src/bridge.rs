//! `bridge_service`: what a pool's bridge between the spaces has to be told, since it does nothing by itself.
//!
//! - Reads: attributes of a block, views of the bridge, simulations of its calls.
//! - Returns: normal forms here; duties, looks and designs in the modules below.
//! - Never: sends what a simulation of the node refused, or what somebody else is sending with the same key.
//!
//! All calls are in Core Space: the bridge itself reaches into eSpace.

pub(crate) mod design;
pub(crate) mod duties;
pub(crate) mod glance;
pub(crate) mod observe;
mod ready;
pub(crate) mod schema;
mod service;
pub(crate) mod views;

use pospool_model::{Attributes, Problem, Value};

pub(crate) use self::schema::{BRIDGE_SERVICE, BridgeServiceSpec};
use crate::codes;

/// Blocks between two claims of interest: half an hour, at two blocks a second.
const CLAIM_EVERY: u64 = 3_600;

/// The attribute that shows what there is to do.
pub(crate) const DUTIES: &str = "duties";

/// Brings a block into its normal form.
pub(crate) fn normalise_bridge(mut attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
    let mut problems = Vec::new();
    let none = Value::List(Vec::new());
    if attributes.get(DUTIES).is_some_and(|duties| *duties != none) {
        let summary = "`duties` shows what there is to do, and is not written";
        problems
            .push(Problem::new(codes::BAD_SERVICE, &[DUTIES], summary).help("take the line out"));
    }
    attributes.insert(DUTIES.to_owned(), none);
    if let Some(value @ (Value::Integer(_) | Value::Bool(_) | Value::Amount(_))) =
        attributes.get("bridge")
    {
        let summary = format!("{value} is no bridge");
        let problem = Problem::new(codes::BAD_SERVICE, &["bridge"], summary);
        problems.push(problem.help("write `bridge = core_contract.bridge`, or its address"));
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

fn claim_every(attributes: &Attributes) -> u64 {
    let every = BridgeServiceSpec::read(attributes).claim_every.known();
    every.map_or(CLAIM_EVERY, |blocks| blocks.0)
}

/// Least interest to claim, in drip; `None` leaves it to the price of the claim.
fn claim_from(attributes: &Attributes) -> Option<u128> {
    let from = BridgeServiceSpec::read(attributes).claim_from.known();
    from.map(|drip| drip.0)
}

#[cfg(test)]
mod tests;
