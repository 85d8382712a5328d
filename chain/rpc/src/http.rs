//! JSON-RPC over HTTP.
//!
//! - Reads: an endpoint's answer, bounded in size and time.
//! - Never: follows a redirect, or asks what is on this machine through a proxy.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::transport::{Transport, TransportError};

/// Most bytes of one answer. The largest that we ask for is the code of a contract: 100 KB as hex.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// Longest wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// Longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// JSON-RPC over HTTP: the wire of the program.
#[must_use]
pub fn http_transport() -> Arc<dyn Transport> {
    Arc::new(HttpTransport::default())
}

/// JSON-RPC over HTTP. One client for the life of the program keeps its connections.
#[derive(Clone, Debug, Default)]
pub struct HttpTransport {
    near: OnceLock<reqwest::Client>,
    far: OnceLock<reqwest::Client>,
}

impl HttpTransport {
    /// The client for an endpoint: what is on this machine is never asked through a proxy.
    pub fn client(&self, url: &reqwest::Url) -> Result<reqwest::Client, reqwest::Error> {
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
impl Transport for HttpTransport {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        let silence = |unsent: bool| {
            move |error: reqwest::Error| {
                TransportError::new(innermost_cause(&error.without_url()), unsent)
            }
        };
        let url = reqwest::Url::parse(endpoint);
        let url = url.map_err(|error| TransportError::new(error.to_string(), true))?;
        let client = self.client(&url).map_err(silence(true))?;
        let sent = client.post(url).json(request).send().await;
        let mut answer = sent.map_err(|error| {
            let unsent = error.is_connect() || error.is_builder();
            silence(unsent)(error)
        })?;
        let status = answer.status();
        let turned_away = TransportError::status(status.as_u16(), format!("HTTP status {status}"));
        // Whatever the body says: it may be a page, or the gateway's own form of an error.
        if turned_away.is_busy() || turned_away.is_shut() {
            return Err(turned_away);
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(silence(false))? {
            if body.len() + part.len() > ANSWER_LIMIT {
                return Err(TransportError::new("the answer is larger than 8 MB", false));
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).map_err(|_| {
            let what = format!("HTTP status {status}, and no JSON");
            TransportError::status(status.as_u16(), what)
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

/// Says the innermost cause: reqwest's own words are only "error sending request".
pub fn innermost_cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
