//! Calls that the node tries out before they are planned.
//!
//! - Reads: estimates of one round trip; how an account stands.
//! - Returns: limits with room for what moves between a look and an execution, or why the node refuses.
//! - Never: plans beside transactions of the account that nobody has settled.

use pospool_conflux::CoreAddress;
use pospool_conflux::hex::hex_text;
use pospool_conflux_rpc::quantity::{read_quantity, read_u64};
use pospool_conflux_rpc::{Batch, BatchAnswers, Slot, revert};
use pospool_conflux_tx::gas::{self, GasLimits};
use serde_json::json;

use crate::facts::ChainProviderFacts;

/// What an estimate may be short of, as a part of it: votes and queues move between a look and an execution.
const GAS_MARGIN: u64 = 4;
/// Bytes of storage, 16 entries: a reward of PoS that comes between estimate and execution has the pool write a record of
/// the reward and of its rate, which filled more than four entries (`ExceedStorageLimit`, seen on a private network). What is
/// not used is not paid.
pub(crate) const STORAGE_MARGIN: u64 = 1024;

/// How the account stands that calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerStanding {
    /// In drip.
    pub(crate) balance: u128,
    /// Transactions that nobody has settled.
    pub(crate) under_way: u64,
    /// Drip for a unit of gas, as the node proposes it.
    pub(crate) price: u128,
}

impl CallerStanding {
    /// What a look found of an account of Core Space.
    pub(crate) fn find(signer: CoreAddress, made: &ChainProviderFacts) -> Option<Self> {
        let signer = signer.into();
        let account = made.accounts.values().find(|it| it.address == signer)?;
        let chain = made.chains.get(&account.chain)?;
        Some(Self {
            balance: account.balance,
            under_way: account.nonce.saturating_sub(account.executed),
            price: chain.fees.gas_price,
        })
    }
}

/// Why an account calls nothing now.
pub(crate) fn obstacle(standing: Option<CallerStanding>) -> Option<String> {
    match standing {
        None => Some("nobody says what the account has under way".to_owned()),
        Some(standing) => (standing.under_way > 0).then(|| {
            let under_way = standing.under_way;
            format!("{under_way} transactions of the account are under way")
        }),
    }
}

/// Asks the node to try a call.
pub(crate) fn ask_estimate(
    batch: &mut Batch,
    from: CoreAddress,
    to: CoreAddress,
    data: &[u8],
) -> Slot {
    let request = json!({
        "from": from.to_string(),
        "to": to.to_string(),
        "data": hex_text(data),
    });
    batch.ask(
        "cfx_estimateGasAndCollateral",
        json!([request, "latest_state"]),
    )
}

/// Gas that a call uses, and limits for it; or why it is refused.
pub(crate) fn read_estimate(
    answers: &BatchAnswers,
    slot: Slot,
) -> Result<(u64, GasLimits), String> {
    let estimate = answers.result(slot).map_err(revert::refusal_reason)?;
    let number = |field: &str| estimate.get(field).and_then(read_u64);
    let no_estimate = || "the node gives no estimate".to_owned();
    let gas = number("gasLimit").ok_or_else(no_estimate)?;
    let used = estimate.get("gasUsed").and_then(read_quantity);
    let storage = number("storageCollateralized").unwrap_or_default();
    let limits = GasLimits {
        gas: gas.saturating_add(gas / GAS_MARGIN),
        storage: storage.saturating_add(STORAGE_MARGIN),
    };
    if limits.gas > gas::GAS_LIMIT {
        return Err(format!("{gas} gas are more than one transaction may have"));
    }
    let used = used
        .and_then(|used| u64::try_from(used).ok())
        .unwrap_or(gas);
    Ok((used, limits))
}

/// Whether money is fetched now: from the amount of the spec on, or when it is more than its gas costs; all in drip.
pub(crate) fn is_worth(least: Option<u128>, amount: u128, cost: u128) -> bool {
    least.map_or(amount > cost, |least| amount >= least)
}
