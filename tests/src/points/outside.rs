//! Calls to the outside that are points: before they reach it, and before their answer is seen.

use std::sync::Arc;

use async_trait::async_trait;
use pospool_conflux_rpc::{Transport, TransportError};
use pospool_model::plan::Effect;
use pospool_model::provider::{
    Observation, ObserveContext, Planner, Progress, Settlement, Target, Ticket,
};
use pospool_model::{Attributes, KindSchema, Problem, Provider, ProviderError};
use serde_json::Value as Json;

use super::{Points, RECEIVE, SEND};

/// A provider each of whose calls to the outside is two points.
#[derive(Clone, Debug)]
pub struct PointProvider<P> {
    provider: P,
    points: Points,
}

impl<P: Provider> PointProvider<P> {
    /// Counts the calls of a provider.
    #[must_use]
    pub fn new(provider: P, points: &Points) -> Self {
        let points = points.clone();
        Self { provider, points }
    }
}

#[async_trait]
impl<P: Provider> Provider for PointProvider<P> {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn kinds(&self) -> &'static [KindSchema] {
        self.provider.kinds()
    }

    fn normalise(&self, kind: &str, wanted: Attributes) -> Result<Attributes, Vec<Problem>> {
        self.provider.normalise(kind, wanted)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        self.points.call(SEND, "look");
        let found = self.provider.observe(targets, scene).await;
        self.points.call(RECEIVE, "look");
        found
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        self.provider.planner()
    }

    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError> {
        self.points.call(SEND, "preparation");
        let ticket = self.provider.prepare(effect, inputs).await;
        self.points.call(RECEIVE, "preparation");
        ticket
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        self.points.call(SEND, "effect");
        let ended = self.provider.commit(ticket, progress).await;
        self.points.call(RECEIVE, "effect");
        ended
    }

    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        self.points.call(SEND, "settlement");
        let settled = self.provider.settle(ticket, progress).await;
        self.points.call(RECEIVE, "settlement");
        settled
    }
}

/// A wire each of whose requests is two points.
#[derive(Clone)]
pub struct PointWire {
    wire: Arc<dyn Transport>,
    points: Points,
}

impl PointWire {
    /// Counts the requests on a wire.
    #[must_use]
    pub fn new(wire: Arc<dyn Transport>, points: &Points) -> Self {
        let points = points.clone();
        Self { wire, points }
    }
}

#[async_trait]
impl Transport for PointWire {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        // Several calls in one request are looks: what sends goes alone.
        let method = request["method"].as_str().unwrap_or("looks");
        self.points.call(SEND, method);
        let answer = self.wire.post(endpoint, request).await;
        self.points.call(RECEIVE, method);
        answer
    }
}
