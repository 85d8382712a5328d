//! The narrow way in for the fuzz targets (`tests/fuzz`): readers that are pure and not public otherwise.
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: what the reader made of them; a broken promise is a panic.
//! - Never: is called by the program.

use crate::contract::settings::{TABLES, parse_ratio};

/// Reads an answer of a contract as each of its settings.
pub fn read_as_settings(answer: &[u8]) {
    for setting in TABLES.iter().flat_map(|table| table.settings) {
        let _ = setting.read(answer, 1).to_string();
    }
}

/// Reads a share ratio.
pub fn read_ratio(text: &str) {
    if let Some(parts) = parse_ratio(text) {
        assert!((1..=10_000).contains(&parts));
    }
}
