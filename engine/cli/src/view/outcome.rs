//! How a run ended.
//!
//! - Reads: the outcome, the state after it, and the plan.
//! - Returns: failures with their causes, what goes on outside, outputs, and what stays behind.
//! - Never: calls a run whole that was not.

use std::fmt::Write as _;

use pospool_engine::apply::Outcome;
use pospool_engine::store::Store;
use pospool_model::plan::{Action, Plan};
use pospool_model::state::State;
use pospool_remote::Location;
use serde_json::{Value as Json, json};

use super::outputs::format_outputs;
use super::plan::count_blocked;
use super::{Paint, clean_line, failure, format_count, state};
use crate::exit::Exit;

/// The end of a run as text: problems for `err`, results for `out`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Failures and waits, with what to do about them.
    pub problems: String,
    /// What there is now.
    pub results: String,
}

/// The end of a run as text.
#[must_use]
pub fn format_outcome(
    outcome: &Outcome,
    plan: &Plan,
    state: &State,
    exit: Exit,
    out: Paint,
    err: Paint,
) -> Ending {
    let mut problems = String::new();
    for (id, cause) in &outcome.failures {
        problems.push_str(&failure::format_failed_effect(id, cause, err));
    }
    if !outcome.converging.is_empty() {
        let _ = writeln!(problems, "{}", err.bold("still in progress:"));
        for (id, what) in &outcome.converging {
            let _ = writeln!(problems, "  {id}: {}", clean_line(what));
        }
        problems
            .push_str("  help: run `pospool apply` again to go on waiting; --wait sets how long\n");
    }
    if outcome.cancelled && exit == Exit::Cancelled {
        problems.push_str("stopped; run `pospool apply` again to go on\n");
    }
    let mut results = String::new();
    let _ = writeln!(
        results,
        "{}",
        out.result(exit, &verdict(outcome, plan, state, exit))
    );
    if exit == Exit::Done {
        results.push_str(&format_outputs(&state.outputs, out));
        results.push_str(&stays(plan, out));
    }
    Ending { problems, results }
}

/// The end of a run as JSON.
#[must_use]
pub fn outcome_to_json(outcome: &Outcome, plan: &Plan, state: &State, exit: Exit) -> Json {
    let failures = outcome
        .failures
        .iter()
        .map(|(id, cause)| failure::effect_json(id, cause));
    let converging = outcome
        .converging
        .iter()
        .map(|(id, what)| json!({"effect": id.to_string(), "what": what}));
    let stays = left_behind(plan).map(|(address, note)| json!({"address": address, "note": note}));
    json!({
        "event": "end",
        "exit": exit.code(),
        "done": outcome.done,
        "not_begun": outcome.not_begun,
        "blocked": count_blocked(plan),
        "cancelled": outcome.cancelled,
        "failures": failures.collect::<Vec<_>>(),
        "converging": converging.collect::<Vec<_>>(),
        "serial": state.serial,
        "state_bytes_written": outcome.bytes_written,
        "outputs": state.outputs,
        "stays": stays.collect::<Vec<_>>(),
    })
}

/// The end of a run that had nothing to do.
#[must_use]
pub fn format_nothing_to_do(store: &Store, location: &Location, paint: Paint) -> String {
    if store.exists() {
        format_outputs(&store.state().outputs, paint)
    } else {
        state::format_no_state(location)
    }
}

fn verdict(outcome: &Outcome, plan: &Plan, state: &State, exit: Exit) -> String {
    let parts = [
        (outcome.done, "done"),
        (outcome.failures.len(), "failed"),
        (outcome.converging.len(), "still going on outside"),
        (outcome.not_begun, "not begun"),
    ];
    let effects = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", format_count(number, "effect", "effects")));
    let mut parts: Vec<String> = effects.collect();
    match count_blocked(plan) {
        0 => {}
        number => parts.push(format!(
            "{} blocked",
            format_count(number, "resource", "resources")
        )),
    }
    let head = if exit == Exit::Done {
        "all done"
    } else {
        "not whole"
    };
    let mut text = format!("{head}; the state has serial {}", state.serial);
    if !parts.is_empty() {
        let _ = write!(text, "; {}", parts.join(", "));
    }
    text
}

/// What a plan leaves outside, by resource.
fn left_behind(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    let gone = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Forget);
    gone.flat_map(|step| {
        step.notes
            .iter()
            .map(|note| (step.address.as_str(), note.as_str()))
    })
}

fn stays(plan: &Plan, paint: Paint) -> String {
    let mut lines = String::new();
    for (address, note) in left_behind(plan) {
        let _ = writeln!(lines, "  {address}: {}", clean_line(note));
    }
    if lines.is_empty() {
        return lines;
    }
    format!("{}\n{lines}", paint.bold("forgotten, not deleted:"))
}
