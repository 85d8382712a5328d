//! A narrow JSON-RPC client: batches, several endpoints, bounded in size and time, within what endpoints allow.
//!
//! - Reads: answers of the nodes behind its endpoints.
//! - Returns: results, or errors that say whether anything can have happened.
//! - Never: sends a transaction to a second endpoint on its own. Only reading calls move on to the next one.
//!
//! One endpoint answers all calls of a batch: what belongs together is never put together from two nodes.

mod ask;
mod log;
mod meter;
mod pace;

use std::time::Duration;

use pospool_model::EndpointError;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::chain_address::Space;
use crate::echo::without_key;
use crate::wire::{Link, Silence};

use self::ask::{Away, ask};
pub(crate) use self::ask::{call_json, is_lagging};
pub(crate) use self::meter::Meters;
pub(crate) use self::pace::Allowance;

/// How often, and how far apart, busy endpoints are asked.
const BUSY_ROUNDS: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(1100);

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
pub(crate) const REVERTED: &[i64] = &[-32015, 3];
/// There is no such method.
pub(crate) const NO_SUCH_METHOD: i64 = -32601;
/// The same, as some gates before a node say it (EIP-1474).
const NOT_SUPPORTED: i64 = -32004;

/// One call of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Method, such as `cfx_getStatus`.
    pub method: &'static str,
    /// Parameters: a JSON array.
    pub params: Json,
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
    pub(crate) fn refused(method: &str, refusal: &Refusal) -> Self {
        Self::Refused {
            method: method.to_owned(),
            refusal: refusal.clone(),
        }
    }
}

impl Refusal {
    /// The endpoint is catching up or has too much to do: another one is worth asking.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_catching_up() || self.is_rate()
    }

    /// The node behind the endpoint is not in sync yet.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.code == CATCHING_UP
    }

    /// These were too many calls: the same will be answered later.
    pub(crate) fn is_rate(&self) -> bool {
        THROTTLED.contains(&self.code) || self.is_said_by_a_gateway(RATE_WORDS)
    }

    /// The endpoint lets nobody in, or not this client.
    pub(crate) fn is_shut(&self) -> bool {
        self.is_said_by_a_gateway(SHUT_WORDS)
    }

    fn is_said_by_a_gateway(&self, words: &[&str]) -> bool {
        let said = self.message.to_ascii_lowercase();
        !REVERTED.contains(&self.code) && words.iter().any(|word| said.contains(word))
    }

    /// The endpoint does not offer the method, as public ones do with those of the pool.
    pub(crate) fn is_no_such_method(&self) -> bool {
        let words = ["not supported", "not available", "method not found"];
        let said = self.message.to_ascii_lowercase();
        matches!(self.code, NO_SUCH_METHOD | NOT_SUPPORTED)
            || words.iter().any(|word| said.contains(word))
    }
}

/// How a sent transaction ended, as far as the endpoint says.
#[derive(Debug)]
pub(crate) enum Sent {
    /// In the node's pool.
    Accepted,
    /// The node does not take it.
    Refused(Refusal),
    /// The bytes did not arrive, for certain.
    Nowhere(String),
    /// The bytes went out and no answer came.
    Unknown,
}

/// Client of one chain.
#[derive(Clone, Debug)]
pub struct Rpc {
    endpoints: Vec<Endpoint>,
    link: Link,
    /// How often endpoints that are all busy are asked.
    rounds: u32,
}

#[derive(Clone, Debug)]
struct Endpoint {
    url: reqwest::Url,
}

impl Rpc {
    /// Prepares a client for endpoints, in order of preference. Nothing is sent yet.
    pub fn new(endpoints: &[String]) -> Result<Self, RpcError> {
        let parsed = endpoints
            .iter()
            .map(|text| pospool_model::Endpoint::parse(text));
        Self::over(&Link::default(), &parsed.collect::<Result<Vec<_>, _>>()?)
    }

    /// The same, over a link that is shared.
    pub(crate) fn over(
        link: &Link,
        endpoints: &[pospool_model::Endpoint],
    ) -> Result<Self, RpcError> {
        let endpoints = endpoints
            .iter()
            .map(|endpoint| {
                Ok(Endpoint {
                    url: endpoint.url()?,
                })
            })
            .collect::<Result<Vec<_>, EndpointError>>()?;
        Ok(Self {
            endpoints,
            link: link.clone(),
            rounds: BUSY_ROUNDS,
        })
    }

