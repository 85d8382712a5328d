//! `bridge_service`: what a pool's bridge between the spaces has to be told, since it does nothing by itself.
//!
//! - Reads: attributes of a block, views of the bridge, simulations of its calls.
//! - Returns: the table of the kind and normal forms here; duties, looks and designs in the modules below.
//! - Never: sends what a simulation of the node refused, or what somebody else is sending with the same key.
//!
//! All calls are in Core Space: the bridge itself reaches into eSpace.

pub(crate) mod design;
pub(crate) mod duties;
pub(crate) mod glance;
pub(crate) mod observe;
mod ready;
mod service;
pub(crate) mod views;

use pospool_model::{
    AttributeSchema, Attributes, Blocks, Drip, KindSchema, OnChange, OutputSchema, Presence,
    Problem, Role, Type, Value,
};

use crate::codes;

/// Blocks between two claims of interest: half an hour, at two blocks a second.
const CLAIM_EVERY: u64 = 3_600;

/// The attribute that shows what there is to do.
pub(crate) const DUTIES: &str = "duties";

/// The kind as a table.
pub(crate) const BRIDGE_SERVICE: KindSchema = KindSchema {
    kind: "bridge_service",
    doc: "What a bridge between the spaces has to be told: stake, unstakes, interest and votes to carry. An apply does what there is to do now; `pospool sync` does it again and again.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "bridge",
            Type::Any,
            Presence::Required,
            OnChange::Ignore,
            "The bridge: `core_contract.bridge`, or its address in base32.",
        ),
        AttributeSchema::new(
            "account",
            Type::Reference(&["account"]),
            Presence::Implied,
            OnChange::Ignore,
            "The account that calls and pays; most calls are for the bridge's owner alone. Default: the only `account` of the spec.",
        ),
        AttributeSchema::new(
            "chain",
            Type::Reference(&["chain"]),
            Presence::Implied,
            OnChange::Ignore,
            "The chain it is on. Default: the only `chain` of the spec.",
        ),
        AttributeSchema::new(
            "claim_every",
            Type::Blocks,
            Presence::Optional,
            OnChange::Ignore,
            "Blocks between two claims of interest. Default: `blocks(3600)`, about half an hour.",
        ),
        AttributeSchema::new(
            "claim_from",
            Type::Amount,
            Presence::Optional,
            OnChange::Ignore,
            "Least interest that is worth a claim. Default: more than the gas of the claim costs.",
        ),
        AttributeSchema::new(
            DUTIES,
            Type::List(&Type::Text),
            Presence::Optional,
            OnChange::Update,
            "What there is to do. Never written in a spec: none is always what is wanted.",
        ),
    ],
    outputs: &[
        OutputSchema::new("bridge_address", "Address of the bridge."),
        OutputSchema::new("signer", "Address of the account that calls."),
        OutputSchema::new("balance", "Balance of that account."),
        OutputSchema::new("block", "Number of the block that was looked at."),
        OutputSchema::new(
            "waiting",
            "What there is to do and cannot be done yet, each with the reason.",
        ),
        OutputSchema::new(
            "crossing_votes",
            "Votes of eSpace that Core Space has not yet.",
        ),
        OutputSchema::new("unstakes", "Requests to unstake that are in line."),
        OutputSchema::new(
            "unlocked_votes",
            "Votes that are free to be brought back to eSpace.",
        ),
        OutputSchema::new(
            "interest",
            "Interest that eSpace has earned and not yet got.",
        ),
        OutputSchema::new("claimed_block", "Block of the last claim of interest."),
        OutputSchema::new(
            "epoch",
            "Epoch of its newest transaction. A node that has not come so far is not believed.",
        ),
    ],
    open_outputs: false,
    identity: None,
    irreversible: None,
    example: r#"bridge_service "main" {
  bridge  = core_contract.bridge
  account = account.syncer
}"#,
};

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
    match attributes.get("claim_every") {
        Some(Value::Blocks(Blocks(blocks))) => *blocks,
        _ => CLAIM_EVERY,
    }
}

/// Least interest to claim, in drip; `None` leaves it to the price of the claim.
fn claim_from(attributes: &Attributes) -> Option<u128> {
    match attributes.get("claim_from") {
        Some(Value::Amount(Drip(drip))) => Some(*drip),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
