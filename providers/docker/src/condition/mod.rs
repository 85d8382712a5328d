//! How hosts and containers are, for people who watch them.
//!
//! - Reads: what a look has found; each container once more, and a node's published ports.
//! - Returns: parts of a status, in which each figure says its source, or why it is not known.
//! - Never: changes anything, or takes what does not answer for well.

mod node;
mod ports;
mod services;

use std::time::{Duration, UNIX_EPOCH};

use bollard::models::ContainerInspectResponse;
use futures_util::future::join_all;
use pospool_model::provider::{Observed, StatusContext, Target};
use pospool_model::status::{ContainerState, Figure, StatusPart};

use crate::client::Engine;
use crate::facts::{Container, DockerFacts};

/// The source of what Docker says.
const DOCKER: &str = "docker";

/// Says how everything is that this provider looks after.
pub(crate) async fn collect_status(
    targets: &[Target<'_>],
    context: &StatusContext<'_>,
) -> Vec<StatusPart> {
    let facts = DockerFacts::of(context.facts);
    let asked = targets
        .iter()
        .map(|target| collect_one(target, context, &facts));
    join_all(asked).await.into_iter().flatten().collect()
}

async fn collect_one(
    target: &Target<'_>,
    context: &StatusContext<'_>,
    facts: &DockerFacts,
) -> Option<StatusPart> {
    // What the spec does not have any more is taken down, and watched by nobody.
    target.wanted?;
    Some(match target.address.kind() {
        "host" => StatusPart::Host(services::host_status(target, context, facts)),
        "node" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Node(Box::new(node::node_status(&seen).await))
        }
        "syncer" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Syncer(Box::new(services::syncer_status(&seen)))
        }
        "ui" => {
            let seen = SeenContainer::look(target, context, facts).await;
            StatusPart::Page(services::page_status(&seen))
        }
        _ => return None,
    })
}

/// One container, as the look and one more question found it.
struct SeenContainer<'a> {
    target: &'a Target<'a>,
    context: &'a StatusContext<'a>,
    facts: &'a DockerFacts,
    /// What the look found; `None` where it is not there, or could not be looked at.
    container: Option<&'a Container>,
    engine: Option<Engine>,
    /// What Docker says of it in detail.
    found: Option<ContainerInspectResponse>,
}

impl<'a> SeenContainer<'a> {
    async fn look(
        target: &'a Target<'a>,
        context: &'a StatusContext<'a>,
        facts: &'a DockerFacts,
    ) -> Self {
        let container = facts.containers.get(target.address);
        let engine = container.and_then(|it| Engine::connect(&it.docker).ok());
        let found = match (&engine, container) {
            (Some(engine), Some(it)) => engine.inspect(&it.id).await.ok().flatten(),
            _ => None,
        };
        Self {
            target,
            context,
            facts,
            container,
            engine,
            found,
        }
    }

    /// Why the look did not get to see it, if it did not.
    fn unseen(&self) -> Option<&str> {
        let why = self.context.unseen.get(self.target.address)?;
        Some(why.as_str())
    }

    /// How the container is; `waiting` is the word of its kind for one that has no secret yet.
    fn state(&self, waiting: &str) -> Figure<ContainerState> {
        let Some(container) = self.container else {
            return match (self.unseen(), self.context.objects.get(self.target.address)) {
                (Some(why), _) => Figure::not_seen(DOCKER, why),
                (None, Some(Observed::Present { .. })) => {
                    Figure::not_seen(DOCKER, "the look says nothing of its container")
                }
                (None, _) => Figure::seen(DOCKER, ContainerState::Gone),
            };
        };
        let state = match container.state {
            "paused" => ContainerState::Paused,
            state if state == waiting => ContainerState::WaitingForPassword,
            _ if container.running => ContainerState::Running,
            _ => ContainerState::Stopped,
        };
        Figure::seen(DOCKER, state)
    }

    /// A figure from what Docker says of the container in detail.
    fn detail<T>(&self, read: impl FnOnce(&ContainerInspectResponse) -> Option<T>) -> Figure<T> {
        let Some(found) = &self.found else {
            let why = self.unseen().unwrap_or("there is no container");
            return Figure::not_seen(DOCKER, why);
        };
        Figure::said(DOCKER, read(found), 0, "Docker does not say it")
    }

    /// The name of the container.
    fn name(&self) -> String {
        let name = self.found.as_ref().and_then(|found| found.name.as_deref());
        name.unwrap_or_default().trim_start_matches('/').to_owned()
    }

    /// For how long it runs.
    fn running_seconds(&self) -> Figure<u64> {
        let now = UNIX_EPOCH + Duration::from_secs(self.context.now);
        self.detail(|found| {
            let state = found.state.as_ref()?;
            let started = crate::workload::run::started_at(state)?;
            let started = humantime::parse_rfc3339(started).ok()?;
            Some(now.duration_since(started).unwrap_or_default().as_secs())
        })
    }
}
