//! What a kind of container says of itself.
//!
//! - Reads: attributes, facts of a refresh, a container.
//! - Returns: drafts, workloads, how a container is.
//! - Never: stops, removes or replaces a container: that is the same for all kinds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bollard::models::{ContainerInspectResponse, ContainerState};
use pospool_model::plan::Effect;
use pospool_model::provider::{
    ChangeRequest, ObserveContext, PlanContext, Progress, Rendered, Target,
};
use pospool_model::{
    Address, Attributes, KindSchema, Problem, ProviderError, Secret, SecretRef, Value,
};

use super::job::{UpJob, WayBack};
use super::run;
use crate::builds::ImageBuild;
use crate::client::{Engine, Labels, ListedContainer};
use crate::codes;
use crate::facts::{Container, DockerFacts, KeptContainer};
use crate::names::{Name, NameError, object_name_of_kind};
use crate::syncer::CurrentEndpoints;
use crate::view::EngineView;
use crate::workload::spec::{ContainerSpec, Workload};

/// One kind of container.
#[async_trait]
pub(crate) trait ContainerKind: Sync {
    /// The kind as a table.
    fn schema(&self) -> &'static KindSchema;

    /// Brings attributes into their normal form.
    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>);

    /// Name of the container.
    fn container(&self, lineage: &str, address: &Address) -> Result<Name, NameError> {
        object_name_of_kind(lineage, address)
    }

    /// How a container is made that a plan decided on.
    fn workload(&self, spec: &ContainerSpec) -> Result<Workload, Problem>;

    /// Names of the images that a container with these labels was made from, the last one first.
    fn images(&self, labels: &Labels) -> Vec<String>;

    /// How long it may take to end, in words.
    fn stop_time(&self) -> &'static str;

    /// A volume that is made for a container and goes with it.
    fn own_volume(&self, container: &Name) -> Option<Name> {
        let _ = container;
        None
    }

    /// Observes what its attributes name, before its container is observed; `own` is that one in the list.
    fn observe_before(
        &self,
        target: &Target<'_>,
        scene: &ObserveContext<'_>,
        view: &EngineView,
        own: Option<&ListedContainer>,
        facts: &mut DockerFacts,
    ) -> Result<(), Problem> {
        let _ = (target, scene, view, own, facts);
        Ok(())
    }

    /// How a container is; unless it says more itself, by its own health check.
    async fn inner_state(
        &self,
        seen: &ObservedContainer<'_>,
        facts: &mut DockerFacts,
    ) -> Result<InnerState, Problem> {
        let _ = facts;
        Ok(InnerState::plain(run::health_state(&seen.found)))
    }

    /// The container as its labels say that it was made.
    fn labelled_spec(
        &self,
        seen: &ObservedContainer<'_>,
        attributes: &Attributes,
        facts: &DockerFacts,
    ) -> Option<ContainerSpec>;

    /// What is not as the same attributes would make it now, beside what a comparison of containers shows.
    fn differences(
        &self,
        seen: &ObservedContainer<'_>,
        spec: &ContainerSpec,
        facts: &DockerFacts,
    ) -> Vec<&'static str> {
        let _ = (seen, spec, facts);
        Vec::new()
    }

    /// An attribute, and its value where nobody touched the container, but what it is made from is another now: the spec, the
    /// files of this machine, or the release of pospool.
    fn edited(&self) -> (&'static str, &'static str);

    /// Turns the attributes of a label into those that a plan compares.
    fn shown(
        &self,
        attributes: &mut Attributes,
        seen: &ObservedContainer<'_>,
        spec: Option<&ContainerSpec>,
        facts: &DockerFacts,
    ) {
        let _ = (attributes, seen, spec, facts);
    }

    /// Attributes that could not be looked at, and why: what a container would be made from is not always known.
    fn unseen(
        &self,
        seen: &ObservedContainer<'_>,
        facts: &DockerFacts,
    ) -> Vec<(&'static str, Problem)> {
        let _ = (seen, facts);
        Vec::new()
    }

    /// Outputs that are known before the container is made.
    fn outputs(&self, spec: &ContainerSpec) -> Attributes;

    /// What a change makes.
    fn draft(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &DockerFacts,
    ) -> Result<ContainerDraft, Problem>;

    /// What a start of the container that is there takes. How it was made is in its labels: neither a chain nor files that
    /// it would be made from are needed.
    fn draft_start(
        &self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &DockerFacts,
        made: &ContainerSpec,
    ) -> Result<ContainerDraft, Problem> {
        let _ = (task, world, facts);
        Ok(ContainerDraft::start_of(made))
    }

    /// Writes what its attributes become inside of its container, for somebody who wants to read it; pure but for files.
    fn render(
        &self,
        address: &Address,
        wanted: &BTreeMap<Address, Attributes>,
    ) -> Result<Rendered, Problem> {
        let _ = (address, wanted);
        Ok(Rendered::default())
    }

    /// What a reader of a plan should know that takes one down.
    fn removal_notes(&self, task: &ChangeRequest<'_>) -> Vec<String> {
        let _ = task;
        Vec::new()
    }

    /// Reads its secret; `None` if its container reads it by itself.
    fn secret(&self, reference: &SecretRef) -> Result<Option<Secret>, ProviderError> {
        reference
            .read()
            .map(Some)
            .map_err(|error| ProviderError::Refused {
                code: codes::NO_SECRET,
                what: "the secret of the container cannot be read".to_owned(),
                source: Some(Box::new(error)),
            })
    }

    /// Lines for its standard input; read before anything is changed.
    fn input(&self, job: &UpJob, current: &CurrentEndpoints) -> Result<Vec<Secret>, ProviderError> {
        let _ = (job, current);
        Ok(Vec::new())
    }

    /// What must be so before its container is made.
    async fn check(&self, engine: &Engine, job: &UpJob) -> Result<(), ProviderError> {
        let _ = (engine, job);
        Ok(())
    }

    /// What must be so before its container is started; where it is not, a new one is not kept.
    async fn check_data(&self, start: &ContainerStart<'_>) -> Result<(), ProviderError> {
        let _ = start;
        Ok(())
    }

    /// Starts a container, and passes its secrets on stdin, if it has any.
    async fn start(&self, start: &ContainerStart<'_>) -> Result<(), ProviderError> {
        start.engine.start(start.container).await
    }

    /// Waits until it is ready, and returns what only it knows.
    async fn ready(&self, start: &ContainerStart<'_>) -> Result<Attributes, ProviderError>;

    /// The command with which it is proven, instead of its own: it exits with code 0.
    fn trial(&self) -> Option<Vec<String>> {
        None
    }

    /// A line for its standard input while it is proven; it opens nothing.
    fn trial_line(&self) -> Option<Secret> {
        None
    }

    /// Whether a container that is proven and runs has shown that it works.
    async fn proven(
        &self,
        engine: &Engine,
        container: &Name,
        state: &ContainerState,
    ) -> Result<bool, ProviderError> {
        let _ = (engine, container, state);
        Ok(false)
    }

    /// Why a container ended, by its last lines.
    fn explain(&self, who: &str, state: &ContainerState, lines: &[String]) -> ProviderError {
        let code = state.exit_code.unwrap_or_default();
        ProviderError::refused(
            codes::NOT_PROVEN,
            format!(
                "{who} ended with exit code {code}; its last output:\n{}",
                lines.join("\n")
            ),
        )
    }
}

