//! What there is to do for a bridge, and what of it can be done now.
//!
//! - Reads: views of the bridge in one round trip; where there is something to do, simulations of the calls in another.
//! - Returns: duties as an attribute whose wanted value is "none"; limits for the calls that the node accepts.
//! - Never: plans a call while a transaction of the account is under way that this state did not settle.

use futures_util::future::join_all;
use pospool_model::provider::{Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, Drip, Problem, ProviderError, Value};
use serde_json::json;

use super::duties::{self, Duty, Kind, Seen, Waiting};
use super::{DUTIES, claim_every, claim_from};
use crate::abi::{self, Argument};
use crate::address::CoreAddress;
use crate::batch::{Answers, At, Batch, Slot};
use crate::chain;
use crate::chain_address::Space;
use crate::facts::{BridgeCall, BridgeFacts, Facts};
use crate::gas::{self, Limits};
use crate::observe::chain_of;
use crate::pending;
use crate::resolve::address_of;
use crate::revert;
use crate::rpc::{Rpc, RpcError};
use crate::text::{field_u64, hex_text, quantity, read_quantity, read_u64};
use crate::wire::Link;

/// What an estimate may be short of, as a part of it: votes and queues move between a look and an execution.
const GAS_MARGIN: u64 = 4;
/// Bytes of storage, four entries.
const STORAGE_MARGIN: u64 = 256;
/// Limits of a call that the node cannot estimate for lack of money: more than any of these calls takes.
const UNKNOWN_LIMITS: Limits = Limits {
    gas: gas::GAS_LIMIT,
    storage: 4 * STORAGE_MARGIN,
};
const OUTPUT_EPOCH: &str = "epoch";

/// Looks at services.
pub(crate) async fn look(
    link: &Link,
    targets: &[&Target<'_>],
    scene: &Scene<'_>,
) -> Result<(Observation, Facts), ProviderError> {
    let (mut observation, mut facts) = (Observation::default(), Facts::default());
    let looks = targets.iter().map(|target| look_at(link, target, scene));
    for (target, found) in targets.iter().zip(join_all(looks).await) {
        let address = target.address.clone();
        match found? {
            Ok((observed, known)) => {
                observation.objects.insert(address.clone(), observed);
                facts.bridges.extend(known.map(|known| (address, known)));
            }
            Err(problem) => observation.problems.push((address, problem)),
        }
    }
    Ok((observation, facts))
}

type Found = Result<(Observed, Option<BridgeFacts>), Problem>;

/// Who calls what on which chain.
struct Service<'a> {
    target: &'a Target<'a>,
    wanted: &'a Attributes,
    bridge: CoreAddress,
    signer: CoreAddress,
    /// The epoch that the first look pinned.
    epoch: u64,
    network: u32,
}

impl<'a> Service<'a> {
    /// `None` while there is nothing to look at.
    fn find(
        target: &'a Target<'a>,
        wanted: &'a Attributes,
        chain: &Address,
        scene: &Scene<'_>,
    ) -> Result<Option<Self>, Problem> {
        let Some((network, epoch)) = pinned(scene.outputs.get(chain)) else {
            return Ok(None);
        };
        let Some(bridge) = bridge_of(wanted, scene, network)? else {
            return Ok(None);
        };
        let account = wanted.get("account").unwrap_or(&Value::Null);
        Ok(Some(Self {
            target,
            wanted,
            bridge,
            signer: address_of(account, scene.outputs, network, &["account"])?,
            epoch,
            network,
        }))
    }
}

async fn look_at(
    link: &Link,
    target: &Target<'_>,
    scene: &Scene<'_>,
) -> Result<Found, ProviderError> {
    let absent = Ok(Ok((Observed::Absent, None)));
    // One that left the spec leaves nothing outside.
    let chain = chain_of(target.wanted, scene);
    let (Some(wanted), Some(chain)) = (target.wanted, chain) else {
        return absent;
    };
    let service = match Service::find(target, wanted, chain, scene) {
        Ok(Some(service)) => service,
        Ok(None) => return absent,
        Err(problem) => return Ok(Err(problem)),
    };
    let unreachable = |error: RpcError| ProviderError::Unreachable {
        code: "chain/unreachable",
        what: format!("the Core Space RPC of `{chain}` (`core_rpc`)"),
        source: Some(Box::new(error)),
    };
    let endpoints = scene.wanted.get(chain);
    let endpoints = endpoints.map(|wanted| chain::endpoints(wanted, Space::Core));
    let rpc = Rpc::over(link, &endpoints.unwrap_or_default()).map_err(unreachable)?;
    let views = match views(&service, &rpc).await.map_err(unreachable)? {
        Ok(views) => views,
        Err(problem) => return Ok(Err(problem)),
    };
    let ready = ready(&service, &rpc, &views).await.map_err(unreachable)?;
    Ok(Ok(present(&service, &views, ready)))
}

/// What can be done now.
async fn ready(service: &Service<'_>, rpc: &Rpc, views: &Views) -> Result<Ready, RpcError> {
    let (open, waiting) = duties::duties(&views.seen);
    let mut ready = Ready {
        calls: Vec::new(),
        waiting,
    };
    if views.under_way > 0 {
        let why = format!(
            "{} transactions of the account are under way",
            views.under_way
        );
        let waiting = open.into_iter().map(|duty| Waiting {
            duty,
            why: why.clone(),
        });
        ready.waiting.extend(waiting);
    } else if !open.is_empty() {
        simulate(service, rpc, views.price, open, &mut ready).await?;
    }
    Ok(ready)
}

