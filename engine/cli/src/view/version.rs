//! The version of the program and of the forms that it reads and writes.
//!
//! - Reads: nothing.
//! - Returns: text or JSON.
//! - Never: looks at the machine.

use pospool_engine::store;
use serde_json::{Value as Json, json};

use super::FORMAT_VERSION;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version as text.
#[must_use]
pub fn format_version() -> String {
    format!("pospool {VERSION}\n")
}

/// The versions as JSON.
#[must_use]
pub fn version_to_json() -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "pospool": VERSION,
        "forms": {
            "state": store::VERSION,
            "journal": store::FIRST,
            "plan": store::VERSION,
            "json": FORMAT_VERSION,
        },
    })
}
