//! `pospool import`: takes up what is there and the state does not know.
//!
//! - Reads: the spec, the state, and the outside.
//! - Does: writes into the spec where contracts are, and into the state what was found.
//! - Never: sends, starts, stops or changes anything outside; chooses one of two things that may be meant.

mod new_spec;
mod search;
mod spec_file;

use pospool_model::Address;
use serde_json::json;

use crate::args::TakeUpArgs;
use crate::exit::Exit;
use crate::failure::{Failure, ImportFailure};
use crate::view;

use self::search::Search;
use super::Session;
use super::init::write_new;
use super::pipeline::{PlannedSpec, Spec};
use super::run;
use super::state::open::refuse_open_effects;

/// Runs the command.
pub async fn run_import(session: &mut Session<'_, '_>, args: &TakeUpArgs) -> Result<Exit, Failure> {
    let file = if args.from.is_empty() {
        session.project.read_spec()?
    } else {
        refuse_other_state(session)?;
        Some(new_spec::find_spec(session, args).await?)
    };
    let file = file.ok_or_else(|| Failure::NoSpec(session.project.spec_name.clone()))?;
    let mut store = run::open_for_change(session, "import")?;
    refuse_open_effects(&store)?;
    // A new state gets its name first: what is looked for by name is looked for by this one.
    store.update(|_| {})?;
    let found = search::search(session, args, &file, store.state()).await?;
    let Search {
        spec,
        state,
        text,
        places,
        taken,
        missing,
    } = found;
    if !session.console.json {
        taken.tell(session.console, &spec, store.state())?;
    }
    if let Some(exit) = Exit::of_problems(&taken.problems) {
        if session.console.json {
            session.console.say_json(&taken.to_json(&spec))?;
        }
        return Ok(exit);
    }
    let is_blocked = taken.blocked_exit();
    if taken.plan.steps.is_empty() {
        report(session, &taken, &spec, (&[], &missing))?;
        return Ok(is_blocked.unwrap_or(Exit::Done));
    }
    if !args.auto_approve {
        run::approve(session)?;
    }
    if !args.from.is_empty() {
        write_new(&session.project.spec, text.as_ref().unwrap_or(&file.text))?;
    } else if let Some(text) = &text {
        // Before the state: a run that is cut here has only said where things are.
        spec_file::replace_spec(&session.project.spec, &file.text, text)?;
    }
    store.update(|now| *now = state)?;
    report(session, &taken, &spec, (&places, &missing))?;
    // Who names one contract has it, whatever waits for something else.
    Ok(is_blocked.filter(|_| args.scan).unwrap_or(Exit::Done))
}

/// A state that knows something is that of another spec: the next plan of the new one would stop all that it runs.
fn refuse_other_state(session: &Session<'_, '_>) -> Result<(), Failure> {
    let store = run::open_for_change(session, "import")?;
    match store.state().resources.len() {
        0 => Ok(()),
        known => Err(ImportFailure::OtherState(known).into()),
    }
}

/// Says what was taken up, and which blocks were given a line.
fn report(
    session: &mut Session<'_, '_>,
    taken: &PlannedSpec,
    spec: &Spec,
    (places, missing): (&[(Address, String)], &[Address]),
) -> Result<(), Failure> {
    let console = &mut *session.console;
    if console.json {
        let steps = taken.plan.steps.iter();
        let steps: Vec<_> = steps.map(|step| &step.address).collect();
        let written: Vec<_> = places
            .iter()
            .map(|(address, place)| json!({"address": address, "place": place}))
            .collect();
        console.say_json(&json!({
            "format_version": view::FORMAT_VERSION,
            "taken_up": steps,
            "written": written,
            "missing": missing,
            "diagnostics": taken.to_json(spec)["diagnostics"],
        }))?;
    } else {
        let name = &session.project.spec_name;
        console.say(&view::import::format_taken_up(&taken.plan, places, name))?;
        console.tell(&view::import::format_missing(missing));
    }
    Ok(())
}
