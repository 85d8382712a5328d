//! `apply --when-safe`: a plan that stops something waits for a better moment.
//!
//! - Reads: what each look says of the moment.
//! - Returns: a plan that was made at a good one, or that is refused anyway.
//! - Never: waits for longer than `--wait`, or for anything but what the plan stops.

use std::time::Duration;

use pospool_engine::blocked::Blocked;
use pospool_engine::plan::Options;
use pospool_model::plan::{Action, Step};
use pospool_model::state::State;
use pospool_model::{Address, Value};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline::{self, PlannedSpec, Spec};

/// Time between two looks.
const AGAIN: Duration = Duration::from_secs(10);

/// Makes plans until one stops nothing that had better be stopped later.
pub(super) async fn plan_when_safe(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    state: &State,
    wait: Duration,
    blocked: &Blocked,
) -> Result<PlannedSpec, Failure> {
    let begun = Instant::now();
    let mut said = String::new();
    loop {
        let options = Options::default();
        let registry = session.registry;
        let planned = pipeline::make_plan(spec, state, registry, &options, blocked.clone()).await?;
        // No moment makes a refused plan a good one.
        let bad = find_bad_moment(&planned).filter(|_| !pipeline::has_errors(&planned.problems));
        let Some((address, why)) = bad else {
            return Ok(planned);
        };
        let left = wait.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(Failure::BadMoment {
                address: address.to_string(),
                why: why.to_owned(),
            });
        }
        let waiting = view::progress::format_moment(address, why);
        if waiting != said {
            session.console.tell(&waiting);
            said = waiting;
        }
        session.interrupt.working(true);
        let is_stopped = session.interrupt.pause(AGAIN.min(left)).await;
        session.interrupt.working(false);
        if is_stopped {
            return Err(Failure::Stopped);
        }
    }
}

/// A resource that the plan stops now, and why that had better be later.
fn find_bad_moment(planned: &PlannedSpec) -> Option<(&Address, &str)> {
    let moments = &planned.seen.bad_moments;
    let stopped = planned.plan.steps.iter().filter(|step| stops(step));
    let mut bad = stopped.filter_map(|step| {
        let why = moments.get(&step.address)?;
        Some((&step.address, why.as_str()))
    });
    bad.next()
}

/// Whether a step stops what is there.
fn stops(step: &Step) -> bool {
    let is_stopped = Value::from("stopped");
    matches!(step.action, Action::Replace | Action::Delete)
        || step
            .changes
            .iter()
            .any(|change| change.path == "state" && change.after == is_stopped)
}
