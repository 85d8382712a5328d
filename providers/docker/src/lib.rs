//! Docker as a provider: hosts, volumes, hardened Conflux nodes, the pool's web page, and its syncer.
//!
//! - Reads: Docker Engines behind local sockets; a private network's files; the password of a PoS key and the
//!   key of a syncer, at the moment of their use.
//! - Returns: schemas, observations, designs and outputs.
//! - Never: runs two containers with one PoS key, deletes a volume with a key unasked, publishes a node's inner RPC,
//!   or writes a secret anywhere but to a container's standard input.
//!
//! A node's life: `image` (built from the wanted one, with our configuration in it), `container` (made, started,
//! password passed on stdin), `identity` (its public PoS data), `ready` (it follows its chain). Any change but of its state
//! replaces it: `image`, `prove`, `stop` with proof, `container` and so on, and `remove` of the old one at the end. Pages and
//! syncers are made the same way (`workload`).

mod attributes;
mod builds;
mod client;
pub mod codes;
mod commit;
mod condition;
mod config_keys;
mod earlier;
mod errors;
mod exclusive;
mod facts;
mod failures;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod image;
mod job;
mod keys;
mod kinds;
mod memory;
mod names;
mod node;
mod normalise;
mod observe;
mod place;
mod program;
mod renamed;
mod render;
mod rows;
mod rpc;
mod secret;
mod snapshot;
mod syncer;
mod time_text;
mod toml;
mod ui;
mod user;
mod view;
mod volume;
mod workload;

pub use keys::{NodeKeyFiles, NodeKeyPlace};
pub use program::use_program;
pub use render::releases::current_image;
pub use user::{GROUP_ID, USER_ID};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pospool_model::plan::Effect;
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, PlanContext, Planner, Progress, Provider,
    Rendered, StatusContext, Target, Ticket,
};
use pospool_model::state::Recorded;
use pospool_model::status::{EngineWord, StatusPart};
use pospool_model::{Address, Attributes, KindSchema, OwnNode, Problem, ProviderError};

use crate::kinds::{DockerKind, kind_named};

/// What may be chosen about the provider itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DockerSettings {
    /// How long `identity` and `ready` wait before they leave the node to itself.
    pub wait: Duration,
}

impl Default for DockerSettings {
    fn default() -> Self {
        Self {
            wait: Duration::from_mins(15),
        }
    }
}

/// Docker Engine as a provider.
#[derive(Clone, Debug, Default)]
pub struct DockerProvider {
    settings: DockerSettings,
    current: syncer::CurrentEndpoints,
}

/// What the Docker Engine of this machine says of itself, or why it does not.
pub async fn describe_engine() -> Result<EngineWord, String> {
    let asked = async {
        client::Engine::connect(&client::default_url())?
            .info()
            .await
    };
    let info = asked.await.map_err(|error| error.to_problem().summary)?;
    Ok(EngineWord {
        version: info.version,
        storage_driver: info.driver,
        live_restore: info.live_restore,
    })
}

/// The way into the nodes of this provider, for whoever reads the chain.
#[must_use]
pub fn own_nodes() -> Arc<dyn OwnNode> {
    Arc::new(rpc::DockerNodes)
}

impl DockerProvider {
    /// Makes the provider; nothing is connected yet.
    #[must_use]
    pub fn new(settings: DockerSettings) -> Self {
        Self {
            settings,
            current: syncer::CurrentEndpoints::default(),
        }
    }
}

/// Plans one change.
fn design_change(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
) -> Result<Design, Vec<Problem>> {
    match kind_named(task.address.kind()) {
        DockerKind::Host => Ok(Design::default()),
        DockerKind::Volume => volume::plan_volume(task, world),
        DockerKind::Container(kind) => workload::design::plan_container(kind, task, world),
    }
}

#[async_trait]
impl Provider for DockerProvider {
    fn name(&self) -> &'static str {
        workload::design::PROVIDER
    }

    fn kinds(&self) -> &'static [KindSchema] {
        kinds::KINDS
    }

    fn normalise(&self, kind: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        normalise::normalise_kind(kind, attributes)
    }

    fn normalise_among(
        &self,
        kind: &str,
        attributes: Attributes,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Attributes, Vec<Problem>> {
        let mut normal = self.normalise(kind, attributes)?;
        if kind == "syncer" {
            syncer::inherit_endpoints(&mut normal, wanted);
        }
        Ok(normal)
    }

    fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        self.current.configure(wanted);
    }

    fn check_rename(
        &self,
        lineage: &str,
        to: &Address,
        recorded: &Recorded,
    ) -> Result<(), Problem> {
        renamed::check_rename(lineage, to, recorded)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        Ok(observe::observe_all(targets, scene).await)
    }

    async fn collect_status(
        &self,
        targets: &[Target<'_>],
        context: &StatusContext<'_>,
    ) -> Vec<StatusPart> {
        condition::collect_status(targets, context).await
    }

    async fn collect_logs(
        &self,
        _: &[Target<'_>],
        context: &StatusContext<'_>,
        lines: usize,
    ) -> BTreeMap<Address, Vec<String>> {
        condition::collect_logs(context, lines).await
    }

    fn render(
        &self,
        address: &Address,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Rendered, Problem> {
        match kind_named(address.kind()) {
            DockerKind::Host | DockerKind::Volume => Ok(Rendered::default()),
            DockerKind::Container(kind) => kind.render(address, wanted),
        }
    }

    /// A container is made from what the spec says of a chain; where it takes more, its design refuses to do without.
    fn needs_sight(&self, _: &Address, of: &Address) -> bool {
        matches!(of.kind(), "host" | "volume")
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(design_change)
    }

    fn check_ready(&self, effects: &[&Effect]) -> Result<(), (usize, ProviderError)> {
        effects
            .iter()
            .enumerate()
            .try_for_each(|(position, effect)| {
                let ready = commit::prepare_effect(effect, &self.current);
                ready.map(drop).map_err(|error| (position, error))
            })
    }

    async fn prepare(
        &self,
        effect: &Effect,
        _inputs: &Attributes,
    ) -> Result<Ticket, ProviderError> {
        commit::prepare_effect(effect, &self.current)
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        commit::commit_ticket(ticket, &self.current, self.settings.wait, progress).await
    }
}
