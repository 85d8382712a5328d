//! The journal: one line per entry, each with a checksum, only ever appended.
//!
//! A line is the first eight hex digits of the SHA3-256 of its JSON, a space, the
//! JSON, and a line feed. A run that is cut leaves at most its last line torn: a
//! wrong last line is cut off, a wrong line before others is an error.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use super::disk::{read_bounded, remove_file, sync_folder};
use super::{MAX_BYTES, StoreError, VERSION};

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

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    dirty: bool,
    buffer: Vec<u8>,
    written: u64,
}

impl Journal {
    /// Starts a new journal; it is on the disk when this returns.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| io("create", path, source))?;
        let mut journal = Self::over(path, file);
        journal.append_json(header)?;
        journal.sync()?;
        sync_folder(path)?;
        Ok(journal)
    }

    /// Goes on with an existing journal after cutting a torn tail off.
    pub(super) fn reopen(path: &Path, good_bytes: u64) -> Result<Self, StoreError> {
        let mut file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(|source| io("open", path, source))?;
        file.set_len(good_bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| file.sync_data())
            .map_err(|source| io("cut the torn end of", path, source))?;
        Ok(Self::over(path, file))
    }

    fn over(path: &Path, file: File) -> Self {
        Self {
            path: path.to_owned(),
            file,
            dirty: false,
            buffer: Vec::new(),
            written: 0,
        }
    }

    /// Appends an entry; it is durable after the next [`Journal::sync`].
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.append_json(entry)
    }

    fn append_json<T: Serialize>(&mut self, content: &T) -> Result<(), StoreError> {
        let json =
            serde_json::to_string(content).map_err(|source| StoreError::Encode { source })?;
        self.buffer
            .extend_from_slice(format!("{} {json}\n", checksum(json.as_bytes())).as_bytes());
        self.dirty = true;
        if self.buffer.len() > 1 << 16 {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.file
            .write_all(&self.buffer)
            .map_err(|source| io("append to", &self.path, source))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Waits until everything appended is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        if !self.dirty {
            return Ok(());
        }
        self.flush()?;
        self.file
            .sync_data()
            .map_err(|source| io("sync", &self.path, source))?;
        self.dirty = false;
        Ok(())
    }

    /// Bytes appended, on the disk or not yet.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }
}

/// A journal as it was found.
pub(super) struct Read {
    pub(super) header: Header,
    pub(super) entries: Vec<Entry>,
    /// Length up to the last good line.
    pub(super) good_bytes: u64,
}

/// Reads a journal; `None` if there is none, or one that was cut before its first
/// line was whole (then nothing was begun under it).
pub(super) fn read(path: &Path) -> Result<Option<Read>, StoreError> {
    let Some(bytes) = read_bounded(path, MAX_BYTES)? else {
        return Ok(None);
    };
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

/// Removes a journal whose entries are all in the snapshot.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    remove_file(path)
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

fn io(verb: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io {
        verb,
        path: path.to_owned(),
        source,
    }
}
