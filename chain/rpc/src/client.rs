//! A narrow JSON-RPC client: batches, several endpoints, bounded in size and time, within what endpoints allow.
//!
//! - Reads: answers of the nodes behind its endpoints.
//! - Returns: results, or errors that say whether anything can have happened.
//! - Never: sends a transaction to a second endpoint on its own. Only reading calls move on to the next one.
//!
//! One endpoint answers all calls of a batch: what belongs together is never put together from two nodes.

use std::time::Duration;

use pospool_conflux::Space;
use pospool_model::EndpointError;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::ask::ask_endpoint;
use crate::away::Away;
use crate::call::{Call, Refusal, RpcError, Sent, call_json, read_result};
use crate::endpoint::RpcEndpoint;
use crate::link::CountingTransport;
use crate::log;

/// How often, and how far apart, busy endpoints are asked.
const BUSY_ROUNDS: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(1100);

/// Client of one chain.
#[derive(Clone, Debug)]
pub struct Rpc {
    endpoints: Vec<RpcEndpoint>,
    link: CountingTransport,
    /// How often endpoints that are all busy are asked.
    rounds: u32,
}

impl Rpc {
    /// Prepares a client for endpoints, in order of preference. Nothing is sent yet.
    pub fn new(endpoints: &[String]) -> Result<Self, RpcError> {
        let parsed = endpoints
            .iter()
            .map(|text| pospool_model::Endpoint::parse(text));
        Self::over(
            &CountingTransport::default(),
            &parsed.collect::<Result<Vec<_>, _>>()?,
        )
    }

    /// The same, over a link that is shared.
    pub fn over(
        link: &CountingTransport,
        endpoints: &[pospool_model::Endpoint],
    ) -> Result<Self, RpcError> {
        let endpoints = endpoints
            .iter()
            .map(|endpoint| {
                Ok(RpcEndpoint {
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
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        let alone = |endpoint: &RpcEndpoint| Self {
            endpoints: vec![endpoint.clone()],
            link: self.link.clone(),
            rounds: 1,
        };
        self.endpoints.iter().map(alone).collect()
    }

    /// Whether all its endpoints refused lately, so that others are better asked first.
    #[must_use]
    pub fn rests(&self) -> bool {
        let meters = self.link.meters();
        let rests = |endpoint: &RpcEndpoint| meters.rests(endpoint.url.as_str());
        self.endpoints.iter().all(rests)
    }

    /// Names of the endpoints, without what may be an access key.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.endpoints.iter().map(RpcEndpoint::name).collect();
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
        let result = results.pop().unwrap_or_else(|| read_result(&Json::Null));
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
                match ask_endpoint(&self.link, endpoint, calls).await {
                    Ok(results) => return Ok(results),
                    Err(away) => {
                        log::log_next_endpoint(endpoint, &away);
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
    fn in_order(&self) -> Vec<&RpcEndpoint> {
        let mut order: Vec<&RpcEndpoint> = self.endpoints.iter().collect();
        let meters = self.link.meters();
        order.sort_by_key(|endpoint| meters.rank(endpoint.url.as_str()));
        order
    }

    /// Hands signed bytes in at the first endpoint, once.
    pub async fn send_raw(&self, space: Space, raw: &str) -> Sent {
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
            Ok(answer) => match read_result(&answer) {
                Ok(_) => Sent::Accepted,
                Err(refusal) => Sent::Refused(refusal),
            },
            Err(silence) if silence.unsent => Sent::Nowhere(silence.what),
            Err(_) => Sent::Unknown,
        };
        log::log_broadcast(endpoint, method, &sent, begun.elapsed());
        sent
    }
}

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;
