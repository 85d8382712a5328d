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
use crate::ui::lock::{LOCKS, find_weak_package};
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
    let place = |name: &str| match tree.folder.as_str() {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let package = place("package.json");
    if !found.contains_key(&package) {
        let what = format!("`{}` has no {package}", tree.path.display());
        return Err(files::folder_problem("tree", what));
    }
    let lock = tree.lock.as_deref().map(read_given_lock).transpose()?;
    let mut names = LOCKS.map(place).into_iter();
    if lock.is_none()
        && let Some(name) = names.find(|name| found.contains_key(name))
    {
        refuse_weak_lock("tree", &name, &found[&name])?;
    }
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

/// Path and digest of the operator's own lock file.
fn read_given_lock(path: &Path) -> Result<(String, String), Problem> {
    let bytes = read_lock(path).map_err(|what| files::folder_problem("lock", what))?;
    let name = path.display().to_string();
    refuse_weak_lock("lock", &name, &bytes)?;
    Ok((name, hash_bytes(&bytes)))
}

fn refuse_weak_lock(attribute: &str, name: &str, bytes: &[u8]) -> Result<(), Problem> {
    let Some(package) = find_weak_package(bytes) else {
        return Ok(());
    };
    let what = format!(
        "`{name}` pins `{package}` by SHA-1 alone, which can be forged, and users sign with this page"
    );
    let problem = Problem::new(codes::WEAK_LOCK, &[attribute], what);
    Err(problem
        .help("make the lock file anew with a registry that names sha512, and read what changed"))
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

#[cfg(test)]
mod tests {
    use super::super::wish::tests::attributes;
    use super::*;
    use pospool_model::Value;

    const WEAK: &str = r#"{ "packages": { "node_modules/a": { "integrity": "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=" } } }"#;

    #[test]
    fn case_weak_hash_no_page_is_planned_from_such_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("page")).unwrap();
        put("page/package.json", "{}");
        put("page/package-lock.json", WEAK);
        let image = format!("node:20@sha256:{}", "0a".repeat(32));
        let tree = Value::from(folder.path().display().to_string());
        let read = |more: &[(&str, Value)]| {
            let mut wanted = attributes(&[
                ("built", Value::Null),
                ("tree", tree.clone()),
                ("folder", "page".into()),
                ("build_image", Value::from(image.as_str())),
            ]);
            wanted.extend(
                more.iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone())),
            );
            read_page_source(&wanted)
        };
        let problem = read(&[]).unwrap_err();
        assert_eq!(
            (problem.code.as_str(), problem.path.concat().as_str()),
            ("docker/weak-lock", "tree")
        );
        for named in ["`page/package-lock.json`", "`node_modules/a`"] {
            assert!(problem.summary.contains(named), "{problem:?}");
        }
        // The operator's own takes its place, and is looked at in the same way.
        let own = folder.path().join("own.json");
        put("own.json", r#"{ "packages": {} }"#);
        let lock = [("lock", Value::from(own.display().to_string()))];
        assert!(read(&lock).unwrap().is_some());
        put("own.json", WEAK);
        let problem = read(&lock).unwrap_err();
        assert_eq!(
            (problem.code.as_str(), problem.path.concat().as_str()),
            ("docker/weak-lock", "lock")
        );
    }
}
