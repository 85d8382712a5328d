//! Observing one container.
//!
//! - Reads: the list of containers, and one in detail; what its kind asks it.
//! - Returns: attributes as the container's labels and the engine show them, with what was changed by hand.
//! - Never: believes a label that the container itself contradicts.

use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Attributes, Problem};

use super::labels;
use super::look::{
    self, OwnContainer, has_other_content, inspect_listed, own_container, plan_binding,
};
use super::run::{is_running, started_at};
use super::{ContainerKind, ObservedContainer, drift};
use crate::attributes::attribute_text;
use crate::facts::{Container, DockerFacts};
use crate::place::DataLocation;
use crate::view::EngineView;
use crate::workload::spec::ContainerSpec;

/// Observes one container.
pub(crate) async fn observe_container(
    kind: &dyn ContainerKind,
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    view: &EngineView,
    facts: &mut DockerFacts,
    observation: &mut Observation,
) -> Result<Observed, Problem> {
    let bindings = &mut observation.bindings;
    let name = kind.container(scene.lineage, target.address);
    let name = name.map_err(|error| error.problem(&[]))?;
    let place = format!("docker/{}/{name}", view.facts.id);
    let own = own_container(target, scene, view, &name)?;
    kind.observe_before(target, scene, view, own.as_ref().map(|own| own.one), facts)?;
    let found = match own {
        Some(own) => inspect_listed(view, own.one)
            .await?
            .map(|found| (own, found)),
        None => None,
    };
    let Some((OwnContainer { aside, .. }, (id, found))) = found else {
        bindings.insert(place, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let seen = ObservedContainer {
        target,
        scene,
        view,
        id,
        name,
        found,
        aside,
    };
    let inside = kind.inner_state(&seen, facts).await?;
    bindings.insert(place, plan_binding(&seen.id, inside.bound));
    let ShownContainer {
        mut attributes,
        mut outputs,
        made,
    } = show_container(kind, &seen, facts);
    for (name, problem) in kind.unseen(&seen, facts) {
        let address = target.address.clone();
        attributes.remove(name);
        observation.unseen.push((address, name, problem));
    }
    attributes.insert("state".to_owned(), inside.state.into());
    outputs.extend(inside.outputs);
    let (edited, value) = kind.edited();
    if attribute_text(&attributes, edited) == Some(value) {
        let edits = observation.edits.entry(target.address.clone());
        edits.or_default().insert(edited);
    }
    let drifted = attribute_text(&attributes, "runtime").is_some_and(|it| it != drift::LEFT);
    let container = Container {
        made,
        ..seen.container(inside.bound, drifted)
    };
    facts.containers.insert(target.address.clone(), container);
    Ok(Observed::Present {
        attributes,
        outputs,
    })
}

/// A container as the engine shows it, without a word of what runs inside.
pub(crate) struct ShownContainer {
    pub(crate) attributes: Attributes,
    outputs: Attributes,
    /// How it was made, as its labels say, if they do.
    made: Option<ContainerSpec>,
}

pub(crate) fn show_container(
    kind: &dyn ContainerKind,
    seen: &ObservedContainer<'_>,
    facts: &DockerFacts,
) -> ShownContainer {
    let labelled = labels::labelled_attributes(&seen.found);
    let made = labelled
        .as_ref()
        .and_then(|attributes| kind.labelled_spec(seen, attributes, facts));
    let spec = made.as_ref();
    let mut attributes = labelled.unwrap_or_default();
    kind.shown(&mut attributes, seen, spec, facts);
    let different = spec.and_then(|spec| different(kind, seen, spec, facts));
    let (lasting, runtime) = drift::split_drift(different);
    attributes.insert("hardening".to_owned(), lasting.into());
    let runtime = runtime.or_else(|| seen.aside.as_ref().map(|_| drift::LEFT.to_owned()));
    if let Some(runtime) = runtime {
        attributes.insert("runtime".to_owned(), runtime.into());
    }
    let planned = spec.map(|spec| kind.outputs(spec)).unwrap_or_default();
    ShownContainer {
        outputs: look::container_outputs(planned, seen.view, &seen.found),
        attributes,
        made,
    }
}

/// Names what differs; nothing can be said where the labels do not say how it was made.
fn different(
    kind: &dyn ContainerKind,
    seen: &ObservedContainer<'_>,
    spec: &ContainerSpec,
    facts: &DockerFacts,
) -> Option<Vec<&'static str>> {
    let workload = kind.workload(spec).ok()?;
    let mut different = drift::find_drift(spec, &workload, &seen.found);
    different.extend(kind.differences(seen, spec, facts));
    if has_other_content(seen.target, &seen.found) {
        different.push("image content");
    }
    Some(different)
}

impl ObservedContainer<'_> {
    /// Whether a process of it may run.
    pub(crate) fn running(&self) -> bool {
        self.found.state.as_ref().is_some_and(is_running)
    }

    /// One of its labels.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        labels::label_of(&self.found, name)
    }

    /// Facts for a plan.
    pub(crate) fn container(&self, state: &'static str, drifted: bool) -> Container {
        let host = self.found.host_config.as_ref();
        let network = host.and_then(|host| host.network_mode.as_deref());
        let state_now = self.found.state.as_ref();
        Container {
            docker: self.view.docker.clone(),
            id: self.id.clone(),
            place: self.mounted(),
            running: self.running(),
            state,
            started_at: state_now.and_then(started_at).map(str::to_owned),
            network: Some(self.name.clone()).filter(|own| network == Some(own.as_str())),
            labels: labels::labels_of(&self.found),
            aside: self.aside.clone(),
            drifted,
            made: None,
        }
    }

    /// Where its data lies.
    fn mounted(&self) -> Option<DataLocation> {
        let mut mounts = self.found.mounts.iter().flatten();
        let at = Some(crate::render::layout::DATA_DIR);
        let data = mounts.find(|mount| mount.destination.as_deref() == at)?;
        let text = data.name.as_deref().or(data.source.as_deref())?;
        DataLocation::parse(text).ok()
    }
}
