//! What a bridge says of itself.
//!
//! - Reads: views of the bridge at one epoch, its account and the price of gas, all in one round trip.
//! - Returns: what the duties follow from, or that there is no bridge.
//! - Never: takes a node in trouble for a quiet bridge.

use pospool_model::Problem;
use serde_json::json;

use super::claim_every;
use super::duties::{Duty, Kind, Seen, Waiting};
use super::observe::Service;
use crate::abi::{self, Argument};
use crate::address::CoreAddress;
use crate::batch::{Answers, At, Batch, Slot};
use crate::pending;
use crate::revert;
use crate::rpc::{Rpc, RpcError};
use crate::text::{field_u64, quantity};

/// What the views said.
pub(super) struct Views {
    pub(super) seen: Seen,
    pub(super) balance: Option<u128>,
    /// Transactions that nobody has settled.
    pub(super) under_way: u64,
    /// Drip for a unit of gas, as the node proposes it.
    pub(super) price: u128,
    /// Views that failed, and how.
    pub(super) troubles: Vec<Waiting>,
}

/// Questions about a bridge and the account that calls it.
struct Asked {
    owner: Slot,
    crossing: Slot,
    summary: Slot,
    unstakes: Slot,
    first: Slot,
    interest: Slot,
    escrow: Slot,
    locks: Slot,
    votes: Slot,
    mapped: Slot,
    nonces: pending::Asked,
    balance: Slot,
    price: Slot,
    block: Slot,
}

impl Asked {
    fn of(service: &Service<'_>, batch: &mut Batch) -> Self {
        let at = At::Epoch(service.epoch);
        let mapped = [Argument::Address(service.bridge.bytes())];
        let mapped = abi::call("mappedBalance(address)", &mapped);
        let block = json!([quantity(service.epoch.into()), false]);
        let nonces = pending::ask(batch, service.signer.into());
        let mapped = batch.view(cross_space_call(service.network), &mapped, at);
        let balance = batch.balance(service.signer, At::LatestState);
        let price = batch.ask("cfx_gasPrice", json!([]));
        let block = batch.ask("cfx_getBlockByEpochNumber", block);
        let mut view = |signature: &str| batch.view(service.bridge, &abi::selector(signature), at);
        Self {
            owner: view("owner()"),
            crossing: view("queryCrossingVotes()"),
            summary: view("queryUserSummary()"),
            unstakes: view("queryUnstakeLen()"),
            first: view("eSpaceFirstUnstakeVotes()"),
            interest: view("queryInterest()"),
            escrow: view("eSpaceVotingEscrow()"),
            locks: view("isLockInfoChanged()"),
            votes: view("isVoteInfoChanged()"),
            mapped,
            nonces,
            balance,
            price,
            block,
        }
    }

    /// Questions whose answers say what there is to do: a node in trouble must not be taken for a quiet bridge.
    fn needed(&self) -> [Slot; 6] {
        [
            self.owner,
            self.crossing,
            self.summary,
            self.unstakes,
            self.interest,
            self.mapped,
        ]
    }
}

/// Asks for the views; the problem is that there is no bridge.
pub(super) async fn views(
    service: &Service<'_>,
    rpc: &Rpc,
) -> Result<Result<Views, Problem>, RpcError> {
    let mut batch = Batch::default();
    let asked = Asked::of(service, &mut batch);
    let answers = batch.send(rpc).await?;
    let mut needed = asked.needed().into_iter();
    let refusal = needed.find_map(|slot| answers.silence(slot));
    if let Some(refusal) = refusal.or_else(|| asked.nonces.trouble(&answers)) {
        return Err(RpcError::Refused {
            method: "a question about a bridge".to_owned(),
            refusal: refusal.clone(),
        });
    }
    let mut troubles = Vec::new();
    let Some(seen) = read(service, &asked, &answers, &mut troubles) else {
        return Ok(Err(no_bridge(service, &answers, &asked)));
    };
    let under_way = pending::read(asked.nonces, &answers)
        .map_or(0, |nonces| nonces.next().saturating_sub(nonces.executed));
    Ok(Ok(Views {
        seen,
        balance: answers.number(asked.balance),
        under_way,
        price: answers.number(asked.price).unwrap_or_default(),
        troubles,
    }))
}

