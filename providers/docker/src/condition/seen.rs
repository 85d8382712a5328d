//! One container, seen once more.

use std::time::{Duration, UNIX_EPOCH};

use bollard::models::ContainerInspectResponse;
use pospool_model::provider::{Observed, StatusContext, Target};
use pospool_model::status::{ContainerState, Figure};

use crate::client::Engine;
use crate::facts::{Container, DockerFacts};
use crate::workload::run::started_at;

/// The source of what Docker says.
pub(super) const DOCKER: &str = "docker";

/// One container, as the look and one more question found it.
pub(super) struct SeenContainer<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) context: &'a StatusContext<'a>,
    pub(super) facts: &'a DockerFacts,
    /// What the look found; `None` where it is not there, or could not be looked at.
    pub(super) container: Option<&'a Container>,
    pub(super) engine: Option<Engine>,
    /// What Docker says of it in detail.
    pub(super) found: Option<ContainerInspectResponse>,
}

impl<'a> SeenContainer<'a> {
    pub(super) async fn look(
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
    pub(super) fn unseen(&self) -> Option<&str> {
        let why = self.context.unseen.get(self.target.address)?;
        Some(why.as_str())
    }

    /// How the container is; `waiting` is the word of its kind for one that has no secret yet.
    pub(super) fn state(&self, waiting: &str) -> Figure<ContainerState> {
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
    pub(super) fn detail<T>(
        &self,
        read: impl FnOnce(&ContainerInspectResponse) -> Option<T>,
    ) -> Figure<T> {
        let Some(found) = &self.found else {
            let why = self.unseen().unwrap_or("there is no container");
            return Figure::not_seen(DOCKER, why);
        };
        Figure::said(DOCKER, read(found), 0, "Docker does not say it")
    }

    /// The name of the container.
    pub(super) fn name(&self) -> String {
        let name = self.found.as_ref().and_then(|found| found.name.as_deref());
        name.unwrap_or_default().trim_start_matches('/').to_owned()
    }

    /// For how long it runs.
    pub(super) fn running_seconds(&self) -> Figure<u64> {
        let now = UNIX_EPOCH + Duration::from_secs(self.context.now);
        self.detail(|found| {
            let state = found.state.as_ref()?;
            let started = started_at(state)?;
            let started = humantime::parse_rfc3339(started).ok()?;
            Some(now.duration_since(started).unwrap_or_default().as_secs())
        })
    }
}
