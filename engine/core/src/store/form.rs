//! What every form on disk has: an envelope with its name and its version, looked at first, and a largest size.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Newest version of a state and of a plan: the second knows groups and barriers.
pub const VERSION: u64 = 2;

/// Version of every form that has nothing of a newer one in it: a program from before can read it.
pub const FIRST: u64 = 1;

/// Most bytes of a state, a journal or a plan that are read.
pub(super) const MAX_BYTES: u64 = 1 << 30;

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
