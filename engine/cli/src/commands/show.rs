//! `pospool show`: the state, or a saved plan.
//!
//! - Reads: one file.
//! - Returns: what is in it, also while an apply changes it: no lock is taken.
//! - Never: looks at the outside or at the spec; says of what moves by itself, such as votes, how it was long ago.

use std::collections::BTreeMap;

use pospool_engine::planfile::{self, PlanFile};
use serde_json::json;

use crate::args::ShowArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::plan::Around;

use super::Session;

/// Runs the command.
pub fn run_show(session: &mut Session<'_, '_>, args: &ShowArgs) -> Result<Exit, Failure> {
    match &args.plan {
        Some(file) => saved_plan(session, &session.project.path(file))?,
        None => state(session)?,
    }
    Ok(Exit::Done)
}

fn saved_plan(session: &mut Session<'_, '_>, path: &std::path::Path) -> Result<(), Failure> {
    let PlanFile {
        plan,
        variables,
        withheld,
        ..
    } = planfile::load_plan(path, session.project.key()?.as_deref())?;
    let console = &mut *session.console;
    if console.json {
        return console.say_json(&json!({
            "format_version": view::FORMAT_VERSION,
            "plan": plan,
            "variables": variables,
            "withheld": withheld,
            "summary": view::plan::summarise_plan(&plan),
        }));
    }
    let around = Around {
        findings: &[],
        outputs: &BTreeMap::new(),
        destroy: false,
        refused: false,
        paint: console.out_paint,
    };
    let text = view::plan::format_plan(&plan, around);
    let variables = view::plan::format_variables(&variables, &withheld);
    console.say(&format!("{variables}{text}"))
}

fn state(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let store = session.project.glance_at_state("show")?;
    let shown = view::state::drop_moving_outputs(store.state().clone(), session.registry);
    let console = &mut *session.console;
    if console.json {
        return console.say_json(&view::state::state_to_json(&shown, &store));
    }
    let text = if store.exists() {
        view::state::format_state(&shown, &store, console.out_paint)
    } else {
        view::state::format_no_state(session.project.state()?)
    };
    console.say(&text)
}
