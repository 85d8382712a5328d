//! The replaced states inside a remote document.
//!
//! - Reads and returns: snapshots, packed so that twenty of them weigh little in each write.
//! - Never: unpacks more than a state may have.

use std::io::{Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use pospool_engine::store::{Backup, MAX_BYTES, MOST_BACKUPS, StoreError};
use serde::{Deserialize, Serialize};

use crate::failure::{backend_error, cause_of_text};

/// A state that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackedBackup {
    /// Counts the replaced states of this document.
    pub number: u64,
    /// When it was replaced, in seconds since 1970 (UTC).
    pub kept_at: u64,
    /// Its snapshot file: DEFLATE (RFC 1951), in base64.
    pub snapshot: String,
}

/// Adds a snapshot, and forgets the oldest ones.
pub(crate) fn keep(
    backups: &mut Vec<PackedBackup>,
    snapshot: &[u8],
    kept_at: u64,
) -> Result<(), StoreError> {
    let packed = pack(snapshot)?;
    let last = backups.last();
    if last.is_some_and(|last| last.snapshot == packed) {
        return Ok(());
    }
    backups.push(PackedBackup {
        number: last.map_or(1, |last| last.number.saturating_add(1)),
        kept_at,
        snapshot: packed,
    });
    let too_many = backups.len().saturating_sub(MOST_BACKUPS);
    backups.drain(..too_many);
    Ok(())
}

/// Puts other bytes in the place of a snapshot.
pub(crate) fn rewrite(backups: &mut [PackedBackup], other: &Backup) -> Result<(), StoreError> {
    let packed = pack(&other.bytes)?;
    for backup in backups.iter_mut().filter(|it| it.number == other.number) {
        backup.snapshot.clone_from(&packed);
    }
    Ok(())
}

/// The snapshots as they were; `name` is for messages.
pub(crate) fn unpack_all(name: &Path, backups: &[PackedBackup]) -> Result<Vec<Backup>, StoreError> {
    let unpacked = backups.iter().map(|backup| {
        let wrong = || {
            let what = format!("its replaced state {} is damaged", backup.number);
            backend_error("read", name, cause_of_text(what))
        };
        Ok(Backup {
            number: backup.number,
            kept_at: backup.kept_at,
            bytes: unpack(&backup.snapshot).ok_or_else(wrong)?,
        })
    });
    unpacked.collect()
}

fn pack(snapshot: &[u8]) -> Result<String, StoreError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(snapshot).and_then(|()| encoder.finish());
    let packed = packed.map_err(|error| StoreError::Encode {
        source: serde::ser::Error::custom(error),
    })?;
    Ok(STANDARD.encode(packed))
}

fn unpack(text: &str) -> Option<Vec<u8>> {
    let packed = STANDARD.decode(text).ok()?;
    let mut bytes = Vec::new();
    let mut decoder = DeflateDecoder::new(packed.as_slice()).take(MAX_BYTES + 1);
    decoder.read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_no_backup_the_last_ones_are_kept_and_come_back_as_they_were() {
        let mut backups = Vec::new();
        for serial in 0..30 {
            keep(&mut backups, format!("state {serial}").as_bytes(), serial).unwrap();
            // A run that was cut after this keeps the same once more.
            keep(&mut backups, format!("state {serial}").as_bytes(), serial).unwrap();
        }
        let found = unpack_all(Path::new("x"), &backups).unwrap();
        assert_eq!(found.len(), MOST_BACKUPS);
        assert_eq!(
            (found[0].number, &found[0].bytes[..]),
            (11, &b"state 10"[..])
        );
        assert_eq!(
            (found[19].number, &found[19].bytes[..]),
            (30, &b"state 29"[..])
        );
        backups[3].snapshot = "?".to_owned();
        let error = unpack_all(Path::new("x"), &backups).unwrap_err();
        assert_eq!(error.code(), "state/keeper");
    }

    #[test]
    fn twenty_states_weigh_less_than_two() {
        let state = "{\"address\":\"core_contract.pool\",\"outputs\":{}},".repeat(400);
        assert!(pack(state.as_bytes()).unwrap().len() * 10 < state.len());
    }
}
