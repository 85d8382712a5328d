//! The one document that a keeper has of a state.
//!
//! - Reads: the bytes of a document.
//! - Returns: snapshot, journal, replaced states and lease in it; the bytes of the next one.
//! - Never: makes two documents of a state that are alike: keepers tell versions by
//!   their content, so a counter and the lease's name are part of it.

use std::path::Path;

use pospool_engine::store::{FIRST, KeptState, StoreError, parse_form};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::backups::PackedBackup;
use crate::lease::{LONGEST_LEASE, Lease};
use crate::seen::MAX_BYTES;

/// The name of the form.
const FORMAT: &str = "pospool-remote";

/// Newest version of the form: the second knows replaced states. A document without any is written as the first.
const NEWEST: u64 = 2;
/// Highest count that is believed: up to here every program reads a number of JSON exactly, and nobody ever gets there.
const HIGHEST_COUNT: u64 = 1 << 53;

/// What a keeper has of a state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Always `pospool-remote`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// Counts the writes of this document.
    pub serial: u64,
    /// Counts the runs that took the lock.
    pub generation: u64,
    /// Who may write; `null` if nobody does.
    pub lease: Option<Lease>,
    /// The snapshot file, as it is on a disk; `null` if there never was one.
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub snapshot: Option<Box<RawValue>>,
    /// The journal file, as it is on a disk; `null` if there is none.
    pub journal: Option<String>,
    /// States that were replaced, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<PackedBackup>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: FIRST,
            serial: 0,
            generation: 0,
            lease: None,
            snapshot: None,
            journal: None,
            backups: Vec::new(),
        }
    }
}

impl Document {
    /// Reads a document; `name` is for messages.
    pub(crate) fn decode(name: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            let path = name.to_owned();
            return Err(StoreError::Empty { path });
        }
        let document: Self = parse_form(name, bytes, FORMAT, NEWEST)?;
        let seconds = document.lease.as_ref().map_or(0, |lease| lease.seconds);
        let numbers = [
            ("serial", document.serial, HIGHEST_COUNT),
            ("generation", document.generation, HIGHEST_COUNT),
            ("lease.seconds", seconds, LONGEST_LEASE),
        ];
        for (within, found, most) in numbers {
            if found > most {
                let why = format!("{found} is more than {most}, the most that pospool writes");
                return Err(StoreError::Damaged {
                    path: name.to_owned(),
                    within: within.to_owned(),
                    source: serde::de::Error::custom(why),
                });
            }
        }
        Ok(document)
    }

    /// The bytes of it; one that nobody would read is not written either.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let encode = |source| StoreError::Encode { source };
        let bytes = serde_json::to_vec(self).map_err(encode)?;
        if bytes.len() as u64 > MAX_BYTES {
            let found = bytes.len();
            let why =
                format!("a remote state has {MAX_BYTES} bytes at most, and it would have {found}");
            return Err(encode(serde::ser::Error::custom(why)));
        }
        Ok(bytes)
    }

    /// What the store is given.
    pub(crate) fn kept(&self) -> KeptState {
        let snapshot = self.snapshot.as_ref();
        KeptState {
            snapshot: snapshot.map(|raw| raw.get().as_bytes().to_vec()),
            journal: self.journal.as_ref().map(|text| text.as_bytes().to_vec()),
        }
    }

    /// The next document, with what the store wants to be kept.
    pub(crate) fn with(
        &self,
        kept: &KeptState,
        backups: &[PackedBackup],
    ) -> Result<Self, StoreError> {
        let snapshot = match &kept.snapshot {
            Some(bytes) => Some(raw(bytes)?),
            None => None,
        };
        let journal = match &kept.journal {
            Some(bytes) => Some(text(bytes)?),
            None => None,
        };
        Ok(Self {
            version: if backups.is_empty() { FIRST } else { NEWEST },
            serial: self.serial + 1,
            snapshot,
            journal,
            backups: backups.to_vec(),
            ..self.clone()
        })
    }

    /// The next document, with nothing but another lease.
    pub(crate) fn leased(&self, lease: Option<Lease>) -> Self {
        let taken = lease.is_some() && lease != self.lease;
        Self {
            serial: self.serial + 1,
            generation: self.generation + u64::from(taken),
            lease,
            ..self.clone()
        }
    }
}

