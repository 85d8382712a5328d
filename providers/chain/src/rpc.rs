//! A narrow JSON-RPC client: batches, several endpoints, bounded in size and time.
//!
//! - Reads: answers of the nodes behind its endpoints.
//! - Returns: results, or errors that say whether anything can have happened.
//! - Never: sends a transaction to a second endpoint on its own. Only reading calls move on to the next one.

use std::time::Duration;

use futures_util::future::try_join_all;
use pospool_model::EndpointError;
use serde_json::{Value as Json, json};

use crate::chain_address::Space;
use crate::echo::without_key;
use crate::wire::{Link, Silence};

/// How often, and how far apart, busy endpoints are asked.
const BUSY_ROUNDS: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(1100);
/// Most calls in one request; larger batches go out side by side.
const BATCH_LIMIT: usize = 200;

/// The node is still catching up and takes no transactions (conflux-rust `error_codes.rs`).
const CATCHING_UP: i64 = -32077;
/// Too many requests.
const THROTTLED: i64 = -32072;
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

impl Refusal {
    /// The endpoint is catching up or has too much to do: another one is worth asking.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.code, CATCHING_UP | THROTTLED)
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
    pub async fn call(&self, method: &str, params: Json) -> Result<Json, RpcError> {
        self.link.count();
        let request = request(0, method, &params);
        let answer = self.read(&request).await?;
        result_of(&answer).map_err(|refusal| RpcError::Refused {
            method: method.to_owned(),
            refusal,
        })
    }

    /// Calls methods that only read, in one round trip; the answers are in the order of the calls.
    pub async fn batch(&self, calls: &[Call]) -> Result<Vec<Result<Json, Refusal>>, RpcError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.link.count();
        let parts = calls.chunks(BATCH_LIMIT).map(|part| self.batch_part(part));
        Ok(try_join_all(parts).await?.into_iter().flatten().collect())
    }

    async fn batch_part(&self, calls: &[Call]) -> Result<Vec<Result<Json, Refusal>>, RpcError> {
        let requests = calls
            .iter()
            .enumerate()
            .map(|(id, call)| request(id, call.method, &call.params));
        let answer = self.read(&Json::Array(requests.collect())).await?;
        let missing = || Refusal {
            code: 0,
            message: "the node left this call unanswered".to_owned(),
            data: None,
        };
        let Some(answers) = answer.as_array() else {
            let refusal = result_of(&answer).err().unwrap_or_else(missing);
            return Err(RpcError::Refused {
                method: "batch".to_owned(),
                refusal,
            });
        };
        let mut results: Vec<_> = calls.iter().map(|_| Err(missing())).collect();
        // The order of a batch's answers is free: only the id counts.
        for answer in answers {
            let id = answer.get("id").and_then(Json::as_u64);
            if let Some(slot) = id.and_then(|id| results.get_mut(usize::try_from(id).ok()?)) {
                *slot = result_of(answer);
            }
        }
        Ok(results)
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
        let request = request(0, method, &json!([raw]));
        self.link.count();
        match endpoint.post(&self.link, &request).await {
            Ok(answer) => match result_of(&answer) {
                Ok(_) => Sent::Accepted,
                Err(refusal) => Sent::Refused(refusal),
            },
            Err(silence) if silence.unsent => Sent::Nowhere(silence.what),
            Err(_) => Sent::Unknown,
        }
    }

    /// Asks one endpoint after the other until one answers. Where one only was too busy, all are asked again a little
    /// later: public endpoints count calls by the second.
    async fn read(&self, request: &Json) -> Result<Json, RpcError> {
        let mut rounds = 1;
        loop {
            let (mut tried, mut busy) = (Vec::new(), false);
            for endpoint in &self.endpoints {
                match endpoint.post(&self.link, request).await {
                    Ok(answer) => match busy_refusal(&answer) {
                        Some(refusal) => {
                            busy = true;
                            tried.push(endpoint.says(&refusal.to_string()));
                        }
                        None => return Ok(answer),
                    },
                    Err(silence) => tried.push(endpoint.says(&silence.what)),
                }
            }
            if !busy || rounds >= self.rounds {
                return Err(RpcError::Unreachable { tried });
            }
            rounds += 1;
            tokio::time::sleep(BUSY_PAUSE).await;
        }
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

fn request(id: usize, method: &str, params: &Json) -> Json {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// The refusal that makes another endpoint worth asking, of the whole request or of one call of it.
fn busy_refusal(answer: &Json) -> Option<Refusal> {
    let answers = answer
        .as_array()
        .map_or(std::slice::from_ref(answer), Vec::as_slice);
    let mut refusals = answers.iter().filter_map(|answer| result_of(answer).err());
    refusals.find(Refusal::is_busy)
}

fn result_of(answer: &Json) -> Result<Json, Refusal> {
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
mod tests;