/// `None` if it is no bridge: one answers every call, also one that it does not know, but then with nothing.
fn read(
    service: &Service<'_>,
    asked: &Asked,
    answers: &Answers,
    troubles: &mut Vec<Waiting>,
) -> Option<Seen> {
    let number = |slot| {
        let bytes = answers.bytes(slot)?;
        abi::read_number(&bytes)
    };
    let [locked, unlocked] = votes_of(answers, asked.summary)?;
    let has_escrow = is_set(answers, asked.escrow);
    let mut news = |slot, kind| has_escrow && changed(answers, slot, kind, troubles);
    let owner = answers.bytes(asked.owner);
    let owner = owner.and_then(|bytes| abi::read_address(&bytes));
    let block = answers.get(asked.block);
    Some(Seen {
        crossing: number(asked.crossing)?,
        mapped: number(asked.mapped).unwrap_or_default(),
        unstakes: number(asked.unstakes)?,
        first_unstake: number(asked.first).unwrap_or_default(),
        locked,
        unlocked,
        interest: number(asked.interest)?,
        locks_changed: news(asked.locks, Kind::SyncLocks),
        votes_changed: news(asked.votes, Kind::SyncVotes),
        owns: owner == Some(service.signer.bytes()),
        block: block
            .and_then(|block| field_u64(block, "blockNumber"))
            .unwrap_or(service.epoch),
        claimed_block: recorded_block(service),
        claim_every: claim_every(service.wanted),
    })
}

/// The chain's own contract that knows what has arrived from eSpace.
fn cross_space_call(network: u32) -> CoreAddress {
    let mut bytes = [0; 20];
    bytes[..2].copy_from_slice(&[0x08, 0x88]);
    bytes[19] = 6;
    CoreAddress::new(bytes, network)
}

/// Locked and unlocked votes of the bridge's account in the pool: the third and fourth number of its summary.
fn votes_of(answers: &Answers, slot: Slot) -> Option<[u128; 2]> {
    let bytes = answers.bytes(slot)?;
    let word = |nth: usize| abi::read_number(bytes.get(32 * nth..32 * (nth + 1))?);
    Some([word(2)?, word(3)?])
}

fn is_set(answers: &Answers, slot: Slot) -> bool {
    let address = answers
        .bytes(slot)
        .and_then(|bytes| abi::read_address(&bytes));
    address.is_some_and(|bytes| bytes != [0; 20])
}

/// Whether there is news of governance. The reference looks through blocks in a loop that strange values make endless:
/// then the rest goes on without it.
fn changed(answers: &Answers, slot: Slot, kind: Kind, troubles: &mut Vec<Waiting>) -> bool {
    let why = match answers.result(slot) {
        Ok(_) => match answers.bytes(slot).and_then(|bytes| abi::read_bool(&bytes)) {
            Some(changed) => return changed,
            None => "the bridge does not say whether there is news".to_owned(),
        },
        Err(refusal) => format!(
            "the bridge cannot say whether there is news: {}",
            revert::reason(refusal)
        ),
    };
    let duty = Duty { kind, amount: 0 };
    troubles.push(Waiting { duty, why });
    false
}

fn no_bridge(service: &Service<'_>, answers: &Answers, asked: &Asked) -> Problem {
    let mut slots = asked.needed().into_iter();
    let refusal = slots.find_map(|slot| answers.result(slot).err());
    let why = match refusal {
        Some(refusal) => format!(": {}", revert::reason(refusal)),
        None => String::new(),
    };
    let summary = format!(
        "what is at {} does not answer as a bridge does{why}",
        service.bridge
    );
    Problem::new("chain/no-bridge", &["bridge"], summary).help(
        "see that it is a `CoreBridge` whose pool, eSpace pool and proxy are set, in Core Space of this network",
    )
}

fn recorded_block(service: &Service<'_>) -> Option<u64> {
    let recorded = service.target.recorded?.outputs.get("claimed_block")?;
    recorded.as_integer()?.try_into().ok()
}
