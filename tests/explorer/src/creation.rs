//! How contracts came to be: the transactions that created them.
//!
//! - Reads: blocks and receipts of a chain, the newest first, each once.
//! - Returns: a [`Creation`], or nothing where the blocks that were read have none.
//! - Never: reads further back than a limit; contracts that contracts create are not found.

use std::collections::BTreeMap;

use pospool_conflux_rpc::Call;
use serde_json::{Value as Json, json};

use crate::ExplorerSpace;
use crate::address::ContractAddress;
use crate::chain::{ChainError, ChainSpace, parse_bytes, parse_number, wrong_answer};

/// Blocks that are read at a time.
const STEP: u64 = 100;
/// How far behind the newest block is read.
const DEPTH: u64 = 50_000;

/// A transaction that created a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Creation {
    /// Hash of the transaction, as the chain writes it.
    pub(crate) transaction: String,
    /// Its sender.
    pub(crate) creator: ContractAddress,
    /// Number of the block, or of the epoch in Core.
    pub(crate) block: u64,
    /// Seconds since 1970.
    pub(crate) timestamp: u64,
    /// Code that created, with the arguments behind it.
    pub(crate) code: Vec<u8>,
}

/// What was found in the blocks that were read.
#[derive(Debug, Default)]
pub(crate) struct Creations {
    /// First block that was read, and the first above that was not.
    read: Option<(u64, u64)>,
    found: BTreeMap<ContractAddress, Creation>,
}

impl Creations {
    /// Looks for the creation of a contract, and reads blocks as far as it must.
    pub(crate) async fn find(
        &mut self,
        chain: &ChainSpace,
        address: ContractAddress,
    ) -> Result<Option<Creation>, ChainError> {
        if !self.found.contains_key(&address) {
            self.read_for(chain, address).await?;
        }
        Ok(self.found.get(&address).cloned())
    }

    async fn read_for(
        &mut self,
        chain: &ChainSpace,
        address: ContractAddress,
    ) -> Result<(), ChainError> {
        let end = newest(chain).await? + 1;
        let (mut low, mut high) = self.read.unwrap_or((end, end));
        while high < end {
            let next = end.min(high + STEP);
            self.found.extend(read(chain, high, next).await?);
            high = next;
            self.read = Some((low, high));
        }
        let floor = end.saturating_sub(DEPTH);
        while low > floor && !self.found.contains_key(&address) {
            let next = floor.max(low.saturating_sub(STEP));
            self.found.extend(read(chain, next, low).await?);
            low = next;
            self.read = Some((low, high));
        }
        Ok(())
    }
}

/// Newest block that was executed.
async fn newest(chain: &ChainSpace) -> Result<u64, ChainError> {
    let (method, parameters) = match chain.network.space {
        ExplorerSpace::Core => ("cfx_epochNumber", json!(["latest_state"])),
        ExplorerSpace::Espace => ("eth_blockNumber", json!([])),
    };
    let answer = chain.rpc.call(method, parameters).await?;
    parse_number(&answer).ok_or_else(|| wrong_answer(method, &answer))
}

type FoundCreations = Vec<(ContractAddress, Creation)>;

/// Reads the blocks from `start` up to the one before `end`.
async fn read(chain: &ChainSpace, start: u64, end: u64) -> Result<FoundCreations, ChainError> {
    match chain.network.space {
        ExplorerSpace::Core => read_core(chain, start, end).await,
        ExplorerSpace::Espace => read_espace(chain, start, end).await,
    }
}

/// Core tells in a block's transaction what it created.
async fn read_core(chain: &ChainSpace, start: u64, end: u64) -> Result<FoundCreations, ChainError> {
    let method = "cfx_getBlocksByEpoch";
    let epochs = (start..end).map(|epoch| json!([format!("{epoch:#x}")]));
    let lists = batch(chain, method, epochs).await?;
    let mut hashes = Vec::new();
    for list in &lists {
        let list = list.as_array().ok_or_else(|| wrong_answer(method, list))?;
        hashes.extend(list.iter().map(|hash| json!([hash, true])));
    }
    let blocks = batch(chain, "cfx_getBlockByHash", hashes).await?;
    let in_block = |block: &Json| {
        let transactions = transactions(block).iter();
        let made = transactions.filter(|transaction| transaction["status"] == "0x0");
        let made = made.filter_map(|transaction| {
            let text = transaction["contractCreated"].as_str()?;
            let address = chain.network.asked("contractCreated", text, true).ok()?;
            let creation = creation(chain, block, transaction, ["epochNumber", "data"])?;
            Some((address, creation))
        });
        made.collect::<Vec<_>>()
    };
    Ok(blocks.iter().flat_map(in_block).collect())
}

/// eSpace tells in the receipt what was created.
async fn read_espace(
    chain: &ChainSpace,
    start: u64,
    end: u64,
) -> Result<FoundCreations, ChainError> {
    let numbers = (start..end).map(|block| json!([format!("{block:#x}"), true]));
    let blocks = batch(chain, "eth_getBlockByNumber", numbers).await?;
    let creating = |block: &Json| {
        let transactions = transactions(block).iter();
        let creating = transactions.filter(|transaction| transaction["to"].is_null());
        let creating = creating.filter_map(|transaction| {
            let hash = json!([transaction["hash"]]);
            let creation = creation(chain, block, transaction, ["number", "input"])?;
            Some((hash, creation))
        });
        creating.collect::<Vec<_>>()
    };
    let (hashes, creations): (Vec<_>, Vec<_>) = blocks.iter().flat_map(creating).unzip();
    let receipts = batch(chain, "eth_getTransactionReceipt", hashes).await?;
    let made = receipts
        .iter()
        .zip(creations)
        .filter_map(|(receipt, creation)| {
            let text = receipt["contractAddress"].as_str()?;
            let address = chain.network.asked("contractAddress", text, true).ok()?;
            (receipt["status"] == "0x1").then_some((address, creation))
        });
    Ok(made.collect())
}

fn transactions(block: &Json) -> &[Json] {
    block["transactions"].as_array().map_or(&[], Vec::as_slice)
}

/// Reads a creation; the fields that differ are the number of the block and the code of the transaction.
fn creation(
    chain: &ChainSpace,
    block: &Json,
    transaction: &Json,
    [number_of, code]: [&str; 2],
) -> Option<Creation> {
    let creator = transaction["from"].as_str()?;
    Some(Creation {
        transaction: transaction["hash"].as_str()?.to_owned(),
        creator: chain.network.asked("from", creator, false).ok()?,
        block: parse_number(&block[number_of])?,
        timestamp: parse_number(&block["timestamp"])?,
        code: parse_bytes(&transaction[code])?,
    })
}

/// Calls one method many times; any refusal counts.
async fn batch(
    chain: &ChainSpace,
    method: &'static str,
    parameters: impl IntoIterator<Item = Json>,
) -> Result<Vec<Json>, ChainError> {
    let call = |params| Call { method, params };
    let calls: Vec<_> = parameters.into_iter().map(call).collect();
    let answers = chain.rpc.batch(&calls).await?;
    let answers = answers.into_iter().map(|answer| {
        answer.map_err(|refusal| {
            let found = refusal.to_string();
            ChainError::Answer { method, found }
        })
    });
    answers.collect()
}
