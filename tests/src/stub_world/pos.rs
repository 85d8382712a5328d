//! PoS of the chain's stub: every key that is registered is elected, and votes.

use std::time::{SystemTime, UNIX_EPOCH};

use ethers_core::utils::hex;
use pospool_modelchain::Hash;
use serde_json::{Value as Json, json};

/// Height of the newest committed block.
const NEWEST: u64 = 0x46;

/// How far PoS is.
pub(super) fn status() -> Json {
    json!({ "epoch": "0x7", "latestCommitted": format!("{NEWEST:#x}") })
}

/// Every key is elected, now and for the next term, and for none after that.
pub(super) fn committee<'a>(keys: impl Iterator<Item = &'a Hash>) -> Json {
    let nodes = keys.map(|key| json!({ "address": hex::encode_prefixed(key) }));
    let nodes: Vec<Json> = nodes.collect();
    json!({
        "currentCommittee": { "epochNumber": "0x7", "nodes": nodes },
        "elections": [
            { "startBlockNumber": "0x50", "topElectingNodes": nodes },
            { "startBlockNumber": "0x5a", "topElectingNodes": [] },
        ],
    })
}

/// A block that every key has signed, but for so many of the newest ones.
pub(super) fn block<'a>(
    params: &Json,
    keys: impl Iterator<Item = &'a Hash>,
    silent_blocks: u64,
) -> Json {
    let height = params[0].as_str().unwrap_or_default();
    let number = u64::from_str_radix(height.trim_start_matches("0x"), 16).unwrap_or_default();
    let silent = number > NEWEST.saturating_sub(silent_blocks);
    let keys = keys.filter(|_| !silent);
    let signatures = keys.map(|key| json!({ "account": hex::encode_prefixed(key) }));
    let somebody = json!({ "account": "0x01" });
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    json!({
        "height": height,
        "timestamp": format!("{:#x}", now.unwrap_or_default().as_micros()),
        "signatures": signatures.chain([somebody]).collect::<Vec<_>>(),
    })
}
