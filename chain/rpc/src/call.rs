//! Calls and what nodes answer to them, as JSON-RPC has it.
//!
//! - Reads: JSON of a node, or of a gateway before it.
//! - Returns: results and refusals, and what kind of refusal one is.
//! - Never: asks anything.

use pospool_model::EndpointError;
use serde_json::{Value as Json, json};

/// The node is still catching up and takes no transactions (conflux-rust `error_codes.rs`).
const CATCHING_UP: i64 = -32077;
/// Too many requests: conflux-rust itself, and Confura, the gateway of the public networks (EIP-1474).
const THROTTLED: &[i64] = &[-32072, -32005];
/// The same, in words that are nobody else's.
const RATE_WORDS: &[&str] = &[
    "rate exceeded",
    "rate limit",
    "ratelimit",
    "too many requests",
    "request limit",
    "daily limit",
];
/// The gateway lets nobody in, in words.
const SHUT_WORDS: &[&str] = &[
    "unauthorized",
    "api key",
    "apikey",
    "access denied",
    "forbidden",
    "payment required",
];
/// A call of a contract was executed and reverted: in Core Space, and in eSpace (conflux-rust `error_codes.rs`,
/// `jsonrpsee_error_helpers.rs`). What such an answer says are the contract's words.
pub const REVERTED: &[i64] = &[-32015, 3];
/// There is no such method.
pub const NO_SUCH_METHOD: i64 = -32601;
/// The same, as some gates before a node say it (EIP-1474).
const NOT_SUPPORTED: i64 = -32004;

/// The code that stands for a call that a node left out of its answer.
pub(crate) const LEFT_OUT: i64 = 0;

/// One call of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Method, such as `cfx_getStatus`.
    pub method: &'static str,
    /// Parameters: a JSON array.
    pub params: Json,
}

/// One call as JSON-RPC has it.
#[must_use]
pub fn call_json(id: usize, method: &str, params: &Json) -> Json {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// What a node answered instead of a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code}{})", data.as_deref().map(|data| format!(", {data}")).unwrap_or_default())]
pub struct Refusal {
    /// JSON-RPC error code.
    pub code: i64,
    /// The node's words.
    pub message: String,
    /// The node's details: often the real reason, or the bytes of a revert.
    pub data: Option<String>,
}

impl Refusal {
    /// The endpoint is catching up or has too much to do: another one is worth asking.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_catching_up() || self.is_rate()
    }

    /// The node behind the endpoint is not in sync yet.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        self.code == CATCHING_UP
    }

    /// These were too many calls: the same will be answered later.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        THROTTLED.contains(&self.code) || self.is_said_by_a_gateway(RATE_WORDS)
    }

    /// The endpoint lets nobody in, or not this client.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.is_said_by_a_gateway(SHUT_WORDS)
    }

    fn is_said_by_a_gateway(&self, words: &[&str]) -> bool {
        let said = self.message.to_ascii_lowercase();
        !REVERTED.contains(&self.code) && words.iter().any(|word| said.contains(word))
    }

    /// The endpoint does not offer the method, as public ones do with those of the pool.
    #[must_use]
    pub fn is_no_such_method(&self) -> bool {
        let words = ["not supported", "not available", "method not found"];
        let said = self.message.to_ascii_lowercase();
        matches!(self.code, NO_SUCH_METHOD | NOT_SUPPORTED)
            || words.iter().any(|word| said.contains(word))
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// An endpoint is not a URL that can be called.
    #[error("an endpoint cannot be called: {0}")]
    Endpoint(#[from] EndpointError),
    /// No endpoint gave an answer.
    #[error("no answer from {}", tried.join(", "))]
    Unreachable {
        /// Each endpoint's host and what went wrong.
        tried: Vec<String>,
    },
    /// A node refused the call.
    #[error("`{method}` was refused: {refusal}")]
    Refused {
        /// Which call.
        method: String,
        /// Its answer.
        refusal: Refusal,
    },
}

impl RpcError {
    /// A node refused a call.
    #[must_use]
    pub fn refused(method: &str, refusal: &Refusal) -> Self {
        Self::Refused {
            method: method.to_owned(),
            refusal: refusal.clone(),
        }
    }
}

/// How a sent transaction ended, as far as the endpoint says.
#[derive(Debug)]
pub enum Sent {
    /// In the node's pool.
    Accepted,
    /// The node does not take it.
    Refused(Refusal),
    /// The bytes did not arrive, for certain.
    Nowhere(String),
    /// The bytes went out and no answer came.
    Unknown,
}

/// A public endpoint is many nodes. One of them may not have executed the epoch yet that another one told of
/// (conflux-rust `onchain_blocks_provider.rs`), or leave a call out.
#[must_use]
pub fn is_lagging(refusal: &Refusal) -> bool {
    let says = |text: &str| text.contains("is not executed");
    refusal.code == LEFT_OUT || says(&refusal.message) || refusal.data.as_deref().is_some_and(says)
}

/// Takes the result out of one answer.
pub fn read_result(answer: &Json) -> Result<Json, Refusal> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let data = error.get("data").filter(|data| !data.is_null());
        return Err(Refusal {
            code: error.get("code").and_then(Json::as_i64).unwrap_or_default(),
            message: error
                .get("message")
                .and_then(Json::as_str)
                .unwrap_or("no reason given")
                .to_owned(),
            data: data.map(|data| {
                data.as_str()
                    .map_or_else(|| data.to_string(), str::to_owned)
            }),
        });
    }
    answer.get("result").cloned().ok_or_else(|| Refusal {
        code: 0,
        message: "the answer holds neither a result nor an error".to_owned(),
        data: None,
    })
}
