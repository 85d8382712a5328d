//! Views of contracts in Core Space, answered by the pool's own node: they cost nothing of what public endpoints allow.
//!
//! - Reads: the node in its container; one block of the endpoint, to compare.
//! - Returns: the answers to a batch, in the order of its calls, from wherever they came.
//! - Never: believes a node whose newest block is old, or whose chain is another one than the endpoint's where PoS has
//!   finalised it. Never asks it what money depends on, such as a nonce, a receipt, or whether a contract is there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pospool_conflux::hex::{hex_text, hex_word};
use pospool_conflux_rpc::quantity::read_quantity;
use pospool_conflux_rpc::{
    Batch, BatchAnswers, Call, REVERTED, Refusal, Rpc, RpcError, call_json, is_lagging, read_result,
};
use pospool_model::provider::ObserveContext;
use pospool_model::{Address, OwnNode, ProviderError};
use serde_json::{Value as Json, json};

use crate::codes;

/// Largest age of its newest block, and most that it may be in the future.
const FRESH: u64 = 60;
/// How often, and how far apart, a node is asked that has not executed the epoch yet which the endpoint told of.
const TRIES: u32 = 3;
/// How many epochs behind the endpoint a node may be with what PoS has finalised: some minutes.
const BEHIND: u128 = 600;
const PAUSE: Duration = Duration::from_millis(700);

/// A node of the pool.
#[derive(Clone, Copy)]
pub(crate) struct PoolNode<'a> {
    way: &'a dyn OwnNode,
    docker: &'a str,
    lineage: &'a str,
    address: &'a Address,
}

/// The way to nodes of the pool, if there is one.
#[derive(Clone, Default)]
pub(crate) struct OwnNodes {
    way: Option<Arc<dyn OwnNode>>,
    /// Where each node is, by the spec and the last look: its engine, and the lineage of the state.
    places: Arc<Mutex<BTreeMap<Address, (String, String)>>>,
}

impl fmt::Debug for OwnNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnNodes")
            .field(&self.way.is_some())
            .finish()
    }
}

impl From<Arc<dyn OwnNode>> for OwnNodes {
    fn from(way: Arc<dyn OwnNode>) -> Self {
        Self {
            way: Some(way),
            ..Self::default()
        }
    }
}

impl OwnNodes {
    /// Remembers where the nodes of the spec are.
    pub(crate) fn saw(&self, scene: &ObserveContext<'_>) {
        let nodes = scene.wanted.keys().filter(|it| it.kind() == "node");
        let found = nodes.filter_map(|address| {
            let node = node_at(self, address, scene)?;
            let place = (node.docker.to_owned(), node.lineage.to_owned());
            Some((address.clone(), place))
        });
        *self.places() = found.collect();
    }

    /// Asks a node for its PoS key once more, right before 1,000 CFX go with it: what a state or a plan says of the key may
    /// have been written by anybody. Where there is no way to nodes at all, nothing is asked.
    pub(crate) async fn expect_key(
        &self,
        node: &Address,
        key: [u8; 32],
    ) -> Result<(), ProviderError> {
        let Some(way) = &self.way else {
            return Ok(());
        };
        let place = self.places().get(node).cloned();
        let question = Json::Array(vec![call_json(
            0,
            "test_posRegister",
            &json!(["0x1", null]),
        )]);
        let mut said = None;
        if let Some((docker, lineage)) = &place {
            for try_ in 1..=TRIES {
                if try_ > 1 {
                    tokio::time::sleep(PAUSE).await;
                }
                let answer = way.ask(docker, lineage, node, &question).await;
                said = answer.as_ref().and_then(read_key);
                if said.is_some() {
                    break;
                }
            }
        }
        let (planned, refused) = (hex_text(&key), ProviderError::refused);
        match said {
            Some(said) if said == key => Ok(()),
            Some(said) => Err(refused(
                codes::OTHER_KEY,
                format!(
                    "`{node}` says that its PoS key is {}, and the plan registers {planned}: nothing was sent; plan again",
                    hex_text(&said)
                ),
            )),
            None => Err(refused(
                codes::KEY_NOT_SAID,
                format!(
                    "`{node}` does not say now which PoS key it has, and the plan registers {planned} with 1,000 CFX: nothing was sent"
                ),
            )),
        }
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<Address, (String, String)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The PoS address in a node's answer.
fn read_key(answer: &Json) -> Option<[u8; 32]> {
    let mut results = in_order(answer, 1)?;
    let said = results.pop()?.ok()?;
    let text = said.get(1)?.as_str()?.to_lowercase();
    hex_word(&format!("0x{}", text.trim_start_matches("0x")))
}

/// The pool's node on a chain, if it was made, and there is a way to it.
pub(crate) fn node_on<'a>(
    own_nodes: &'a OwnNodes,
    chain: &Address,
    scene: &ObserveContext<'a>,
) -> Option<PoolNode<'a>> {
    let nodes = scene
        .wanted
        .iter()
        .filter(|(address, _)| address.kind() == "node");
    let mut here = nodes.filter(|(address, wanted)| {
        let on = wanted.get("chain").and_then(|chain| chain.as_resource());
        on == Some(chain) && scene.outputs.contains_key(*address)
    });
    let (address, _) = here.next()?;
    node_at(own_nodes, address, scene)
}

/// A node of the pool, if it was made, and there is a way to it.
pub(crate) fn node_at<'a>(
    own_nodes: &'a OwnNodes,
    address: &'a Address,
    scene: &ObserveContext<'a>,
) -> Option<PoolNode<'a>> {
    let way = own_nodes.way.as_deref()?;
    let wanted = scene.wanted.get(address)?;
    // The engine is the one that the spec names now, and never one that a state names.
    let host = scene.outputs.get(wanted.get("host")?.as_resource()?)?;
    Some(PoolNode {
        way,
        docker: host.get("docker")?.as_text()?,
        lineage: scene.lineage,
        address,
    })
}

