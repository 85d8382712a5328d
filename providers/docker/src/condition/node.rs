//! How a node is: its container, its guard, what it says of its chain and of PoS.

use std::time::{Duration, UNIX_EPOCH};

use pospool_model::status::{Budget, ContainerState, Figure, HeardGuard, NodeStatus, Term};

use super::ports::{find_inner_rpc, published_ports};
use super::seen::{DOCKER, SeenContainer};
use crate::attributes::attribute_text;
use crate::failures;
use crate::node::backup::key_note_ages;
use crate::node::budget::{BudgetFacts, VoteBudget, find_budget, read_budget};
use crate::node::observe::WAITING;
use crate::render::networks::PublicChain;
use crate::rpc::{self, PosAnswers};

/// The source of what a node says itself.
const NODE: &str = "node";
/// The source of what is recorded.
const STATE: &str = "state";

/// How a node is.
pub(super) async fn node_status(seen: &SeenContainer<'_>) -> NodeStatus {
    let mut status = of_container(seen);
    status.least_peers = least_peers(seen);
    of_state(seen, &mut status);
    let report = seen.facts.guards.get(seen.target.address);
    let report = report.and_then(Option::as_ref);
    let guard = HeardGuard::new(report, seen.context.now, seen.unseen());
    guard.fill(&mut status);
    let runs = status.container.known() == Some(&ContainerState::Running);
    let ended = !runs || guard.report().is_some_and(|report| report.given_up);
    status.last_failure = last_failure(seen, ended).await;
    if let (true, Some(engine), Some(container)) = (runs, &seen.engine, seen.container) {
        let answers = rpc::query_pos(engine, &container.id).await;
        of_pos(answers.as_ref(), &guard, &mut status);
        if let Some(found) = &seen.found {
            let open = find_inner_rpc(&published_ports(found)).await;
            status.open_inner_ports = Figure::seen("a question to each port", open);
        }
    } else {
        let nothing = "the node does not run";
        status.budget = Figure::not_seen(NODE, nothing);
        status.coming_terms = Figure::not_seen(NODE, nothing);
        if status.container.known().is_some() {
            // Nobody listens there.
            status.open_inner_ports = Figure::seen(DOCKER, Vec::new());
        }
    }
    status
}

/// What Docker says.
fn of_container(seen: &SeenContainer<'_>) -> NodeStatus {
    let exit = seen.detail(|found| {
        let state = found.state.as_ref()?;
        let ended = state.running != Some(true);
        Some(state.exit_code.filter(|_| ended))
    });
    let limit = seen.detail(|found| {
        let limit = found.host_config.as_ref()?.memory.unwrap_or_default();
        Some(u64::try_from(limit).ok().filter(|limit| *limit > 0))
    });
    let wanted = seen.target.wanted;
    let state = wanted.and_then(|wanted| attribute_text(wanted, "state"));
    NodeStatus {
        container_name: seen.name(),
        wanted_running: state != Some("stopped"),
        container: seen.state(WAITING),
        exit_code: exit,
        out_of_memory: seen.detail(|found| found.state.as_ref()?.oom_killed),
        memory_limit_bytes: limit,
        running_seconds: seen.running_seconds(),
        ..NodeStatus::new(seen.target.address)
    }
}

/// A private network may have a single other node.
fn least_peers(seen: &SeenContainer<'_>) -> u64 {
    let chain = || {
        let chain = seen.target.wanted?.get("chain")?.as_resource()?;
        let network = attribute_text(seen.context.scene.wanted.get(chain)?, "network")?;
        PublicChain::by_name(network)
    };
    if chain().is_some() { 3 } else { 1 }
}

