//! A look at the profit of pools: what is settled, what is due, and what of it the node accepts now.
//!
//! - Reads: the pool at the epoch that the first look pinned, what the look before found of its owner, estimates.
//! - Returns: the attribute `profit_due`, whose wanted value is "none"; warnings for what is due and cannot be done.
//! - Never: plans a payment without a call before it that counts what came in.

use pospool_conflux::{CoreAddress, abi};
use pospool_conflux_rpc::quantity::{field_u64, quantity_text};
use pospool_conflux_rpc::{At, Batch, CountingTransport, Rpc, RpcError, Slot};
use pospool_conflux_tx::gas::GasLimits;
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Drip, Problem, Value};
use serde_json::json;

use super::due::{ProfitCall, SeenProfit, is_settlement_due, payment_due};
use super::{PROFIT, PROFIT_DUE, ProfitTerms};
use crate::codes;
use crate::estimate::{CallerStanding, ask_estimate, is_worth, obstacle, read_estimate};
use crate::facts::{ChainProviderFacts, ProfitFacts};
use crate::observe::{chain_of, chain_unreachable};
use crate::resolve::address_of;

/// A pool whose profit is claimed.
struct ClaimedPool<'a> {
    address: &'a Address,
    chain: &'a Address,
    terms: ProfitTerms<'a>,
    pool: CoreAddress,
    owner: CoreAddress,
    to: CoreAddress,
    epoch: u64,
    settled_block: Option<u64>,
    claimed_block: Option<u64>,
    settled_earned: Option<u128>,
}

impl<'a> ClaimedPool<'a> {
    /// `None` while there is nothing to look at: what is not there earns nothing.
    fn find(
        target: &Target<'a>,
        scene: &ObserveContext<'a>,
        made: &ChainProviderFacts,
    ) -> Result<Option<Self>, Problem> {
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            return Ok(None);
        };
        let (Some(terms), Some(outputs)) = (
            ProfitTerms::read(wanted),
            target.recorded.map(|recorded| &recorded.outputs),
        ) else {
            return Ok(None);
        };
        let text = outputs.get("address").and_then(Value::as_text);
        let pool = text.and_then(|text| text.parse::<CoreAddress>().ok());
        let owner = made
            .contracts
            .get(target.address)
            .and_then(|known| known.owner);
        let epoch = scene
            .outputs
            .get(chain)
            .and_then(|chain| chain.get("epoch")?.as_integer());
        let epoch = epoch.and_then(|epoch| u64::try_from(epoch).ok());
        let (Some(pool), Some(owner), Some(epoch)) = (pool, owner, epoch) else {
            return Ok(None);
        };
        let owner = CoreAddress::new(owner, pool.network());
        let to = match terms.to {
            Some(to) if !is_made(to, scene) => return Ok(None),
            Some(to) => address_of(to, scene.outputs, pool.network(), &[PROFIT, "to"])?,
            None => owner,
        };
        let block = |name: &str| outputs.get(name)?.as_integer()?.try_into().ok();
        Ok(Some(Self {
            address: target.address,
            chain,
            terms,
            pool,
            owner,
            to,
            epoch,
            settled_block: block("settled_block"),
            claimed_block: block("claimed_block"),
            settled_earned: match outputs.get("settled_earned") {
                Some(Value::Amount(earned)) => Some(earned.0),
                _ => None,
            },
        }))
    }
}

/// Whether the receiver is there: a contract that no run has made yet gets nothing, and is no reason to know nothing of the
/// pool, which may be what makes it wait.
fn is_made(to: &Value, scene: &ObserveContext<'_>) -> bool {
    match to {
        Value::Unknown => false,
        Value::Resource(to) if to.kind() == "core_contract" => {
            let outputs = scene.outputs.get(to);
            outputs.is_some_and(|outputs| outputs.contains_key("address"))
        }
        _ => true,
    }
}

/// What is due, and what of it waits for what.
struct ReadyProfit {
    seen: SeenProfit,
    calls: Vec<(ProfitCall, GasLimits)>,
    waiting: Vec<String>,
}

/// Looks at the profit of these pools, which a look has found before.
pub(crate) async fn look_at_profit(
    link: &CountingTransport,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
    observation: &mut Observation,
    facts: &mut ChainProviderFacts,
) {
    for target in targets
        .iter()
        .filter(|target| target.address.kind() == "core_contract")
    {
        let pool = match ClaimedPool::find(target, scene, facts) {
            Ok(Some(pool)) => pool,
            Ok(None) => continue,
            Err(problem) => {
                // The pool itself was looked at.
                let unseen = (target.address.clone(), PROFIT_DUE, problem);
                observation.unseen.push(unseen);
                continue;
            }
        };
        let Some(chain) = facts.chains.get(pool.chain) else {
            continue;
        };
        let failed = |error| chain_unreachable(pool.chain, pospool_conflux::Space::Core, error);
        let asked = async {
            let rpc = Rpc::over(link, &chain.reference.endpoints).map_err(failed)?;
            look_at_one(&pool, &rpc, facts).await.map_err(failed)
        };
        let found = match asked.await {
            Ok(found) => found,
            Err(error) => {
                let unseen = (pool.address.clone(), PROFIT_DUE, error.to_problem());
                observation.unseen.push(unseen);
                continue;
            }
        };
        let due = found.calls.iter().map(|(call, _)| Value::Text(call.text()));
        if let Some(Observed::Present {
            attributes,
            outputs,
        }) = observation.objects.get_mut(pool.address)
        {
            attributes.insert(PROFIT_DUE.to_owned(), Value::List(due.collect()));
            let settled = Value::Amount(Drip(found.seen.settled));
            outputs.insert("profit".to_owned(), settled);
        }
        let warnings = found.waiting.into_iter().map(|why| {
            let summary =
                format!("the profit of the pool is due, and cannot be claimed as it should: {why}");
            let problem = Problem::new(codes::PROFIT_WAITS, &[PROFIT], summary);
            (pool.address.clone(), problem)
        });
        observation.warnings.extend(warnings);
        let known = ProfitFacts {
            block: found.seen.block,
            earned: found.seen.earned,
            calls: found.calls,
        };
        facts.profits.insert(pool.address.clone(), known);
    }
}

