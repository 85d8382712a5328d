//! The safety file of conflux: whose it is, and up to which round its key has signed.
//!
//! - Reads: `pos_db/secure_storage.json`, which the node writes before each vote leaves it.
//! - Returns: what it says, or why it says nothing.
//! - Never: writes, moves or removes it.

use std::io::ErrorKind;
use std::path::Path;

use pospool_model::guard::PosRound;
use pospool_model::safety::SafetyData;

/// Largest safety file; a vote in it makes some kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// What a safety file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SafetyFile {
    /// There is none: PoS has not begun on this volume, or somebody has stopped the voting by hand.
    Missing,
    /// It cannot be read; why.
    Unreadable(String),
    /// It is whole.
    Known {
        /// PoS address that it belongs to, 0x and hex digits.
        owner: String,
        /// Last round that was signed.
        signed: PosRound,
    },
}

impl SafetyFile {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(found) if found.len() > MAX_BYTES => {
                return Self::Unreadable("it is larger than 1 MB".to_owned());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Missing,
            _ => {}
        }
        match std::fs::read_to_string(path) {
            // Made, and nothing written yet.
            Ok(text) if text.trim().is_empty() => Self::Missing,
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::Missing,
            Err(error) => Self::Unreadable(error.to_string()),
        }
    }

    fn parse(text: &str) -> Self {
        match SafetyData::parse(text) {
            Ok(data) => Self::Known {
                owner: data.owner,
                signed: data.signed,
            },
            Err(why) => Self::Unreadable(why),
        }
    }

    /// The last round that it says was signed.
    pub(crate) fn signed(&self) -> Option<PosRound> {
        match self {
            Self::Known { signed, .. } => Some(*signed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "owner_account": {"last_update": 1, "value": "AB01"},
        "safety_data": {"last_update": 2, "value": {"epoch": 43, "last_voted_round": 6, "preferred_round": 4, "last_vote": null}},
        "waypoint": {"value": "0:00"}
    }"#;

    #[test]
    fn a_safety_file_says_whose_it_is_and_how_far_its_key_signed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secure_storage.json");
        assert_eq!(SafetyFile::read(&path), SafetyFile::Missing);
        std::fs::write(&path, "").unwrap();
        assert_eq!(SafetyFile::read(&path), SafetyFile::Missing);
        std::fs::write(&path, TEXT).unwrap();
        let known = SafetyFile::read(&path);
        assert_eq!(known.signed(), Some(PosRound::new(43, 6)));
        assert!(matches!(known, SafetyFile::Known { owner, .. } if owner == "0xab01"));
        std::fs::write(&path, &TEXT[..60]).unwrap();
        assert!(matches!(SafetyFile::read(&path), SafetyFile::Unreadable(_)));
    }
}
