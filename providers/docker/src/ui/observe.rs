//! A look at one page: its container, and what it would be made from now.
//!
//! - Reads: the list of containers, and one in detail; the page's folders on this machine.
//! - Returns: attributes as the container's labels and the engine show them, with what was changed since.
//! - Never: believes a label that the container itself contradicts.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::models::{ContainerInspectResponse, HealthStatusEnum};
use pospool_model::provider::{Observed, Scene, Target};
use pospool_model::{Attributes, Problem};

use super::AS_GIVEN;
use super::config::ChainSide;
use super::container::{CONTENT, Made, PAGE};
use super::design::{digest_of, name, planned};
use super::files;
use super::image::{BuildRecipe, FromFiles, server_tag};
use super::wish::{From, Tree, UiWish};
use crate::container::drift::in_words;
use crate::container::labels::{self, label};
use crate::container::look::{binding, has_other_content, inspected, outputs};
use crate::container::run::is_running;
use crate::facts::DockerFacts;
use crate::image::{RELEASE, hash};
use crate::names::{self, Name};
use crate::observe::View;

/// Most bytes of a lock file.
const LOCK_LIMIT: u64 = 64 << 20;

/// What a look leaves for the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageFacts {
    /// What the page would be made from now.
    pub(crate) from: Option<FromFiles>,
    /// Its container.
    pub(crate) existing: Option<Existing>,
}

/// A page's container.
#[derive(Clone, Debug)]
pub(crate) struct Existing {
    /// The engine that has it.
    pub(crate) docker: String,
    /// Its id.
    pub(crate) container: Name,
    /// Digest of its image, by its label.
    pub(crate) digest: Option<String>,
    /// Digest of its page, by its label.
    pub(crate) page: Option<String>,
}