async fn look_at_one(
    pool: &ClaimedPool<'_>,
    rpc: &Rpc,
    made: &ChainProviderFacts,
) -> Result<ReadyProfit, RpcError> {
    let mut batch = Batch::default();
    let summary = abi::function_selector("poolSummary()");
    let summary = batch.view(pool.pool, &summary, At::Epoch(pool.epoch));
    let block = json!([quantity_text(pool.epoch.into()), false]);
    let block = batch.ask("cfx_getBlockByEpochNumber", block);
    let answers = batch.send(rpc).await?;
    for slot in [summary, block] {
        if let Some(refusal) = answers.silence(slot) {
            return Err(RpcError::refused("a question about a pool", refusal));
        }
    }
    let summary = answers.bytes(summary).unwrap_or_default();
    let word = |nth| abi::read_nth_number(&summary, nth);
    let block = answers
        .get(block)
        .and_then(|block| field_u64(block, "blockNumber"));
    let (Some(settled), Some(earned), Some(block)) = (word(1), word(2), block) else {
        let what = "the pool does not say what it has earned".to_owned();
        return Ok(nothing(SeenProfit::default(), vec![what]));
    };
    let seen = SeenProfit {
        settled,
        earned,
        block,
        settled_block: pool.settled_block,
        claimed_block: pool.claimed_block,
        settled_earned: pool.settled_earned,
        ..SeenProfit::default()
    };
    let (every, min) = (pool.terms.every, pool.terms.min);
    let payment = payment_due(&seen, every, min);
    if payment.is_none() && !is_settlement_due(&seen, every, min, 0) {
        return Ok(nothing(seen, Vec::new()));
    }
    let Some(standing) = CallerStanding::find(pool.owner, made) else {
        let owner = pool.owner;
        let what = format!("only its owner {owner} may, and no account of the spec has that key");
        return Ok(nothing(seen, vec![what]));
    };
    if let Some(why) = obstacle(Some(standing)) {
        return Ok(nothing(seen, vec![why]));
    }
    try_calls(pool, rpc, seen, payment, standing.price).await
}

fn nothing(seen: SeenProfit, waiting: Vec<String>) -> ReadyProfit {
    ReadyProfit {
        seen,
        calls: Vec::new(),
        waiting,
    }
}

/// Has the node try the calls, at what the owner sends next, and keeps those that are worth their gas.
async fn try_calls(
    pool: &ClaimedPool<'_>,
    rpc: &Rpc,
    mut seen: SeenProfit,
    payment: Option<u128>,
    price: u128,
) -> Result<ReadyProfit, RpcError> {
    let mut batch = Batch::default();
    let share = abi::function_selector("poolUserShareRatio()");
    let share = batch.view(pool.pool, &share, At::Epoch(pool.epoch));
    let mut ask = |call: ProfitCall| ask_estimate(&mut batch, pool.owner, pool.pool, &call.data());
    let (settle, count) = (ask(ProfitCall::Settle), ask(ProfitCall::Count));
    let payment = payment.map(|amount| {
        let call = ProfitCall::Withdraw {
            amount,
            to: pool.to,
        };
        (amount, call, ask(call))
    });
    let answers = batch.send(rpc).await?;
    let share = answers
        .bytes(share)
        .and_then(|word| abi::read_number(&word));
    seen.users_share = share.unwrap_or_default();
    let tried = |slot: Slot| read_estimate(&answers, slot);
    let cost = |used: u64| price.saturating_mul(used.into());
    let is_due = |cost| is_settlement_due(&seen, pool.terms.every, pool.terms.min, cost);
    let mut ready = nothing(seen, Vec::new());
    let settle = tried(settle).and_then(|found| within(found, pool.terms.max_gas));
    let settle = match settle {
        Ok((used, limits)) => is_due(cost(used)).then_some((ProfitCall::Settle, limits)),
        Err(why) => {
            ready.waiting.extend(is_due(0).then_some(why));
            None
        }
    };
    let Some((amount, call, slot)) = payment else {
        ready.calls.extend(settle);
        return Ok(ready);
    };
    // What settling costs, it brings itself; what counting costs, the payment has to bring.
    let counted = settle.map_or_else(
        || tried(count).map(|(used, limits)| (used, (ProfitCall::Count, limits))),
        |settle| Ok((0, settle)),
    );
    match (counted, tried(slot)) {
        (Ok((before, counted)), Ok((used, limits))) => {
            if is_worth(pool.terms.min, amount, cost(before.saturating_add(used))) {
                ready.calls.extend([counted, (call, limits)]);
            } else {
                ready.calls.extend(settle);
            }
        }
        (counted, payment) => {
            let whys = [counted.err(), payment.err()].into_iter().flatten();
            ready.waiting.extend(whys);
            ready.waiting.dedup();
        }
    }
    Ok(ready)
}

/// A settlement that may need no more gas than the spec lets it.
fn within(found: (u64, GasLimits), most: Option<u64>) -> Result<(u64, GasLimits), String> {
    match most {
        Some(most) if found.1.gas > most => Err(format!(
            "to settle all stakers may need {} gas, and `max_gas` is {most}",
            found.1.gas
        )),
        _ => Ok(found),
    }
}
