//! The text of a file: chunks of 64 KB, each sealed, numbered, and the last one marked.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

use super::error::AgeError;
use super::parts::{FileKey, derive_key, random_bytes};

const NONCE: usize = 16;
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

fn cipher(key: &FileKey, nonce: &[u8]) -> ChaCha20Poly1305 {
    let mut with = Zeroizing::new([0; 32]);
    derive_key(key.as_slice(), nonce, b"payload", &mut with);
    ChaCha20Poly1305::new(with.as_slice().into())
}

/// Number of a chunk, and whether it is the last one.
fn chunk_nonce(number: usize, last: bool) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

pub(super) fn encrypt_into(file: &mut Vec<u8>, text: &[u8], key: &FileKey) -> Result<(), AgeError> {
    let nonce = random_bytes::<NONCE>()?;
    file.extend_from_slice(&nonce);
    let cipher = cipher(key, &nonce);
    // An empty text is one empty chunk.
    let last = text.len().div_ceil(CHUNK).saturating_sub(1);
    for number in 0..=last {
        let end = text.len().min((number + 1) * CHUNK);
        let chunk = &text[number * CHUNK..end];
        let sealed = cipher
            .encrypt(&chunk_nonce(number, number == last), chunk)
            .expect("64 KB can be encrypted");
        file.extend_from_slice(&sealed);
    }
    Ok(())
}

pub(super) fn decrypt_payload(body: &[u8], key: &FileKey) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let cut = AgeError::Damaged("its text is cut or was changed");
    let Some((nonce, body)) = body.split_at_checked(NONCE) else {
        return Err(cut);
    };
    let cipher = cipher(key, nonce);
    // No copy of a part stays behind when it grows.
    let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
    let last = body.len().div_ceil(CHUNK + TAG).saturating_sub(1);
    for number in 0..=last {
        let end = body.len().min((number + 1) * (CHUNK + TAG));
        let sealed = &body[number * (CHUNK + TAG)..end];
        let opened = cipher.decrypt(&chunk_nonce(number, number == last), sealed);
        let opened = Zeroizing::new(opened.map_err(|_| cut.clone())?);
        // An empty last chunk would be a second way to write the same text.
        if opened.is_empty() && number > 0 {
            return Err(cut);
        }
        text.extend_from_slice(&opened);
    }
    Ok(text)
}
