//! The head of a file: for whom it is, as lines of text, and a seal over them.
//!
//! Everything is written in one way only, and what is written in another is refused: two readers never see two files in one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::AgeError;
use super::parts::{FileKey, LockKind, Stanza, derive_key};

const VERSION: &str = "age-encryption.org/v1";
const LINE: usize = 64;
/// Most stanzas, and most bytes of all of them.
const MOST_STANZAS: usize = 64;
const MOST_BYTES: usize = 32 << 10;

/// What a file says before its text.
#[derive(Debug)]
pub(super) struct AgeHeader<'a> {
    pub(super) stanzas: Vec<Stanza>,
    sealed: &'a [u8],
    mac: Vec<u8>,
}

impl AgeHeader<'_> {
    pub(super) fn kind(&self) -> LockKind {
        if self.stanzas.iter().any(|stanza| stanza.kind() == "scrypt") {
            return LockKind::Passphrase;
        }
        let x25519 = self.stanzas.iter().filter(|it| it.kind() == "X25519");
        LockKind::Recipients(x25519.count())
    }

    pub(super) fn check_mac(&self, key: &FileKey) -> Result<(), AgeError> {
        seal(self.sealed, key)
            .verify_slice(&self.mac)
            .map_err(|_| AgeError::Damaged("its head was changed"))
    }
}

/// The seal over a head.
fn seal(sealed: &[u8], key: &FileKey) -> Hmac<Sha256> {
    let mut mac_key = Zeroizing::new([0; 32]);
    derive_key(key.as_slice(), &[], b"header", &mut mac_key);
    let mut mac =
        Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).expect("HMAC takes a key of any length");
    mac.update(sealed);
    mac
}

pub(super) fn write_header(stanzas: &[Stanza], key: &FileKey) -> Vec<u8> {
    let mut text = format!("{VERSION}\n");
    for stanza in stanzas {
        text.push_str("-> ");
        text.push_str(&stanza.words.join(" "));
        text.push('\n');
        let body = STANDARD_NO_PAD.encode(&stanza.body);
        let mut rest = body.as_str();
        while rest.len() >= LINE {
            let (line, after) = rest.split_at(LINE);
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("---");
    let mac = seal(text.as_bytes(), key).finalize().into_bytes();
    text.push(' ');
    text.push_str(&STANDARD_NO_PAD.encode(mac));
    text.push('\n');
    text.into_bytes()
}

pub(super) fn read_header(file: &[u8]) -> Result<(AgeHeader<'_>, &[u8]), AgeError> {
    let mut lines = Lines { file, at: 0 };
    if lines.next() != Some(VERSION) {
        return Err(AgeError::NotAge);
    }
    let cut = || AgeError::Damaged("its head is not whole");
    let mut stanzas = Vec::new();
    loop {
        let start = lines.at;
        let line = lines.next().ok_or_else(cut)?;
        if let Some(mac) = line.strip_prefix("--- ") {
            let mac = STANDARD_NO_PAD.decode(mac).map_err(|_| cut())?;
            if mac.len() != 32 || stanzas.is_empty() {
                return Err(cut());
            }
            let header = AgeHeader {
                stanzas,
                sealed: &file[..start + 3],
                mac,
            };
            return Ok((header, &file[lines.at..]));
        }
        let words = line.strip_prefix("-> ").ok_or_else(cut)?;
        stanzas.push(read_stanza(words, &mut lines)?);
        if stanzas.len() > MOST_STANZAS || lines.at > MOST_BYTES {
            return Err(AgeError::Damaged("its head is too long"));
        }
    }
}

fn read_stanza(words: &str, lines: &mut Lines<'_>) -> Result<Stanza, AgeError> {
    let cut = AgeError::Damaged("its head is not whole");
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let is_word = |word: &String| !word.is_empty() && word.bytes().all(|it| it.is_ascii_graphic());
    if !words.iter().all(is_word) {
        return Err(cut);
    }
    let mut body = String::new();
    loop {
        let line = lines.next().ok_or_else(|| cut.clone())?;
        if line.len() > LINE || body.len() > MOST_BYTES {
            return Err(cut);
        }
        body.push_str(line);
        // The last line is the one that is not full, if it has to be empty for that.
        if line.len() < LINE {
            break;
        }
    }
    let body = STANDARD_NO_PAD.decode(&body).map_err(|_| cut)?;
    Ok(Stanza { words, body })
}

/// Lines of a text in front of bytes.
struct Lines<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.file.get(self.at..)?;
        // No line of a head is longer than the head may be.
        let rest = &rest[..rest.len().min(MOST_BYTES)];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        self.at += end + 1;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        line.is_ascii().then_some(line)
    }
}
