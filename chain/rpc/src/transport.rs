//! How a request gets to an endpoint and its answer back.
//!
//! - Reads: an endpoint's answer, bounded in size and time.
//! - Returns: JSON, or a [`TransportError`] that says whether the request can have arrived.
//! - Never: asks a second time; that is for the one who knows what is asked.

use async_trait::async_trait;
use serde_json::Value as Json;

/// Why one endpoint gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
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

impl TransportError {
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
pub trait Transport: Send + Sync {
    /// Carries one request (or one batch) to an endpoint, once.
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError>;
}
