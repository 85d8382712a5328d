//! The kind `ui` among containers: a server that says of itself how it is.
//!
//! - Reads: what a plan decided, what a refresh found; the container's own health check.
//! - Returns: what is particular to a page, from the other files of this folder.
//! - Never: serves what the plan did not see: a folder that changed since is refused.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bollard::models::ContainerState;
use pospool_model::provider::{ChangeRequest, ObserveContext, PlanContext, Rendered, Target};
use pospool_model::{Address, Attributes, KindSchema, Problem, ProviderError};

use super::container::{self, PAGE};
use super::{design, observe, wish};
use crate::client::{Engine, Labels, ListedContainer};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::labelled_image;
use crate::names::{self, Name};
use crate::render::shown::render_page;
use crate::ui::image::{PAGES, SERVERS};
use crate::ui::schema::UI;
use crate::view::EngineView;
use crate::workload::spec::{ContainerSpec, Workload};
use crate::workload::{
    ContainerDraft, ContainerKind, ContainerStart, ObservedContainer, health, planned_outputs,
};

/// Web pages.
pub(crate) struct UiKind;

#[async_trait]
impl ContainerKind for UiKind {
    fn schema(&self) -> &'static KindSchema {
        &UI
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        wish::normalise_ui(attributes, problems);
    }

    fn workload(&self, spec: &ContainerSpec) -> Result<Workload, Problem> {
        container::page_workload(spec)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let server = labelled_image(SERVERS, labels, names::DIGEST);
        let page = labelled_image(PAGES, labels, PAGE);
        server.into_iter().chain(page).collect()
    }

    fn stop_time(&self) -> &'static str {
        "at most 10 s"
    }

    fn observe_before(
        &self,
        target: &Target<'_>,
        _: &ObserveContext<'_>,
        _: &EngineView,
        _: Option<&ListedContainer>,
        facts: &mut DockerFacts,
    ) -> Result<(), Problem> {
        let address = || target.address.clone();
        match target.wanted.map(observe::read_page_source) {
            Some(Ok(Some(from))) => _ = facts.pages.insert(address(), from),
            // A page that is there can run without: what it is made from is in its image.
            Some(Err(problem)) => _ = facts.unread_pages.insert(address(), problem),
            Some(Ok(None)) | None => {}
        }
        Ok(())
    }

    fn unseen(
        &self,
        seen: &ObservedContainer<'_>,
        facts: &DockerFacts,
    ) -> Vec<(&'static str, Problem)> {
        let unread = facts.unread_pages.get(seen.target.address).cloned();
        let unseen = unread.or_else(|| observe::unseen_chain(seen.target, seen.scene));
        unseen
            .map(|problem| ("content", problem))
            .into_iter()
            .collect()
    }

    fn labelled_spec(
        &self,
        seen: &ObservedContainer<'_>,
        attributes: &Attributes,
        _: &DockerFacts,
    ) -> Option<ContainerSpec> {
        observe::labelled_page(seen, attributes)
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("content", observe::CHANGED)
    }

    fn shown(
        &self,
        attributes: &mut Attributes,
        seen: &ObservedContainer<'_>,
        _: Option<&ContainerSpec>,
        facts: &DockerFacts,
    ) {
        let content = observe::content_now(seen, facts);
        attributes.insert("content".to_owned(), content.into());
    }

    fn render(
        &self,
        address: &Address,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Rendered, Problem> {
        render_page(address, wanted)
    }

    fn outputs(&self, spec: &ContainerSpec) -> Attributes {
        let url = wish::DesiredPage::read(&spec.attributes)
            .map(|desired| format!("http://{}/", desired.listen));
        let page = spec.more.get(PAGE).map(String::as_str).unwrap_or_default();
        let more = [
            ("url", &*url.unwrap_or_default()),
            ("image", &spec.image),
            ("digest", page),
        ];
        planned_outputs(spec, &more)
    }

    fn draft(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &DockerFacts,
    ) -> Result<ContainerDraft, Problem> {
        design::draft_page(task, world, facts)
    }

    async fn ready(&self, start: &ContainerStart<'_>) -> Result<Attributes, ProviderError> {
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
