//! What `apply` and `destroy` share: settling, asking, carrying out, reporting.
//!
//! - Reads: the journal of an earlier run, and the user's answer.
//! - Does: exactly the plan that it is given.
//! - Never: begins anything that an open effect of an earlier run touches, or anything without approval.

use std::path::Path;
use std::sync::atomic::Ordering;

use pospool_engine::apply::{self, Context, Outcome};
use pospool_engine::settle::{self, Unsettled};
use pospool_engine::store::{Mode, Store};
use pospool_model::Finding;
use pospool_model::plan::Plan;

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::progress::{ProgressForm, ProgressPrinter};

use super::Session;
use super::confirm::{self, Confirmation};
use super::pipeline::{self, PlannedSpec, Spec};
use super::unsigned;

/// Opens the state to change it.
pub(super) fn open_for_change(session: &Session<'_, '_>, command: &str) -> Result<Store, Failure> {
    session.project.open_state(Mode::Write, command)
}

/// Ends what an earlier run left open; returns what cannot be ended now.
pub(super) async fn settle_earlier_run(
    session: &mut Session<'_, '_>,
    store: &mut Store,
) -> Result<Vec<Unsettled>, Failure> {
    let open = store.open_effects().len();
    let (registry, cancel) = (session.registry, session.interrupt.cancel());
    session.interrupt.working(open > 0);
    let progress = progress(session, open);
    let unsettled = settle::settle_tickets(store, registry, &progress, cancel).await;
    drop(progress);
    session.interrupt.working(false);
    let unsettled = unsettled?;
    if cancel.load(Ordering::Relaxed) {
        return Err(if unsettled.is_empty() {
            Failure::Stopped
        } else {
            Failure::Unsettled(unsettled)
        });
    }
    Ok(unsettled)
}

fn progress<'a>(session: &'a mut Session<'_, '_>, total: usize) -> ProgressPrinter<'a> {
    let console = &mut *session.console;
    if console.json {
        ProgressPrinter::new(&mut *console.out, ProgressForm::Json, total)
    } else {
        let form = if console.redraws {
            ProgressForm::Terminal(console.err_paint)
        } else {
            ProgressForm::Text(console.err_paint)
        };
        ProgressPrinter::new(&mut *console.err, form, total)
    }
}

/// What the user said in advance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Approval<'a> {
    /// Nobody need be asked: the user says so, or saved the plan after reading it.
    pub(super) given: bool,
    /// What the user confirms by name.
    pub(super) confirm: Option<&'a str>,
    /// Where calls go that somebody signs elsewhere.
    pub(super) unsigned: Option<&'a Path>,
}

impl<'a> From<&'a RunArgs> for Approval<'a> {
    fn from(args: &'a RunArgs) -> Self {
        Self {
            given: args.auto_approve,
            confirm: args.confirm.as_deref(),
            unsigned: None,
        }
    }
}

/// Shows a plan, asks, and carries it out.
pub(super) async fn carry_out(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    store: &mut Store,
    planned: &PlannedSpec,
    approval: Approval<'_>,
) -> Result<Exit, Failure> {
    show(session, spec, store, planned)?;
    if let Some(exit) = Exit::of_problems(&planned.problems) {
        return refused(session, store, exit);
    }
    let plan = &planned.plan;
    if plan.steps.is_empty() && is_known(plan, store) {
        let whole = || Exit::of_whole_run(&planned.seen.findings);
        let exit = planned.blocked_exit().unwrap_or_else(whole);
        return nothing_to_do(session, store, plan, exit);
    }
    let confirmation = confirm::find_confirmation(planned, spec, store.state(), session.registry);
    match confirmation.filter(|it| !approval.confirm.is_some_and(|text| it.is_given(text))) {
        Some(missing) => ask_to_confirm(session, missing, approval)?,
        None if !plan.steps.is_empty() && !approval.given => approve(session)?,
        None => {}
    }
    let context = Context {
        config: &spec.config,
        registry: session.registry,
        seen: &planned.seen,
        cancel: session.interrupt.cancel(),
    };
    if !plan.moved.is_empty() {
        // Before the journal, whose entries go on from the state under its new names.
        let named = pipeline::move_resources(spec, store.state(), session.registry)?;
        store.update(|state| *state = named.state)?;
    }
    session.interrupt.working(true);
    let progress = progress(session, view::plan::count_effects(plan));
    let outcome = apply::apply_plan(plan, context, store, &progress).await;
    // What is rewritten in place goes before the result comes.
    drop(progress);
    session.interrupt.working(false);
    let outcome = outcome?;
    let written = match approval.unsigned {
        Some(folder) => {
            let names = unsigned::name_addresses(&planned.seen, store.state());
            let calls = unsigned::write_calls(folder, plan, &outcome, session.registry, &names)?;
            view::unsigned::format_written(calls, folder)
        }
        None => String::new(),
    };
    let exit = report(session, &outcome, planned, store)?;
    session.console.tell(&written);
    Ok(exit)
}

