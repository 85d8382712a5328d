//! Observing one node: who else could vote with its key, and what the node says of itself.
//!
//! - Reads: the list of containers; the node itself only when it was started since the last run.
//! - Returns: its state and outputs, and the container as its labels say that it was made.
//! - Never: believes a label that the container itself contradicts.

use std::collections::BTreeMap;

use pospool_model::guard::{GuardReport, Voting};
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, Value};

use super::budget::{BudgetFacts, read_budget};
use super::guard_report::query_guard;
use super::start::has_password;
use super::wish::DesiredNode;
use crate::attributes::attribute_text;
use crate::client::ListedContainer;
use crate::codes;
use crate::facts::{DockerFacts, FolderFacts};
use crate::image::Buildable;
use crate::names;
use crate::node::image::NODES;
use crate::place::DataLocation;
use crate::render::networks::PublicChain;
use crate::render::{self, DesiredChain};
use crate::rpc::{self, query_pos};
use crate::view::EngineView;
use crate::volume;
use crate::workload::run::{PAUSED, is_paused, started_at};
use crate::workload::spec::ContainerSpec;
use crate::workload::{InnerState, ObservedContainer};

/// State of a container that was started by hand: no node runs in it yet.
pub(crate) const WAITING: &str = "waiting for its password";
/// State of a node that no run has waited for to the end: a change of it to `running` means to wait.
const STARTING: &str = "starting";

/// Nobody else may run on the node's volume.
pub(crate) fn refuse_second_user(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    view: &EngineView,
    own: Option<&ListedContainer>,
    folders: &BTreeMap<Address, FolderFacts>,
) -> Result<(), Problem> {
    let Some(data) = target
        .wanted
        .and_then(|wanted| wanted.get("data"))
        .and_then(Value::as_resource)
    else {
        return Ok(());
    };
    let volume = volume::data_location(scene.lineage, data, scene.wanted.get(data), None, folders)?;
    let other = view.containers.iter().find(|container| {
        container.running
            && own.is_none_or(|own| own.id != container.id)
            && volume.is_mounted_by(container)
    });
    match other {
        None => Ok(()),
        Some(other) => Err(Problem::new(
            codes::VOLUME_IN_USE,
            &["data"],
            format!(
                "container `{}` runs on volume `{volume}`, which holds the node's PoS key",
                other.name
            ),
        )
        .help("stop that container: two processes with one PoS key must never vote")),
    }
}

/// How the node is, and what only it knows.
pub(super) async fn observe_node(
    seen: &ObservedContainer<'_>,
    facts: &mut DockerFacts,
) -> Result<InnerState, Problem> {
    let started = seen.found.state.as_ref().and_then(started_at);
    let known = is_known_process(seen, started);
    // Nothing inside of it answers.
    let paused = seen.found.state.as_ref().is_some_and(is_paused);
    // Whoever starts the container by hand has only its entrypoint running.
    let waits =
        seen.running() && !paused && !known && !has_password(&seen.view.engine, &seen.id).await;
    let bound = match (seen.running(), waits) {
        _ if paused => PAUSED,
        (true, false) => "running",
        (true, true) => WAITING,
        (false, _) => "stopped",
    };
    let mut outputs = Attributes::new();
    if let Some(started) = started {
        outputs.insert("started_at".to_owned(), started.into());
    }
    if bound == "running" {
        let report = query_guard(&seen.view.engine, &seen.id).await;
        if let Some(budget) = budget(seen, report.as_ref()).await {
            facts.budgets.insert(seen.target.address.clone(), budget);
        }
        facts.guards.insert(seen.target.address.clone(), report);
        if let Some(epoch) = epoch(seen).await {
            facts.epochs.insert(seen.target.address.clone(), epoch);
        }
        if !known {
            ask(seen, &mut outputs).await?;
        }
    }
    Ok(InnerState {
        state: seen_state(seen, bound, &outputs),
        bound,
        outputs,
    })
}

/// The attribute `state`: as it is, and whether somebody has to wait for it.
fn seen_state(
    seen: &ObservedContainer<'_>,
    bound: &'static str,
    outputs: &Attributes,
) -> &'static str {
    let complete =
        |recorded: &Recorded| recorded.complete && recorded.outputs.contains_key("pos_address");
    let known = match seen.target.recorded {
        Some(recorded) => complete(recorded),
        None => outputs.contains_key("pos_address"),
    };
    match bound {
        "running" if !known => STARTING,
        state => state,
    }
}

