//! `pospool apply`: makes the outside what the spec says.
//!
//! - Reads: the spec, the state, the outside, and a saved plan if one is named.
//! - Does: what the plan says, after it was shown and approved.
//! - Never: carries out a saved plan that does not fit any more.

use std::path::Path;

use pospool_engine::blocked::Blocked;
use pospool_engine::plan::Options;
use pospool_engine::store::Store;
use pospool_engine::{check, planfile, settle};

use crate::args::ApplyArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline::{self, PlannedSpec, Spec};
use super::run::{self, Approval};
use super::{meant, moment};

/// Runs the command.
pub async fn run_apply(session: &mut Session<'_, '_>, args: &ApplyArgs) -> Result<Exit, Failure> {
    let registry = session.registry;
    let spec = pipeline::require_spec(session, &args.variables)?;
    let mut store = run::open_for_change(session, "apply")?;
    if !store.exists() {
        // The lineage in it names everything that is made, so it comes before all else.
        store.update(|_| {})?;
        let started = view::state::format_state_started(session.project.state()?, store.state());
        session.console.tell(&started);
    }
    let scope = pipeline::read_scope(&spec, store.state(), &args.scope)?;
    let unsettled = run::settle_earlier_run(session, &mut store).await?;
    if let Some(file) = &args.plan {
        if !unsettled.is_empty() {
            // The plan was made as if they were not there.
            return Err(Failure::Unsettled(unsettled));
        }
        let path = session.project.path(file);
        let mut planned = saved(session, &spec, &store, &path).await?;
        meant::refuse_doubts(&mut planned.problems, args.meant);
        let approval = Approval {
            given: true,
            ..Approval::from(&args.run)
        };
        return run::carry_out(session, &spec, &mut store, &planned, approval).await;
    }
    let mut blocked = settle::block_unsettled(&unsettled, &store, registry);
    blocked.leave_out(scope.left_out_of_apply(&spec.config, store.state()));
    let mut planned = if args.when_safe {
        moment::plan_when_safe(session, &spec, &store, args.run.wait, &blocked).await?
    } else {
        let options = Options::default();
        pipeline::make_plan(&spec, store.state(), registry, &options, blocked).await?
    };
    planned.problems.extend(settle::warn_of_foreign(&unsettled));
    meant::refuse_doubts(&mut planned.problems, args.meant);
    run::refuse_unknown_groups(&planned.plan, &store, unsettled)?;
    run::carry_out(session, &spec, &mut store, &planned, (&args.run).into()).await
}

/// Loads a plan and proves that what it was made from is still there.
async fn saved(
    session: &Session<'_, '_>,
    spec: &Spec,
    store: &Store,
    path: &Path,
) -> Result<PlannedSpec, Failure> {
    let plan = planfile::load_plan(path)?;
    let (state, mut blocked) = (store.state(), Blocked::default());
    blocked.leave_out(plan.left_out.iter().cloned());
    let seen = pipeline::refresh_resources(spec, state, session.registry, blocked).await?;
    let reasons = planfile::find_stale_reasons(&plan, &spec.config, store.state(), &seen);
    if !reasons.is_empty() {
        return Err(Failure::Stale {
            path: path.to_owned(),
            reasons,
        });
    }
    let problems = check::check_plan(&plan, store.state(), &seen);
    Ok(PlannedSpec {
        plan,
        seen,
        problems,
        faults: Vec::new(),
        destroy: false,
    })
}