/// Whether the state already says everything that an apply without steps would write.
pub(super) fn is_known(plan: &Plan, store: &Store) -> bool {
    let state = store.state();
    let chains = plan
        .chains
        .iter()
        .all(|(name, chain)| state.chains.get(name) == Some(chain));
    let accounts = plan
        .accounts
        .iter()
        .all(|(name, account)| state.accounts.get(name) == Some(account));
    let names = plan.moved.is_empty();
    chains
        && accounts
        && names
        && !plan.changes_outputs(&state.outputs)
        && state.counters == plan.counters
}

fn show(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    store: &Store,
    planned: &PlannedSpec,
) -> Result<(), Failure> {
    let console = &mut *session.console;
    if !console.json {
        return planned.tell(console, spec, store.state());
    }
    let mut event = planned.to_json(spec);
    event["event"] = "plan".into();
    console.say_json(&event)
}

/// Asks before anything is changed.
pub(super) fn approve(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let console = &mut *session.console;
    if !console.asks {
        return Err(Failure::NobodyToAsk);
    }
    let answer = console.ask(view::questions::APPROVE)?;
    if answer.as_deref() == Some("yes") {
        Ok(())
    } else {
        Err(Failure::Declined)
    }
}

/// Has a person type what goes, in the place of a `yes`. Where nobody is to be asked, it must have been given.
fn ask_to_confirm(
    session: &mut Session<'_, '_>,
    missing: Confirmation,
    approval: Approval<'_>,
) -> Result<(), Failure> {
    let console = &mut *session.console;
    let Confirmation { what, name, text } = &missing;
    if approval.given || approval.confirm.is_some() || !console.asks {
        let Confirmation { what, name, text } = missing;
        return Err(Failure::Unconfirmed { what, name, text });
    }
    let answer = console.ask(&view::questions::format_confirmation(what, name, text))?;
    if answer.is_some_and(|answer| missing.is_given(&answer)) {
        Ok(())
    } else {
        Err(Failure::Declined)
    }
}

/// Errors stand in the way; people have read them, programs get their last event.
fn refused(session: &mut Session<'_, '_>, store: &Store, exit: Exit) -> Result<Exit, Failure> {
    let console = &mut *session.console;
    if console.json {
        let (outcome, plan) = (Outcome::default(), Plan::default());
        console.say_json(&view::outcome::outcome_to_json(
            &outcome,
            &plan,
            store.state(),
            exit,
        ))?;
    }
    Ok(exit)
}

/// While an effect of an earlier run is open, no snapshot is written; so no journal may speak of groups that are in none.
pub(super) fn refuse_unknown_groups(
    plan: &Plan,
    store: &Store,
    unsettled: Vec<Unsettled>,
) -> Result<(), Failure> {
    let known = &store.state().groups;
    if unsettled.is_empty() || plan.groups.keys().all(|id| known.contains_key(id)) {
        Ok(())
    } else {
        Err(Failure::Unsettled(unsettled))
    }
}

/// Ends a run without steps.
pub(super) fn nothing_to_do(
    session: &mut Session<'_, '_>,
    store: &Store,
    plan: &Plan,
    exit: Exit,
) -> Result<Exit, Failure> {
    let console = &mut *session.console;
    let outcome = Outcome::default();
    if console.json {
        let end = view::outcome::outcome_to_json(&outcome, plan, store.state(), exit);
        console.say_json(&end)?;
    } else if plan.blocked.is_empty() {
        console.say(&view::outcome::format_nothing_to_do(
            store,
            session.project.state()?,
            console.out_paint,
        ))?;
    }
    Ok(exit)
}

fn report(
    session: &mut Session<'_, '_>,
    outcome: &Outcome,
    planned: &PlannedSpec,
    store: &Store,
) -> Result<Exit, Failure> {
    let plan = &planned.plan;
    let (done, left) = (exit_of(outcome, plan), left_over(planned));
    let exit = match done {
        Exit::Done => Exit::of_whole_run(&left),
        not_whole => not_whole,
    };
    let console = &mut *session.console;
    if console.json {
        console.say_json(&view::outcome::outcome_to_json(
            outcome,
            plan,
            store.state(),
            exit,
        ))?;
        return Ok(exit);
    }
    let (out, err) = (console.out_paint, console.err_paint);
    let ending = view::outcome::format_outcome(outcome, plan, store.state(), done, out, err);
    console.tell(&ending.problems);
    console.say(&ending.results)?;
    console.tell(&view::findings::format_left(&left, err));
    Ok(exit)
}

/// What was found about resources that no step was about: what a step was about may be well by now.
fn left_over(planned: &PlannedSpec) -> Vec<Finding> {
    let is_touched = |finding: &&Finding| {
        let mut steps = planned.plan.steps.iter();
        steps.any(|step| step.address == finding.address)
    };
    let findings = planned.seen.findings.iter();
    findings.filter(|it| !is_touched(it)).cloned().collect()
}

/// A failure counts most, then the user's wish to stop, unless everything was done all the same.
fn exit_of(outcome: &Outcome, plan: &Plan) -> Exit {
    if !outcome.failures.is_empty() {
        Exit::Error
    } else if outcome.done == view::plan::count_effects(plan) {
        Exit::of_blocked(&plan.blocked).unwrap_or(Exit::Done)
    } else if outcome.cancelled {
        Exit::Cancelled
    } else {
        Exit::Converging
    }
}
