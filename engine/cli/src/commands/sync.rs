//! `pospool sync`: an apply again and again, for what a pool's bridge has to be told.
//!
//! - Reads: a spec of services alone, the state, and the outside: in every round a short question, and a whole look when
//!   that is not answered as before.
//! - Does: what there is to do; says in one line a round how it went, and writes the same into a status file.
//! - Never: makes anything: a spec with more than services is refused, since nobody approves these plans.

mod pace;
mod report;
mod rest;
mod round;
mod status;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use pospool_model::{Address, Role};

use crate::args::SyncArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::wiring;

use super::Session;
use super::pipeline::{self, Spec};
use rest::Rest;
use status::Status;
use watch::Watch;

pub use pace::{POLL, WAIT};
pub use report::{Conduct, RoundReport, ServiceStatus, SyncProblem};

/// Runs the command.
pub async fn run_sync(session: &mut Session<'_, '_>, args: &SyncArgs) -> Result<Exit, Failure> {
    let file = session.project.path(&args.status);
    if args.health {
        return health(session, &file);
    }
    let spec = pipeline::require_spec(session, &args.variables)?;
    only_services(session, &spec)?;
    // A signal must reach the pauses too.
    session.interrupt.working(true);
    let ended = rounds(session, &spec, args, file).await;
    session.interrupt.working(false);
    ended
}

/// Nobody reads these plans, so they must hold nothing but calls that a service makes.
fn only_services(session: &Session<'_, '_>, spec: &Spec) -> Result<(), Failure> {
    let role = |address: &Address| Some(session.registry.schema(address.kind())?.role);
    let addresses = || spec.config.resources().map(|resource| &resource.address);
    let is_service = |address: &Address| wiring::SERVICES.contains(&address.kind());
    let other =
        addresses().find(|address| role(address) == Some(Role::Managed) && !is_service(address));
    match other {
        Some(other) => Err(Failure::NotAService(other.to_string())),
        None if addresses().any(is_service) => Ok(()),
        None => Err(Failure::NoService),
    }
}

async fn rounds(
    session: &mut Session<'_, '_>,
    spec: &Spec,
    args: &SyncArgs,
    file: PathBuf,
) -> Result<Exit, Failure> {
    let mut status = Status::new(file, args.every)?;
    let mut watch = Watch::default();
    let mut rest = Rest::default();
    loop {
        let found = if let Some(round) = rest.goes_on(session.registry).await {
            round
        } else {
            let round = round::run_round(session, spec, &mut watch).await;
            rest.after(&round, args.every);
            round
        };
        let cancelled = session.interrupt.cancel().load(Ordering::Relaxed);
        let open = found.open_effects;
        let pause = status.take(found, args.every);
        say(session, status.report())?;
        // A status that cannot be written makes the syncer look dead, and it must go on all the same.
        if let Err(failure) = status.write() {
            session.console.tell(&view::failure::format_failure(
                &failure,
                session.console.err_paint,
            ));
        }
        if cancelled || args.once {
            return Ok(if open > 0 {
                Exit::Converging
            } else {
                Exit::Done
            });
        }
        if session.interrupt.pause(pause).await {
            return Ok(Exit::Done);
        }
    }
}

fn say(session: &mut Session<'_, '_>, report: &RoundReport) -> Result<(), Failure> {
    let console = &mut *session.console;
    if console.json {
        console.say_json(report)
    } else {
        console.say(&view::sync::line_of(report))
    }
}

/// Says whether the syncer that writes this status is alive and well.
fn health(session: &mut Session<'_, '_>, file: &std::path::Path) -> Result<Exit, Failure> {
    let verdict = status::read_verdict(file, super::clock::unix_time())?;
    let exit = match &verdict.why {
        None => Exit::Done,
        Some(_) => Exit::Error,
    };
    let console = &mut *session.console;
    if console.json {
        console.say_json(&verdict)?;
        return Ok(exit);
    }
    let text = match (&verdict.why, &verdict.report) {
        (Some(why), _) => format!("not healthy: {why}\n"),
        (None, report) => report.as_ref().map(view::sync::line_of).unwrap_or_default(),
    };
    console.say(&text)?;
    Ok(exit)
}
