//! What a bridge says of itself.
//!
//! - Reads: views of the bridge at one state of the chain: in one call, or each alone where an endpoint does not take that.
//! - Returns: what the duties follow from, or that there is no bridge.
//! - Never: takes a node in trouble for a quiet bridge.

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux_rpc::quantity::{field_u64, quantity_text};
use pospool_conflux_rpc::{At, Batch, Multicall, MulticallAnswer, Refusal, Rpc, RpcError, revert};
use pospool_model::{Endpoint, Problem};
use serde_json::json;

use super::duties::{Duty, DutyKind, SeenBridge, WaitingDuty};
use crate::codes;
use crate::internal::cross_space_call;

/// A bridge, and who calls it: all that its views are read with.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(super) bridge: CoreAddress,
    pub(super) signer: CoreAddress,
    /// Network id of Core addresses.
    pub(super) network: u32,
    /// Block of the last claim of interest, as the state knows it.
    pub(super) claimed_block: Option<u64>,
    pub(super) claim_every: u64,
}

/// What the views said.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    pub(super) seen: SeenBridge,
    /// Views that failed, and how.
    pub(super) troubles: Vec<WaitingDuty>,
    /// Whether one call was enough for them.
    pub(super) together: bool,
}

/// The views, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BridgeView {
    Owner,
    Crossing,
    Summary,
    Unstakes,
    First,
    Interest,
    Escrow,
    Mapped,
    Locks,
    Votes,
}

/// Each view with its signature, all of the bridge but one.
const VIEWS: [(BridgeView, &str); 10] = [
    (BridgeView::Owner, "owner()"),
    (BridgeView::Crossing, "queryCrossingVotes()"),
    (BridgeView::Summary, "queryUserSummary()"),
    (BridgeView::Unstakes, "queryUnstakeLen()"),
    (BridgeView::First, "eSpaceFirstUnstakeVotes()"),
    (BridgeView::Interest, "queryInterest()"),
    (BridgeView::Escrow, "eSpaceVotingEscrow()"),
    (BridgeView::Mapped, "mappedBalance(address)"),
    (BridgeView::Locks, "isLockInfoChanged()"),
    (BridgeView::Votes, "isVoteInfoChanged()"),
];

/// Views whose answers say what there is to do: a node in trouble must not be taken for a quiet bridge.
const NEEDED: [BridgeView; 6] = [
    BridgeView::Owner,
    BridgeView::Crossing,
    BridgeView::Summary,
    BridgeView::Unstakes,
    BridgeView::Interest,
    BridgeView::Mapped,
];

impl BridgeView {
    /// Whom it is asked of, and how.
    pub(super) fn question(self, subject: &Subject) -> (CoreAddress, Vec<u8>) {
        let signature = VIEWS[self as usize].1;
        if self == Self::Mapped {
            let bridge = Argument::Address(subject.bridge.bytes());
            let to = cross_space_call(subject.network);
            return (to, abi::encode_call(signature, &[bridge]));
        }
        (subject.bridge, abi::function_selector(signature).to_vec())
    }

    /// Whether it asks eSpace a dozen times.
    fn is_large(self) -> bool {
        matches!(self, Self::Locks | Self::Votes)
    }
}

/// All views as one question.
fn all(subject: &Subject) -> Multicall {
    let mut views = Multicall::default();
    for (view, _) in VIEWS {
        let (to, data) = view.question(subject);
        if view.is_large() {
            views.large_view(to.bytes(), data);
        } else {
            views.view(to.bytes(), data);
        }
    }
    views
}

/// Asks for the views at an epoch; the problem is that there is no bridge.
pub(super) async fn read_views(
    subject: &Subject,
    epoch: u64,
    rpc: &Rpc,
) -> Result<Result<Views, Problem>, RpcError> {
    if let Some(views) = ask_together(subject, At::Epoch(epoch), rpc).await? {
        return Ok(Ok(views));
    }
    let told = each_alone(subject, epoch, rpc).await?;
    let views = read(subject, told.block.unwrap_or(epoch), &told, false);
    Ok(views.ok_or_else(|| no_bridge(subject, &told)))
}

/// Asks for all views with one call. `None` if the endpoint does not take such a call, or if it does not say everything:
/// then each has to be asked alone.
pub(super) async fn ask_together(
    subject: &Subject,
    at: At,
    rpc: &Rpc,
) -> Result<Option<Views>, RpcError> {
    let mut batch = Batch::default();
    let views = all(subject);
    let slot = views.ask(&mut batch, at);
    let answers = batch.send(rpc).await?;
    if let Some(refusal) = answers.silence(slot).filter(|refusal| refusal.is_busy()) {
        return Err(refused(refusal));
    }
    let told = views.read(&answers, slot);
    let whole = told.filter(|told| NEEDED.iter().all(|view| told.views[*view as usize].is_ok()));
    Ok(whole.and_then(|told| read(subject, told.block?, &told, true)))
}

