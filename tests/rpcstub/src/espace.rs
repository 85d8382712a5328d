//! A node of eSpace whose answers can be changed while it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::{StubAnswer, StubNode};

/// Answers by method, or by method and its first or second parameter; a string that begins with `!` is a refusal.
pub type StubAnswers = Arc<Mutex<BTreeMap<&'static str, Json>>>;

/// A node that gives these answers.
pub async fn answering_node(answers: &StubAnswers) -> StubNode {
    let answers = Arc::clone(answers);
    StubNode::start(move |method, params| {
        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        let tagged = format!("{method} {}", params[1].as_str().unwrap_or_default());
        let first = format!("{method} {}", params[0].as_str().unwrap_or_default());
        let found = [tagged.as_str(), first.as_str(), method]
            .into_iter()
            .find_map(|name| answers.get(name));
        match found.unwrap_or(&Json::Null) {
            Json::String(text) if text.starts_with('!') => StubAnswer::refuse(3, &text[1..], None),
            other => StubAnswer::Result(other.clone()),
        }
    })
    .await
}

/// What a node of a chain says that is well, has nothing in its pool, and knows the sender at nonce 5.
#[must_use]
pub fn usual_answers(chain_id: u32, genesis: &str) -> StubAnswers {
    let block = |number: &str| json!({ "number": number, "hash": "0x99", "baseFeePerGas": "0x1" });
    Arc::new(Mutex::new(BTreeMap::from([
        ("eth_chainId", json!(format!("{chain_id:#x}"))),
        (
            "eth_getBlockByNumber 0x0",
            json!({ "number": "0x0", "hash": genesis }),
        ),
        ("eth_getBlockByNumber safe", block("0x50")),
        ("eth_getBlockByNumber finalized", block("0x40")),
        ("eth_getBlockByNumber latest", block("0x60")),
        ("eth_blockNumber", json!("0x60")),
        ("eth_gasPrice", json!("0x1")),
        ("eth_getTransactionCount", json!("0x5")),
        ("eth_getBalance", json!("0xde0b6b3a7640000")),
        ("eth_getCode", json!("0x60")),
        ("eth_estimateGas", json!("0x5208")),
        (
            "eth_getAccountPendingTransactions",
            json!({ "pendingTransactions": [], "firstTxStatus": null }),
        ),
    ])))
}
