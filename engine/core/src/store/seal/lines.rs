//! A sealed journal: its lines as they would be without a seal, each with a code of its own.
//!
//! The first line is in the form that every program knows, says that it has version 2, and holds the header and its
//! code. Each other line is the code, the line's number, and the line itself; an encrypted one begins with `~`. The
//! code is of the journal's random name, of the number and of the line, so none can be left out in the middle, put
//! elsewhere, or brought from another journal.
//!
//! - Reads: a sealed journal.
//! - Returns: the journal without its seal, up to where a crash cut it.
//! - Never: takes a whole line with a wrong code for one that a crash has torn.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::super::error::StoreError;
use super::super::journal::{self, Before};
use super::super::names::random_name;
use super::document::derive_for;
use super::key::{Derived, Purpose, Salt, StateKey};

/// Name of the form.
const JOURNAL: &str = "pospool-journal";
/// Version of a sealed journal.
pub(in super::super) const SEALED_JOURNAL: u64 = 2;
/// Digits of a code.
const CODE: usize = 64;
/// How an encrypted line begins; one in plain begins with a hex digit.
const ENCRYPTED: u8 = b'~';

/// First line of a sealed journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedHeader {
    /// Always `pospool-journal`.
    pub format: String,
    /// Always 2, which no program without seals reads.
    pub version: u64,
    /// What it is sealed with.
    pub seal: JournalSeal,
    /// The first line of the journal without its seal, in plain or encrypted.
    pub line: String,
}

/// What a journal is sealed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JournalSeal {
    /// Sixteen random bytes in hex digits, those of the state.
    pub salt: String,
    /// Tells the key from other ones.
    pub key: String,
    /// Random name, which is a part of every line's code.
    pub name: String,
    /// Code of the first line.
    pub mac: String,
}

/// Whether the first line is that of a sealed journal, by what it says.
pub(in super::super) fn is_sealed_header(json: &[u8]) -> bool {
    let read = serde_json::from_slice::<SealedHeader>(json);
    read.is_ok_and(|it| it.format == JOURNAL && it.version == SEALED_JOURNAL)
}

/// Seals the lines of one journal, in order.
#[derive(Clone)]
pub(super) struct LineSealer {
    derived: Arc<Derived>,
    encrypt: bool,
    name: String,
    /// Number of the next line.
    next: u64,
}

impl LineSealer {
    /// For a new journal.
    pub(super) fn new(key: &StateKey, salt: &Salt) -> Self {
        Self {
            derived: key.derive(salt),
            encrypt: key.encrypts(),
            name: random_name(),
            next: 0,
        }
    }

    /// What stands for a line, without its line feed, and its code.
    fn seal(&mut self, line: &[u8]) -> (String, String) {
        let text = if self.encrypt {
            let sealed = self.derived.encrypt(Purpose::Journal, line);
            format!("{}{}", char::from(ENCRYPTED), STANDARD.encode(sealed))
        } else {
            String::from_utf8_lossy(line).into_owned()
        };
        let mac = self.code(self.next, text.as_bytes());
        self.next += 1;
        (text, mac)
    }

    fn code(&self, number: u64, text: &[u8]) -> String {
        let parts = [self.name.as_bytes(), &number.to_be_bytes(), text];
        self.derived.authenticate(Purpose::Journal, &parts)
    }

    fn is_ours(&self, number: u64, text: &[u8], mac: &str) -> bool {
        let parts = [self.name.as_bytes(), &number.to_be_bytes(), text];
        self.derived.is_authentic(Purpose::Journal, &parts, mac)
    }

    /// The first line.
    pub(super) fn header(&mut self, line: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (text, mac) = self.seal(line.strip_suffix(b"\n").unwrap_or(line));
        let header = SealedHeader {
            format: JOURNAL.to_owned(),
            version: SEALED_JOURNAL,
            seal: JournalSeal {
                salt: self.derived.salt(),
                key: self.derived.name(),
                name: self.name.clone(),
                mac,
            },
            line: text,
        };
        journal::encode_line(&header, Before::Synced).map(String::into_bytes)
    }

    /// Further lines, each with its line feed.
    pub(super) fn lines(&mut self, lines: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(lines.len() * 2);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let number = self.next;
            let (text, mac) = self.seal(line.strip_suffix(b"\n").unwrap_or(line));
            sealed.extend_from_slice(format!("{mac} {number} {text}\n").as_bytes());
        }
        sealed
    }

    /// What a text stands for; `None` if it was not made with this key.
    fn open(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut line = match text.strip_prefix(&[ENCRYPTED]) {
            None => text.to_owned(),
            Some(sealed) => {
                let sealed = STANDARD.decode(sealed).ok()?;
                self.derived.decrypt(Purpose::Journal, &sealed)?
            }
        };
        line.push(b'\n');
        Some(line)
    }
}

/// A journal without its seal.
pub(in super::super) struct OpenedJournal {
    /// The lines up to where a crash cut them; other bytes that are no journal, as they are.
    pub(in super::super) plain: Vec<u8>,
    /// For each line, where it ends here and where in the sealed journal.
    pub(in super::super) ends: Vec<(u64, u64)>,
    /// Goes on with it.
    pub(super) sealer: Option<LineSealer>,
}

