//! How a request gets to an endpoint and its answer back.
//!
//! - Reads: an endpoint's answer, bounded in size and time.
//! - Returns: JSON, or a [`Silence`] that says whether the request can have arrived.
//! - Never: asks a second time; that is for the one who knows what is asked.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use pospool_model::OwnNode;
use serde_json::Value as Json;

use crate::rpc::{Allowance, Meters};

/// Most bytes of one answer. The largest that we ask for is the code of a contract: 100 KB as hex.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// Longest wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// Longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Why one endpoint gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// What went wrong, without the endpoint's name.
    pub what: String,
    /// For certain nothing reached the node.
    pub unsent: bool,
    /// HTTP status, where a gateway answered instead of a node.
    pub status: Option<u16>,
}

/// Statuses with which a gateway turns a request away before any node has seen it: it is busy, or lets nobody in.
const BUSY: &[u16] = &[429];
const SHUT: &[u16] = &[401, 402, 403];
/// Busy too, but perhaps only after the request was passed on.
const OVERLOADED: u16 = 503;

impl Silence {
    /// No answer, and no status either.
    #[must_use]
    pub fn new(what: impl Into<String>, unsent: bool) -> Self {
        Self {
            what: what.into(),
            unsent,
            status: None,
        }
    }

    /// A gateway's status instead of an answer.
    #[must_use]
    pub fn status(status: u16, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            unsent: BUSY.contains(&status) || SHUT.contains(&status),
            status: Some(status),
        }
    }

    /// These were too many requests.
    pub(crate) fn is_busy(&self) -> bool {
        let busy = |status: u16| status == OVERLOADED || BUSY.contains(&status);
        self.status.is_some_and(busy)
    }

    /// The endpoint lets nobody in.
    pub(crate) fn is_shut(&self) -> bool {
        self.status.is_some_and(|status| SHUT.contains(&status))
    }
}

/// Something that carries JSON-RPC requests: HTTP, or the model chain of the tests.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Carries one request (or one batch) to an endpoint, once.
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, Silence>;
}

/// JSON-RPC over HTTP: the wire of the program.
#[must_use]
pub fn http() -> Arc<dyn Wire> {
    Arc::new(Http::default())
}

/// A wire and the count of what went over it.
#[derive(Clone)]
pub(crate) struct Link {
    wire: Arc<dyn Wire>,
    trips: Arc<AtomicU64>,
    meters: Meters,
    own_nodes: Option<Arc<dyn OwnNode>>,
}

impl Default for Link {
    fn default() -> Self {
        Self::new(http())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(wire: Arc<dyn Wire>) -> Self {
        Self {
            wire,
            trips: Arc::default(),
            meters: Meters::default(),
            own_nodes: None,
        }
    }

    /// The same, with a way to nodes of the pool itself.
    pub(crate) fn with_own_nodes(self, own_nodes: Arc<dyn OwnNode>) -> Self {
        Self {
            own_nodes: Some(own_nodes),
            ..self
        }
    }

    /// The way to nodes of the pool itself, if there is one.
    pub(crate) fn own_nodes(&self) -> Option<&dyn OwnNode> {
        self.own_nodes.as_deref()
    }

    /// What was learned of the endpoints.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// An endpoint takes so many calls a second.
    pub(crate) fn allow(&self, endpoint: &reqwest::Url, per_second: u32) {
        self.meters
            .allow(endpoint.as_str(), Allowance::of(per_second));
    }

    /// Counts one wait for an answer.
    pub(crate) fn count(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// How many times an answer was waited for.
    pub(crate) fn round_trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    pub(crate) async fn post(
        &self,
        endpoint: &reqwest::Url,
        request: &Json,
    ) -> Result<Json, Silence> {
        self.wire.post(endpoint.as_str(), request).await
    }
}

/// JSON-RPC over HTTP. One client for the life of the program keeps its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http {
    near: OnceLock<reqwest::Client>,
    far: OnceLock<reqwest::Client>,
}

impl Http {
    /// The client for an endpoint: what is on this machine is never asked through a proxy.
    pub(crate) fn client(&self, url: &reqwest::Url) -> Result<reqwest::Client, reqwest::Error> {
        let near = url.host_str().is_some_and(is_loopback);
        let slot = if near { &self.near } else { &self.far };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        // reqwest brings no cryptography of its own here, and refuses to start without one even for plain HTTP. That
        // somebody else installed one before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIME)
            .timeout(ANSWER_TIME);
        if near {
            builder = builder.no_proxy();
        }
        let client = builder.build()?;
        Ok(slot.get_or_init(|| client).clone())
    }
}

#[async_trait]
impl Wire for Http {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, Silence> {
        let silence = |unsent: bool| {
            move |error: reqwest::Error| Silence::new(innermost(&error.without_url()), unsent)
        };
        let url = reqwest::Url::parse(endpoint);
        let url = url.map_err(|error| Silence::new(error.to_string(), true))?;
        let client = self.client(&url).map_err(silence(true))?;
        let sent = client.post(url).json(request).send().await;
        let mut answer = sent.map_err(|error| {
            let unsent = error.is_connect() || error.is_builder();
            silence(unsent)(error)
        })?;
        let status = answer.status();
        let turned_away = Silence::status(status.as_u16(), format!("HTTP status {status}"));
        // Whatever the body says: it may be a page, or the gateway's own form of an error.
        if turned_away.is_busy() || turned_away.is_shut() {
            return Err(turned_away);
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(silence(false))? {
            if body.len() + part.len() > ANSWER_LIMIT {
                return Err(Silence::new("the answer is larger than 8 MB", false));
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).map_err(|_| {
            let what = format!("HTTP status {status}, and no JSON");
            Silence::status(status.as_u16(), what)
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

/// Says the innermost cause: reqwest's own words are only "error sending request".
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