fn pinned(chain: Option<&Attributes>) -> Option<(u32, u64)> {
    let number = |name: &str| chain?.get(name)?.as_integer();
    let network = number("core_chain_id")?.try_into().ok()?;
    Some((network, number(OUTPUT_EPOCH)?.try_into().ok()?))
}

/// The bridge; `None` while this state has not made it.
fn bridge_of(
    wanted: &Attributes,
    scene: &Scene<'_>,
    network: u32,
) -> Result<Option<CoreAddress>, Problem> {
    let value = match wanted.get("bridge") {
        None | Some(Value::Unknown | Value::Null) => return Ok(None),
        Some(value) => value,
    };
    if let Value::Resource(resource) = value
        && !scene
            .outputs
            .get(resource)
            .is_some_and(|it| it.contains_key("address"))
    {
        return Ok(None);
    }
    address_of(value, scene.outputs, network, &["bridge"]).map(Some)
}

/// What the views said.
struct Views {
    seen: Seen,
    balance: Option<u128>,
    /// Transactions that nobody has settled.
    under_way: u64,
    /// Drip for a unit of gas, as the node proposes it.
    price: u128,
    /// Views that failed, and how.
    troubles: Vec<Waiting>,
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

async fn views(service: &Service<'_>, rpc: &Rpc) -> Result<Result<Views, Problem>, RpcError> {
    let mut batch = Batch::default();
    let asked = Asked::of(service, &mut batch);
    let answers = batch.send(rpc).await?;
    let mut needed = asked.needed().into_iter();
    if let Some(refusal) = needed.find_map(|slot| answers.silence(slot)) {
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

/// What can be done now, and what cannot.
struct Ready {
    calls: Vec<BridgeCall>,
    waiting: Vec<Waiting>,
}

/// Tries every call out; a call that the node refuses now is not planned.
async fn simulate(
    service: &Service<'_>,
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
                    "from": service.signer.to_string(),
                    "to": service.bridge.to_string(),
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
                if duty.kind == Kind::Claim
                    && !worth(least, duty.amount, price.saturating_mul(used.into())) => {}
            Some((duty, _, limits)) => ready.calls.push(BridgeCall { duty, limits }),
            // The plan's own count of the money says how much is missing, and where to send it.
            None if is_poor(&answers, &choices) => ready.calls.push(BridgeCall {
                duty,
                limits: UNKNOWN_LIMITS,
            }),
            None => ready.waiting.push(Waiting {
                duty,
                why: why.unwrap_or_default(),
            }),
        }
    }
    Ok(())
}

/// Whether the node gives no estimate because the account cannot even put the collateral down (conflux-rust
/// `execution_outcome.rs`, `estimation.rs`: an estimate counts gas at no price, and collateral in full).
fn is_poor(answers: &Answers, choices: &[(Duty, Slot)]) -> bool {
    let says = |slot| {
        Some(
            answers
                .result(slot)
                .err()?
                .message
                .contains("NotEnoughCash"),
        )
    };
    let mut choices = choices.iter();
    choices.all(|(_, slot)| says(*slot) == Some(true))
}

/// Whether interest is claimed now: from the amount of the spec on, or when it is more than its gas costs; all in drip.
pub(super) fn worth(least: Option<u128>, interest: u128, cost: u128) -> bool {
    least.map_or(interest > cost, |least| interest >= least)
}

/// Gas that a call uses, and limits for it; or why it is refused.
fn limits(answers: &Answers, slot: Slot) -> Result<(u64, Limits), String> {
    let estimate = answers.result(slot).map_err(revert::reason)?;
    let number = |field: &str| estimate.get(field).and_then(read_u64);
    let no_estimate = || "the node gives no estimate".to_owned();
    let gas = number("gasLimit").ok_or_else(no_estimate)?;
    let used = estimate.get("gasUsed").and_then(read_quantity);
    let storage = number("storageCollateralized").unwrap_or_default();
    let limits = Limits {
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

fn present(service: &Service<'_>, found: &Views, ready: Ready) -> (Observed, Option<BridgeFacts>) {
    let seen = &found.seen;
    let number = |number: u128| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let texts = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::Text).collect());
    let duties = ready.calls.iter().map(|call| call.duty.text()).collect();
    let waiting = ready.waiting.iter().chain(&found.troubles);
    let waiting = waiting
        .map(|one| format!("{}: {}", one.duty.text(), one.why))
        .collect();
    let mut outputs = Attributes::from([
        (
            "bridge_address".to_owned(),
            Value::Text(service.bridge.to_string()),
        ),
        ("signer".to_owned(), Value::Text(service.signer.to_string())),
        ("block".to_owned(), number(seen.block.into())),
        ("waiting".to_owned(), texts(waiting)),
        ("crossing_votes".to_owned(), number(seen.crossing)),
        ("unstakes".to_owned(), number(seen.unstakes)),
        ("unlocked_votes".to_owned(), number(seen.unlocked)),
        ("interest".to_owned(), Value::Amount(Drip(seen.interest))),
    ]);
    if let Some(balance) = found.balance {
        outputs.insert("balance".to_owned(), Value::Amount(Drip(balance)));
    }
    let facts = BridgeFacts {
        bridge: service.bridge,
        block: seen.block,
        calls: ready.calls,
    };
    let attributes = Attributes::from([(DUTIES.to_owned(), texts(duties))]);
    let observed = Observed::Present {
        attributes,
        outputs,
    };
    (observed, Some(facts))
}
