//! The kind `ui` among containers: a server that says of itself how it is.
//!
//! - Reads: what a plan decided, what a look found; the container's own health check.
//! - Returns: what is particular to a page, from the other files of this folder.
//! - Never: serves what the plan did not see: a folder that changed since is refused.

use std::time::Duration;

use async_trait::async_trait;
use bollard::models::{ContainerState, HealthStatusEnum};
use pospool_model::provider::{Scene, Target, Task, World};
use pospool_model::{Attributes, KindSchema, Problem, ProviderError};
use tokio::time::{Instant, sleep};

use super::container::{self, PAGE};
use super::{design, observe, wish};
use crate::client::{Engine, Labels, Listed};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::{PAGES, SERVERS, tag};
use crate::kinds::UI;
use crate::names::{self, Name};
use crate::observe::View;
use crate::workload::run::{is_running, last_words, state};
use crate::workload::{Draft, Inside, Kind, Made, Seen, Start, Workload, planned};

const POLL: Duration = Duration::from_millis(500);
/// Time for the server to answer its own health check.
const WELL: Duration = Duration::from_mins(2);
/// Lines of a server's log that are shown.
const SHOWN: usize = 10;

/// Web pages.
pub(crate) struct Ui;

#[async_trait]
impl Kind for Ui {
    fn schema(&self) -> &'static KindSchema {
        &UI
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        wish::normalise(attributes, problems);
    }

    fn workload(&self, made: &Made) -> Result<Workload, Problem> {
        container::workload(made)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let image = |repository, label| labels.get(label).map(|digest| tag(repository, digest));
        let server = image(SERVERS, names::DIGEST);
        server.into_iter().chain(image(PAGES, PAGE)).collect()
    }

    fn patience(&self) -> &'static str {
        "at most 10 s"
    }

    fn look_before(
        &self,
        target: &Target<'_>,
        _: &Scene<'_>,
        _: &View,
        _: Option<&Listed>,
        facts: &mut DockerFacts,
    ) -> Result<(), Problem> {
        if let Some(from) = target.wanted.map(observe::from).transpose()?.flatten() {
            facts.pages.insert(target.address.clone(), from);
        }
        Ok(())
    }

    async fn inside(&self, seen: &Seen<'_>, _: &mut DockerFacts) -> Result<Inside, Problem> {
        Ok(Inside::plain(observe::state(&seen.found)))
    }

    fn made(&self, seen: &Seen<'_>, attributes: &Attributes, _: &DockerFacts) -> Option<Made> {
        observe::made(seen, attributes)
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("content", observe::CHANGED)
    }

    fn shown(
        &self,
        attributes: &mut Attributes,
        seen: &Seen<'_>,
        _: Option<&Made>,
        facts: &DockerFacts,
    ) {
        let content = observe::content_now(seen, facts);
        attributes.insert("content".to_owned(), content.into());
    }

    fn outputs(&self, made: &Made) -> Attributes {
        let url =
            wish::UiWish::read(&made.attributes).map(|wish| format!("http://{}/", wish.listen));
        let page = made.more.get(PAGE).map(String::as_str).unwrap_or_default();
        let more = [
            ("url", &*url.unwrap_or_default()),
            ("image", &made.image),
            ("digest", page),
        ];
        planned(made, &more)
    }

    fn draft(
        &self,
        task: &Task<'_>,
        world: &World<'_>,
        facts: &DockerFacts,
    ) -> Result<Draft, Problem> {
        design::draft(task, world, facts)
    }

    async fn start(&self, start: &Start<'_>) -> Result<(), ProviderError> {
        start.engine.start(start.container).await
    }

    /// Waits for the container's own health check.
    async fn ready(&self, start: &Start<'_>) -> Result<Attributes, ProviderError> {
        let deadline = Instant::now() + WELL;
        loop {
            let state = state(start.engine, start.container).await?;
            if is_healthy(&state) {
                return Ok(Attributes::new());
            }
            let is_late = Instant::now() >= deadline;
            if !is_running(&state) || is_unhealthy(&state) || is_late {
                return Err(unwell(start.engine, start.container, &start.job.made.address).await);
            }
            start
                .progress
                .waiting("waiting for the page's server to answer");
            if start.progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
            sleep(POLL).await;
        }
    }

    async fn proven(
        &self,
        _: &Engine,
        _: &Name,
        state: &ContainerState,
    ) -> Result<bool, ProviderError> {
        Ok(is_healthy(state))
    }
}

fn health(state: &ContainerState) -> Option<HealthStatusEnum> {
    state.health.as_ref().and_then(|health| health.status)
}

fn is_healthy(state: &ContainerState) -> bool {
    health(state) == Some(HealthStatusEnum::HEALTHY)
}

fn is_unhealthy(state: &ContainerState) -> bool {
    health(state) == Some(HealthStatusEnum::UNHEALTHY)
}

async fn unwell(
    engine: &Engine,
    container: &Name,
    address: &pospool_model::Address,
) -> ProviderError {
    let last = last_words(engine, container, SHOWN).await;
    ProviderError::refused(
        codes::PAGE_UNWELL,
        format!("the server of {address} does not answer; its last words:\n{last}"),
    )
}
