//! The way to the nodes, with everything that can happen on it.
//!
//! - Reads: requests, the weather, and when the client is to die.
//! - Returns: answers, silence, or nothing ever again.
//! - Never: carries one request twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use pospool_conflux_rpc::{Transport, TransportError};
use serde_json::{Value as Json, json};

use crate::crash::Moment;
use crate::model::{ModelChain, ModelState};
use crate::rpc::{
    NodeQuestion, NodeRefusal, RpcAnswer, encode_reply, make_refusal, refuse_parameter,
};
use crate::transaction;

/// What the way does to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WireFault {
    None,
    Refused,
    LostBefore,
    LostAfter,
    Late,
    Garbled,
    Throttled,
}

#[async_trait]
impl Transport for ModelChain {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let crash = self.crash_at(number);
        let (there, back) = {
            let mut inner = self.lock();
            let random = &mut inner.network.random;
            (random.between(1, 120), random.between(1, 120))
        };
        tokio::time::sleep(Duration::from_millis(there)).await;
        if crash == Some(Moment::Before) {
            self.die().await;
        }
        let answer = self.lock().carry(endpoint, request);
        if crash == Some(Moment::After) {
            self.die().await;
        }
        tokio::time::sleep(Duration::from_millis(back)).await;
        answer
    }
}

fn silence(what: &str, unsent: bool) -> TransportError {
    TransportError::new(what, unsent)
}

/// Host of a URL, without a user, a path and a query.
fn host_of(endpoint: &str) -> &str {
    let rest = endpoint.trim_start_matches("http://");
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

impl ModelState {
    /// Carries one request to a node, as far as the weather lets it.
    fn carry(&mut self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        self.catch_up();
        let host = host_of(endpoint);
        let Some(node) = self.network.nodes.iter().position(|node| node.host == host) else {
            return Err(silence("no such host", true));
        };
        if let Some(answer) = self.turn_away(node, request) {
            return answer;
        }
        match self.trouble() {
            WireFault::None => {}
            WireFault::Refused => return Err(silence("connection refused", true)),
            WireFault::LostBefore => return Err(silence("operation timed out", false)),
            WireFault::Garbled => return Err(silence("HTTP status 502, and no JSON", false)),
            WireFault::Late => {
                self.on_its_way(node, request);
                return Err(silence("operation timed out", false));
            }
            WireFault::LostAfter => {
                let _ = self.serve(node, request);
                return Err(silence("connection reset by peer", false));
            }
            WireFault::Throttled => {
                let refusal = make_refusal(-32072, "too many requests", None);
                return Ok(encode_reply(&Json::Null, Err(refusal)));
            }
        }
        Ok(self.serve(node, request))
    }

    fn trouble(&mut self) -> WireFault {
        let weather = self.network.weather.clone();
        let random = &mut self.network.random;
        if random.chance(weather.refused) {
            return WireFault::Refused;
        }
        if random.chance(weather.lost) {
            return match random.below(3) {
                0 => WireFault::LostBefore,
                1 => WireFault::LostAfter,
                _ => WireFault::Late,
            };
        }
        if random.chance(weather.garbled) {
            return WireFault::Garbled;
        }
        if random.chance(weather.throttled) {
            return WireFault::Throttled;
        }
        WireFault::None
    }

    fn serve(&mut self, node: usize, request: &Json) -> Json {
        let Some(calls) = request.as_array() else {
            return self.serve_one(node, request);
        };
        let mut answers: Vec<Json> = calls
            .iter()
            .map(|call| self.serve_one(node, call))
            .collect();
        self.network.random.shuffle(&mut answers);
        if self.network.random.chance(self.network.weather.holes) {
            answers.pop();
        }
        Json::Array(answers)
    }

    fn serve_one(&mut self, node: usize, call: &Json) -> Json {
        let method = call["method"].as_str().unwrap_or_default();
        let params = &call["params"];
        if let Some(refusal) = self.refuse_one(call) {
            return refusal;
        }
        if self.network.random.chance(self.network.weather.broken) {
            // A gate before the node may fail after it has passed the bytes on.
            if method == "cfx_sendRawTransaction" && self.network.random.chance(500) {
                let _ = self.hand_in(node, params);
            }
            let refusal = make_refusal(-32603, "Internal error", None);
            return encode_reply(&call["id"], Err(refusal));
        }
        let answer = if method == "cfx_sendRawTransaction" {
            self.hand_in(node, params)
        } else {
            let answer = NodeQuestion::at(&self.network, node).answer(method, params);
            answer.unwrap_or_else(|| {
                self.violation(format!("the model does not know the method `{method}`"));
                Err(make_refusal(-32601, "Method not found", None))
            })
        };
        encode_reply(&call["id"], answer)
    }

    fn decoded(&mut self, params: &Json) -> Result<Arc<transaction::Transaction>, NodeRefusal> {
        let text = params[0].as_str().unwrap_or_default();
        let raw = ethers_core::utils::hex::decode(text);
        let raw = raw.map_err(|_| refuse_parameter("raw", "not hex"))?;
        let read = transaction::decode_transaction(&raw, self.network.chain_id);
        let read = read.map_err(|error| refuse_parameter("raw", &error))?;
        Ok(Arc::new(read))
    }

    fn hand_in(&mut self, node: usize, params: &Json) -> RpcAnswer {
        let new = self.decoded(params)?;
        self.judge(&new);
        if self.network.nodes[node].catching_up > self.network.chain.newest {
            let words = "Request rejected due to still in the catch up mode.";
            return Err(make_refusal(-32077, words, None));
        }
        let full = self.network.random.chance(self.network.weather.full);
        let taken = self.network.take(node, &new, full);
        let (nonce, price) = (new.nonce, new.max_fee);
        self.network.note(format_args!(
            "nonce {nonce} at {price} to node {node}: {taken:?}"
        ));
        match taken {
            Ok(()) => Ok(json!(ethers_core::utils::hex::encode_prefixed(new.hash))),
            Err(reason) => Err(refuse_parameter("tx", &reason)),
        }
    }

    /// Bytes that arrive when nobody waits for an answer any more; other requests are just lost.
    fn on_its_way(&mut self, node: usize, request: &Json) {
        if request["method"] != "cfx_sendRawTransaction" {
            return;
        }
        if let Ok(new) = self.decoded(&request["params"]) {
            self.judge(&new);
            let when = self.network.chain.newest + self.network.random.between(1, 60);
            self.network.note(format_args!(
                "nonce {} is on its way to node {node}",
                new.nonce
            ));
            self.network.late.push((when, node, new));
        }
    }
}
