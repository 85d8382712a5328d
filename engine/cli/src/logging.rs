//! The log: what the program does on the way, for whoever looks for a fault.
//!
//! Only events of pospool's own crates are in it: libraries log headers and bodies, which may hold a key.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use pospool_engine::store::read_begin;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::args::{Command, LogArgs, LogFormat, LogLevel};
use crate::failure::Failure;

/// What all targets of our crates begin with.
const OURS: &str = "pospool";

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Starts the log of this process.
pub fn start_log(args: &LogArgs, command: &Command) -> Result<(), Failure> {
    let level = args.level.unwrap_or_else(|| usual_level(command));
    if level == LogLevel::Off {
        return Ok(());
    }
    let layer = match &args.file {
        None => layer(args.format, std::io::stderr),
        Some(path) => {
            let opened = open(path);
            let file = opened.map_err(|source| Failure::File {
                verb: "open",
                path: path.clone(),
                source,
            })?;
            layer(args.format, Mutex::new(file))
        }
    };
    let ours = Targets::new().with_target(OURS, LevelFilter::from(level));
    // A second log of one process would be a mistake of this program: the first one goes on.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(ours))
        .try_init();
    Ok(())
}

/// A command that runs for long says what it does.
fn usual_level(command: &Command) -> LogLevel {
    match command {
        Command::Sync(args) if !args.health => LogLevel::Info,
        Command::Serve(_) => LogLevel::Info,
        Command::Guard(args) if !args.report && !args.clear => LogLevel::Info,
        _ => LogLevel::Off,
    }
}

/// What is logged is for the operator alone. A log is added to what is there, which must not be a state, a journal or a plan.
fn open(path: &Path) -> std::io::Result<File> {
    const OURS: &[u8] = b"{\"format\"";
    // A terminal or a pipe has no beginning.
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    if is_file && read_begin(path, OURS.len())? == OURS {
        let what = "it is a state, a journal or a plan, and a log would be added to it";
        return Err(std::io::Error::other(what));
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

fn layer<W>(format: LogFormat, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // A log that cannot be written must not stop what it tells of.
    let plain = fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .log_internal_errors(false);
    match format {
        LogFormat::Text => plain.boxed(),
        LogFormat::Json => plain.json().flatten_event(true).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_out_overwrites_a_log_is_added_to_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (text, is_log) in [
            ("", true),
            ("2026-11-22T10:00:00Z  INFO", true),
            ("{\"timestamp\":\"2026", true),
            ("{\"format\":\"pospool-state\"}", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(open(&path).is_ok(), is_log, "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert!(open(Path::new("/dev/null")).is_ok());
    }

    fn logged(format: LogFormat) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let ours = Targets::new().with_target(OURS, LevelFilter::DEBUG);
        let layer = layer(format, Mutex::new(open(&path).unwrap())).with_filter(ours);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::debug!(method = "cfx_call", seconds = 0.5, "RPC call answered");
            tracing::trace!("below the level");
            tracing::error!(target: "hyper::proto", "authorization: Bearer of a key");
        });
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn only_events_of_our_crates_are_logged_in_both_formats() {
        let text = logged(LogFormat::Text);
        assert!(
            text.contains("DEBUG") && text.contains("RPC call answered method=\"cfx_call\""),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        let json: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(
            (&json["method"], &json["level"]),
            (&"cfx_call".into(), &"DEBUG".into())
        );
    }
}
