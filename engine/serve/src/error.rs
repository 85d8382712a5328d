//! Why a page cannot be served.
//!
//! - Reads: nothing.
//! - Returns: what, where and why, with stable codes.
//! - Never: speaks of a single request; that one gets its answer.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A file or folder of the page cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder is no page.
    #[error("`{}` cannot be served: {why}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// An origin that pages may connect to cannot be meant.
    #[error(
        "`{0}` is not an origin: write `https://` and a host, perhaps with a port, without a path"
    )]
    Origin(String),
    /// The address to listen on is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server of a health check does not answer well.
    #[error("the server at {address} is not well: {why}")]
    Unwell {
        /// Where.
        address: SocketAddr,
        /// What it said, or why it said nothing.
        why: String,
    },
}

impl ServeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "serve/read",
            Self::Folder { .. } => "serve/folder",
            Self::Origin(_) => "serve/origin",
            Self::Listen { .. } => "serve/listen",
            Self::Unwell { .. } => "serve/unwell",
        }
    }
}

/// Explanations of the codes.
pub const CODES: &[(&str, &str)] = &[
    (
        "serve/folder",
        "The folder cannot be served as a page: it has no index.html, or too many or too large files.",
    ),
    (
        "serve/listen",
        "The server cannot listen on its address: another process has it, or it is none of this machine.",
    ),
    (
        "serve/origin",
        "What a page may connect to is named by origins: scheme, host and port, such as https://main.confluxrpc.com.",
    ),
    (
        "serve/read",
        "A file of the page cannot be read: look at its owner and mode.",
    ),
    (
        "serve/unwell",
        "A health check found no server, or one that does not answer as it should.",
    ),
];
