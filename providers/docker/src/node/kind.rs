//! The kind `node` among containers: one PoS key, one process.
//!
//! - Reads: what a plan decided, what a refresh found.
//! - Returns: what is particular to a node, from the other files of this folder.
//! - Never: lets two processes vote with one key.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bollard::models::ContainerState;
use pospool_model::provider::{ChangeRequest, ObserveContext, PlanContext, Rendered, Target};
use pospool_model::{
    Address, Attributes, KindSchema, Problem, ProviderError, Secret, SecretRef, Value,
};

use super::{container, design, observe, start};
use crate::attributes::attribute_text;
use crate::client::{Engine, Labels, ListedContainer};
use crate::facts::DockerFacts;
use crate::failures;
use crate::image::labelled_image;
use crate::names::{self, Name, NameError};
use crate::node::image::NODES;
use crate::node::schema::NODE;
use crate::normalise;
use crate::place::DataLocation;
use crate::render::shown::render_node;
use crate::rpc;
use crate::secret::read_password;
use crate::syncer::CurrentEndpoints;
use crate::view::EngineView;
use crate::workload::job::UpJob;
use crate::workload::spec::{ContainerSpec, Workload};
use crate::workload::{
    ContainerDraft, ContainerKind, ContainerStart, InnerState, ObservedContainer, planned_outputs,
};

/// Nodes.
pub(crate) struct NodeKind;

#[async_trait]
impl ContainerKind for NodeKind {
    fn schema(&self) -> &'static KindSchema {
        &NODE
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        normalise::normalise_node(attributes, problems);
    }

    /// Without its kind: nodes were there first.
    fn container(&self, lineage: &str, address: &Address) -> Result<Name, NameError> {
        names::object_name(lineage, address)
    }

    fn workload(&self, spec: &ContainerSpec) -> Result<Workload, Problem> {
        container::node_workload(spec)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let image = labelled_image(NODES, labels, names::DIGEST);
        image.into_iter().collect()
    }

    fn stop_time(&self) -> &'static str {
        "at most 21 minutes"
    }

    fn observe_before(
        &self,
        target: &Target<'_>,
        scene: &ObserveContext<'_>,
        view: &EngineView,
        own: Option<&ListedContainer>,
        facts: &mut DockerFacts,
    ) -> Result<(), Problem> {
        observe::refuse_second_user(target, scene, view, own, &facts.folders)
    }

    async fn inner_state(
        &self,
        seen: &ObservedContainer<'_>,
        facts: &mut DockerFacts,
    ) -> Result<InnerState, Problem> {
        observe::observe_node(seen, facts).await
    }

    fn labelled_spec(
        &self,
        seen: &ObservedContainer<'_>,
        attributes: &Attributes,
        facts: &DockerFacts,
    ) -> Option<ContainerSpec> {
        observe::labelled_node(seen, attributes, facts)
    }

    fn differences(
        &self,
        seen: &ObservedContainer<'_>,
        spec: &ContainerSpec,
        facts: &DockerFacts,
    ) -> Vec<&'static str> {
        let changed = observe::files_changed(seen, spec, facts);
        changed
            .then_some("configuration files")
            .into_iter()
            .collect()
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("hardening", "changed: configuration files")
    }

    fn shown(
        &self,
        attributes: &mut Attributes,
        _: &ObservedContainer<'_>,
        _: Option<&ContainerSpec>,
        _: &DockerFacts,
    ) {
        attributes.remove("pos_key_password");
    }

    fn render(
        &self,
        address: &Address,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Rendered, Problem> {
        render_node(address, wanted)
    }

    fn outputs(&self, spec: &ContainerSpec) -> Attributes {
        let place = spec.place.as_ref().map(DataLocation::to_string);
        let mut outputs = planned_outputs(
            spec,
            &[
                ("hardened_image", &spec.image),
                ("volume", &place.unwrap_or_default()),
                ("network", spec.network.as_str()),
            ],
        );
        outputs.insert("own_network".to_owned(), Value::from(spec.own_network));
        outputs
    }

    fn draft(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &DockerFacts,
    ) -> Result<ContainerDraft, Problem> {
        design::draft_node(task, world, facts)
    }

    fn draft_start(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &DockerFacts,
        made: &ContainerSpec,
    ) -> Result<ContainerDraft, Problem> {
        design::draft_start(task, world, facts, made)
    }

    fn removal_notes(&self, task: &ChangeRequest<'_>) -> Vec<String> {
        let recorded = task.recorded.cloned().unwrap_or_default();
        let volume = attribute_text(&recorded.outputs, "volume").unwrap_or("its volume");
        let key = attribute_text(&recorded.outputs, "pos_address")
            .map(|key| format!("; its PoS key {key} stays on volume {volume}"));
        let key = key.unwrap_or_default();
        vec![format!("this node's PoS key will stop voting{key}")]
    }

    fn secret(&self, reference: &SecretRef) -> Result<Option<Secret>, ProviderError> {
        read_password(reference)
    }

    /// The password of its key, and then the sources that its guard asks.
    fn input(&self, job: &UpJob, current: &CurrentEndpoints) -> Result<Vec<Secret>, ProviderError> {
        let Some(reference) = &job.secret else {
            return Ok(Vec::new());
        };
        let Some(password) = self.secret(reference)? else {
            return Ok(Vec::new());
        };
        let mut lines = vec![password];
        lines.extend(current.sources(&job.spec));
        Ok(lines)
    }

    async fn check(&self, engine: &Engine, job: &UpJob) -> Result<(), ProviderError> {
        start::refuse_second_user(engine, job, None).await
    }

    async fn check_data(&self, start: &ContainerStart<'_>) -> Result<(), ProviderError> {
        start::check_data(start).await
    }

    async fn start(&self, start: &ContainerStart<'_>) -> Result<(), ProviderError> {
        start::start_node(start).await
    }

    /// Two effects of their own wait for a node: its key is needed before it follows its chain.
    async fn ready(&self, _: &ContainerStart<'_>) -> Result<Attributes, ProviderError> {
        Ok(Attributes::new())
    }

    /// It encrypts a key that goes with the scratch volume: no secret.
    fn trial_line(&self) -> Option<Secret> {
        Some(Secret::new("proof".to_owned()))
    }

    /// Its RPC comes after it has read its files and opened its databases.
    async fn proven(
        &self,
        engine: &Engine,
        container: &Name,
        _: &ContainerState,
    ) -> Result<bool, ProviderError> {
        Ok(rpc::query_identity(engine, container).await?.is_some())
    }

    fn explain(&self, who: &str, state: &ContainerState, lines: &[String]) -> ProviderError {
        failures::explain_exit(who, state, lines)
    }
}
