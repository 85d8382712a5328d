//! `pospool guard`: a node's container, seen from inside.
//!
//! - Reads: the settings of the image; standard input, where the secrets come.
//! - Returns: when the container is to end. Its exit code is then that of conflux, which whoever made the container explains.
//! - Never: reads a spec or a state.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use pospool_guard::{GuardError, Handed};
use pospool_model::guard::{PASSWORD_PATH, REPORT_PATH, SOURCES};
use pospool_model::{Secret, SecretRef};

use crate::args::GuardArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::failure::format_with_causes;

use super::Session;

/// A container that nobody hands a password to stops by itself.
const HAND_OVER: Duration = Duration::from_mins(5);
/// Exit code of a container that was stopped before it had its secrets: 128 and the number of SIGTERM.
const TERMINATED: i32 = 143;
/// Most bytes that are handed over.
const MOST_BYTES: u64 = 64 << 10;

/// Runs the command.
pub async fn run_guard(session: &mut Session<'_, '_>, args: &GuardArgs) -> Result<Exit, Failure> {
    if args.report {
        return report(session);
    }
    if args.clear {
        pospool_guard::clear_guard().map_err(|source| Failure::File {
            verb: "write to",
            path: "/tmp".into(),
            source,
        })?;
        return Ok(Exit::Done);
    }
    let code = match guard(session, args).await {
        Ok(code) => code,
        Err(error) => {
            session.console.tell(&view::guard::format_refusal(&error));
            error.exit_code()
        }
    };
    // The code is the container's: any of 256.
    std::process::exit(code)
}

async fn guard(session: &mut Session<'_, '_>, args: &GuardArgs) -> Result<i32, GuardError> {
    let mut stop = pospool_guard::listen_for_stop()?;
    let settings = pospool_guard::read_settings(&args.settings).map_err(GuardError::Settings)?;
    if let Some(handed) = read_mounted()? {
        session.console.tell(view::guard::RECEIVED);
        return pospool_guard::run_guard(&settings, handed, stop).await;
    }
    session.console.tell(view::guard::WAITING);
    let read = tokio::task::spawn_blocking(read_input);
    let read = tokio::select! {
        read = tokio::time::timeout(HAND_OVER, read) => read,
        () = stop.wait() => return Ok(TERMINATED),
    };
    let handed = match read {
        Ok(Ok(Ok(text))) => Handed::parse(text.expose())?,
        _ => return Err(GuardError::NoPassword),
    };
    session.console.tell(view::guard::RECEIVED);
    pospool_guard::run_guard(&settings, handed, stop).await
}

/// What comes without a person: the password as a mounted file, and sources in the environment.
fn read_mounted() -> Result<Option<Handed>, GuardError> {
    let path = Path::new(PASSWORD_PATH);
    if !path.exists() {
        return Ok(None);
    }
    let read = SecretRef::File(path.to_owned()).read();
    let password = read.map_err(|error| GuardError::Password(format_with_causes(&error)))?;
    let sources = std::env::var(SOURCES).unwrap_or_default();
    Ok(Some(Handed {
        password,
        endpoints: sources.split_whitespace().map(str::to_owned).collect(),
    }))
}

/// Reads standard input to its end, by a handle of its own: the console keeps the one of the process.
fn read_input() -> std::io::Result<Secret> {
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut text = String::new();
    input.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

fn report(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let path = Path::new(REPORT_PATH);
    let report = pospool_guard::read_report(path).map_err(|source| Failure::File {
        verb: "read",
        path: path.to_owned(),
        source,
    })?;
    session.console.say(&view::guard::format_report(&report))?;
    Ok(if report.is_healthy() {
        Exit::Done
    } else {
        Exit::Error
    })
}
