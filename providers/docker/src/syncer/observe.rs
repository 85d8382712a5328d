//! A look at one syncer: its container, and what it says of itself.
//!
//! - Reads: the list of containers, one in detail, and its own health check.
//! - Returns: attributes as the container's labels and the engine show them, with what was changed since.
//! - Never: believes a label that the container itself contradicts.

use std::collections::BTreeMap;

use bollard::models::ContainerInspectResponse;
use pospool_model::provider::{Observed, Scene, Target};
use pospool_model::{Attributes, Problem};

use super::container::Made;
use super::design::{planned, recipe};
use super::image::image_tag;
use super::report::{self, Report};
use super::wish::SyncerWish;
use crate::facts::DockerFacts;
use crate::kinds::AS_MADE;
use crate::names::{self, Name, object_of_kind};
use crate::node::outputs::seen;
use crate::node::run::is_running;
use crate::node::wish::text;
use crate::observe::View;
use crate::observe_node::own_container;

/// What a look leaves for the plan: a syncer's container.
#[derive(Clone, Debug)]
pub(crate) struct SyncerFacts {
    /// The engine that has it.
    pub(crate) docker: String,
    /// Its id.
    pub(crate) container: Name,
    /// Digest of its image, by its label.
    pub(crate) digest: Option<String>,
    /// Whether it is in a network of its own.
    pub(crate) own_network: bool,
    /// When its process was started, if that runs and is not well or has no key.
    pub(crate) unwell_since: Option<String>,
}

/// Looks at one syncer.
pub(crate) async fn observe(
    target: &Target<'_>,
    scene: &Scene<'_>,
    view: &View,
    facts: &mut DockerFacts,
    bindings: &mut BTreeMap<String, String>,
) -> Result<Observed, Problem> {
    let name = object_of_kind(scene.lineage, target.address).map_err(|e| e.problem(&[]))?;
    let binding = format!("docker/{}/{name}", view.facts.id);
    let Some((id, found)) = inspected(target, scene, view, &name).await? else {
        bindings.insert(binding, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let running = found.state.as_ref().is_some_and(is_running);
    let report = if running {
        report::ask(&view.engine, &id, &found).await
    } else {
        None
    };
    let state = state(running, report.as_ref());
    let short = id.as_str().get(..12).unwrap_or_default();
    bindings.insert(binding, format!("{short} {state}"));
    let labelled = label(&found, names::ATTRIBUTES);
    let labelled = labelled.and_then(|text| serde_json::from_str(text).ok());
    let mut attributes: Attributes = labelled.unwrap_or_default();
    let made = made(target, scene, &name, &attributes, &found);
    let hardening = hardening(made.as_ref(), target, scene, &found);
    attributes.insert("state".to_owned(), state.into());
    attributes.insert("hardening".to_owned(), hardening.into());
    let outputs = outputs(made.as_ref(), view, &found, report.as_ref());
    let network = found.host_config.as_ref();
    let network = network.and_then(|host| host.network_mode.as_deref());
    let process = found.state.as_ref().and_then(|it| it.started_at.clone());
    let syncer = SyncerFacts {
        docker: view.docker.clone(),
        container: id,
        digest: label(&found, names::DIGEST).map(str::to_owned),
        own_network: network == Some(name.as_str()),
        unwell_since: process.filter(|_| running && state != RUNNING),
    };
    facts.syncers.insert(target.address.clone(), syncer);
    Ok(Observed::Present {
        attributes,
        outputs,
    })
}

async fn inspected(
    target: &Target<'_>,
    scene: &Scene<'_>,
    view: &View,
    name: &Name,
) -> Result<Option<(Name, ContainerInspectResponse)>, Problem> {
    let Some(own) = own_container(target, scene, view, name)? else {
        return Ok(None);
    };
    let id = Name::new(own.id.as_str()).map_err(|error| error.problem(&[]))?;
    let found = view.engine.inspect(&id).await;
    let found = found.map_err(|error| Problem::new(error.code(), &[], error.to_string()))?;
    Ok(found.map(|found| (id, found)))
}

fn label<'a>(found: &'a ContainerInspectResponse, name: &str) -> Option<&'a str> {
    let labels = found.config.as_ref()?.labels.as_ref()?;
    labels.get(name).map(String::as_str)
}

const RUNNING: &str = "running";

/// The attribute `state`.
fn state(running: bool, report: Option<&Report>) -> &'static str {
    match (running, report) {
        (false, _) => "stopped",
        (true, None) => "waiting for its key",
        (true, Some(report)) if report.is_well() => RUNNING,
        (true, Some(_)) => "unwell",
    }
}

/// The container as its labels say that it was made.
fn made(
    target: &Target<'_>,
    scene: &Scene<'_>,
    name: &Name,
    attributes: &Attributes,
    found: &ContainerInspectResponse,
) -> Option<Made> {
    let wish = SyncerWish::read(attributes).ok()?;
    let digest = label(found, names::DIGEST)?.to_owned();
    Some(Made {
        name: name.clone(),
        lineage: scene.lineage.to_owned(),
        address: target.address.clone(),
        image: image_tag(&digest),
        digest,
        network: wish.docker_network.clone().unwrap_or_else(|| name.clone()),
        own_network: wish.docker_network.is_none(),
        every: wish.every,
        attributes: attributes.clone(),
    })
}

/// The attribute `hardening`: in words, what is not as it would be made now.
fn hardening(
    made: Option<&Made>,
    target: &Target<'_>,
    scene: &Scene<'_>,
    found: &ContainerInspectResponse,
) -> String {
    let Some(made) = made else {
        return "changed: labels".to_owned();
    };
    let mut different = made.differences(found);
    if is_another_image(made, scene) {
        different.push("chain or release of pospool");
    }
    let recorded = target
        .recorded
        .and_then(|recorded| text(&recorded.outputs, "image_id"));
    if recorded.is_some_and(|recorded| found.image.as_deref() != Some(recorded)) {
        different.push("image content");
    }
    if different.is_empty() {
        AS_MADE.to_owned()
    } else {
        format!("changed: {}", different.join(", "))
    }
}

/// Whether the same attributes would make another image now: the chain's RPCs changed, or pospool is another release.
fn is_another_image(made: &Made, scene: &Scene<'_>) -> bool {
    let Ok(wish) = SyncerWish::read(&made.attributes) else {
        return false;
    };
    let Some(chain) = scene.wanted.get(&wish.chain) else {
        return false;
    };
    recipe(&wish, chain).is_ok_and(|recipe| recipe.digest() != made.digest)
}

fn outputs(
    made: Option<&Made>,
    view: &View,
    found: &ContainerInspectResponse,
    report: Option<&Report>,
) -> Attributes {
    let mut outputs = made
        .map(|made| planned(&view.docker, made))
        .unwrap_or_default();
    outputs.extend(seen(found));
    outputs.remove("started_at");
    outputs.extend(report.map(Report::outputs).unwrap_or_default());
    outputs.insert("docker".to_owned(), view.docker.as_str().into());
    outputs.insert("engine_id".to_owned(), view.facts.id.as_str().into());
    outputs
}
