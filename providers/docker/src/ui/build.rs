//! Building a page in a container of its own.
//!
//! - Reads: sources and a lock file of this machine, as the plan saw them.
//! - Returns: the files that the build left in `build/`.
//! - Never: builds without a lock file, as root, or with anything of this machine but the certificates that it is given;
//!   runs the code of packages, which the build does, before its container has left its only network.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};
use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::{Instant, sleep};

use super::config::{MODULE, config_module};
use super::files::{MOST_PAGE, PageFiles};
use super::site::BuildSite;
use crate::client::Engine;
use crate::codes;
use crate::image::{Buildable, hash_bytes, pull_base_image};
use crate::names::Name;
use crate::ui::files::read_lock;
use crate::ui::lock::LOCKS;
use crate::ui::sources::{PageBuild, PageImageBuild, PinnedPageSource};
use crate::workload::body::{ContainerLimits, hardened_host_config};
use crate::workload::run::{container_state, is_running};

/// User and group of the build.
const OWNER: u64 = 10001;
/// Where the sources lie in the container, the home folder of the build, and the certificates that it is given.
const TREE: &str = "build/tree";
const HOME: &str = "build/home";
const CA_BUNDLE: &str = "build/ca.pem";
/// What the container makes when its packages are there, and what it waits for then: the latter lies where the user of the
/// build cannot write.
const INSTALLED: &str = "build/installed";
const OFFLINE: &str = "pospool-offline";
const PIDS: i64 = 2048;
/// Time for a build, packages and all.
const LIMIT: Duration = Duration::from_mins(30);
const POLL: Duration = Duration::from_secs(1);
/// Lines of a build's output that are shown.
const SHOWN: usize = 20;
/// What runs in the container; the page's own folder is its working directory.
const SCRIPT: &str = "\
set -eu
if [ -f package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
else
  yarn install --frozen-lockfile --non-interactive
fi
: > /build/installed
while [ ! -e /pospool-offline ]; do sleep 1; done
if [ -f package-lock.json ]; then
  npm run build
else
  yarn build
fi
[ -f build/index.html ] || { echo 'the build left no build/index.html' >&2; exit 1; }
";

/// Builds the page.
pub(crate) async fn build_page(
    engine: &Engine,
    build: &PageBuild,
    page: &PageImageBuild,
    progress: &dyn Progress,
) -> Result<PageFiles, ProviderError> {
    let archive = archive(build, page)?;
    let image = pull_base_image(engine, &build.image, progress).await?;
    let name = format!(
        "pospool-build-{}",
        page.digest().get(..12).unwrap_or_default()
    );
    let name = Name::new(name)
        .map_err(|error| ProviderError::refused(codes::BAD_NAME, error.to_string()))?;
    let site = BuildSite::prepare(engine, name, progress).await?;
    let body = body(build, &image, &site);
    let files = match engine.create(&site.name, body).await {
        Ok(container) => in_container(engine, (&container, &site), build, archive, progress).await,
        Err(error) => Err(error),
    };
    // A build may have taken many minutes: what it made is not thrown away because its container, with ten thousands
    // of files, cannot be removed in time. The engine goes on with it, and the next build looks after it.
    if let Err(error) = site.clear(engine).await {
        progress.waiting(&format!("`{}` is left: {error}", site.name));
    }
    files
}

async fn in_container(
    engine: &Engine,
    (container, site): (&Name, &BuildSite),
    build: &PageBuild,
    archive: Vec<u8>,
    progress: &dyn Progress,
) -> Result<PageFiles, ProviderError> {
    engine.upload(container, "/", archive).await?;
    engine.start(container).await?;
    let begin = Instant::now();
    reached(engine, container, Milestone::Installed, begin, progress).await?;
    site.cut_off(engine, container).await?;
    let sign = offline_sign().map_err(unpackable)?;
    engine.upload(container, "/", sign).await?;
    reached(engine, container, Milestone::Built, begin, progress).await?;
    let archive = engine
        .download(container, &format!("{}/build", work_dir(build)), MOST_PAGE)
        .await?;
    unpack(&archive).map_err(|what| ProviderError::refused(codes::PAGE_BUILD, what))
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Milestone {
    /// Its packages are there, and it waits.
    Installed,
    /// It has ended, and well.
    Built,
}

/// Waits until a build is so far; both parts together have one limit.
async fn reached(
    engine: &Engine,
    container: &Name,
    milestone: Milestone,
    begin: Instant,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    loop {
        let state = container_state(engine, container).await?;
        if !is_running(&state) {
            if state.exit_code == Some(0) && milestone == Milestone::Built {
                return Ok(());
            }
            let why = match (state.oom_killed, state.exit_code) {
                (Some(true), _) => "it needed more memory than `build_memory`".to_owned(),
                (_, code) => format!("it ended with exit code {}", code.unwrap_or_default()),
            };
            return Err(failed(engine, container, &why).await);
        }
        let waits = milestone == Milestone::Installed;
        if waits && engine.has_file(container, &format!("/{INSTALLED}")).await? {
            return Ok(());
        }
        if begin.elapsed() > LIMIT {
            let why = format!("it took more than {} minutes", LIMIT.as_secs() / 60);
            return Err(failed(engine, container, &why).await);
        }
        let last = engine.last_lines(container, 1).await.concat();
        let doing = match milestone {
            Milestone::Installed => "loading the packages of the page",
            Milestone::Built => "building the page",
        };
        let seconds = begin.elapsed().as_secs();
        progress.waiting(&format!("{doing}: {seconds} s, {last}"));
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

async fn failed(engine: &Engine, container: &Name, why: &str) -> ProviderError {
    let last = engine.last_lines(container, SHOWN).await.join("\n");
    ProviderError::refused(
        codes::PAGE_BUILD,
        format!("the build of the page failed: {why}; its last output:\n{last}"),
    )
}

/// The page's folder in the container.
fn work_dir(build: &PageBuild) -> String {
    match build.folder.as_str() {
        "" => format!("/{TREE}"),
        folder => format!("/{TREE}/{folder}"),
    }
}

fn body(build: &PageBuild, image: &str, site: &BuildSite) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some(format!("{OWNER}:{OWNER}")),
        entrypoint: Some(vec![
            "/bin/sh".to_owned(),
            "-c".to_owned(),
            SCRIPT.to_owned(),
        ]),
        cmd: Some(Vec::new()),
        env: Some(environment(build)),
        working_dir: Some(work_dir(build)),
        labels: Some(site.labels().into_iter().collect()),
        host_config: Some(HostConfig {
            network_mode: Some(site.name.to_string()),
            // Where the packages and the build are written.
            readonly_rootfs: None,
            ..hardened_host_config(ContainerLimits {
                memory: Some(build.memory),
                pids: PIDS,
                log: ("10m", "1"),
            })
        }),
        ..ContainerCreateBody::default()
    }
}

/// Variables of the build; what the spec says comes last and wins.
fn environment(build: &PageBuild) -> Vec<String> {
    let mut variables = BTreeMap::from([
        ("HOME", format!("/{HOME}")),
        // What a package wants to run when it is installed is rarely needed, and often the attack.
        ("NPM_CONFIG_IGNORE_SCRIPTS", "true".to_owned()),
        ("YARN_IGNORE_SCRIPTS", "true".to_owned()),
        ("GENERATE_SOURCEMAP", "false".to_owned()),
    ]);
    if let Some(mirror) = &build.mirror {
        variables.insert("NPM_CONFIG_REGISTRY", mirror.clone());
        variables.insert("YARN_REGISTRY", mirror.clone());
    }
    if build.ca_bundle.is_some() {
        for name in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "NPM_CONFIG_CAFILE"] {
            variables.insert(name, format!("/{CA_BUNDLE}"));
        }
    }
    for (name, value) in &build.environment {
        variables.insert(name, value.clone());
    }
    variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

/// The sources as the plan saw them, with the page's configuration and the lock file in their places.
fn archive(build: &PageBuild, page: &PageImageBuild) -> Result<Vec<u8>, ProviderError> {
    let refused = |what: String| ProviderError::refused(codes::PAGE_FILES, what);
    let mut files = PinnedPageSource::Tree(Box::new(build.clone())).files()?;
    let place = |name: &str| match build.folder.as_str() {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    files.insert(place(MODULE), config_module(&page.config).into_bytes());
    if let Some((path, digest)) = &build.lock {
        let bytes = read_lock(Path::new(path)).map_err(refused)?;
        if hash_bytes(&bytes) != *digest {
            return Err(ProviderError::refused(
                codes::PAGE_CHANGED,
                format!("`{path}` changed since the plan was made; plan again"),
            ));
        }
        for name in LOCKS {
            files.remove(&place(name));
        }
        files.insert(place(lock_name(&bytes)), bytes);
    }
    if !LOCKS.iter().any(|name| files.contains_key(&place(name))) {
        return Err(refused(format!(
            "`{}` has neither {} nor {}: without a lock file nobody knows what is built; write one and name it in `lock`",
            build.path, LOCKS[0], LOCKS[1]
        )));
    }
    let ca = match &build.ca_bundle {
        Some(path) => Some(read_lock(Path::new(path)).map_err(refused)?),
        None => None,
    };
    pack(&files, ca.as_deref()).map_err(unpackable)
}

fn unpackable(source: std::io::Error) -> ProviderError {
    ProviderError::Refused {
        code: codes::PAGE_BUILD,
        what: "the archive of the sources cannot be made".to_owned(),
        source: Some(Box::new(source)),
    }
}

/// What tells the container that it has no network any more.
fn offline_sign() -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = header(0, 0o444);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, OFFLINE, std::io::empty())?;
    archive.into_inner()
}

/// npm's lock file is JSON, and yarn's is not.
fn lock_name(bytes: &[u8]) -> &'static str {
    if bytes.trim_ascii_start().starts_with(b"{") {
        LOCKS[0]
    } else {
        LOCKS[1]
    }
}

