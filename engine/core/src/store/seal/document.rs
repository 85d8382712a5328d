//! A sealed snapshot or plan: the file as it would be without a seal, in an envelope with its code.
//!
//! - Reads: a sealed file.
//! - Returns: the file in it, byte by byte as it was.
//! - Never: looks into the file before its code is right.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pospool_model::hex;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::error::StoreError;
use super::super::form::{self, SEALED};
use super::key::{Derived, Purpose, Salt, StateKey};

/// Name of the form of a snapshot.
pub(super) const STATE: &str = "pospool-state";
/// Name of the form of a plan.
const PLAN: &str = "pospool-plan";

/// A sealed snapshot or plan.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedFile {
    /// `pospool-state` or `pospool-plan`.
    pub format: String,
    /// Always 3, which no program without seals reads.
    pub version: u64,
    /// What it is sealed with.
    pub seal: Seal,
    /// The file itself, if everybody may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub plain: Option<Box<RawValue>>,
    /// The file, encrypted with XChaCha20-Poly1305 after a nonce of 24 bytes, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
}

/// What a file is sealed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Sixteen random bytes in hex digits, from which and the key the other keys are made.
    pub salt: String,
    /// Tells the key from other ones: eight bytes in hex digits.
    pub key: String,
    /// HMAC-SHA-256 of format, way (`plain` or `encrypted`) and content, in hex digits.
    pub mac: String,
}

/// Ways to hold the file; each is a part of what the code is of.
const IN_PLAIN: &[u8] = b"plain";
const ENCRYPTED: &[u8] = b"encrypted";

/// What the bytes call themselves; `None` if they have no envelope.
pub(super) fn format_of(bytes: &[u8]) -> Option<String> {
    form::envelope(bytes).ok()?.format
}

fn is_sealed(bytes: &[u8], format: &str) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        format: String,
        version: u64,
        #[serde(rename = "seal")]
        _seal: IgnoredAny,
    }
    let read = serde_json::from_slice::<Envelope>(bytes);
    read.is_ok_and(|it| it.format == format && it.version == SEALED)
}

/// Whether these are the bytes of a sealed snapshot, by what they say.
pub(in super::super) fn is_sealed_state(bytes: &[u8]) -> bool {
    is_sealed(bytes, STATE)
}

/// The file in a sealed snapshot, and its salt. Bytes that are no snapshot at all come back as they are, for whoever reads
/// them to refuse.
pub(in super::super) fn open_state(
    path: &Path,
    bytes: &[u8],
    key: &StateKey,
) -> Result<(Vec<u8>, Option<Salt>), StoreError> {
    if format_of(bytes).as_deref() != Some(STATE) {
        return Ok((bytes.to_owned(), None));
    }
    let (file, salt) = open(path, bytes, STATE, Purpose::State, key)?;
    Ok((file, Some(salt)))
}

/// The file in a sealed plan.
pub fn open_plan(path: &Path, bytes: &[u8], key: Option<&StateKey>) -> Result<Vec<u8>, StoreError> {
    let path_of = || path.to_owned();
    match key {
        _ if format_of(bytes).as_deref() != Some(PLAN) => Ok(bytes.to_owned()),
        None if is_sealed(bytes, PLAN) => Err(StoreError::Sealed { path: path_of() }),
        None => Ok(bytes.to_owned()),
        Some(key) => open(path, bytes, PLAN, Purpose::Plan, key).map(|(file, _)| file),
    }
}

/// Seals a snapshot. What is none, such as the note of a state that was moved, is not sealed: nobody believes it.
pub(in super::super) fn seal_state(
    bytes: &[u8],
    key: &StateKey,
    salt: &Salt,
) -> Result<Vec<u8>, StoreError> {
    if format_of(bytes).as_deref() != Some(STATE) {
        return Ok(bytes.to_owned());
    }
    seal(bytes, STATE, Purpose::State, key, salt)
}

/// Seals a plan, if there is a key.
pub fn seal_plan(bytes: Vec<u8>, key: Option<&StateKey>) -> Result<Vec<u8>, StoreError> {
    match key {
        None => Ok(bytes),
        Some(key) => seal(&bytes, PLAN, Purpose::Plan, key, &super::key::draw_salt()),
    }
}

fn seal(
    bytes: &[u8],
    format: &str,
    purpose: Purpose,
    key: &StateKey,
    salt: &Salt,
) -> Result<Vec<u8>, StoreError> {
    let encode = |source| StoreError::Encode { source };
    let derived = key.derive(salt);
    let mut plain = None;
    let mut encrypted = None;
    let mac = if key.encrypts() {
        let text = STANDARD.encode(derived.encrypt(purpose, bytes));
        let mac = code(&derived, purpose, format, ENCRYPTED, text.as_bytes());
        encrypted = Some(text);
        mac
    } else {
        let raw: Box<RawValue> = serde_json::from_slice(bytes).map_err(encode)?;
        let mac = code(&derived, purpose, format, IN_PLAIN, raw.get().as_bytes());
        plain = Some(raw);
        mac
    };
    let file = SealedFile {
        format: format.to_owned(),
        version: SEALED,
        seal: Seal {
            salt: derived.salt(),
            key: derived.name(),
            mac,
        },
        plain,
        encrypted,
    };
    serde_json::to_vec(&file).map_err(encode)
}

fn code(derived: &Derived, purpose: Purpose, format: &str, way: &[u8], content: &[u8]) -> String {
    derived.authenticate(purpose, &[format.as_bytes(), way, content])
}

fn open(
    path: &Path,
    bytes: &[u8],
    format: &str,
    purpose: Purpose,
    key: &StateKey,
) -> Result<(Vec<u8>, Salt), StoreError> {
    if !is_sealed(bytes, format) {
        // A newer form is for a newer program to judge.
        let _: IgnoredAny = form::parse_versioned(path, bytes, format, SEALED)?;
        return Err(StoreError::NotSealed {
            path: path.to_owned(),
        });
    }
    let file: SealedFile = form::parse_versioned(path, bytes, format, SEALED)?;
    let derived = derive_for(path, key, &file.seal.salt, &file.seal.key)?;
    let forged = || StoreError::NotAuthentic {
        path: path.to_owned(),
        line: None,
    };
    let (way, content) = match (&file.plain, &file.encrypted) {
        (Some(raw), None) => (IN_PLAIN, raw.get().as_bytes()),
        (None, Some(text)) => (ENCRYPTED, text.as_bytes()),
        _ => return Err(forged()),
    };
    let parts = [format.as_bytes(), way, content];
    if !derived.1.is_authentic(purpose, &parts, &file.seal.mac) {
        return Err(forged());
    }
    let plain = match &file.encrypted {
        None => content.to_owned(),
        Some(text) => {
            let sealed = STANDARD.decode(text).ok();
            let plain = sealed.and_then(|sealed| derived.1.decrypt(purpose, &sealed));
            plain.ok_or_else(forged)?
        }
    };
    Ok((plain, derived.0))
}

/// The keys of a file that names this salt and this key.
pub(super) fn derive_for(
    path: &Path,
    key: &StateKey,
    salt: &str,
    name: &str,
) -> Result<(Salt, std::sync::Arc<Derived>), StoreError> {
    let read = hex::decode(salt).and_then(|bytes| Salt::try_from(bytes).ok());
    let Some(salt) = read else {
        return Err(StoreError::NotAuthentic {
            path: path.to_owned(),
            line: None,
        });
    };
    let derived = key.derive(&salt);
    if derived.name() == name {
        Ok((salt, derived))
    } else {
        Err(StoreError::OtherKey {
            path: path.to_owned(),
        })
    }
}
