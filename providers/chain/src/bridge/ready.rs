//! Which duties of a bridge can be done now: the node tries each call out.
//!
//! - Reads: duties; estimates of their calls in one round trip.
//! - Returns: calls with their limits, and what waits with the reason.
//! - Never: lets a call through that the node refuses now, or that costs more than it brings.

use pospool_conflux_rpc::{Batch, BatchAnswers, Rpc, RpcError, Slot};
use pospool_conflux_tx::gas::{self, GasLimits};

use super::claim_from;
use super::duties::{self, Duty, DutyKind, WaitingDuty};
use super::service::BridgeService;
use super::views::Views;
use crate::estimate::{
    CallerStanding, STORAGE_MARGIN, ask_estimate, is_worth, obstacle, read_estimate,
};
use crate::facts::BridgeCall;

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
    if let Some(why) = obstacle(standing) {
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
            let (from, to) = (service.subject.signer, service.subject.bridge);
            let choices = duty.choices().into_iter().map(|choice| {
                let slot = ask_estimate(&mut batch, from, to, &choice.data());
                (choice, slot)
            });
            (duty, choices.collect())
        })
        .collect();
    let answers = batch.send(rpc).await?;
    let least = claim_from(service.wanted);
    for (duty, choices) in asked {
        let mut why = None;
        let accepted =
            choices
                .iter()
                .find_map(|(choice, slot)| match read_estimate(&answers, *slot) {
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
