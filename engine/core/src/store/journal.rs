//! The journal: one line per entry, each with a checksum, only ever appended.
//!
//! A line is the first eight hex digits of the SHA3-256 of its JSON, a space, the
//! JSON, and a line feed. A run that is cut leaves at most its last line torn: a
//! wrong last line is cut off, a wrong line before others is an error.

use std::path::Path;

use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use super::{StoreError, VERSION};

/// First line of a journal: whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always `pospool-journal`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// Lineage of the state that it goes on from.
    pub lineage: String,
    /// Serial of that state.
    pub serial: u64,
}

impl Header {
    /// The header of a journal that goes on from a state.
    #[must_use]
    pub fn new(lineage: &str, serial: u64) -> Self {
        Self {
            format: "pospool-journal".to_owned(),
            version: VERSION,
            lineage: lineage.to_owned(),
            serial,
        }
    }
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "entry", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// An effect is about to be carried out; the ticket can settle it.
    Begin {
        /// Which effect.
        id: EffectId,
        /// Who carries it out.
        provider: String,
        /// Enough to make it, and to ask later what came of it.
        ticket: Ticket,
        /// Resources that the resource uses directly.
        depends_on: Vec<Address>,
    },
    /// An open effect is carried out in another form: its ticket is this one now.
    Amend {
        /// Which effect.
        id: EffectId,
        /// Enough to make it in this form, and to ask what came of each form.
        ticket: Ticket,
    },
    /// An effect took place.
    End {
        /// Which effect.
        id: EffectId,
        /// What it left behind.
        outputs: Attributes,
    },
    /// An effect did not take place and will not.
    NoEffect {
        /// Which effect.
        id: EffectId,
        /// Stable code of the cause.
        code: String,
    },
    /// A resource is as the plan wanted it.
    Put {
        /// Which resource.
        address: Address,
        /// What the state says of it from now on.
        recorded: Recorded,
    },
    /// A resource left the state.
    Remove {
        /// Which resource.
        address: Address,
    },
}

/// One line of a journal.
pub(super) fn line<T: Serialize>(content: &T) -> Result<String, StoreError> {
    let json = serde_json::to_string(content).map_err(|source| StoreError::Encode { source })?;
    Ok(format!("{} {json}\n", checksum(json.as_bytes())))
}

/// A journal as it was found.
#[derive(Debug)]
pub struct Read {
    /// Whose it is.
    pub header: Header,
    /// Whole lines, in order.
    pub entries: Vec<Entry>,
    /// Length up to the last good line.
    pub good_bytes: u64,
}

/// Reads a journal; `None` for one that was cut before its first line was whole (then
/// nothing was begun under it). `path` is for messages.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Option<Read>, StoreError> {
    let mut lines = bytes.split_inclusive(|&b| b == b'\n');
    let Some(header) = lines.next().and_then(content) else {
        return if bytes.split_inclusive(|&b| b == b'\n').count() <= 1 {
            Ok(None)
        } else {
            Err(damaged(path, 1))
        };
    };
    let header = parse_header(path, header)?;
    let mut read = Read {
        header,
        entries: Vec::new(),
        good_bytes: 0,
    };
    let mut good = bytes
        .iter()
        .position(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    let rest: Vec<&[u8]> = lines.collect();
    for (position, line) in rest.iter().enumerate() {
        let Some(json) = content(line) else {
            if position + 1 == rest.len() {
                break;
            }
            return Err(damaged(path, position + 2));
        };
        let entry = serde_json::from_slice(json).map_err(|_| damaged(path, position + 2))?;
        read.entries.push(entry);
        good += line.len();
    }
    read.good_bytes = good as u64;
    Ok(Some(read))
}

fn parse_header(path: &Path, json: &[u8]) -> Result<Header, StoreError> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let version: Version = serde_json::from_slice(json).map_err(|_| damaged(path, 1))?;
    if version.version > VERSION {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found: version.version,
        });
    }
    let header: Header = serde_json::from_slice(json).map_err(|_| damaged(path, 1))?;
    if header.format != "pospool-journal" {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    Ok(header)
}

/// The JSON of a whole line with the right checksum.
fn content(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}

fn checksum(json: &[u8]) -> String {
    let digest = Sha3_256::digest(json);
    format!(
        "{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    )
}

fn damaged(path: &Path, line: usize) -> StoreError {
    StoreError::DamagedJournal {
        path: path.to_owned(),
        line,
    }
}
