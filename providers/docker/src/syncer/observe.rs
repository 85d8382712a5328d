//! A look at one syncer: its container, and what it says of itself.
//!
//! - Reads: the list of containers, one in detail, and its own health check.
//! - Returns: attributes as the container's labels and the engine show them, with what was changed since.
//! - Never: believes a label that the container itself contradicts.

use std::collections::BTreeMap;

use bollard::models::ContainerInspectResponse;
use pospool_model::provider::{Observed, Scene, Target};
use pospool_model::{Attributes, Problem, Value};

use super::container::Made;
use super::design::{planned, recipe};
use super::endpoints::{CORE_RPC, shown};
use super::image::image_tag;
use super::report::{self, Report};
use super::wish::SyncerWish;
use crate::container::drift::in_words;
use crate::container::labels::{self, label};
use crate::container::look::{binding, has_other_content, inspected, outputs};
use crate::container::run::is_running;
use crate::facts::DockerFacts;
use crate::names::{self, Name, object_of_kind};
use crate::observe::View;

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
    let place = format!("docker/{}/{name}", view.facts.id);
    let Some((id, found)) = inspected(target, scene, view, &name).await? else {
        bindings.insert(place, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let running = found.state.as_ref().is_some_and(is_running);
    let report = if running {
        report::ask(&view.engine, &id, &found).await
    } else {
        None
    };
    let state = state(running, report.as_ref());
    bindings.insert(place, binding(&id, state));
    let mut attributes = labels::attributes(&found).unwrap_or_default();
    shown(&mut attributes);
    let made = made(target, scene, &name, &attributes, &found);
    let hardening = hardening(made.as_ref(), target, scene, &found);
    if let Some(list) = taken_over(made.as_ref(), target, scene) {
        attributes.insert(CORE_RPC.to_owned(), list);
    }
    attributes.insert("state".to_owned(), state.into());
    attributes.insert("hardening".to_owned(), hardening.into());
    let planned = made.map(|made| planned(&view.docker, &made));
    let mut outputs = outputs(planned.unwrap_or_default(), view, &found);
    outputs.extend(report.as_ref().map(Report::outputs).unwrap_or_default());
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
    let different = made.map(|made| {
        let mut different = made.differences(found);
        if is_another_image(made, scene) {
            different.push("chain or release of pospool");
        }
        if has_other_content(target, found) {
            different.push("image content");
        }
        different
    });
    in_words(different)
}

/// The endpoints of a container whose label does not name them, as earlier versions made it with those of its chain: they
/// are known if its image is the one that would be made now.
fn taken_over(made: Option<&Made>, target: &Target<'_>, scene: &Scene<'_>) -> Option<Value> {
    let made = made.filter(|made| !made.attributes.contains_key(CORE_RPC))?;
    if is_another_image(made, scene) {
        return None;
    }
    target.wanted?.get(CORE_RPC).cloned()
}

/// Whether the same attributes would make another image now: its chain changed, or pospool is another release.
fn is_another_image(made: &Made, scene: &Scene<'_>) -> bool {
    let Ok(wish) = SyncerWish::read(&made.attributes) else {
        return false;
    };
    let Some(chain) = scene.wanted.get(&wish.chain) else {
        return false;
    };
    recipe(&wish, chain).is_ok_and(|recipe| recipe.digest() != made.digest)
}