fn pack(files: &PageFiles, ca: Option<&[u8]>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    let inside = files.keys().map(|path| format!("{TREE}/{path}"));
    for path in inside.chain([format!("{HOME}/")]) {
        let ends = path.match_indices('/');
        folders.extend(ends.map(|(at, _)| path[..=at].to_owned()));
    }
    for folder in &folders {
        let mut header = header(0, 0o755);
        header.set_entry_type(tar::EntryType::Directory);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    for (path, bytes) in files {
        archive.append_data(
            &mut header(bytes.len(), 0o644),
            format!("{TREE}/{path}"),
            &bytes[..],
        )?;
    }
    if let Some(bytes) = ca {
        archive.append_data(&mut header(bytes.len(), 0o644), CA_BUNDLE, bytes)?;
    }
    archive.into_inner()
}

fn header(size: usize, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(mode);
    header.set_uid(OWNER);
    header.set_gid(OWNER);
    header.set_mtime(0);
    header
}

/// Files of the archive that the engine made of `build/`; links are left out.
fn unpack(archive: &[u8]) -> Result<PageFiles, String> {
    let failed = |error: std::io::Error| format!("what the build left cannot be read: {error}");
    let mut files = PageFiles::new();
    for entry in tar::Archive::new(archive).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(failed)?.to_string_lossy().into_owned();
        let Some(inner) = path.strip_prefix("build/").filter(|path| is_plain(path)) else {
            return Err(format!("the build left a file with the odd name `{path}`"));
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(failed)?;
        files.insert(inner.to_owned(), bytes);
    }
    Ok(files)
}

fn is_plain(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ImageRef;

    fn recipe(folder: &Path, inner: &str, lock: Option<&Path>) -> PageBuild {
        PageBuild {
            path: folder.display().to_string(),
            digest: super::super::files::digest_files(
                &super::super::files::read_folder(folder).unwrap(),
            ),
            folder: inner.to_owned(),
            lock: lock.map(|path| {
                (
                    path.display().to_string(),
                    hash_bytes(&std::fs::read(path).unwrap()),
                )
            }),
            image: ImageRef::parse("node:20").unwrap(),
            environment: [("NPM_CONFIG_IGNORE_SCRIPTS".to_owned(), "false".to_owned())].into(),
            mirror: Some("https://mirror.example".to_owned()),
            ca_bundle: None,
            memory: 1 << 30,
        }
    }

    fn page(build: &PageBuild) -> PageImageBuild {
        PageImageBuild {
            from: PinnedPageSource::Tree(Box::new(build.clone())),
            config: serde_json::json!({ "mainnet": { "poolManagerAddress": "cfx:a" } }),
        }
    }

    fn contents(archive: &[u8]) -> BTreeMap<String, String> {
        tar::Archive::new(archive)
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                (path, text)
            })
            .filter(|(path, _)| !path.ends_with('/'))
            .collect()
    }

    #[test]
    fn the_sources_get_their_configuration_and_the_operator_s_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("interface");
        std::fs::create_dir(&place).unwrap();
        for (name, text) in [
            ("package.json", "{}"),
            ("yarn.lock", "old"),
            (MODULE, "sample"),
        ] {
            std::fs::write(place.join(name), text).unwrap();
        }
        let lock = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(lock.path(), "\n{ \"lockfileVersion\": 3 }").unwrap();
        let build = recipe(folder.path(), "interface", Some(lock.path()));
        let found = contents(&archive(&build, &page(&build)).unwrap());
        assert!(found["build/tree/interface/pool.config.js"].contains("cfx:a"));
        assert!(found.contains_key("build/tree/interface/package-lock.json"));
        assert!(
            !found.contains_key("build/tree/interface/yarn.lock"),
            "only one lock file counts"
        );

        std::fs::write(lock.path(), "{}").unwrap();
        let error = archive(&build, &page(&build)).unwrap_err();
        assert_eq!(error.code(), "docker/page-changed");
        std::fs::write(place.join("package.json"), "{ }").unwrap();
        let error = archive(&build, &page(&build)).unwrap_err();
        assert_eq!(error.code(), "docker/page-changed");
    }

    #[test]
    fn nothing_is_built_without_a_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        let build = recipe(folder.path(), "", None);
        let error = archive(&build, &page(&build)).unwrap_err();
        assert!(error.to_string().contains("lock file"), "{error}");
    }

    #[test]
    fn the_build_has_limits_and_the_operator_s_variables_win() {
        let folder = tempfile::tempdir().unwrap();
        let build = recipe(folder.path(), "", None);
        let site = BuildSite::at(Name::new("pospool-build-01").unwrap(), 7);
        let body = body(&build, "sha256:aa", &site);
        let host = body.host_config.unwrap();
        assert_eq!(host.network_mode.as_deref(), Some("pospool-build-01"));
        assert_eq!(body.labels.unwrap()["pospool.build"], "7");
        assert_eq!(body.user.as_deref(), Some("10001:10001"));
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!((host.memory, host.pids_limit), (Some(1 << 30), Some(PIDS)));
        assert_eq!(host.binds, None);
        let environment = body.env.unwrap();
        assert!(environment.contains(&"NPM_CONFIG_IGNORE_SCRIPTS=false".to_owned()));
        assert!(environment.contains(&"NPM_CONFIG_REGISTRY=https://mirror.example".to_owned()));
    }

    /// The code of packages runs in the build alone, or the operator says so.
    #[test]
    fn the_script_builds_nothing_before_it_is_told_that_it_has_no_network() {
        let places = [
            "npm ci",
            "yarn install",
            INSTALLED,
            OFFLINE,
            "npm run build",
            "yarn build",
        ];
        let found = places.map(|part| SCRIPT.find(part).unwrap());
        assert!(found.is_sorted(), "{found:?}");
        assert!(SCRIPT.contains(&format!("while [ ! -e /{OFFLINE} ]; do sleep 1; done")));
        let folder = tempfile::tempdir().unwrap();
        let build = PageBuild {
            environment: BTreeMap::new(),
            ..recipe(folder.path(), "", None)
        };
        assert!(environment(&build).contains(&"NPM_CONFIG_IGNORE_SCRIPTS=true".to_owned()));
        let sign = offline_sign().unwrap();
        let mut entries = tar::Archive::new(&sign[..]);
        let entry = entries.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some(OFFLINE));
        assert_eq!(entry.header().uid().unwrap(), 0);
    }

    #[test]
    fn what_a_build_left_is_files_with_plain_names() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut link = header(0, 0o644);
        link.set_entry_type(tar::EntryType::Symlink);
        archive
            .append_link(&mut link, "build/link", "/etc/passwd")
            .unwrap();
        archive
            .append_data(&mut header(1, 0o644), "build/index.html", &b"x"[..])
            .unwrap();
        let files = unpack(&archive.into_inner().unwrap()).unwrap();
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["index.html"]);
        assert!(!is_plain("a/../b") && !is_plain("") && is_plain("static/a.js"));
    }
}