/// Asks for each view with a call of its own.
async fn each_alone(subject: &Subject, epoch: u64, rpc: &Rpc) -> Result<MulticallAnswer, RpcError> {
    let mut batch = Batch::default();
    let slots = VIEWS.map(|(view, _)| {
        let (to, data) = view.question(subject);
        batch.view(to, &data, At::Epoch(epoch))
    });
    let block = json!([quantity_text(epoch.into()), false]);
    let block = batch.ask("cfx_getBlockByEpochNumber", block);
    let answers = batch.send(rpc).await?;
    let mut needed = NEEDED.iter().map(|view| slots[*view as usize]);
    if let Some(refusal) = needed.find_map(|slot| answers.silence(slot)) {
        return Err(refused(refusal));
    }
    let views = slots.iter().map(|slot| match answers.result(*slot) {
        Ok(_) => Ok(answers.bytes(*slot).unwrap_or_default()),
        Err(refusal) => Err(refusal.clone()),
    });
    Ok(MulticallAnswer {
        views: views.collect(),
        block: answers
            .get(block)
            .and_then(|block| field_u64(block, "blockNumber")),
    })
}

fn refused(refusal: &Refusal) -> RpcError {
    RpcError::Refused {
        method: "a question about a bridge".to_owned(),
        refusal: refusal.clone(),
    }
}

/// `None` if it is no bridge: one answers every call, also one that it does not know, but then with nothing.
fn read(subject: &Subject, block: u64, told: &MulticallAnswer, together: bool) -> Option<Views> {
    let mut troubles = Vec::new();
    let bytes = |view: BridgeView| told.views[view as usize].as_deref().ok();
    let number = |view| abi::read_number(bytes(view)?);
    let [locked, unlocked] = votes_of(bytes(BridgeView::Summary)?)?;
    let escrow = bytes(BridgeView::Escrow).and_then(abi::read_address);
    let has_escrow = escrow.is_some_and(|bytes| bytes != [0; 20]);
    let mut news = |view, kind| has_escrow && changed(told, view, kind, &mut troubles);
    let owner = bytes(BridgeView::Owner).and_then(abi::read_address);
    let seen = SeenBridge {
        crossing: number(BridgeView::Crossing)?,
        mapped: number(BridgeView::Mapped).unwrap_or_default(),
        unstakes: number(BridgeView::Unstakes)?,
        first_unstake: number(BridgeView::First).unwrap_or_default(),
        locked,
        unlocked,
        interest: number(BridgeView::Interest)?,
        locks_changed: news(BridgeView::Locks, DutyKind::SyncLocks),
        votes_changed: news(BridgeView::Votes, DutyKind::SyncVotes),
        owns: owner == Some(subject.signer.bytes()),
        block,
        claimed_block: subject.claimed_block,
        claim_every: subject.claim_every,
    };
    Some(Views {
        seen,
        troubles,
        together,
    })
}

/// Locked and unlocked votes of the bridge's account in the pool: the third and fourth number of its summary.
fn votes_of(summary: &[u8]) -> Option<[u128; 2]> {
    let word = |nth| abi::read_nth_number(summary, nth);
    Some([word(2)?, word(3)?])
}

/// Whether there is news of governance. The reference looks through blocks in a loop that strange values make endless:
/// then the rest goes on without it.
fn changed(
    told: &MulticallAnswer,
    view: BridgeView,
    kind: DutyKind,
    troubles: &mut Vec<WaitingDuty>,
) -> bool {
    let why = match &told.views[view as usize] {
        Ok(bytes) => match abi::read_bool(bytes) {
            Some(changed) => return changed,
            None => "the bridge does not say whether there is news".to_owned(),
        },
        Err(refusal) => format!(
            "the bridge cannot say whether there is news: {}",
            revert::refusal_reason(refusal)
        ),
    };
    let duty = Duty { kind, amount: 0 };
    troubles.push(WaitingDuty { duty, why });
    false
}

fn no_bridge(subject: &Subject, told: &MulticallAnswer) -> Problem {
    let mut needed = NEEDED.iter().map(|view| &told.views[*view as usize]);
    let refusal = needed.find_map(|answer| answer.as_ref().err());
    let why = match refusal {
        Some(refusal) => format!(": {}", revert::refusal_reason(refusal)),
        None => String::new(),
    };
    let summary = format!(
        "what is at {} does not answer as a bridge does{why}",
        subject.bridge
    );
    Problem::new(codes::NO_BRIDGE, &["bridge"], summary).help(
        "see that it is a `CoreBridge` whose pool, eSpace pool and proxy are set, in Core Space of this network",
    )
}

/// What a look saw of one bridge, and where.
#[derive(Clone, Debug)]
pub(crate) struct LastViews {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) subject: Subject,
    pub(super) views: Views,
}

#[cfg(test)]
mod tests {
    use super::VIEWS;

    #[test]
    fn views_stand_where_they_are_looked_for() {
        for (place, (view, _)) in VIEWS.into_iter().enumerate() {
            assert_eq!(view as usize, place);
        }
    }
}
