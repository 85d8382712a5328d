//! `pospool plan`: what would `apply` do?
//!
//! - Reads: the spec, the state, and the outside.
//! - Returns: the plan with every problem; saves it if asked to.
//! - Never: changes anything outside. A project without a state gets one, since its
//!   name is part of the plan.

use pospool_engine::blocked::Blocked;
use pospool_engine::moves::MovedState;
use pospool_engine::plan::Options;
use pospool_engine::planfile::{self, PlanFile};
use pospool_engine::store::{Mode, Store};
use pospool_model::finding::has_trouble;
use pospool_model::{Diagnostic, Severity};

use crate::args::PlanArgs;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline::{self, PlannedSpec, Spec};

/// Runs the command.
pub async fn run_plan(session: &mut Session<'_, '_>, args: &PlanArgs) -> Result<Exit, Failure> {
    let registry = session.registry;
    if let Some(out) = &args.out {
        // Before anything is asked: nobody waits for a plan that cannot be kept.
        planfile::check_place(&session.project.path(out))?;
    }
    let spec = pipeline::require_spec(session, &args.variables)?;
    let store = open(session)?;
    let MovedState { state, moved } = pipeline::move_resources(&spec, store.state(), registry)?;
    let scope = pipeline::read_scope(&spec, &state, &args.scope)?;
    let (options, mut blocked) = (Options::default(), Blocked::default());
    blocked.leave_out(scope.left_out_of_apply(&spec.config, &state));
    let mut planned = pipeline::make_plan(&spec, &state, registry, &options, blocked).await?;
    planned.plan.moved = moved;
    planned.problems.extend(open_effects(&store));
    let problems = Exit::of_problems(&planned.problems);
    let saved = match &args.out {
        Some(out) if problems.is_none() => {
            let out = session.project.path(out);
            let variables = spec.config.variables().clone();
            let file = PlanFile::new(planned.plan.clone(), variables);
            planfile::save_plan(&out, &file, session.project.key()?.as_deref())?;
            Some(out)
        }
        _ => None,
    };
    if args.markdown {
        let comment = planned.to_comment(&spec, store.state());
        session.console.say(&comment)?;
    } else {
        show(session, &spec, &store, &planned, saved.as_deref())?;
    }
    // An apply would write the outputs that differ, so they are changes too.
    let plan = &planned.plan;
    let changes = !plan.steps.is_empty()
        || !plan.moved.is_empty()
        || plan.changes_outputs(&store.state().outputs);
    Ok(match problems.or(planned.blocked_exit()) {
        Some(exit) => exit,
        None if !args.detailed_exitcode => Exit::Done,
        None if !changes && !has_trouble(&planned.seen.findings) => Exit::Done,
        None if !changes || view::plan::only_drift(plan) => Exit::OnlyDrift,
        None => Exit::Changes,
    })
}

/// Opens the state to look at it. A new one is written first: the lineage in it
/// names everything that the plan would make.
fn open(session: &mut Session<'_, '_>) -> Result<Store, Failure> {
    let project = session.project;
    let store = project.open_state(Mode::Read, "plan")?;
    if store.exists() {
        return Ok(store);
    }
    drop(store);
    let mut store = project.open_state(Mode::Write, "plan")?;
    store.update(|_| {})?;
    let started = view::state::format_state_started(project.state()?, store.state());
    session.console.tell(&started);
    Ok(store)
}

/// A warning if a killed run left something under way: this plan cannot know what came of it.
fn open_effects(store: &Store) -> Option<Diagnostic> {
    let open = store.open_effects().len();
    if open == 0 {
        return None;
    }
    let mut warning = Diagnostic::error(codes::STATE_OPEN_EFFECTS, view::plan::under_way(open))
        .help("run `pospool apply`: it first finds out what came of them, and plans after that");
    warning.severity = Severity::Warning;
    Some(warning)
}

fn show(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    store: &Store,
    planned: &PlannedSpec,
    saved: Option<&std::path::Path>,
) -> Result<(), Failure> {
    let console = &mut *session.console;
    if console.json {
        return console.say_json(&planned.to_json(spec));
    }
    planned.tell(console, spec, store.state())?;
    if let Some(path) = saved {
        console.tell(&view::plan::format_plan_saved(path));
    }
    Ok(())
}