/// How long the key may stay without a vote: asked of a node that votes, and of no other.
async fn budget(seen: &ObservedContainer<'_>, report: Option<&GuardReport>) -> Option<BudgetFacts> {
    let report = report.filter(|report| report.voting == Voting::On)?;
    let key = report.key.as_deref()?;
    let answers = query_pos(&seen.view.engine, &seen.id).await?;
    read_budget(&answers, key, report.seen_signed.map(|round| round.epoch))
}

/// How far the node is: asked on a public network, whose forks are known, and nowhere else.
async fn epoch(seen: &ObservedContainer<'_>) -> Option<u64> {
    let chain = seen.target.wanted?.get("chain")?.as_resource()?;
    PublicChain::by_name(attribute_text(seen.scene.wanted.get(chain)?, "network")?)?;
    rpc::query_epoch(&seen.view.engine, &seen.id).await
}

/// The container as its labels say that it was made.
pub(super) fn labelled_node(
    seen: &ObservedContainer<'_>,
    attributes: &Attributes,
    facts: &DockerFacts,
) -> Option<ContainerSpec> {
    let desired = DesiredNode::read(attributes).ok()?;
    let digest = seen.label(names::DIGEST)?.to_owned();
    let whose = (seen.scene.lineage, seen.target.address, &seen.name);
    let memory = seen.label(names::MEMORY);
    let memory = memory.map(|bytes| (names::MEMORY.to_owned(), bytes.to_owned()));
    Some(ContainerSpec {
        place: Some(place(seen, &desired.data, facts)?),
        more: memory.into_iter().collect(),
        ..ContainerSpec::new(whose, (NODES, digest), attributes)
    })
}

/// Where the data of a volume is to lie, as the spec says it now.
fn place(
    seen: &ObservedContainer<'_>,
    data: &Address,
    facts: &DockerFacts,
) -> Option<DataLocation> {
    let wanted = seen.scene.wanted.get(data);
    volume::data_location(seen.scene.lineage, data, wanted, None, &facts.folders).ok()
}

/// Whether the same attributes would make another image now: the chain's files changed, or what pospool renders.
pub(super) fn files_changed(
    seen: &ObservedContainer<'_>,
    spec: &ContainerSpec,
    facts: &DockerFacts,
) -> bool {
    let Ok(desired) = DesiredNode::read(&spec.attributes) else {
        return false;
    };
    let Some(chain) = seen.scene.wanted.get(&desired.chain) else {
        return false;
    };
    let files = facts.files.get(&desired.chain);
    render::render_node_image(&desired, &DesiredChain::read(chain), files)
        .is_ok_and(|recipe| recipe.digest() != spec.digest)
}

/// Whether this very process was asked by an earlier run: then its key and version are known.
fn is_known_process(seen: &ObservedContainer<'_>, started: Option<&str>) -> bool {
    let Some(recorded) = seen.target.recorded else {
        return false;
    };
    let now = [
        ("container_id", seen.found.id.as_deref()),
        ("started_at", started),
    ];
    now.iter()
        .all(|(name, now)| attribute_text(&recorded.outputs, name) == *now)
        && ["pos_address", "register_data", "client_version"]
            .iter()
            .all(|name| recorded.outputs.contains_key(*name))
}

/// Asks the node for its key and version; a node that does not answer yet is no problem.
async fn ask(seen: &ObservedContainer<'_>, outputs: &mut Attributes) -> Result<(), Problem> {
    let answer = rpc::query_identity(&seen.view.engine, &seen.id).await;
    let identity = answer.map_err(|error| Problem::new(error.code(), &[], error.to_string()))?;
    let Some(identity) = identity else {
        return Ok(());
    };
    outputs.insert("client_version".to_owned(), identity.client_version.into());
    let recorded = seen
        .target
        .recorded
        .and_then(|recorded| attribute_text(&recorded.outputs, "pos_address"));
    match recorded {
        None => {
            outputs.insert("pos_address".to_owned(), identity.pos_address.into());
            outputs.insert("register_data".to_owned(), identity.register_data.into());
            Ok(())
        }
        Some(key) if key == identity.pos_address => Ok(()),
        Some(key) => Err(key_changed(seen.target.address, &identity.pos_address, key)),
    }
}

/// The problem of a node that runs with another key than the recorded one.
pub(crate) fn key_changed(node: &Address, runs: &str, recorded: &str) -> Problem {
    let what = format!("{node} runs with the PoS key {runs}, and {recorded} is recorded");
    Problem::new(codes::POS_KEY_CHANGED, &["data"], what).help(
        "somebody changed the key on its volume; stop the container and put the old pos_config/pos_key back",
    )
}
