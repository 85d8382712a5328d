//! The envelope that every form on disk has: its name and its version, looked at first.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{FIRST, StoreError};

#[derive(Deserialize)]
struct Envelope {
    format: Option<String>,
    version: Option<u64>,
}

/// Reads a form of one of its versions up to `newest`; says what else the bytes are, if they are
/// something else.
pub fn parse_versioned<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    format: &str,
    newest: u64,
) -> Result<T, StoreError> {
    let path = || path.to_owned();
    let damaged = |source| StoreError::Damaged {
        path: path(),
        source,
    };
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(damaged)?;
    match envelope.version {
        _ if envelope.format.as_deref() != Some(format) => {
            Err(StoreError::Foreign { path: path() })
        }
        Some(version) if (FIRST..=newest).contains(&version) => {
            serde_json::from_slice(bytes).map_err(damaged)
        }
        Some(found) => Err(StoreError::TooNew {
            path: path(),
            found,
            newest,
        }),
        None => Err(StoreError::Foreign { path: path() }),
    }
}
