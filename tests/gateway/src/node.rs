//! The node behind the gateway.
//!
//! - Reads: its answers.
//! - Returns: JSON, or nothing.
//! - Never: asks twice, or goes through a proxy.

use std::io;
use std::time::Duration;

use serde_json::Value as Json;

/// Longest wait for an answer: longer than any client of ours waits for the gateway.
const ANSWER_TIME: Duration = Duration::from_mins(1);

pub(crate) struct UpstreamNode {
    url: String,
    http: reqwest::Client,
}

/// No answer came that is JSON.
#[derive(Debug)]
pub(crate) struct NoJsonAnswer;

impl UpstreamNode {
    pub(crate) fn at(url: &str) -> io::Result<Self> {
        // Without a provider reqwest refuses to build even for plain HTTP. A second call is an error we can ignore.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_TIME)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            url: url.to_owned(),
            http,
        })
    }

    pub(crate) async fn ask(&self, question: &Json) -> Result<Json, NoJsonAnswer> {
        let sent = self.http.post(&self.url).json(question).send().await;
        let answer = sent.map_err(|_| NoJsonAnswer)?;
        answer.json().await.map_err(|_| NoJsonAnswer)
    }
}
