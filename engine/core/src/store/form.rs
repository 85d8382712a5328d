//! What every form on disk has: an envelope with its name and its version, looked at first, and a largest size.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Newest version of a state and of a plan: the second knows groups and barriers, and what is blocked in a plan.
pub const VERSION: u64 = 2;

/// Version of a sealed state and of a sealed plan: what is in them has a version of its own.
pub(super) const SEALED: u64 = 3;

/// Version of every form that has nothing of a newer one in it: a program from before can read it.
pub const FIRST: u64 = 1;

/// Most bytes of a state, a journal or a plan that are read.
pub const MAX_BYTES: u64 = 1 << 30;

/// What a form says of itself.
#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) format: Option<String>,
    version: Option<u64>,
}

/// Reads what a form says of itself.
pub(super) fn envelope(bytes: &[u8]) -> serde_json::Result<Envelope> {
    serde_json::from_slice(bytes)
}

/// Reads a form of one of its versions up to `newest`; says what else the bytes are, if they are
/// something else.
pub fn parse_versioned<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    format: &str,
    newest: u64,
) -> Result<T, StoreError> {
    let envelope: Envelope = decode_named(path, bytes)?;
    match envelope.version {
        _ if envelope.format.as_deref() != Some(format) => Err(StoreError::Foreign {
            path: path.to_owned(),
        }),
        Some(version) if (FIRST..=newest).contains(&version) => decode_named(path, bytes),
        Some(found) => Err(StoreError::TooNew {
            path: path.to_owned(),
            found,
            newest,
        }),
        None => Err(StoreError::Foreign {
            path: path.to_owned(),
        }),
    }
}

/// Reads JSON of a file of ours; what is wrong is told with its place inside of the document.
fn decode_named<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Damaged {
        path: path.to_owned(),
        within: find_fault::<T>(bytes),
        source,
    })
}

/// The part of a document that is not what it should be; empty where none can be named. Places cost time, so they are
/// looked for only once something is known to be wrong.
pub(super) fn find_fault<T: DeserializeOwned>(bytes: &[u8]) -> String {
    let mut again = serde_json::Deserializer::from_slice(bytes);
    let fault = serde_path_to_error::deserialize::<_, T>(&mut again).err();
    let path = fault.map(|fault| fault.path().to_string());
    // A text that breaks off has no part that is wrong.
    path.filter(|path| path != "." && path != "?")
        .unwrap_or_default()
}