fn raw(bytes: &[u8]) -> Result<Box<RawValue>, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Encode { source })
}

fn text(bytes: &[u8]) -> Result<String, StoreError> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|error| StoreError::Encode {
        source: serde::ser::Error::custom(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_state_come_back_as_they_were() {
        let kept = KeptState {
            snapshot: Some(b"{\"b\": 1.50,  \"a\":\n2}".to_vec()),
            journal: Some(b"01234567 {\"x\":\"\\u0041\xc3\xa9\"}\n".to_vec()),
        };
        let document = Document::default().with(&kept, &[]).unwrap();
        let read = Document::decode(Path::new("x"), &document.encode().unwrap()).unwrap();
        assert_eq!(read.kept(), kept);
        assert_eq!((read.serial, read.version), (1, 1));
        let mut backups = Vec::new();
        crate::backups::keep(&mut backups, b"{}", 1).unwrap();
        let document = read.with(&kept, &backups).unwrap();
        let read = Document::decode(Path::new("x"), &document.encode().unwrap()).unwrap();
        assert_eq!((read.version, read.backups), (2, backups));
    }

    #[test]
    fn no_two_documents_are_alike() {
        let lease = Lease::new("apply", 60);
        let first = Document::default().leased(Some(lease.clone()));
        let renewed = first.leased(Some(lease));
        assert_ne!(first.encode().unwrap(), renewed.encode().unwrap());
        assert_eq!((first.generation, renewed.generation), (1, 1));
        let next = renewed.leased(None).leased(Some(Lease::new("plan", 60)));
        assert_eq!((next.generation, next.serial), (2, 4));
    }

    #[test]
    fn what_is_none_is_refused() {
        let code = |text: &str| {
            Document::decode(Path::new("x"), text.as_bytes())
                .unwrap_err()
                .code()
        };
        assert_eq!(code(" \n"), "state/empty");
        assert_eq!(code("{}"), "state/foreign");
        assert_eq!(
            code("{\"format\":\"pospool-state\",\"version\":1}"),
            "state/foreign"
        );
        assert_eq!(
            code("{\"format\":\"pospool-remote\",\"version\":9}"),
            "state/too-new"
        );
        assert_eq!(
            code("{\"format\":\"pospool-remote\",\"version\":1}"),
            "state/damaged"
        );
    }

    #[test]
    fn case_remote_overflow_numbers_that_nobody_writes_are_refused_by_name() {
        let lease = serde_json::to_value(Lease::new("apply", 60)).unwrap();
        let refused = |part: &str, number: u64| {
            let mut json = serde_json::json!({"format": "pospool-remote", "version": 1, "serial": 1,
                "generation": 1, "lease": lease, "snapshot": null, "journal": null});
            *json.pointer_mut(part).unwrap() = number.into();
            let read = Document::decode(Path::new("s3://a/b"), json.to_string().as_bytes());
            // What is read goes on.
            let next = |document: Document| {
                document
                    .leased(Some(Lease::new("plan", 60)))
                    .encode()
                    .unwrap();
                let lease = document.lease.unwrap();
                lease.standing(Some(std::time::Duration::MAX));
                lease.rhythm()
            };
            read.map(next).err().map(|error| error.to_string())
        };
        for (part, most) in [
            ("/serial", HIGHEST_COUNT),
            ("/generation", HIGHEST_COUNT),
            ("/lease/seconds", LONGEST_LEASE),
        ] {
            assert_eq!(refused(part, most), None);
            let name = part.trim_start_matches('/').replace('/', ".");
            for number in [most + 1, u64::MAX] {
                let said = refused(part, number).unwrap();
                assert!(said.contains(&format!("is damaged at `{name}`")), "{said}");
            }
        }
    }
}
