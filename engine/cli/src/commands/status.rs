//! `pospool status`: is it safe, does it earn, may it be restarted now?
//!
//! - Reads: what one look sees.
//! - Returns: the verdict and the figures behind it, once or again and again.
//! - Never: changes anything, or calls well what was not seen.

use std::time::Duration;

use pospool_status::{Light, diagnose, find_verdict};

use crate::args::StatusArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::condition::look_at_pool;

/// Runs the command.
pub async fn run_status(session: &mut Session<'_, '_>, args: &StatusArgs) -> Result<Exit, Failure> {
    let Some(seconds) = args.watch else {
        return show_once(session, args).await;
    };
    loop {
        let exit = show_once(session, args).await?;
        session.interrupt.working(true);
        let is_stopped = session.interrupt.pause(Duration::from_secs(seconds)).await;
        session.interrupt.working(false);
        if is_stopped {
            return Ok(exit);
        }
    }
}

async fn show_once(session: &mut Session<'_, '_>, args: &StatusArgs) -> Result<Exit, Failure> {
    let status = look_at_pool(session, &args.variables, 0).await?.status;
    let diagnoses = diagnose(&status);
    let verdict = find_verdict(&status, &diagnoses);
    let console = &mut *session.console;
    if args.metrics {
        console.say(&pospool_status::format_metrics(
            &status, &diagnoses, &verdict,
        ))?;
    } else if console.json {
        console.say_json(&view::status::status_to_json(&status, &diagnoses, &verdict))?;
    } else {
        let paint = console.out_paint;
        if args.watch.is_some() {
            console.say(&view::status::format_next_look(status.made_at, paint))?;
        }
        console.say(&view::status::format_status(
            &status, &diagnoses, &verdict, paint,
        ))?;
    }
    Ok(if verdict.safe.light == Light::Yes {
        Exit::Done
    } else {
        Exit::OnlyDrift
    })
}
