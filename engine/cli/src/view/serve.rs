//! What the server of the web page says of itself.
//!
//! - Reads: what it serves, and where.
//! - Returns: text.
//! - Never: makes a line for a request: the server's log does.

use std::net::SocketAddr;

/// That requests are answered from now on.
#[must_use]
pub fn format_listening(files: usize, address: SocketAddr) -> String {
    format!("serving {files} files at http://{address}\n")
}
