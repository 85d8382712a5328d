//! One refresh of all hosts, volumes and containers.
//!
//! - Reads: each engine once: who it is, its containers, its volumes; then the containers of our nodes.
//! - Returns: what is there, and facts for `design`.
//! - Never: changes anything; asks a node anything that is known already.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use pospool_model::provider::{Facts, Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, Problem, ProviderError, Value};

use crate::attributes::attribute_text;
use crate::client::{Engine, EngineInfo, default_url};
use crate::codes;
use crate::earlier::find_earlier;
use crate::exclusive::{KeyHolder, find_second_voter};
use crate::facts::{DockerFacts, EngineFacts, FolderFacts};
use crate::folder::{self};
use crate::keys::made_on;
use crate::kinds::{DockerKind, kind_named};
use crate::node::backup::backup_warnings;
use crate::node::budget::BudgetFacts;
use crate::node::observe::key_changed;
use crate::node::standing;
use crate::node::voter::find_voter_troubles;
use crate::renamed;
use crate::render::DesiredChain;
use crate::render::node_files::PrivateNetworkFiles;
use crate::snapshot;
use crate::syncer;
use crate::view::EngineView;
use crate::volume;
use crate::workload;

/// Oldest API that has everything we ask for.
const OLDEST_API: (u32, u32) = (1, 40);

