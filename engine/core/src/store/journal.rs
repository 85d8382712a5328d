//! The journal: one line per entry, each with a checksum, only ever appended.
//!
//! A line is the first eight hex digits of the SHA3-256 of its JSON, a space, the
//! JSON, and a line feed. A plus in place of the space, which is in the checksum then,
//! says that the line before was not synced when this one was handed to the disk: after a
//! power cut either may be there without the other. A run that is cut leaves at most
//! the lines since its last sync torn: a wrong line with nothing but such lines after
//! it is cut off with them; any other is an error.

use std::cmp::Ordering;
use std::path::Path;

use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_model::state::{Recorded, State};
use pospool_model::{Address, Attributes, Dependency};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use super::error::StoreError;
use super::form::{FIRST, find_fault};
use super::names::random_name;

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
    /// Random name of this journal. Empty in one of an older program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Name of the version of the state that it goes on from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// What a journal is to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// It goes on from this very version.
    GoesOn,
    /// All of it is in the state.
    Within,
    /// It belongs to another state, or to another version of this one.
    Foreign,
}

impl Header {
    /// The header of a journal that goes on from a state.
    #[must_use]
    pub fn new(lineage: &str, serial: u64) -> Self {
        Self {
            format: "pospool-journal".to_owned(),
            version: FIRST,
            lineage: lineage.to_owned(),
            serial,
            name: String::new(),
            state: String::new(),
        }
    }

    /// The header of a new journal that goes on from a state.
    pub(super) fn of(state: &State) -> Self {
        Self {
            name: random_name(),
            state: state.version.clone(),
            ..Self::new(&state.lineage, state.serial)
        }
    }

    /// What the journal is to this state.
    pub(super) fn relation(&self, state: &State) -> Relation {
        if self.lineage != state.lineage {
            return Relation::Foreign;
        }
        if self.name.is_empty() {
            return match self.serial.cmp(&state.serial) {
                Ordering::Less => Relation::Within,
                Ordering::Equal => Relation::GoesOn,
                Ordering::Greater => Relation::Foreign,
            };
        }
        // A serial would not do: it may be that of a copy of the state that went another way.
        if self.name == state.journal {
            Relation::Within
        } else if self.state == state.version {
            Relation::GoesOn
        } else {
            Relation::Foreign
        }
    }
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "entry", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Entry"))]
pub enum JournalEntry {
    /// An effect is about to be carried out; the ticket can settle it.
    Begin {
        /// Which effect.
        id: EffectId,
        /// Who carries it out.
        provider: String,
        /// Enough to make it, and to ask later what came of it.
        ticket: Ticket,
        /// What the resource uses directly.
        depends_on: Vec<Dependency>,
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

/// What is sure when a line is handed to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Every line before it is synced.
    Synced,
    /// The line before it is not.
    Unsynced,
}

impl Before {
    const ALL: [Self; 2] = [Self::Synced, Self::Unsynced];

    fn sign(self) -> &'static str {
        match self {
            Self::Synced => " ",
            Self::Unsynced => "+",
        }
    }

    /// The checksum of a line.
    fn checksum(self, json: &[u8]) -> String {
        let digest = Sha3_256::new();
        let digest = match self {
            Self::Synced => digest,
            Self::Unsynced => digest.chain_update(self.sign()),
        };
        let digest = digest.chain_update(json).finalize();
        format!(
            "{:02x}{:02x}{:02x}{:02x}",
            digest[0], digest[1], digest[2], digest[3]
        )
    }
}

/// One line of a journal.
pub(super) fn encode_line<T: Serialize>(content: &T, before: Before) -> Result<String, StoreError> {
    let json = serde_json::to_string(content).map_err(|source| StoreError::Encode { source })?;
    let sum = before.checksum(json.as_bytes());
    Ok(format!("{sum}{}{json}\n", before.sign()))
}

/// A journal as it was found.
#[derive(Debug)]
pub struct Read {
    /// Whose it is.
    pub header: Header,
    /// Whole lines, in order.
    pub entries: Vec<JournalEntry>,
    /// Length up to the last good line.
    pub good_bytes: u64,
}

/// Reads a journal; `None` for one that was cut before its first line was whole (then
/// nothing was begun under it). `path` is for messages.
pub(super) fn read_journal(path: &Path, bytes: &[u8]) -> Result<Option<Read>, StoreError> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let contents: Vec<_> = lines.iter().map(|line| content(line)).collect();
    let good = contents.iter().take_while(|found| found.is_some()).count();
    let is_sure = |found: &Option<(Before, &[u8])>| matches!(found, Some((Before::Synced, _)));
    if contents[good..].iter().any(is_sure) {
        return Err(damaged(path, good + 1));
    }
    let mut jsons = contents[..good].iter().flatten().map(|(_, json)| *json);
    let Some(header) = jsons.next() else {
        // The header is synced alone: what follows a torn one is no journal.
        return if lines.len() <= 1 {
            Ok(None)
        } else {
            Err(damaged(path, 1))
        };
    };
    let header = parse_header(path, header)?;
    let mut entries = Vec::new();
    for (position, json) in jsons.enumerate() {
        entries.push(decode_line(path, position + 2, json)?);
    }
    let good_bytes = lines[..good].iter().map(|line| line.len() as u64).sum();
    Ok(Some(Read {
        header,
        entries,
        good_bytes,
    }))
}

/// Refuses the first line of a newer form.
pub(super) fn check_version(path: &Path, json: &[u8], newest: u64) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let version: Version = decode_line(path, 1, json)?;
    if version.version > newest {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found: version.version,
            newest,
        });
    }
    Ok(())
}

fn parse_header(path: &Path, json: &[u8]) -> Result<Header, StoreError> {
    check_version(path, json, FIRST)?;
    let header: Header = decode_line(path, 1, json)?;
    if header.format != "pospool-journal" {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    Ok(header)
}

/// The JSON of a whole line with the right checksum, and what was sure when it was written.
pub(super) fn content(line: &[u8]) -> Option<(Before, &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, rest) = line.split_at_checked(8)?;
    let mut ways = Before::ALL.into_iter();
    ways.find_map(|before| {
        let json = rest.strip_prefix(before.sign().as_bytes())?;
        (before.checksum(json).as_bytes() == sum).then_some((before, json))
    })
}

/// Damage before the end.
pub(super) fn damaged(path: &Path, line: usize) -> StoreError {
    StoreError::DamagedJournal {
        path: path.to_owned(),
        line,
        within: String::new(),
    }
}

/// Reads the JSON of a line whose checksum is right.
pub(super) fn decode_line<T: DeserializeOwned>(
    path: &Path,
    line: usize,
    json: &[u8],
) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|_| StoreError::DamagedJournal {
        path: path.to_owned(),
        line,
        within: find_fault::<T>(json),
    })
}
