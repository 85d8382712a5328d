//! `pospool apply`: makes the outside what the spec says.
//!
//! - Reads: the spec, the state, the outside, and a saved plan if one is named.
//! - Does: what the plan says, after it was shown and approved.
//! - Never: carries out a saved plan that does not fit any more.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pospool_engine::blocked::Blocked;
use pospool_engine::moves::MovedState;
use pospool_engine::plan::Options;
use pospool_engine::planfile::{self, PlanFile};
use pospool_engine::scope::Scope;
use pospool_engine::store::Store;
use pospool_engine::{approval, settle};

use crate::args::ApplyArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline::{self, PlannedSpec, Spec};
use super::run::{self, Approval};
use super::{meant, moment, unsigned};

/// Runs the command.
pub async fn run_apply(session: &mut Session<'_, '_>, args: &ApplyArgs) -> Result<Exit, Failure> {
    let registry = session.registry;
    let saved = match &args.plan {
        Some(file) => {
            let path = session.project.path(file);
            Some((
                planfile::load_plan(&path, session.project.key()?.as_deref())?,
                path,
            ))
        }
        None => None,
    };
    let unsigned = args.unsigned.as_ref().map(|dir| session.project.path(dir));
    if let Some(folder) = &unsigned {
        unsigned::begin_folder(folder)?;
    }
    let none = BTreeMap::new();
    let variables = saved.as_ref().map_or(&none, |(file, _)| &file.variables);
    let spec = pipeline::require_spec_of_plan(session, &args.variables, variables)?;
    let mut store = run::open_for_change(session, "apply")?;
    begin_state(session, &mut store)?;
    let scope = pipeline::read_scope(&spec, store.state(), &args.scope)?;
    let unsettled = run::settle_earlier_run(session, &mut store).await?;
    let named = pipeline::move_resources(&spec, store.state(), registry)?;
    if !named.moved.is_empty() && !unsettled.is_empty() {
        // Their tickets know the names of before.
        return Err(Failure::Unsettled(unsettled));
    }
    let approval = Approval {
        unsigned: unsigned.as_deref(),
        ..Approval::from(&args.run)
    };
    if let Some((file, path)) = saved {
        if !unsettled.is_empty() {
            // The plan was made as if they were not there.
            return Err(Failure::Unsettled(unsettled));
        }
        let mut planned = take_saved_plan(session, &spec, named, file, path).await?;
        meant::refuse_doubts(&mut planned.problems, args.meant);
        let approval = Approval {
            given: true,
            ..approval
        };
        return run::carry_out(session, &spec, &mut store, &planned, approval).await;
    }
    let MovedState { state, moved } = named;
    let mut blocked = settle::block_unsettled(&unsettled, &store, registry);
    blocked.leave_out(scope.left_out_of_apply(&spec.config, &state));
    let mut planned = if args.when_safe {
        moment::plan_when_safe(session, &spec, &state, args.run.wait, &blocked).await?
    } else {
        let options = Options::default();
        pipeline::make_plan(&spec, &state, registry, &options, blocked).await?
    };
    planned.plan.moved = moved;
    planned.problems.extend(settle::warn_of_foreign(&unsettled));
    meant::refuse_doubts(&mut planned.problems, args.meant);
    run::refuse_unknown_groups(&planned.plan, &store, unsettled)?;
    run::carry_out(session, &spec, &mut store, &planned, approval).await
}

/// Writes a new state: the lineage in it names everything that is made, so it comes before all else.
fn begin_state(session: &mut Session<'_, '_>, store: &mut Store) -> Result<(), Failure> {
    if !store.exists() {
        store.update(|_| {})?;
        let started = view::state::format_state_started(session.project.state()?, store.state());
        session.console.tell(&started);
    }
    Ok(())
}

/// Plans again, and proves that this is what the file says. What is carried out is the plan of now.
async fn take_saved_plan(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    named: MovedState,
    file: PlanFile,
    path: PathBuf,
) -> Result<PlannedSpec, Failure> {
    if !session.console.json {
        let text = view::plan::format_variables(&file.variables, &file.withheld);
        session.console.tell(&text);
    }
    let reasons = approval::find_other_origin(&file, &spec.config, &named.state);
    if !reasons.is_empty() {
        return Err(Failure::Stale { path, reasons });
    }
    let (state, registry, approved) = (&named.state, session.registry, &file.plan);
    let mut blocked = Blocked::default();
    blocked.leave_out(approved.left_out.iter().cloned());
    let seen = pipeline::refresh_resources(spec, state, registry, blocked).await?;
    let options = Options::default();
    let mut planned = pipeline::plan_seen(spec, state, registry, &options, seen);
    let untouched = approval::find_untouched(approved, &planned.plan);
    if !untouched.is_empty() {
        let text = view::plan::format_untouched(&untouched);
        session.console.tell(&text);
        let part = Scope {
            exclude: untouched,
            ..Scope::default()
        };
        let mut seen = planned.seen;
        seen.blocked
            .leave_out(part.left_out_of_apply(&spec.config, state));
        planned = pipeline::plan_seen(spec, state, registry, &options, seen);
    }
    planned.plan.moved = named.moved;
    let reasons = approval::find_differences(approved, &planned.plan, &planned.seen, registry);
    if reasons.is_empty() {
        Ok(planned)
    } else {
        Err(Failure::Stale { path, reasons })
    }
}
