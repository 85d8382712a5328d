//! The kind `ui` among containers: a server that says of itself how it is.
//!
//! - Reads: what a plan decided, what a look found; the container's own health check.
//! - Returns: what is particular to a page, from the other files of this folder.
//! - Never: serves what the plan did not see: a folder that changed since is refused.

use async_trait::async_trait;
use bollard::models::ContainerState;
use pospool_model::provider::{Scene, Target, Task, World};
use pospool_model::{Attributes, KindSchema, Problem, ProviderError};

use super::container::{self, PAGE};
use super::{design, observe, wish};
use crate::client::{Engine, Labels, Listed};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::{PAGES, SERVERS, labelled};
use crate::kinds::UI;
use crate::names::{self, Name};
use crate::observe::View;
use crate::workload::{Draft, Kind, Made, Seen, Start, Workload, health, planned};

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
        let server = labelled(SERVERS, labels, names::DIGEST);
        let page = labelled(PAGES, labels, PAGE);
        server.into_iter().chain(page).collect()
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

    async fn ready(&self, start: &Start<'_>) -> Result<Attributes, ProviderError> {
        health::await_healthy(start, codes::PAGE_UNWELL, "the server").await
    }

    async fn proven(
        &self,
        _: &Engine,
        _: &Name,
        state: &ContainerState,
    ) -> Result<bool, ProviderError> {
        Ok(health::is_healthy(state))
    }
}
