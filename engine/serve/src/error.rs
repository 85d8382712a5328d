//! Why a page cannot be served.
//!
//! - Reads: nothing.
//! - Returns: what, where and why, with stable codes.
//! - Never: speaks of a single request; that one gets its answer.

use pospool_model::Code;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::codes;

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
    pub fn code(&self) -> Code {
        match self {
            Self::Read { .. } => codes::READ,
            Self::Folder { .. } => codes::FOLDER,
            Self::Origin(_) => codes::ORIGIN,
            Self::Listen { .. } => codes::LISTEN,
            Self::Unwell { .. } => codes::UNWELL,
        }
    }
}
