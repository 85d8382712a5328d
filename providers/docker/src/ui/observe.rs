//! Observing one page: what it would be made from now, and how its server is.
//!
//! - Reads: the page's folders on this machine; its container.
//! - Returns: facts, and what was changed since it was made.
//! - Never: believes a label that the container itself contradicts.

use std::path::Path;

use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Address, Attributes, Problem};

use super::AS_GIVEN;
use super::config::ChainSide;
use super::container::{CONTENT, PAGE};
use super::files;
use super::wish::{DesiredPage, PageSource, SourceTree};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::{RELEASE, hash_bytes, parts_digest};
use crate::names;
use crate::ui::files::read_lock;
use crate::ui::image::SERVERS;
use crate::ui::schema::UiSpec;
use crate::ui::sources::{PageBuild, PinnedPageSource};
use crate::workload::ObservedContainer;
use crate::workload::spec::ContainerSpec;

/// Reads what a page would be made from; `None` while that is not known.
pub(super) fn read_page_source(wanted: &Attributes) -> Result<Option<PinnedPageSource>, Problem> {
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
    match PageSource::read(wanted)? {
        PageSource::Built(path) => {
            let files =
                files::read_built(&path).map_err(|what| files::folder_problem("built", what))?;
            Ok(Some(PinnedPageSource::Built {
                path: path.display().to_string(),
                digest: files::digest_files(&files),
            }))
        }
        PageSource::Tree(tree) => sources_of(tree).map(Some),
    }
}

fn sources_of(tree: SourceTree) -> Result<PinnedPageSource, Problem> {
    let found =
        files::read_folder(&tree.path).map_err(|what| files::folder_problem("tree", what))?;
    let package = match tree.folder.as_str() {
        "" => "package.json".to_owned(),
        folder => format!("{folder}/package.json"),
    };
    if !found.contains_key(&package) {
        let what = format!("`{}` has no {package}", tree.path.display());
        return Err(files::folder_problem("tree", what));
    }
    let lock = match &tree.lock {
        Some(path) => Some((path.display().to_string(), lock_digest(path)?)),
        None => None,
    };
    Ok(PinnedPageSource::Tree(Box::new(PageBuild {
        path: tree.path.display().to_string(),
        digest: files::digest_files(&found),
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
    let bytes = read_lock(path).map_err(|what| files::folder_problem("lock", what))?;
    Ok(hash_bytes(&bytes))
}

/// The problem of a page whose chain could not be looked at.
pub(super) fn unseen_chain(target: &Target<'_>, scene: &ObserveContext<'_>) -> Option<Problem> {
    let chain = UiSpec::read(target.wanted?).chain.known()?;
    (!scene.outputs.contains_key(chain)).then(|| unknown_chain(chain))
}

/// The problem of a page that cannot be made while its chain says nothing.
pub(super) fn unknown_chain(chain: &Address) -> Problem {
    let what = format!("what the page is told of `{chain}` is not known");
    Problem::new(codes::UNKNOWN_VALUE, &["chain"], what).needing(chain)
}

fn chain(scene: &ObserveContext<'_>, wanted: &Attributes) -> ChainSide {
    let chain = UiSpec::read(wanted).chain.known();
    let outputs = chain.and_then(|chain| scene.outputs.get(chain));
    outputs.map(ChainSide::read).unwrap_or_default()
}

/// Digest over what makes a page, apart from what its attributes show.
pub(crate) fn page_digest(
    from: &PinnedPageSource,
    chain: &ChainSide,
    wanted: &Attributes,
) -> String {
    parts_digest(&[&from.digest(), &chain.digest_text(wanted), RELEASE])
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
pub(super) fn content_now(seen: &ObservedContainer<'_>, facts: &DockerFacts) -> &'static str {
    let from = facts.pages.get(seen.target.address);
    let now = from.zip(seen.target.wanted);
    let now = now.map(|(from, wanted)| page_digest(from, &chain(seen.scene, wanted), wanted));
    changed(seen.label(CONTENT), now)
}

/// The container as its labels say that it was made.
pub(super) fn labelled_page(
    seen: &ObservedContainer<'_>,
    attributes: &Attributes,
) -> Option<ContainerSpec> {
    DesiredPage::read(attributes).ok()?;
    let digest = seen.label(names::DIGEST)?.to_owned();
    let more = [PAGE, CONTENT].map(|name| Some((name.to_owned(), seen.label(name)?.to_owned())));
    let whose = (seen.scene.lineage, seen.target.address, &seen.name);
    Some(ContainerSpec {
        more: more.into_iter().collect::<Option<_>>()?,
        ..ContainerSpec::new(whose, (SERVERS, digest), attributes)
    })
}
