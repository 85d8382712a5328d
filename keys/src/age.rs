//! The age format, version 1: a file that only the holder of a secret can open.
//!
//! - Reads: bytes; a recipient's public name, an identity, or a passphrase.
//! - Returns: a locked file, or what is in it.
//! - Never: touches a disk, gives out a part of a file that is not whole, or works longer than its limits say.
//!
//! The format is public (C2SP `age`), so a bundle can be opened by any program that speaks it. What is ours is the framing; each
//! primitive is a crate's: X25519, scrypt, HKDF and HMAC with SHA-256, ChaCha20-Poly1305 (decision 30).

mod error;
mod header;
mod names;
mod parts;
mod payload;
mod stanza;

use pospool_model::Secret;
use zeroize::Zeroizing;

pub use self::error::AgeError;
use self::header::AgeHeader;
pub use self::names::{AgeIdentity, Recipient};
pub use self::parts::LockKind;
use self::parts::{FileKey, random_bytes};

/// Largest file that is opened. A bundle has some kilobytes.
pub const MOST_BYTES: usize = 1 << 20;
/// Work of a passphrase, as a power of two: about a second.
pub const WORK: u8 = 18;

/// How a file is locked.
#[derive(Debug)]
pub enum Lock {
    /// For the holders of these identities, each alone.
    Recipients(Vec<Recipient>),
    /// With a passphrase, and so much work for each try.
    Passphrase(Secret, u8),
}

/// What opens a file.
#[derive(Debug)]
pub enum Opener {
    /// Secrets of recipients.
    Identities(Vec<AgeIdentity>),
    /// A passphrase.
    Passphrase(Secret),
}

/// Locks a text.
pub fn encrypt_file(text: &[u8], lock: &Lock) -> Result<Vec<u8>, AgeError> {
    let key: FileKey = Zeroizing::new(random_bytes()?);
    let stanzas = match lock {
        Lock::Recipients(recipients) if recipients.is_empty() => return Err(AgeError::Nobody),
        Lock::Recipients(recipients) => recipients
            .iter()
            .map(|recipient| stanza::wrap_for(recipient, &key))
            .collect::<Result<_, _>>()?,
        Lock::Passphrase(passphrase, work) => vec![stanza::wrap_with(passphrase, *work, &key)?],
    };
    let mut file = header::write_header(&stanzas, &key);
    payload::encrypt_into(&mut file, text, &key)?;
    if file.len() > MOST_BYTES {
        return Err(AgeError::TooLarge);
    }
    Ok(file)
}

/// Says how a file is locked.
pub fn lock_kind(file: &[u8]) -> Result<LockKind, AgeError> {
    Ok(read(file)?.0.kind())
}

/// Opens a file.
pub fn decrypt_file(file: &[u8], opener: &Opener) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let (header, body) = read(file)?;
    let key = match (opener, header.kind()) {
        (Opener::Identities(_), LockKind::Passphrase) => return Err(AgeError::WantsPassphrase),
        (Opener::Passphrase(_), LockKind::Recipients(_)) => return Err(AgeError::WantsIdentity),
        (Opener::Passphrase(passphrase), LockKind::Passphrase) => {
            stanza::unwrap_with(passphrase, &header.stanzas)?
        }
        (Opener::Identities(identities), LockKind::Recipients(_)) => {
            stanza::unwrap_for(identities, &header.stanzas)?
        }
    };
    header.check_mac(&key)?;
    payload::decrypt_payload(body, &key)
}

fn read(file: &[u8]) -> Result<(AgeHeader<'_>, &[u8]), AgeError> {
    if file.len() > MOST_BYTES {
        return Err(AgeError::TooLarge);
    }
    header::read_header(file)
}

#[cfg(test)]
mod tests;
