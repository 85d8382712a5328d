//! Nodes in memory that show one thing after the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pospool_conflux_rpc::{NO_CODE, Transport, TransportError};
use serde_json::{Value as Json, json};

use crate::testing::{GENESIS, core};

/// Which forms a node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knows {
    Nothing,
    Pooled,
    InBlock,
    /// Only the form that was signed first, in its pool.
    First,
}

/// What a node shows at one look.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) receipt: Json,
    pub(super) knows: Knows,
    /// Why the pool keeps it.
    pub(super) reason: Option<&'static str>,
    pub(super) next_nonce: u64,
    pub(super) final_nonce: u64,
    pub(super) epoch: u64,
    pub(super) confirmed: u64,
    pub(super) finalised: u64,
    pub(super) genesis: &'static str,
    /// Code at `latest_state` and at `latest_finalized`.
    pub(super) code: (bool, bool),
    pub(super) base_fee: u128,
    /// A method that it refuses in this look.
    pub(super) refuses: Option<&'static str>,
}

pub(super) fn nothing() -> Shown {
    Shown {
        receipt: Json::Null,
        knows: Knows::Nothing,
        reason: None,
        next_nonce: 5,
        final_nonce: 5,
        epoch: 1000,
        confirmed: 960,
        finalised: 600,
        genesis: GENESIS,
        code: (true, false),
        base_fee: 1,
        refuses: None,
    }
}

pub(super) fn pending() -> Shown {
    Shown {
        knows: Knows::Pooled,
        ..nothing()
    }
}

/// Executed in epoch 1000.
pub(super) fn executed(status: &str) -> Shown {
    let receipt = json!({
        "outcomeStatus": status,
        "epochNumber": "0x3e8",
        "contractCreated": core(0x80).to_string(),
        "txExecErrorMsg": "Vm reverted, not the manager",
    });
    Shown {
        receipt,
        knows: Knows::InBlock,
        next_nonce: 6,
        ..nothing()
    }
}

/// A foreign transaction took its place, as far as the newest state tells.
pub(super) fn foreign() -> Shown {
    Shown {
        next_nonce: 6,
        ..nothing()
    }
}

/// And for good.
pub(super) fn foreign_for_good() -> Shown {
    Shown {
        final_nonce: 6,
        ..foreign()
    }
}

/// What a node answers to bytes; `Hang` loses the answer.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Take,
    Hang,
    Refuse(i64, String),
}

pub(super) fn refuse(text: &str) -> Reply {
    Reply::Refuse(-32602, text.to_owned())
}

pub(super) fn catching_up() -> Reply {
    Reply::Refuse(-32077, "catch-up mode".to_owned())
}

/// One node: it shows one thing after the other and then the last one for ever, and so it answers bytes.
pub(super) struct Node {
    shows: VecDeque<Shown>,
    replies: VecDeque<Reply>,
    up: bool,
}

impl Node {
    pub(super) fn showing(shows: impl IntoIterator<Item = Shown>) -> Self {
        Self {
            shows: shows.into_iter().collect(),
            replies: [Reply::Take].into(),
            up: true,
        }
    }

    pub(super) fn answering(mut self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.replies = replies.into_iter().collect();
        self
    }

    pub(super) fn down() -> Self {
        Self {
            up: false,
            ..Self::showing([])
        }
    }
}

fn turn<T: Clone>(queue: &mut VecDeque<T>) -> T {
    if queue.len() > 1 {
        queue.pop_front().unwrap()
    } else {
        queue[0].clone()
    }
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// Bytes came to a node.
    Bytes(usize, String),
    /// Another form was put on the disk.
    Amended(String),
    Said(String),
    Sent,
}

pub(super) type Story = Arc<Mutex<Vec<Happened>>>;

pub(super) struct Nodes {
    pub(super) all: Vec<Mutex<Node>>,
    /// Hash of the form that was signed first.
    pub(super) first: String,
    pub(super) story: Story,
}

impl Nodes {
    fn answer(&self, shown: &Shown, call: &Json) -> Json {
        let (method, params) = (call["method"].as_str().unwrap(), &call["params"]);
        let hex = |number: u64| json!(format!("{number:#x}"));
        let finally = params[1] == "latest_finalized";
        let known = match shown.knows {
            Knows::Nothing => false,
            Knows::First => params[0] == self.first.as_str(),
            Knows::Pooled | Knows::InBlock => true,
        };
        match method {
            "cfx_getTransactionReceipt" => shown.receipt.clone(),
            "cfx_getTransactionByHash" if known => json!({
                "hash": params[0],
                "blockHash": (shown.knows == Knows::InBlock).then_some("0x02"),
            }),
            "cfx_getNextNonce" if finally => hex(shown.final_nonce),
            "cfx_getNextNonce" => hex(shown.next_nonce),
            "cfx_getStatus" => json!({
                "epochNumber": hex(shown.epoch),
                "latestConfirmed": hex(shown.confirmed),
                "latestFinalized": hex(shown.finalised),
            }),
            "cfx_getBlockByEpochNumber" if params[0] == "0x0" => json!({ "hash": shown.genesis }),
            "cfx_getBlockByEpochNumber" => {
                json!({ "baseFeePerGas": format!("{:#x}", shown.base_fee) })
            }
            "cfx_gasPrice" => json!("0x1"),
            "cfx_getAccount" => {
                let there = if finally { shown.code.1 } else { shown.code.0 };
                json!({ "codeHash": if there { "0x01" } else { NO_CODE } })
            }
            "cfx_getAccountPendingTransactions" => json!({
                "pendingTransactions": [{ "hash": self.first }],
                "firstTxStatus": shown.reason.map(|reason| json!({ "pending": reason })),
            }),
            _ => Json::Null,
        }
    }
}

#[async_trait]
impl Transport for Nodes {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        let index: usize = endpoint
            .trim_matches(|sign: char| !sign.is_ascii_digit())
            .parse()
            .unwrap();
        let mut node = self.all[index].lock().unwrap();
        let silence = |unsent| TransportError::new("no answer", unsent);
        if !node.up {
            return Err(silence(true));
        }
        let Some(calls) = request.as_array() else {
            let raw = request["params"][0].as_str().unwrap().to_owned();
            let bytes = Happened::Bytes(index, raw);
            self.story.lock().unwrap().push(bytes);
            return match turn(&mut node.replies) {
                Reply::Take => Ok(json!({ "id": 0, "result": "0x00" })),
                Reply::Hang => Err(silence(false)),
                Reply::Refuse(code, text) => Ok(json!({
                    "id": 0,
                    "error": { "code": code, "message": "Invalid params", "data": text },
                })),
            };
        };
        let shown = turn(&mut node.shows);
        let answer = |call: &Json| {
            if shown.refuses.is_some_and(|method| call["method"] == method) {
                let error = json!({ "code": -32603, "message": "internal error" });
                return json!({ "id": call["id"], "error": error });
            }
            let result = self.answer(&shown, call);
            json!({ "id": call["id"], "result": result })
        };
        Ok(calls.iter().map(answer).collect())
    }
}
