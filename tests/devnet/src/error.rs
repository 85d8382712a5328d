//! Why a devnet could not be had.
//!
//! - Reads: nothing.
//! - Returns: one typed error whose source is never repeated in its message.
//! - Never: prints, or carries a private key or a password.

use std::{fmt::Display, io};

/// Result of everything in this crate.
pub type Result<T, E = DevnetError> = std::result::Result<T, E>;

/// Why a devnet could not be made, used or taken down.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// A file or a folder could not be read or written.
    #[error("failed to {what}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Docker Engine refused or could not be reached.
    #[error("failed to {what}")]
    Docker {
        /// What was tried, with the object's name.
        what: String,
        /// The engine's answer.
        #[source]
        source: Box<bollard::errors::Error>,
    },
    /// A node's RPC port did not answer.
    #[error("failed to call `{method}` at {url}")]
    Http {
        /// JSON-RPC method.
        method: String,
        /// Address of the port.
        url: String,
        /// Why there was no answer.
        #[source]
        source: reqwest::Error,
    },
    /// A node answered a call with an error.
    #[error("`{method}` was refused by the node with code {code}: {message}")]
    Rpc {
        /// JSON-RPC method.
        method: String,
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// A transaction was executed and did nothing.
    #[error("transaction {hash} failed: {detail}")]
    Failed {
        /// Hash of the transaction.
        hash: String,
        /// The node's words.
        detail: String,
    },
    /// A program of the host that the image is made with failed.
    #[error("`{program}` failed: {detail}")]
    Tool {
        /// The program and its arguments.
        program: String,
        /// Its last words.
        detail: String,
    },
    /// Something that was read has not the expected form.
    #[error("cannot understand {what}: {detail}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A container ended although it should run.
    #[error("container `{name}` stopped by itself; its last words: {log}")]
    Died {
        /// Name of the container.
        name: String,
        /// The end of its log.
        log: String,
    },
    /// Something did not come true in time.
    #[error("{what} did not happen within {seconds} s; last seen: {last}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// The last observation.
        last: String,
    },
    /// A setting breaks a rule.
    #[error("invalid {setting} `{value}`: {rule}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
}

impl DevnetError {
    /// Returns a converter that adds what was tried to a system error.
    pub(crate) fn io(what: impl Display) -> impl FnOnce(io::Error) -> Self {
        let what = what.to_string();
        move |source| Self::Io { what, source }
    }

    /// Returns a converter that adds what was tried to an engine error.
    pub(crate) fn docker(what: impl Display) -> impl FnOnce(bollard::errors::Error) -> Self {
        let what = what.to_string();
        move |source| Self::Docker {
            what,
            source: Box::new(source),
        }
    }

    /// Builds the error for input of an unexpected form.
    pub(crate) fn malformed(what: impl Display, detail: impl Display) -> Self {
        Self::Malformed {
            what: what.to_string(),
            detail: detail.to_string(),
        }
    }
}
