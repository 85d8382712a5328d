//! What head, ways and text of a file have in common.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::AgeError;

/// Bytes of the key that a file is encrypted with.
pub(super) const FILE_KEY: usize = 16;
/// That key.
pub(super) type FileKey = Zeroizing<[u8; FILE_KEY]>;

/// What a file says to everybody of how it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// For so many recipients.
    Recipients(usize),
    /// With a passphrase.
    Passphrase,
}

/// One way to the file's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stanza {
    pub(super) words: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Stanza {
    pub(super) fn kind(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

/// HKDF with SHA-256.
pub(super) fn derive_key(secret: &[u8], salt: &[u8], label: &[u8], into: &mut [u8; 32]) {
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(label, into)
        .expect("32 bytes are no more than HKDF gives");
}

/// Random bytes.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N], AgeError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| AgeError::NoRandom)?;
    Ok(bytes)
}
