//! A look at one page: what it would be made from now, and how its server is.
//!
//! - Reads: the page's folders on this machine; its container.
//! - Returns: facts, and what was changed since it was made.
//! - Never: believes a label that the container itself contradicts.

use std::path::Path;

use pospool_model::provider::Scene;
use pospool_model::{Attributes, Problem};

use super::AS_GIVEN;
use super::config::ChainSide;
use super::container::{CONTENT, PAGE};
use super::design::digest_of;
use super::files;
use super::image::{BuildRecipe, FromFiles};
use super::wish::{From, Tree, UiWish};
use crate::facts::DockerFacts;
use crate::image::{RELEASE, SERVERS, hash};
use crate::names;
use crate::workload::{Made, Seen};

/// Most bytes of a lock file.
const LOCK_LIMIT: u64 = 64 << 20;

/// Reads what a page would be made from; `None` while that is not known.
pub(super) fn from(wanted: &Attributes) -> Result<Option<FromFiles>, Problem> {
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

/// The attribute `content` where a page would be another one now.
pub(super) const CHANGED: &str = "changed: files, network or server";

/// The attribute `content`.
fn changed(label: Option<&str>, now: Option<String>) -> &'static str {
    match (label, now) {
        (Some(label), Some(now)) if label != now => CHANGED,
        (None, Some(_)) => "changed: labels",
        _ => AS_GIVEN,
    }
}

/// The attribute `content` of a page that is there.
pub(super) fn content_now(seen: &Seen<'_>, facts: &DockerFacts) -> &'static str {
    let from = facts.pages.get(seen.target.address);
    let now = from.zip(seen.target.wanted);
    let now = now.map(|(from, wanted)| content(from, &chain(seen.scene, wanted), wanted));
    changed(seen.label(CONTENT), now)
}

/// The container as its labels say that it was made.
pub(super) fn made(seen: &Seen<'_>, attributes: &Attributes) -> Option<Made> {
    UiWish::read(attributes).ok()?;
    let digest = seen.label(names::DIGEST)?.to_owned();
    let more = [PAGE, CONTENT].map(|name| Some((name.to_owned(), seen.label(name)?.to_owned())));
    let whose = (seen.scene.lineage, seen.target.address, &seen.name);
    Some(Made {
        more: more.into_iter().collect::<Option<_>>()?,
        ..Made::new(whose, (SERVERS, digest), attributes)
    })
}
