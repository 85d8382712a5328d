//! Which duties of a bridge can be done now: the node tries each call out.
//!
//! - Reads: duties; estimates of their calls in one round trip.
//! - Returns: calls with their limits, and what waits with the reason.
//! - Never: lets a call through that the node refuses now, or that costs more than it brings.

use pospool_conflux::hex::hex_text;
use pospool_conflux_rpc::quantity::{read_quantity, read_u64};
use pospool_conflux_rpc::{Batch, BatchAnswers, Rpc, RpcError, Slot, revert};
use pospool_conflux_tx::gas::{self, GasLimits};
use serde_json::json;

use super::claim_from;
use super::duties::{self, Duty, DutyKind, WaitingDuty};
use super::service::BridgeService;
use super::views::Views;
use crate::facts::BridgeCall;

/// What an estimate may be short of, as a part of it: votes and queues move between a look and an execution.
const GAS_MARGIN: u64 = 4;
/// Bytes of storage, 16 entries: a reward of PoS that comes between estimate and execution has the pool write a record of
/// the reward and of its rate, which filled more than four entries (`ExceedStorageLimit`, seen on a private network). What is
/// not used is not paid.
const STORAGE_MARGIN: u64 = 1024;
/// Limits of a call that the node cannot estimate for lack of money: more than any of these calls takes.
const UNKNOWN_LIMITS: GasLimits = GasLimits {
    gas: gas::GAS_LIMIT,
    storage: 2 * STORAGE_MARGIN,
};

/// What can be done now, and what cannot.
pub(super) struct Ready {
    pub(super) calls: Vec<BridgeCall>,
    pub(super) waiting: Vec<WaitingDuty>,
}

/// How the account stands that calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallerStanding {
    /// In drip.
    pub(super) balance: u128,
    /// Transactions that nobody has settled.
    pub(super) under_way: u64,
    /// Drip for a unit of gas, as the node proposes it.
    pub(super) price: u128,
}

/// Says which duties can be done now.
pub(super) async fn find_ready_duties(
    service: &BridgeService<'_>,
    rpc: &Rpc,
    views: &Views,
    standing: Option<CallerStanding>,
) -> Result<Ready, RpcError> {
    let (open, waiting) = duties::duties_of(&views.seen);
    let mut ready = Ready {
        calls: Vec::new(),
        waiting,
    };
    let obstacle = match standing {
        None => Some("nobody says what the account has under way".to_owned()),
        Some(standing) => (standing.under_way > 0).then(|| {
            let under_way = standing.under_way;
            format!("{under_way} transactions of the account are under way")
        }),
    };
    if let Some(why) = obstacle {
        let waiting = open.into_iter().map(|duty| WaitingDuty {
            duty,
            why: why.clone(),
        });
        ready.waiting.extend(waiting);
    } else if !open.is_empty() {
        let price = standing.map(|standing| standing.price).unwrap_or_default();
        simulate(service, rpc, price, open, &mut ready).await?;
    }
    Ok(ready)
}

/// Tries every call out; a call that the node refuses now is not planned.
async fn simulate(
    service: &BridgeService<'_>,
    rpc: &Rpc,
    price: u128,
    open: Vec<Duty>,
    ready: &mut Ready,
) -> Result<(), RpcError> {
    let mut batch = Batch::default();
    let asked: Vec<(Duty, Vec<(Duty, Slot)>)> = open
        .into_iter()
        .map(|duty| {
            let choices = duty.choices().into_iter().map(|choice| {
                let request = json!({
                    "from": service.subject.signer.to_string(),
                    "to": service.subject.bridge.to_string(),
                    "data": hex_text(&choice.data()),
                });
                let params = json!([request, "latest_state"]);
                (choice, batch.ask("cfx_estimateGasAndCollateral", params))
            });
            (duty, choices.collect())
        })
        .collect();
    let answers = batch.send(rpc).await?;
    let least = claim_from(service.wanted);
    for (duty, choices) in asked {
        let mut why = None;
        let accepted = choices
            .iter()
            .find_map(|(choice, slot)| match limits(&answers, *slot) {
                Ok((used, limits)) => Some((*choice, used, limits)),
                Err(reason) => {
                    why = Some(reason);
                    None
                }
            });
        match accepted {
            // A claim that is not worth it waits until it is more.
            Some((_, used, _))
                if duty.kind == DutyKind::Claim
                    && !is_worth(least, duty.amount, price.saturating_mul(used.into())) => {}
            Some((duty, _, limits)) => ready.calls.push(BridgeCall { duty, limits }),
            // The plan's own count of the money says how much is missing, and where to send it.
            None if is_poor(&answers, &choices) => ready.calls.push(BridgeCall {
                duty,
                limits: UNKNOWN_LIMITS,
            }),
            None => ready.waiting.push(WaitingDuty {
                duty,
                why: why.unwrap_or_default(),
            }),
        }
    }
    Ok(())
}

/// Whether the node gives no estimate because the account cannot even put the collateral down (conflux-rust
/// `execution_outcome.rs`, `estimation.rs`: an estimate counts gas at no price, and collateral in full).
fn is_poor(answers: &BatchAnswers, choices: &[(Duty, Slot)]) -> bool {
    let says = |slot| {
        let refusal = answers.result(slot).err();
        refusal.is_some_and(|refusal| refusal.message.contains("NotEnoughCash"))
    };
    choices.iter().all(|(_, slot)| says(*slot))
}

/// Whether interest is claimed now: from the amount of the spec on, or when it is more than its gas costs; all in drip.
pub(super) fn is_worth(least: Option<u128>, interest: u128, cost: u128) -> bool {
    least.map_or(interest > cost, |least| interest >= least)
}

/// Gas that a call uses, and limits for it; or why it is refused.
fn limits(answers: &BatchAnswers, slot: Slot) -> Result<(u64, GasLimits), String> {
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
