//! `pospool start`: starts one node, page or syncer that was made and does not run.
//!
//! - Reads: the spec, the state, and the engine that it is on; no chain, no account and no source.
//! - Does: starts its container with its own secret, and lets a guard go on that has given up.
//! - Never: makes, replaces or changes anything; settles what an earlier run began elsewhere.

use pospool_engine::plan;
use pospool_engine::store::Store;
use pospool_model::Address;

use crate::args::StartArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::pipeline::{self, PlannedSpec};
use super::run::{self, Approval};

/// Runs the command.
pub async fn run_start(session: &mut Session<'_, '_>, args: &StartArgs) -> Result<Exit, Failure> {
    let (registry, address) = (session.registry, &args.address);
    let spec = pipeline::require_spec(session, &args.variables)?;
    let known = spec.config.resources().map(|resource| &resource.address);
    pipeline::require_known(address, &known.collect())?;
    let mut store = run::open_for_change(session, "start")?;
    refuse_open(&store, address)?;
    let state = store.state();
    let left_out = plan::leave_out_for_start(&spec.config, state, registry, address);
    let seen = pipeline::refresh_resources(&spec, state, registry, left_out).await?;
    let planned = plan::plan_start(&spec.config, state, &seen, registry, address);
    let runs = planned.refusals.is_empty()
        && planned.plan.blocked.is_empty()
        && !plan::acts(&planned.plan);
    if runs {
        session.console.tell(&view::plan::format_running(address));
    }
    let planned = PlannedSpec {
        plan: planned.plan,
        seen,
        problems: planned.refusals,
        faults: planned.faults,
        destroy: false,
    };
    if runs {
        let nothing = pospool_model::plan::Plan::default();
        let exit = Exit::of_whole_run(&planned.seen.findings);
        return run::nothing_to_do(session, &store, &nothing, exit);
    }
    // Whoever names it has said what is to happen.
    let approval = Approval {
        given: true,
        ..Approval::default()
    };
    run::carry_out(session, &spec, &mut store, &planned, approval).await
}

/// What an earlier run began with it is found out first, and that is for an apply.
fn refuse_open(store: &Store, address: &Address) -> Result<(), Failure> {
    let mut open = store.open_effects().iter();
    match open.find(|open| open.id.address == *address) {
        None => Ok(()),
        Some(open) => Err(Failure::StillOpen(open.id.to_string())),
    }
}
