//! `pospool destroy`: takes down what can be taken down, and says what stays.
//!
//! - Reads: the state, the outside, and the spec if there is one.
//! - Does: the deletes of the plan, after it was shown and approved.
//! - Never: deletes something precious that `--delete` does not name.

use std::collections::BTreeSet;

use pospool_engine::plan::Options;
use pospool_engine::settle;
use pospool_model::Address;
use pospool_model::plan::Plan;

use crate::args::DestroyArgs;
use crate::exit::Exit;
use crate::failure::Failure;

use super::pipeline;
use super::state::open::find_recorded;
use super::{Session, run};

/// Runs the command.
pub async fn run_destroy(
    session: &mut Session<'_, '_>,
    args: &DestroyArgs,
) -> Result<Exit, Failure> {
    let registry = session.registry;
    let spec = pipeline::load_spec(session, &args.variables)?;
    let mut store = run::open_for_change(session, "destroy")?;
    if !store.exists() {
        return run::nothing_to_do(session, &store, &Plan::default(), Exit::Done);
    }
    let scope = pipeline::read_scope(&spec, store.state(), &args.scope)?;
    let unsettled = run::settle_earlier_run(session, &mut store).await?;
    let delete: BTreeSet<Address> = args.delete.iter().cloned().collect();
    for address in &delete {
        // A slip must not read as "nothing precious was named".
        find_recorded(store.state(), address)?;
    }
    let options = Options {
        destroy: true,
        delete,
    };
    let mut blocked = settle::block_unsettled(&unsettled, &store, registry);
    blocked.leave_out(scope.left_out_of_destroy(store.state()));
    let mut planned =
        pipeline::make_plan(&spec, store.state(), registry, &options, blocked).await?;
    planned.problems.extend(settle::warn_of_foreign(&unsettled));
    run::carry_out(session, &spec, &mut store, &planned, (&args.run).into()).await
}