/// Observes everything.
pub(crate) async fn observe_all(targets: &[Target<'_>], scene: &ObserveContext<'_>) -> Observation {
    let mut observation = Observation::default();
    let mut facts = DockerFacts::default();
    for target in targets
        .iter()
        .filter(|target| target.address.kind() == "host")
    {
        match host(target).await {
            Ok(outputs) => {
                let attributes = target.wanted.cloned().unwrap_or_default();
                let found = Observed::Present {
                    attributes,
                    outputs,
                };
                observation.objects.insert(target.address.clone(), found);
            }
            Err(problem) => observation.problems.push((target.address.clone(), problem)),
        }
    }
    facts.hosts = hosts(scene);
    let managed: Vec<&Target<'_>> = targets
        .iter()
        .filter(|target| target.address.kind() != "host")
        .collect();
    let views = views(&managed, &facts, &mut observation).await;
    for view in views.values() {
        facts
            .engines
            .insert(view.docker.clone(), view.facts.clone());
    }
    facts.files = files(&managed, scene, &mut observation);
    facts.folders = folders(&managed, scene, &views, &facts, &mut observation);
    for target in &managed {
        one(target, scene, &views, &mut facts, &mut observation).await;
    }
    observation.service_accounts = syncer::signing_accounts(&managed, &observation.objects);
    observation.facts = Facts::new(facts);
    observation
}

/// Observes one host; whatever is on one that has a problem is blocked.
async fn host(target: &Target<'_>) -> Result<Attributes, Problem> {
    let wanted = target
        .wanted
        .and_then(|wanted| attribute_text(wanted, "docker"));
    let docker = wanted.map_or_else(default_url, str::to_owned);
    let info = info(&docker)
        .await
        .map_err(|error| unreachable(&docker, &error))?;
    check_api(&info)?;
    Ok([
        ("docker", docker),
        ("engine_id", info.id),
        ("engine_version", info.version),
        ("architecture", info.architecture),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into())
}

async fn info(docker: &str) -> Result<EngineInfo, ProviderError> {
    Engine::connect(docker)?.info().await
}

fn check_api(info: &EngineInfo) -> Result<(), Problem> {
    let api = info
        .api
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    if api.is_some_and(|api| api >= OLDEST_API) {
        return Ok(());
    }
    Err(Problem::new(
        codes::OLD_ENGINE,
        &["docker"],
        format!(
            "Docker Engine {} speaks API {}, and 1.40 is needed",
            info.version, info.api
        ),
    )
    .help("upgrade Docker Engine to 19.03 or newer"))
}

/// A problem of an engine that did not answer.
fn unreachable(docker: &str, error: &ProviderError) -> Problem {
    let mut what = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        what = inner.to_string();
        cause = inner.source();
    }
    let code = error.code();
    Problem::new(code, &["docker"], format!("Docker Engine at `{docker}` does not answer: {what}")).help(
        "start it (`systemctl start docker`), and let this user reach its socket (group `docker`, or root)",
    )
}

/// URL of each host that was reached.
fn hosts(scene: &ObserveContext<'_>) -> BTreeMap<Address, String> {
    scene
        .outputs
        .iter()
        .filter(|(address, _)| address.kind() == "host")
        .filter_map(|(address, outputs)| {
            Some((
                address.clone(),
                attribute_text(outputs, "docker")?.to_owned(),
            ))
        })
        .collect()
}

/// The engine that a target is on: as the spec says, or as recorded.
fn docker_of(target: &Target<'_>, hosts: &BTreeMap<Address, String>) -> Option<String> {
    let host = |attributes: &Attributes| hosts.get(attributes.get("host")?.as_resource()?).cloned();
    if let Some(wanted) = target.wanted {
        return host(wanted);
    }
    let recorded = target.recorded?;
    // A run that was cut early may have left no outputs.
    attribute_text(&recorded.outputs, "docker")
        .map(str::to_owned)
        .or_else(|| host(&recorded.attributes))
}

/// The host of a target, if the spec has it and it was not reached.
fn unreached_host(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    hosts: &BTreeMap<Address, String>,
) -> Option<Address> {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let host = target.wanted.or(recorded)?.get("host")?.as_resource()?;
    let unreached = scene.wanted.contains_key(host) && !hosts.contains_key(host);
    unreached.then(|| host.clone())
}

/// Observes each engine once, all at the same time.
async fn views(
    targets: &[&Target<'_>],
    facts: &DockerFacts,
    observation: &mut Observation,
) -> BTreeMap<String, EngineView> {
    let urls: BTreeSet<String> = targets
        .iter()
        .filter_map(|target| docker_of(target, &facts.hosts))
        .collect();
    let looks = urls
        .into_iter()
        .map(|url| async move { (look(&url).await, url) });
    let mut views = BTreeMap::new();
    for (found, url) in join_all(looks).await {
        match found {
            Ok(view) => {
                views.insert(url, view);
            }
            Err(error) => {
                let on_it = targets
                    .iter()
                    .filter(|target| docker_of(target, &facts.hosts).as_ref() == Some(&url));
                let problem = unreachable(&url, &error);
                observation
                    .problems
                    .extend(on_it.map(|target| (target.address.clone(), problem.clone())));
            }
        }
    }
    views
}

async fn look(url: &str) -> Result<EngineView, ProviderError> {
    let engine = Engine::connect(url)?;
    let (info, containers, volumes) =
        futures_util::try_join!(engine.info(), engine.containers(), engine.volumes())?;
    let facts = EngineFacts {
        id: info.id,
        live_restore: info.live_restore,
        root: info.root,
        memory: info.memory,
        volumes: volumes
            .iter()
            .map(|volume| (volume.name.clone(), volume.labels.clone()))
            .collect(),
    };
    Ok(EngineView {
        maps_users: info.maps_users,
        volumes,
        docker: url.to_owned(),
        engine,
        containers,
        facts,
    })
}

/// Reads the files of each private network that a wanted node joins.
fn files(
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
    observation: &mut Observation,
) -> BTreeMap<Address, PrivateNetworkFiles> {
    let mut files = BTreeMap::new();
    for target in targets {
        let chain = target
            .wanted
            .and_then(|wanted| wanted.get("chain"))
            .and_then(Value::as_resource);
        let Some(chain) = chain.filter(|chain| !files.contains_key(*chain)) else {
            continue;
        };
        let desired = scene
            .wanted
            .get(chain)
            .map(DesiredChain::read)
            .unwrap_or_default();
        let Some(folder) = desired.node_files else {
            continue;
        };
        match PrivateNetworkFiles::read(&folder) {
            Ok(found) => {
                files.insert(chain.clone(), found);
            }
            Err(problem) => observation.problems.push((target.address.clone(), problem)),
        }
    }
    files
}

/// Observes the folder of each volume that is one.
fn folders(
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
    views: &BTreeMap<String, EngineView>,
    facts: &DockerFacts,
    observation: &mut Observation,
) -> BTreeMap<Address, FolderFacts> {
    let mut found = BTreeMap::new();
    for target in targets {
        let path = target
            .wanted
            .and_then(|wanted| attribute_text(wanted, "path"));
        let docker = docker_of(target, &facts.hosts);
        let view = docker.and_then(|docker| views.get(&docker));
        let (Some(path), Some(view), "volume") = (path, view, target.address.kind()) else {
            continue;
        };
        let look = || {
            let mut it = folder::inspect_folder(path)?;
            folder::refuse_same_place(target.address, &it, view, &found)?;
            it.mark = folder::read_mark(&it.real, scene.lineage, target.address)?;
            Ok(it)
        };
        match look() {
            Ok(it) => {
                found.insert(target.address.clone(), it);
            }
            Err(problem) => observation.problems.push((target.address.clone(), problem)),
        }
    }
    found
}

async fn one(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    views: &BTreeMap<String, EngineView>,
    facts: &mut DockerFacts,
    observation: &mut Observation,
) {
    let Some(docker) = docker_of(target, &facts.hosts) else {
        if let Some(host) = unreached_host(target, scene, &facts.hosts) {
            let what = format!("`{host}` was not reached");
            let problem = Problem::new(codes::NO_HOST, &["host"], what).needing(&host);
            observation.problems.push((target.address.clone(), problem));
        }
        // Else it was never made.
        return;
    };
    let Some(view) = views.get(&docker) else {
        return;
    };
    if let Some(recorded) = target.recorded
        && let Err(problem) = renamed::refuse_renamed(scene.lineage, target.address, recorded)
    {
        observation.problems.push((target.address.clone(), problem));
        return;
    }
    let earlier = find_earlier(target, scene.lineage, view);
    observation.earlier.extend(earlier);
    let found = match kind_named(target.address.kind()) {
        // All of them were looked at before.
        DockerKind::Host => return,
        DockerKind::Volume => volume::observe_volume(target, scene, view, facts),
        DockerKind::Container(kind) => {
            workload::observe::observe_container(kind, target, scene, view, facts, observation)
                .await
        }
    };
    let found = found.and_then(|found| same_engine(target, view, found));
    if target.address.kind() == "node" {
        find_node_troubles(target, scene, facts, observation);
    }
    // Where its own container is not told from others, the reason for that is the one to tell.
    if target.address.kind() == "node"
        && found.is_ok()
        && let Err(problem) = refuse_other_voter(target, view, facts).await
    {
        observation.problems.push((target.address.clone(), problem));
        return;
    }
    match found {
        Ok(found) => {
            if target.address.kind() == "node" {
                match snapshot::observe_snapshot(target, scene, view, facts, &found).await {
                    Ok(Some(snapshot)) => {
                        facts.snapshots.insert(target.address.clone(), snapshot);
                    }
                    Ok(None) => {}
                    Err(problem) => observation.problems.push((target.address.clone(), problem)),
                }
            }
            observation.objects.insert(target.address.clone(), found);
        }
        Err(problem) => observation.problems.push((target.address.clone(), problem)),
    }
}

/// How a node that should run is: with its network, as a voter, and with its key.
fn find_node_troubles(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    facts: &DockerFacts,
    observation: &mut Observation,
) {
    let now = SystemTime::now();
    let (findings, warnings) = standing::release_findings(target, scene, facts);
    observation.findings.extend(findings);
    let warnings = warnings
        .into_iter()
        .chain(backup_warnings(target, scene, now));
    observation
        .warnings
        .extend(warnings.map(|warning| (target.address.clone(), warning)));
    let budget = facts.budgets.get(target.address);
    if let Some(why) = budget.and_then(BudgetFacts::bad_moment) {
        let address = target.address.clone();
        observation.bad_moments.insert(address, why);
    }
    if let Some(report) = facts.guards.get(target.address) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let found = find_voter_troubles(target.address, report.as_ref(), now.as_secs());
        observation.findings.extend(found);
    }
}

/// The key of a node is with it, and with nobody else on its engine.
async fn refuse_other_voter(
    target: &Target<'_>,
    view: &EngineView,
    facts: &DockerFacts,
) -> Result<(), Problem> {
    let recorded = target.recorded.map(|recorded| &recorded.outputs);
    let Some(key) = recorded.and_then(|outputs| attribute_text(outputs, "pos_address")) else {
        return Ok(());
    };
    let report = facts
        .guards
        .get(target.address)
        .and_then(|report| report.as_ref());
    // The guard starts conflux again in the same container: its key may be another one by now.
    if let Some(other) = report.and_then(|report| report.key.as_deref())
        && other != key
    {
        return Err(key_changed(target.address, other, key));
    }
    let own = facts.containers.get(target.address);
    let holder = KeyHolder {
        key,
        container: own.map(|own| own.id.as_str()),
    };
    match find_second_voter(&view.engine, &view.containers, &holder).await {
        None => Ok(()),
        Some(what) => Err(Problem::new(codes::TWO_VOTERS, &["data"], what).help(
            "find out which of the two is to go on, stop the other one for good (`docker stop NAME`), and see that nothing \
             starts it again",
        )),
    }
}

/// What was made on one engine is not «gone» because another engine was asked.
fn same_engine(
    target: &Target<'_>,
    view: &EngineView,
    found: Observed,
) -> Result<Observed, Problem> {
    match target.recorded.and_then(made_on) {
        Some(recorded) if found == Observed::Absent && recorded != view.facts.id =>
        {
            Err(Problem::new(
                codes::OTHER_ENGINE,
                &["host"],
                format!(
                    "{} was made on another Docker Engine than the one at `{}` is now",
                    target.address, view.docker
                ),
            )
            .help(
                "point the host back to that engine; a second node on this one with a copy of the key could vote \
                 twice",
            ))
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_engines_are_refused() {
        let info = |api: &str| EngineInfo {
            id: String::new(),
            version: "x".to_owned(),
            api: api.to_owned(),
            architecture: String::new(),
            live_restore: false,
            root: String::new(),
            driver: String::new(),
            maps_users: false,
            memory: None,
        };
        for api in ["1.40", "1.41", "1.100", "2.0"] {
            assert!(check_api(&info(api)).is_ok(), "{api}");
        }
        for api in ["1.39", "1.9", "", "x"] {
            assert_eq!(
                check_api(&info(api)).unwrap_err().code,
                "docker/old-engine",
                "{api}"
            );
        }
    }
}