/// Looks at one page.
pub(crate) async fn observe(
    target: &Target<'_>,
    scene: &Scene<'_>,
    view: &View,
    facts: &mut DockerFacts,
    bindings: &mut BTreeMap<String, String>,
) -> Result<Observed, Problem> {
    let name = name(scene.lineage, target.address).map_err(|error| error.problem(&[]))?;
    let mut page = PageFacts {
        from: target.wanted.map(from).transpose()?.flatten(),
        existing: None,
    };
    let found = inspected(target, scene, view, &name).await?;
    let place = format!("docker/{}/{name}", view.facts.id);
    let Some((id, found)) = found else {
        facts.pages.insert(target.address.clone(), page);
        bindings.insert(place, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let label = |name: &str| label(&found, name).map(str::to_owned);
    page.existing = Some(Existing {
        docker: view.docker.clone(),
        container: id.clone(),
        digest: label(names::DIGEST),
        page: label(PAGE),
    });
    let state = state(&found);
    bindings.insert(place, binding(&id, state));
    let mut attributes = labels::attributes(&found).unwrap_or_default();
    let made = made(target, scene, &name, &attributes, &label);
    let now = page.from.as_ref().zip(target.wanted);
    let now = now.map(|(from, wanted)| content(from, &chain(scene, wanted), wanted));
    attributes.insert("state".to_owned(), state.into());
    let different = made.as_ref().map(|made| {
        let mut different = made.differences(&found);
        if has_other_content(target, &found) {
            different.push("image content");
        }
        different
    });
    attributes.insert("hardening".to_owned(), in_words(different).into());
    attributes.insert("content".to_owned(), changed(label(CONTENT), now).into());
    let planned = made.map(|made| planned(&view.docker, &made));
    let outputs = outputs(planned.unwrap_or_default(), view, &found);
    facts.pages.insert(target.address.clone(), page);
    Ok(Observed::Present {
        attributes,
        outputs,
    })
}

/// Reads what a page would be made from; `None` while that is not known.
fn from(wanted: &Attributes) -> Result<Option<FromFiles>, Problem> {
    let sources = [
        "built",
        "tree",
        "lock",
        "build_image",
        "folder",
        "build_environment",
    ];
    let unknown = |name: &&'static str| {
        wanted
            .get(*name)
            .is_some_and(pospool_model::Value::has_unknown)
    };
    if sources.iter().any(unknown) {
        return Ok(None);
    }
    match From::read(wanted)? {
        From::Built(path) => {
            let files = files::read_built(&path).map_err(|what| files::problem("built", what))?;
            Ok(Some(FromFiles::Built {
                path: path.display().to_string(),
                digest: files::digest(&files),
            }))
        }
        From::Tree(tree) => sources_of(tree).map(Some),
    }
}

fn sources_of(tree: Tree) -> Result<FromFiles, Problem> {
    let found = files::read(&tree.path).map_err(|what| files::problem("tree", what))?;
    let package = match tree.folder.as_str() {
        "" => "package.json".to_owned(),
        folder => format!("{folder}/package.json"),
    };
    if !found.contains_key(&package) {
        let what = format!("`{}` has no {package}", tree.path.display());
        return Err(files::problem("tree", what));
    }
    let lock = match &tree.lock {
        Some(path) => Some((path.display().to_string(), lock_digest(path)?)),
        None => None,
    };
    Ok(FromFiles::Tree(Box::new(BuildRecipe {
        path: tree.path.display().to_string(),
        digest: files::digest(&found),
        folder: tree.folder,
        lock,
        image: tree.image,
        environment: tree.environment,
        mirror: tree.mirror,
        ca_bundle: tree.ca_bundle.map(|path| path.display().to_string()),
        memory: tree.memory,
    })))
}

fn lock_digest(path: &Path) -> Result<String, Problem> {
    let bytes = read_lock(path).map_err(|what| files::problem("lock", what))?;
    Ok(hash(&bytes))
}

/// Reads a lock file, bounded.
pub(crate) fn read_lock(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error| format!("`{}` cannot be read: {error}", path.display());
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LOCK_LIMIT {
        return Err(format!("`{}` is too large for a lock file", path.display()));
    }
    std::fs::read(path).map_err(failed)
}

fn chain(scene: &Scene<'_>, wanted: &Attributes) -> ChainSide {
    let chain = wanted
        .get("chain")
        .and_then(pospool_model::Value::as_resource);
    let outputs = chain.and_then(|chain| scene.outputs.get(chain));
    outputs.map(ChainSide::read).unwrap_or_default()
}

/// Digest over what makes a page, apart from what its attributes show.
pub(crate) fn content(from: &FromFiles, chain: &ChainSide, wanted: &Attributes) -> String {
    digest_of(&[&from.digest(), &chain.digest_text(wanted), RELEASE])
}

/// The attribute `content`.
fn changed(label: Option<String>, now: Option<String>) -> &'static str {
    match (label, now) {
        (Some(label), Some(now)) if label != now => "changed: files, network or server",
        (None, Some(_)) => "changed: labels",
        _ => AS_GIVEN,
    }
}

/// The attribute `state`.
fn state(found: &ContainerInspectResponse) -> &'static str {
    let state = found.state.clone().unwrap_or_default();
    let health = state.health.as_ref().and_then(|health| health.status);
    match (is_running(&state), health) {
        (false, _) => "stopped",
        (true, Some(HealthStatusEnum::UNHEALTHY)) => "unwell",
        (true, Some(HealthStatusEnum::STARTING)) => "starting",
        (true, _) => "running",
    }
}

/// The container as its labels say that it was made.
fn made(
    target: &Target<'_>,
    scene: &Scene<'_>,
    name: &Name,
    attributes: &Attributes,
    label: &dyn Fn(&str) -> Option<String>,
) -> Option<Made> {
    let wish = UiWish::read(attributes).ok()?;
    let digest = label(names::DIGEST)?;
    Some(Made {
        name: name.clone(),
        lineage: scene.lineage.to_owned(),
        address: target.address.clone(),
        image: server_tag(&digest),
        digest,
        page: label(PAGE)?,
        content: label(CONTENT)?,
        listen: wish.listen,
        attributes: attributes.clone(),
    })
}