/// What the state says, and what this look has put in its place.
fn of_state(seen: &SeenContainer<'_>, status: &mut NodeStatus) {
    let now = UNIX_EPOCH + Duration::from_secs(seen.context.now);
    let outputs = seen.context.scene.outputs.get(seen.target.address);
    let version = outputs.and_then(|outputs| attribute_text(outputs, "client_version"));
    status.client_version = Figure::said(
        NODE,
        version.map(str::to_owned),
        0,
        "the node has not said it yet",
    );
    let recorded = seen.target.recorded.map(|recorded| &recorded.outputs);
    let key = recorded.and_then(|outputs| attribute_text(outputs, "pos_address"));
    status.recorded_key = match key {
        Some(key) => Figure::seen(STATE, key.to_owned()),
        None => Figure::not_collected("no key of it is recorded yet"),
    };
    let ages = recorded
        .zip(key)
        .map(|(outputs, key)| key_note_ages(outputs, key, now));
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs());
    let no_key = || Figure::not_collected("no key of it is recorded yet");
    status.backup_age_seconds = match ages {
        Some((backup, _)) => Figure::seen(STATE, seconds(backup)),
        None => no_key(),
    };
    status.drill_age_seconds = match ages {
        Some((_, drill)) => Figure::seen(STATE, seconds(drill)),
        None => no_key(),
    };
}

/// What the node says of the terms of PoS.
fn of_pos(answers: Option<&PosAnswers>, guard: &HeardGuard<'_>, status: &mut NodeStatus) {
    let budget = answers.and_then(|answers| {
        let report = guard.report()?;
        let last = report.seen_signed.map(|round| round.epoch);
        read_budget(answers, report.key.as_deref()?, last)
    });
    let Some(facts) = budget else {
        let why = match (answers, guard.report()) {
            (_, None) => guard.why(),
            (None, _) => "the node does not say who is elected",
            (Some(_), Some(_)) => "its guard does not know its key yet",
        };
        status.budget = Figure::not_seen(NODE, why);
        status.coming_terms = Figure::not_seen(NODE, why);
        return;
    };
    let terms = facts.coming.iter().map(|(view, elected)| Term {
        view: *view,
        elected: *elected,
    });
    status.coming_terms = Figure::seen(NODE, terms.collect());
    status.budget = budget_figure(&facts);
}

fn budget_figure(facts: &BudgetFacts) -> Figure<Budget> {
    match find_budget(facts) {
        VoteBudget::Unknown(why) => Figure::not_seen(NODE, why),
        VoteBudget::NotElected => Figure::seen(NODE, Budget::NotElected),
        VoteBudget::Until { epoch, blocks } => Figure::seen(
            NODE,
            Budget::Left {
                epoch,
                blocks,
                seconds: facts.gap.map(|gap| blocks.saturating_mul(gap)),
                voted: facts.last_vote >= Some(facts.epoch),
            },
        ),
    }
}

/// Why conflux ended, by the last lines of a container in which it does not run.
async fn last_failure(seen: &SeenContainer<'_>, ended: bool) -> Figure<Option<String>> {
    if !ended {
        return Figure::seen(DOCKER, None);
    }
    let (Some(engine), Some(container)) = (&seen.engine, seen.container) else {
        let why = seen.unseen().unwrap_or("there is no container");
        return Figure::not_seen(DOCKER, why);
    };
    let lines = engine.last_lines(&container.id, failures::LOOKED_AT).await;
    if lines.is_empty() {
        return Figure::not_seen(DOCKER, "its container has no last lines");
    }
    let code = failures::known_failure(&lines);
    Figure::seen(DOCKER, code.map(|code| code.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v11_a_budget_says_whether_the_key_has_voted_in_the_running_epoch() {
        let facts = |last_vote| BudgetFacts {
            epoch: 15,
            view: 155,
            elected: true,
            coming: vec![(160, true), (170, true)],
            last_vote,
            gap: Some(30),
        };
        let left = |epoch, blocks, voted| Budget::Left {
            epoch,
            blocks,
            seconds: Some(blocks * 30),
            voted,
        };
        let budget = |last| budget_figure(&facts(last)).known().copied();
        assert_eq!(budget(Some(15)), Some(left(18, 35, true)));
        assert_eq!(budget(Some(14)), Some(left(17, 25, false)));
        assert_eq!(budget(None), None);
    }
}
