//! The kind `syncer` among containers: one key, and a process that says of itself how it is.
//!
//! - Reads: what a plan decided, what a refresh found; what the syncer says.
//! - Returns: what is particular to a syncer, from the other files of this folder.
//! - Never: starts one without its key.

use async_trait::async_trait;
use pospool_model::provider::{ChangeRequest, ObserveContext, PlanContext, Target};
use pospool_model::{Attributes, KindSchema, Problem, ProviderError, Secret, SecretRef};

use super::endpoints::{CORE_RPC, hide_endpoint_keys};
use super::image::trial_command;
use super::report::{self, SyncerReport};
use super::{SYNCER, container, design, observe, run, wish};
use crate::client::{Engine, Labels, ListedContainer};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::labelled_image;
use crate::names::{self, Name};
use crate::secret::read_private_key;
use crate::syncer::CurrentEndpoints;
use crate::syncer::image::SYNCERS;
use crate::view::EngineView;
use crate::workload::job::UpJob;
use crate::workload::run::{container_state, is_running};
use crate::workload::spec::{ContainerSpec, Workload};
use crate::workload::{
    ContainerDraft, ContainerKind, ContainerStart, InnerState, ObservedContainer, planned_outputs,
};

/// Syncers.
pub(crate) struct SyncerKind;

#[async_trait]
impl ContainerKind for SyncerKind {
    fn schema(&self) -> &'static KindSchema {
        &SYNCER
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        wish::normalise_syncer(attributes, problems);
    }

    fn workload(&self, spec: &ContainerSpec) -> Result<Workload, Problem> {
        container::syncer_workload(spec)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let image = labelled_image(SYNCERS, labels, names::DIGEST);
        image.into_iter().collect()
    }

    fn stop_time(&self) -> &'static str {
        "at most 30 s"
    }

    /// For its journal.
    fn own_volume(&self, container: &Name) -> Option<Name> {
        Some(container.clone())
    }

    fn observe_before(
        &self,
        target: &Target<'_>,
        scene: &ObserveContext<'_>,
        view: &EngineView,
        own: Option<&ListedContainer>,
        _: &mut DockerFacts,
    ) -> Result<(), Problem> {
        match own {
            Some(_) => Ok(()),
            None => observe::refuse_second_syncer(target, scene, &view.containers),
        }
    }

    async fn inner_state(
        &self,
        seen: &ObservedContainer<'_>,
        facts: &mut DockerFacts,
    ) -> Result<InnerState, Problem> {
        let report = if seen.running() {
            report::query_report(&seen.view.engine, &seen.id, &seen.found).await
        } else {
            None
        };
        if let Some(report) = &report {
            let address = seen.target.address.clone();
            facts.syncers.insert(address, report.clone());
        }
        Ok(InnerState {
            outputs: report
                .as_ref()
                .map(SyncerReport::outputs)
                .unwrap_or_default(),
            ..InnerState::plain(observe::syncer_state(seen.running(), report.as_ref()))
        })
    }

    fn labelled_spec(
        &self,
        seen: &ObservedContainer<'_>,
        attributes: &Attributes,
        _: &DockerFacts,
    ) -> Option<ContainerSpec> {
        let mut attributes = attributes.clone();
        hide_endpoint_keys(&mut attributes);
        observe::labelled_syncer(seen, &attributes)
    }

    fn differences(
        &self,
        seen: &ObservedContainer<'_>,
        spec: &ContainerSpec,
        _: &DockerFacts,
    ) -> Vec<&'static str> {
        let changed = observe::is_another_image(spec, seen.scene);
        let changed = changed.then_some("chain or release of pospool");
        changed.into_iter().collect()
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("hardening", "changed: chain or release of pospool")
    }

    fn shown(
        &self,
        attributes: &mut Attributes,
        seen: &ObservedContainer<'_>,
        spec: Option<&ContainerSpec>,
        _: &DockerFacts,
    ) {
        hide_endpoint_keys(attributes);
        if let Some(list) = observe::inherited_endpoints(spec, seen.target, seen.scene) {
            attributes.insert(CORE_RPC.to_owned(), list);
        }
    }

    fn outputs(&self, spec: &ContainerSpec) -> Attributes {
        let more = [
            ("image", spec.image.as_str()),
            ("volume", spec.name.as_str()),
            ("network", spec.network.as_str()),
        ];
        planned_outputs(spec, &more)
    }

    fn draft(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        _: &DockerFacts,
    ) -> Result<ContainerDraft, Problem> {
        design::draft_syncer(task, world)
    }

    fn draft_start(
        &self,
        task: &ChangeRequest<'_>,
        _: &PlanContext<'_>,
        _: &DockerFacts,
        made: &ContainerSpec,
    ) -> Result<ContainerDraft, Problem> {
        design::draft_start(task, made)
    }

    fn removal_notes(&self, _: &ChangeRequest<'_>) -> Vec<String> {
        vec!["pending bridge operations will no longer be executed: stake and unstakes of eSpace wait".to_owned()]
    }

    fn secret(&self, reference: &SecretRef) -> Result<Option<Secret>, ProviderError> {
        read_private_key(reference)
    }

    /// The private key, then each endpoint that has a key.
    fn input(&self, job: &UpJob, current: &CurrentEndpoints) -> Result<Vec<Secret>, ProviderError> {
        let mut lines = Vec::new();
        if let Some(reference) = &job.secret {
            let Some(key) = self.secret(reference)? else {
                return Ok(Vec::new());
            };
            lines.push(key);
        }
        lines.extend(current.lines(&job.spec)?);
        Ok(lines)
    }

    async fn check(&self, engine: &Engine, job: &UpJob) -> Result<(), ProviderError> {
        let spec = &job.spec;
        // Docker would make an empty one in silence, without our labels.
        match engine.volume(&spec.name).await? {
            Some(labels) if labels == spec.owner() => Ok(()),
            Some(_) => {
                let name = &spec.name;
                let what = format!("a volume `{name}` is there that pospool did not make");
                Err(ProviderError::refused(codes::NAME_TAKEN, what))
            }
            None => {
                let what = format!("volume `{}` is gone; plan again", spec.name);
                Err(ProviderError::refused(codes::NO_VOLUME, what))
            }
        }
    }

    async fn start(&self, start: &ContainerStart<'_>) -> Result<(), ProviderError> {
        let (engine, container) = (start.engine, start.container);
        run::stop_unhealthy(engine, start.job, container, start.progress).await?;
        if is_running(&container_state(engine, container).await?) {
            return Ok(());
        }
        if start.input.is_empty() {
            // It finds its key in its mounts.
            return engine.start(container).await;
        }
        let input = engine.stdin(container).await?;
        engine.start(container).await?;
        input.lines(start.input).await
    }

    async fn ready(&self, start: &ContainerStart<'_>) -> Result<Attributes, ProviderError> {
        let report =
            run::wait_until_healthy(start.engine, start.job, start.container, start.progress)
                .await?;
        Ok(report.outputs())
    }

    /// It reads its spec: a round would need the key, and two syncers take each other's nonces.
    fn trial(&self) -> Option<Vec<String>> {
        Some(trial_command().map(str::to_owned).into())
    }
}