/// What one change makes.
pub(crate) struct ContainerDraft {
    /// Images to make: name of the effect, its words, what goes in.
    pub(crate) images: Vec<(&'static str, String, ImageBuild)>,
    /// The container.
    pub(crate) spec: ContainerSpec,
    /// Secret that goes to its standard input.
    pub(crate) secret: Option<SecretRef>,
    /// Whether it is to run.
    pub(crate) run: bool,
    /// PoS address of the key that must lie on its volume already.
    pub(crate) key: Option<String>,
    /// How one goes back to the container that it replaces.
    pub(crate) way_back: WayBack,
    /// How the effects that make it and start it are called.
    pub(crate) create: String,
    pub(crate) start: String,
    /// What is done before the old container stops, and what while none runs.
    pub(crate) before: Vec<Effect>,
    pub(crate) between: Vec<Effect>,
    /// What is done with one that runs, before it is waited for.
    pub(crate) again: Vec<Effect>,
    /// Whether effects of its own wait for it, after it was started.
    pub(crate) waits: bool,
    pub(crate) outputs: Attributes,
    pub(crate) notes: Vec<String>,
}

impl ContainerDraft {
    /// Starts what is there, and makes nothing; what is made says only what it has beyond that.
    pub(crate) fn start_of(made: &ContainerSpec) -> Self {
        Self {
            images: Vec::new(),
            secret: None,
            run: true,
            key: None,
            way_back: WayBack::default(),
            create: String::new(),
            start: format!("start container {}", made.name),
            before: Vec::new(),
            between: Vec::new(),
            again: Vec::new(),
            waits: false,
            outputs: Attributes::new(),
            notes: Vec::new(),
            spec: made.clone(),
        }
    }
}

/// A container as a refresh sees it.
pub(crate) struct ObservedContainer<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) scene: &'a ObserveContext<'a>,
    pub(crate) view: &'a EngineView,
    pub(crate) id: Name,
    pub(crate) name: Name,
    pub(crate) found: ContainerInspectResponse,
    /// The container that it replaced, where that is still there.
    pub(crate) aside: Option<KeptContainer>,
}

/// How a container is.
pub(crate) struct InnerState {
    /// The attribute `state`.
    pub(crate) state: &'static str,
    /// The same in the binding of a plan.
    pub(crate) bound: &'static str,
    /// Outputs that only what runs inside knows.
    pub(crate) outputs: Attributes,
}

impl InnerState {
    pub(crate) fn plain(state: &'static str) -> Self {
        Self {
            state,
            bound: state,
            outputs: Attributes::new(),
        }
    }
}

/// A container that is being started.
pub(crate) struct ContainerStart<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) job: &'a UpJob,
    pub(crate) container: &'a Name,
    pub(crate) input: &'a [Secret],
    pub(crate) progress: &'a dyn Progress,
}

/// Outputs of every container that are known before it is made.
pub(crate) fn planned_outputs(spec: &ContainerSpec, more: &[(&str, &str)]) -> Attributes {
    let more = more.iter().chain(&[]);
    let name = ("container_name", spec.name.as_str());
    let texts = std::iter::once(&name).chain(more);
    texts
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect()
}

impl Container {
    /// When its process was started, if that runs and is not as it should be.
    pub(crate) fn unhealthy_since(&self) -> Option<&str> {
        let runs = self.running && self.state != "running";
        self.started_at.as_deref().filter(|_| runs)
    }
}