/// Whether a node follows the chain of an endpoint, and PoS finalises there what it does here: one whose PoS has died goes on
/// with the chain, and finalises nothing more.
pub(crate) async fn follows_chain(node: PoolNode<'_>, rpc: &Rpc) -> bool {
    let Some(told) = told(node, &[]).await else {
        return false;
    };
    let calls = [block(&told.epoch), block("latest_finalized")];
    let Ok(answers) = rpc.batch(&calls).await else {
        return false;
    };
    let [Ok(same), Ok(newest)] = answers.as_slice() else {
        return false;
    };
    let epoch = |block: &Json| read_quantity(block.get("epochNumber")?);
    let near = epoch(newest)
        .zip(epoch(same))
        .is_some_and(|(newest, theirs)| newest.saturating_sub(theirs) <= BEHIND);
    same["hash"].as_str() == Some(told.hash.as_str()) && near
}

/// Sends a batch; its calls in the slots `views` may be answered by the node.
pub(crate) async fn send_beside(
    batch: &Batch,
    rpc: &Rpc,
    node: Option<PoolNode<'_>>,
    views: &[usize],
) -> Result<BatchAnswers, RpcError> {
    Ok(BatchAnswers::of(
        ask_beside(rpc, node, batch.calls(), views).await?,
    ))
}

/// Calls methods that only read; those in the slots `views` are answered by the node, if it can be believed.
async fn ask_beside(
    rpc: &Rpc,
    node: Option<PoolNode<'_>>,
    calls: &[Call],
    views: &[usize],
) -> Result<Vec<Result<Json, Refusal>>, RpcError> {
    let asked: Vec<&Call> = views.iter().map(|slot| &calls[*slot]).collect();
    let told = match node {
        Some(node) if !asked.is_empty() => told(node, &asked).await,
        _ => None,
    };
    let Some(told) = told else {
        return rpc.batch(calls).await;
    };
    let others: Vec<usize> = (0..calls.len())
        .filter(|slot| !views.contains(slot))
        .collect();
    let mut rest: Vec<Call> = others.iter().map(|slot| calls[*slot].clone()).collect();
    rest.push(block(&told.epoch));
    let mut answers = rpc.batch(&rest).await?;
    let theirs = answers.pop().and_then(Result::ok);
    let same = theirs.is_some_and(|block| block["hash"].as_str() == Some(told.hash.as_str()));
    let told = if same {
        told.answers
    } else {
        let asked: Vec<Call> = asked.into_iter().cloned().collect();
        rpc.batch(&asked).await?
    };
    let views = views.iter().copied().zip(told);
    let mut placed: Vec<_> = others.into_iter().zip(answers).chain(views).collect();
    placed.sort_by_key(|(slot, _)| *slot);
    Ok(placed.into_iter().map(|(_, answer)| answer).collect())
}

/// What a node told, and of which chain.
struct NodeAnswer {
    answers: Vec<Result<Json, Refusal>>,
    /// The newest epoch that PoS has finalised there, as the node writes it, and the hash of its block.
    epoch: String,
    hash: String,
}

/// A question for a block without its transactions.
fn block(epoch: &str) -> Call {
    Call {
        method: "cfx_getBlockByEpochNumber",
        params: json!([epoch, false]),
    }
}

async fn told(node: PoolNode<'_>, views: &[&Call]) -> Option<NodeAnswer> {
    let blocks = [block("latest_mined"), block("latest_finalized")];
    let calls: Vec<Json> = blocks
        .iter()
        .chain(views.iter().copied())
        .enumerate()
        .map(|(id, call)| call_json(id, call.method, &call.params))
        .collect();
    let request = Json::Array(calls);
    for try_ in 1..=TRIES {
        if try_ > 1 {
            tokio::time::sleep(PAUSE).await;
        }
        let answer = node
            .way
            .ask(node.docker, node.lineage, node.address, &request);
        let mut results = in_order(&answer.await?, views.len() + blocks.len())?;
        let answers = results.split_off(blocks.len());
        if answers
            .iter()
            .any(|answer| matches!(answer, Err(refusal) if is_lagging(refusal)))
        {
            continue;
        }
        // A refusal that tells nothing of the chain is none of the node's business to give: somebody else may know.
        let tells = |answer: &Result<Json, Refusal>| match answer {
            Ok(_) => true,
            Err(refusal) => REVERTED.contains(&refusal.code),
        };
        let [Ok(newest), Ok(finalised)] = results.as_slice() else {
            return None;
        };
        if !is_fresh(newest, now()?) || !answers.iter().all(tells) {
            return None;
        }
        return Some(NodeAnswer {
            epoch: finalised["epochNumber"].as_str()?.to_owned(),
            hash: finalised["hash"].as_str()?.to_owned(),
            answers,
        });
    }
    None
}

/// The answers to a batch whose calls are numbered, if all of them are there.
fn in_order(answer: &Json, count: usize) -> Option<Vec<Result<Json, Refusal>>> {
    let mut results = vec![None; count];
    for one in answer.as_array()? {
        let slot = usize::try_from(one.get("id")?.as_u64()?).ok()?;
        *results.get_mut(slot)? = Some(read_result(one));
    }
    results.into_iter().collect()
}

fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

fn is_fresh(block: &Json, now: u64) -> bool {
    let made = block.get("timestamp").and_then(read_quantity);
    let made = made.and_then(|made| u64::try_from(made).ok());
    made.is_some_and(|made| made.abs_diff(now) <= FRESH)
}

#[cfg(test)]
mod tests;
