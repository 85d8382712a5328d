//! A way to endpoints that counts, and remembers what it has learned of each.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value as Json;

use crate::http::http_transport;
use crate::meter::Meters;
use crate::pace::Allowance;
use crate::transport::{Transport, TransportError};

/// A wire and the count of what went over it.
#[derive(Clone)]
pub struct CountingTransport {
    wire: Arc<dyn Transport>,
    trips: Arc<AtomicU64>,
    meters: Meters,
}

impl Default for CountingTransport {
    fn default() -> Self {
        Self::new(http_transport())
    }
}

impl fmt::Debug for CountingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingTransport").finish_non_exhaustive()
    }
}

impl CountingTransport {
    /// A link over a wire, which has learned nothing yet.
    pub fn new(wire: Arc<dyn Transport>) -> Self {
        Self {
            wire,
            trips: Arc::default(),
            meters: Meters::default(),
        }
    }

    /// What was learned of the endpoints.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// An endpoint takes so many calls a second.
    pub fn allow(&self, endpoint: &reqwest::Url, per_second: u32) {
        self.meters
            .allow(endpoint.as_str(), Allowance::of(per_second));
    }

    /// Counts one wait for an answer.
    pub(crate) fn count(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// How many times an answer was waited for.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    pub(crate) async fn post(
        &self,
        endpoint: &reqwest::Url,
        request: &Json,
    ) -> Result<Json, TransportError> {
        self.wire.post(endpoint.as_str(), request).await
    }
}
