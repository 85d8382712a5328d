//! One look at how the pool is, for `status` and `doctor`.
//!
//! - Reads: the spec, the state without its lock, and what is outside; in a node's container its guard alone.
//! - Returns: the status, with a reason for each figure that is not known.
//! - Never: changes anything, takes a lock, reads a private key, or ends because something could not be seen.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_engine::blocked::Blocked;
use pospool_engine::moves::MovedState;
use pospool_engine::plan::Options;
use pospool_engine::status::{CollectedStatus, collect_status, find_unseen};
use pospool_model::Address;
use pospool_model::guard::{REPORT_PATH, SETTINGS_PATH};
use pospool_model::plan::{BlockedResource, Plan};
use pospool_model::status::{
    ContainerState, Figure, HeardGuard, NodeStatus, PlannedChange, PoolStatus, Unseen,
};
use pospool_status::complete_status;

use crate::args::Variables;
use crate::failure::Failure;

use super::Session;
use super::clock::unix_time;
use super::pipeline::{self, PlannedSpec};

/// The name of the node in a container, where no spec has given it one.
const THIS_NODE: &str = "node.this";
/// The source of what follows from being asked there.
const INSIDE: &str = "this container";

/// What one look has seen.
#[derive(Debug, Default)]
pub(super) struct PoolLook {
    /// How the pool is.
    pub(super) status: PoolStatus,
    /// The last lines of its programs, where they were asked for.
    pub(super) logs: BTreeMap<Address, Vec<String>>,
}

/// Looks at everything that the spec speaks of, or at the node of this container where there is no spec. `log_lines` says how
/// many of the last lines of each container are wanted.
pub(super) async fn look_at_pool(
    session: &mut Session<'_, '_>,
    variables: &Variables,
    log_lines: usize,
) -> Result<PoolLook, Failure> {
    let report = Path::new(REPORT_PATH);
    let mut look = match session.project.read_spec()? {
        // A file in /tmp alone may be anybody's.
        None if Path::new(SETTINGS_PATH).exists() && report.exists() => PoolLook {
            status: look_inside(report, unix_time()),
            logs: BTreeMap::new(),
        },
        _ => look_around(session, variables, log_lines).await?,
    };
    complete_status(&mut look.status);
    Ok(look)
}

async fn look_around(
    session: &mut Session<'_, '_>,
    variables: &Variables,
    log_lines: usize,
) -> Result<PoolLook, Failure> {
    let registry = session.registry;
    let spec = pipeline::require_spec(session, variables)?;
    let store = session.project.glance_at_state("status")?;
    let now = unix_time();
    if !store.exists() {
        let nothing = "there is no state: nothing was made yet";
        let status = PoolStatus {
            made_at: now,
            changes: Figure::not_seen("plan", nothing),
            ..PoolStatus::default()
        };
        return Ok(PoolLook {
            status,
            logs: BTreeMap::new(),
        });
    }
    let MovedState { state, .. } = pipeline::move_resources(&spec, store.state(), registry)?;
    let seen = pipeline::refresh_resources(&spec, &state, registry, Blocked::default()).await?;
    let asked = collect_status(&spec.config, &state, registry, &seen, now, log_lines);
    let CollectedStatus { parts, logs } = asked.await;
    let mut status = PoolStatus::of_parts(now, parts);
    status.unseen = find_unseen(&seen);
    let planned = pipeline::plan_seen(&spec, &state, registry, &Options::default(), seen);
    let PlannedSpec { plan, seen, .. } = planned;
    status.changes = Figure::seen("plan", find_changes(&plan));
    status.findings = seen.findings;
    add_blocked(&mut status.unseen, &plan.blocked);
    status.open_effects = store.open_effects().len() as u64;
    Ok(PoolLook { status, logs })
}

fn find_changes(plan: &Plan) -> Vec<PlannedChange> {
    let changes = plan.steps.iter().map(|step| PlannedChange {
        address: step.address.clone(),
        action: step.action,
        changed: step
            .changes
            .iter()
            .map(|change| change.path.clone())
            .collect(),
        is_drift: step.reason.is_drift(),
    });
    changes.collect()
}

/// What could be looked at and of which no plan can be made: what its design refuses is worth to know here too.
fn add_blocked(unseen: &mut Vec<Unseen>, blocked: &[BlockedResource]) {
    for one in blocked {
        if !unseen.iter().any(|known| known.address == one.address) {
            unseen.push(Unseen {
                address: one.address.clone(),
                code: one.code.clone(),
                why: one.summary.clone(),
                help: one.help.clone(),
            });
        }
    }
}

/// How the node of this container is, as its guard says it.
fn look_inside(report: &Path, now: u64) -> PoolStatus {
    let address: Result<Address, _> = THIS_NODE.parse();
    let Ok(address) = address else {
        return PoolStatus::default();
    };
    let read = pospool_guard::read_report(report);
    let unread = read
        .as_ref()
        .err()
        .map(|error| format!("its report cannot be read: {error}"));
    let heard = HeardGuard::new(read.as_ref().ok(), now, unread.as_deref());
    let why =
        "it is not to be seen from inside of the container: ask `pospool doctor` where the spec is";
    let mut node = NodeStatus {
        // Whoever asks here is in it.
        container: Figure::seen(INSIDE, ContainerState::Running),
        last_failure: Figure::not_collected(why),
        exit_code: Figure::seen(INSIDE, None),
        out_of_memory: Figure::not_collected(why),
        memory_limit_bytes: Figure::not_collected(why),
        running_seconds: Figure::not_collected(why),
        recorded_key: Figure::not_collected(why),
        client_version: Figure::not_collected(why),
        coming_terms: Figure::not_collected(why),
        budget: Figure::not_collected(why),
        open_inner_ports: Figure::not_collected(why),
        backup_age_seconds: Figure::not_collected(why),
        drill_age_seconds: Figure::not_collected(why),
        // A private network may have a single other node.
        least_peers: 1,
        ..NodeStatus::new(&address)
    };
    heard.fill(&mut node);
    PoolStatus {
        made_at: now,
        nodes: vec![node],
        changes: Figure::not_collected(why),
        ..PoolStatus::default()
    }
}

/// Seconds since 1970.
#[cfg(test)]
mod tests {
    use super::*;
    use pospool_status::{Light, diagnose, find_verdict};

    const REPORT: &str = r#"{"at":1000,"key":"0xab","voting":"off","hold":"no-peers","why":"it has no peers","running":true,
        "given_up":false,"starts":1,"phase":"NormalSyncPhase","head_time":990,"peers":0,"pos_epoch":7,"pos_height":70,
        "source_height":70,"sources":[1,1],"elected":true,"signed":null,"seen_signed":null,
        "machine":{"disk_free_bytes":5,"disk_total_bytes":100}}"#;

    #[test]
    fn inside_of_a_container_the_guard_alone_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, REPORT).unwrap();
        let status = look_inside(&path, 1004);
        let present: Vec<&str> = diagnose(&status)
            .iter()
            .filter(|one| matches!(one.answer, pospool_status::Answer::Present { .. }))
            .map(|one| one.state.id)
            .collect();
        // The disk, and the peers.
        assert_eq!(present, ["N8", "S1"]);
        // A report that is not there is no report of a node that is well.
        let lost = look_inside(&folder.path().join("nothing"), 1004);
        let verdict = find_verdict(&lost, &diagnose(&lost));
        assert_eq!(verdict.safe.light, Light::Unknown);
        assert!(verdict.safe.why.contains("cannot be read"), "{verdict:?}");
    }
}
