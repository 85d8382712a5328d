//! Why a command of the agent did nothing.

use std::path::PathBuf;

use pospool_model::{Code, CredentialName, SecretError};

use crate::codes;

/// Why a command of the agent did nothing.
#[derive(Debug, thiserror::Error)]
pub enum AgentFailure {
    /// A program of systemd is not there.
    #[error("`{program}` cannot be run")]
    NoProgram {
        /// Which one.
        program: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program of systemd refused.
    #[error("`{program}` failed: {said}")]
    Program {
        /// Which one.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// systemd does not run this machine.
    #[error("systemd is not process 1 of this machine, so nothing would open the secret at a boot")]
    NoSystemd,
    /// A secret has this name.
    #[error("a secret is sealed as `{0}` already, and may be the only one that opens a key")]
    Sealed(CredentialName),
    /// No secret has this name.
    #[error("no secret is sealed as `{0}`")]
    NotSealed(CredentialName),
    /// It cannot be read.
    #[error("the secret cannot be read")]
    NoSecret(#[source] SecretError),
    /// It has more than one line.
    #[error("the secret `{0}` is empty or has more than one line")]
    BadSecret(CredentialName),
    /// The program is not one to run as root.
    #[error(
        "`{}` is not a program for root to run: it needs a plain absolute path, at which nobody but root can write",
        .0.display()
    )]
    BadProgram(PathBuf),
    /// systemd did not start it.
    #[error(
        "the variable `{0}` is not set: `pospool agent run` is what the unit of `pospool agent install` runs"
    )]
    NotByUnit(&'static str),
    /// systemd handed nothing over.
    #[error("systemd has opened no secret in `{}`", .0.display())]
    NothingToOpen(PathBuf),
}

impl AgentFailure {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NoProgram { .. } | Self::Program { .. } | Self::NoSystemd => codes::AGENT_SYSTEMD,
            Self::Sealed(_) => codes::AGENT_SEALED,
            Self::NotSealed(_) => codes::AGENT_NOT_SEALED,
            Self::NoSecret(_) | Self::BadSecret(_) => codes::AGENT_SECRET,
            Self::BadProgram(_) => codes::AGENT_PROGRAM,
            Self::NotByUnit(_) | Self::NothingToOpen(_) => codes::AGENT_UNIT,
        }
    }
}