    /// One client for each endpoint, which asks once: for one who knows where else to ask, and when.
    pub(crate) fn each(&self) -> Vec<Self> {
        let alone = |endpoint: &Endpoint| Self {
            endpoints: vec![endpoint.clone()],
            link: self.link.clone(),
            rounds: 1,
        };
        self.endpoints.iter().map(alone).collect()
    }

    /// Whether all its endpoints refused lately, so that others are better asked first.
    pub(crate) fn rests(&self) -> bool {
        let meters = self.link.meters();
        let rests = |endpoint: &Endpoint| meters.rests(endpoint.url.as_str());
        self.endpoints.iter().all(rests)
    }

    /// Names of the endpoints, without what may be an access key.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.endpoints.iter().map(Endpoint::name).collect();
        names.join(", ")
    }

    /// Returns how many times an answer was waited for; calls that go out together count once.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.link.round_trips()
    }

    /// Calls a method that only reads; `params` is a JSON array.
    pub async fn call(&self, method: &'static str, params: Json) -> Result<Json, RpcError> {
        let mut results = self.batch(&[Call { method, params }]).await?;
        let result = results.pop().unwrap_or_else(|| result_of(&Json::Null));
        result.map_err(|refusal| RpcError::Refused {
            method: method.to_owned(),
            refusal,
        })
    }

    /// Calls methods that only read, in one round trip where the endpoint's pace allows it; the answers are in the order of
    /// the calls. None of them is a gateway's refusal.
    pub async fn batch(&self, calls: &[Call]) -> Result<Vec<Result<Json, Refusal>>, RpcError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.link.count();
        let mut round = 1;
        loop {
            let (mut tried, mut busy, mut singly) = (Vec::new(), false, false);
            for endpoint in self.in_order() {
                match ask(&self.link, endpoint, calls).await {
                    Ok(results) => return Ok(results),
                    Err(away) => {
                        log::next_endpoint(endpoint, &away);
                        busy |= matches!(away, Away::Busy(_));
                        singly |= matches!(away, Away::NoBatches(_));
                        tried.push(endpoint.says(away.what()));
                    }
                }
            }
            // One that takes no batches is asked call by call, now that no other one has answered.
            if !singly {
                if !busy || round >= self.rounds {
                    return Err(RpcError::Unreachable { tried });
                }
                round += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
            }
        }
    }

    /// The endpoints as they were named, and those that lately refused after the others.
    fn in_order(&self) -> Vec<&Endpoint> {
        let mut order: Vec<&Endpoint> = self.endpoints.iter().collect();
        let meters = self.link.meters();
        order.sort_by_key(|endpoint| meters.rank(endpoint.url.as_str()));
        order
    }

    /// Hands signed bytes in at the first endpoint, once.
    pub(crate) async fn send_raw(&self, space: Space, raw: &str) -> Sent {
        let Some(endpoint) = self.endpoints.first() else {
            return Sent::Nowhere("no endpoint is named".to_owned());
        };
        let method = match space {
            Space::Core => "cfx_sendRawTransaction",
            Space::Espace => "eth_sendRawTransaction",
        };
        let request = call_json(0, method, &json!([raw]));
        self.link.count();
        let begun = Instant::now();
        let sent = match endpoint.post(&self.link, &request).await {
            Ok(answer) => match result_of(&answer) {
                Ok(_) => Sent::Accepted,
                Err(refusal) => Sent::Refused(refusal),
            },
            Err(silence) if silence.unsent => Sent::Nowhere(silence.what),
            Err(_) => Sent::Unknown,
        };
        log::broadcast(endpoint, method, &sent, begun.elapsed());
        sent
    }
}

impl Endpoint {
    /// What it answers does not repeat its key.
    async fn post(&self, link: &Link, request: &Json) -> Result<Json, Silence> {
        let answer = link.post(&self.url, request).await?;
        Ok(without_key(&self.url, answer))
    }

    /// Names the endpoint without its path, which may hold a provider's access key.
    fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    fn says(&self, what: &str) -> String {
        format!("{} ({what})", self.name())
    }
}

pub(crate) fn result_of(answer: &Json) -> Result<Json, Refusal> {
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

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;
