//! The options of the log, which every command takes.

use std::path::PathBuf;

use clap::ValueEnum;

/// Options of the log.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LogArgs {
    /// Log what is done on the way, from this level up [default: info for `sync` and `serve`, off for others]
    #[arg(long = "log", global = true, value_name = "LEVEL", env = "POSPOOL_LOG")]
    pub level: Option<LogLevel>,
    /// Form of the log
    #[arg(
        long = "log-format",
        global = true,
        value_name = "FORMAT",
        env = "POSPOOL_LOG_FORMAT",
        default_value = "text"
    )]
    pub format: LogFormat,
    /// Append the log to a file, instead of standard error
    #[arg(
        long = "log-file",
        global = true,
        value_name = "FILE",
        env = "POSPOOL_LOG_FILE"
    )]
    pub file: Option<PathBuf>,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What ended the run.
    Error,
    /// What went wrong and was got over.
    Warn,
    /// Each effect, and each endpoint that was left for another one.
    Info,
    /// Each RPC call, each request to Docker, each decision on a transaction.
    Debug,
    /// Everything.
    Trace,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}
