//! The health check: one request, from inside of the server's own container.
//!
//! - Reads: the server's answer to one path.
//! - Returns: whether it is well.
//! - Never: waits long: the engine that asks for a check kills a slow one.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::ServeError;
use crate::answer::HEALTH;

/// Time for each part of the check.
const LIMIT: Duration = Duration::from_secs(2);
/// What a server says that is well.
const WELL: &[u8] = b"HTTP/1.1 200 ";

/// Asks the server at an address whether it is well.
pub fn probe_server(address: SocketAddr) -> Result<(), ServeError> {
    let unwell = |why: String| ServeError::Unwell { address, why };
    match ask(address) {
        Ok(head) if head == WELL => Ok(()),
        Ok(head) => Err(unwell(format!(
            "it answers `{}`",
            String::from_utf8_lossy(&head).escape_default()
        ))),
        Err(error) => Err(unwell(error.to_string())),
    }
}

fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(
        stream,
        "GET {HEALTH} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n"
    )?;
    let mut head = vec![0; WELL.len()];
    stream.read_exact(&mut head)?;
    Ok(head)
}