/// One line after the first.
enum Line {
    /// Whole and ours, with the number that it says.
    Ours {
        number: u64,
        before: Before,
        plain: Vec<u8>,
    },
    /// Whole, and not ours.
    Forged,
    /// A crash may leave it.
    Torn,
}

/// Opens a sealed journal. `path` is for messages.
pub(in super::super) fn open_journal(
    path: &Path,
    bytes: &[u8],
    key: &StateKey,
) -> Result<OpenedJournal, StoreError> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let Some((_, json)) = lines.first().and_then(|line| journal::content(line)) else {
        // Nothing was begun under it, or it is damaged: both are said by who reads it.
        return Ok(OpenedJournal {
            plain: bytes.to_owned(),
            ends: Vec::new(),
            sealer: None,
        });
    };
    let (mut sealer, first) = open_header(path, json, key)?;
    let mut plain = first;
    let mut ends = vec![(plain.len() as u64, lines[0].len() as u64)];
    let read: Vec<_> = lines[1..].iter().map(|it| read_line(&sealer, it)).collect();
    let forged = |index: usize| StoreError::NotAuthentic {
        path: path.to_owned(),
        line: Some(index + 2),
    };
    if let Some(index) = read.iter().position(|it| matches!(it, Line::Forged)) {
        return Err(forged(index));
    }
    let follows = |(index, line): &(usize, &Line)| matches!(line, Line::Ours { number, .. } if *number == *index as u64 + 1);
    let good = read.iter().enumerate().take_while(follows).count();
    let is_sure = |line: &Line| {
        matches!(
            line,
            Line::Ours {
                before: Before::Synced,
                ..
            }
        )
    };
    if read[good..].iter().any(is_sure) {
        return Err(match read[good] {
            Line::Torn => journal::damaged(path, good + 2),
            // A line was left out, or moved.
            Line::Ours { .. } | Line::Forged => forged(good),
        });
    }
    let mut end = ends[0].1;
    for (line, sealed) in read.into_iter().zip(&lines[1..]).take(good) {
        if let Line::Ours { plain: line, .. } = line {
            plain.extend(line);
            end += sealed.len() as u64;
            ends.push((plain.len() as u64, end));
        }
    }
    sealer.next = good as u64 + 1;
    Ok(OpenedJournal {
        plain,
        ends,
        sealer: Some(sealer),
    })
}

fn open_header(
    path: &Path,
    json: &[u8],
    key: &StateKey,
) -> Result<(LineSealer, Vec<u8>), StoreError> {
    if !is_sealed_header(json) {
        journal::check_version(path, json, SEALED_JOURNAL)?;
        return Err(StoreError::NotSealed {
            path: path.to_owned(),
        });
    }
    let header: SealedHeader = journal::decode_line(path, 1, json)?;
    let seal = header.seal;
    let (_, derived) = derive_for(path, key, &seal.salt, &seal.key)?;
    let sealer = LineSealer {
        derived,
        encrypt: key.encrypts(),
        name: seal.name,
        next: 1,
    };
    let text = header.line.as_bytes();
    let first = sealer
        .is_ours(0, text, &seal.mac)
        .then(|| sealer.open(text));
    match first.flatten() {
        Some(first) => Ok((sealer, first)),
        None => Err(StoreError::NotAuthentic {
            path: path.to_owned(),
            line: Some(1),
        }),
    }
}

fn read_line(sealer: &LineSealer, line: &[u8]) -> Line {
    if journal::content(line).is_some() {
        // Whole, and without a code.
        return Line::Forged;
    }
    let Some((mac, number, text)) = split(line) else {
        return Line::Torn;
    };
    if sealer.is_ours(number, text, mac) {
        let opened = sealer.open(text);
        let read = opened.and_then(|plain| {
            let (before, _) = journal::content(&plain)?;
            Some(Line::Ours {
                number,
                before,
                plain,
            })
        });
        return read.unwrap_or(Line::Forged);
    }
    if is_whole(text) {
        Line::Forged
    } else {
        Line::Torn
    }
}

/// Code, number and text of a line, if it has them.
fn split(line: &[u8]) -> Option<(&str, u64, &[u8])> {
    let line = line.strip_suffix(b"\n")?;
    let (mac, rest) = line.split_at_checked(CODE)?;
    let rest = rest.strip_prefix(b" ")?;
    let space = rest.iter().position(|byte| *byte == b' ')?;
    let (number, text) = rest.split_at(space);
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if !mac.iter().all(is_digit) {
        return None;
    }
    let number = std::str::from_utf8(number).ok()?;
    let number = number
        .parse()
        .ok()
        .filter(|read: &u64| read.to_string() == number)?;
    Some((std::str::from_utf8(mac).ok()?, number, &text[1..]))
}

/// Whether a text is as it was written, by what it says without a key: a crash does not leave another one that is.
fn is_whole(text: &[u8]) -> bool {
    if let Some(sealed) = text.strip_prefix(&[ENCRYPTED]) {
        return STANDARD.decode(sealed).is_ok();
    }
    let mut line = text.to_owned();
    line.push(b'\n');
    journal::content(&line).is_some()
}
