//! The kind `node` among containers: one PoS key, one process.
//!
//! - Reads: what a plan decided, what a look found.
//! - Returns: what is particular to a node, from the other files of this folder.
//! - Never: lets two processes vote with one key.

use async_trait::async_trait;
use bollard::models::ContainerState;
use pospool_model::provider::{Scene, Target, Task, World};
use pospool_model::{
    Address, Attributes, KindSchema, Problem, ProviderError, Secret, SecretRef, Value,
};

use super::wish::text;
use super::{container, design, observe, start};
use crate::client::{Engine, Labels, Listed};
use crate::facts::DockerFacts;
use crate::failures;
use crate::image::{NODES, labelled};
use crate::kinds::NODE;
use crate::names::{self, Name, NameError};
use crate::normalise;
use crate::observe::View;
use crate::place::Place;
use crate::rpc;
use crate::secret::password;
use crate::syncer::Current;
use crate::workload::job::UpJob;
use crate::workload::{Draft, Inside, Kind, Made, Seen, Start, Workload, planned};

/// Nodes.
pub(crate) struct Node;

#[async_trait]
impl Kind for Node {
    fn schema(&self) -> &'static KindSchema {
        &NODE
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        normalise::node(attributes, problems);
    }

    /// Without its kind: nodes were there first.
    fn container(&self, lineage: &str, address: &Address) -> Result<Name, NameError> {
        names::object(lineage, address)
    }

    fn workload(&self, made: &Made) -> Result<Workload, Problem> {
        container::workload(made)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let image = labelled(NODES, labels, names::DIGEST);
        image.into_iter().collect()
    }

    fn patience(&self) -> &'static str {
        "at most 21 minutes"
    }

    fn look_before(
        &self,
        target: &Target<'_>,
        scene: &Scene<'_>,
        view: &View,
        own: Option<&Listed>,
        facts: &mut DockerFacts,
    ) -> Result<(), Problem> {
        observe::refuse_second_user(target, scene, view, own, &facts.folders)
    }

    async fn inside(&self, seen: &Seen<'_>, facts: &mut DockerFacts) -> Result<Inside, Problem> {
        observe::inside(seen, facts).await
    }

    fn made(&self, seen: &Seen<'_>, attributes: &Attributes, facts: &DockerFacts) -> Option<Made> {
        observe::made(seen, attributes, facts)
    }

    fn differences(&self, seen: &Seen<'_>, made: &Made, facts: &DockerFacts) -> Vec<&'static str> {
        let changed = observe::files_changed(seen, made, facts);
        changed
            .then_some("configuration files")
            .into_iter()
            .collect()
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("hardening", "changed: configuration files")
    }

    fn shown(&self, attributes: &mut Attributes, _: &Seen<'_>, _: Option<&Made>, _: &DockerFacts) {
        attributes.remove("pos_key_password");
    }

    fn outputs(&self, made: &Made) -> Attributes {
        let place = made.place.as_ref().map(Place::to_string);
        let mut outputs = planned(
            made,
            &[
                ("hardened_image", &made.image),
                ("volume", &place.unwrap_or_default()),
                ("network", made.network.as_str()),
            ],
        );
        outputs.insert("own_network".to_owned(), Value::from(made.own_network));
        outputs
    }

    fn draft(
        &self,
        task: &Task<'_>,
        world: &World<'_>,
        facts: &DockerFacts,
    ) -> Result<Draft, Problem> {
        design::draft(task, world, facts)
    }

    fn farewell(&self, task: &Task<'_>) -> Vec<String> {
        let recorded = task.recorded.cloned().unwrap_or_default();
        let volume = text(&recorded.outputs, "volume").unwrap_or("its volume");
        let key = text(&recorded.outputs, "pos_address")
            .map(|key| format!("; its PoS key {key} stays on volume {volume}"));
        let key = key.unwrap_or_default();
        vec![format!("this node's PoS key will stop voting{key}")]
    }

    fn secret(&self, reference: &SecretRef) -> Result<Secret, ProviderError> {
        password(reference)
    }

    fn input(&self, job: &UpJob, _: &Current) -> Result<Vec<Secret>, ProviderError> {
        job.secret.iter().map(password).collect()
    }

    async fn check(&self, engine: &Engine, job: &UpJob) -> Result<(), ProviderError> {
        start::refuse_second_user(engine, job, None).await
    }

    async fn check_data(&self, start: &Start<'_>) -> Result<(), ProviderError> {
        start::check_data(start).await
    }

    async fn start(&self, start: &Start<'_>) -> Result<(), ProviderError> {
        start::start(start).await
    }

    /// Two effects of their own wait for a node: its key is needed before it follows its chain.
    async fn ready(&self, _: &Start<'_>) -> Result<Attributes, ProviderError> {
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
        Ok(rpc::identity(engine, container).await?.is_some())
    }

    fn explain(&self, who: &str, state: &ContainerState, lines: &[String]) -> ProviderError {
        failures::explain(who, state, lines)
    }
}
