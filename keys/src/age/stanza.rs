//! The ways to a file's key: for an X25519 recipient, and with a passphrase.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pospool_model::Secret;
use zeroize::Zeroizing;

use super::error::AgeError;
use super::names::{AgeIdentity, Recipient, multiply_point, public_point};
use super::parts::{FILE_KEY, FileKey, Stanza, derive_key, random_bytes};

const X25519: &str = "X25519";
const X25519_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const SCRYPT: &str = "scrypt";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const SALT: usize = 16;
/// Most work that a file may ask for: 1 GB of memory.
const MOST_WORK: u8 = 20;
/// A wrapped key: the key and its seal.
const WRAPPED: usize = FILE_KEY + 16;

/// Each wrapping key is used once, so its nonce may be zero.
fn wrap(with: &[u8; 32], key: &FileKey) -> Vec<u8> {
    ChaCha20Poly1305::new(with.into())
        .encrypt(&Nonce::default(), key.as_slice())
        .expect("16 bytes can be encrypted")
}

fn unwrap(with: &[u8; 32], body: &[u8]) -> Option<FileKey> {
    let opened = ChaCha20Poly1305::new(with.into()).decrypt(&Nonce::default(), body);
    let opened = Zeroizing::new(opened.ok()?);
    let mut key = FileKey::default();
    key.copy_from_slice(opened.get(..FILE_KEY)?);
    Some(key)
}

pub(super) fn wrap_for(recipient: &Recipient, key: &FileKey) -> Result<Stanza, AgeError> {
    let seed = Zeroizing::new(random_bytes::<32>()?);
    let share = public_point(&seed);
    let shared = multiply_point(&seed, &recipient.0)
        .ok_or_else(|| AgeError::BadRecipient(recipient.to_string()))?;
    let mut with = Zeroizing::new([0; 32]);
    let salt = [share, recipient.0].concat();
    derive_key(shared.as_slice(), &salt, X25519_LABEL, &mut with);
    Ok(Stanza {
        words: vec![X25519.to_owned(), STANDARD_NO_PAD.encode(share)],
        body: wrap(&with, key),
    })
}

pub(super) fn unwrap_for(
    identities: &[AgeIdentity],
    stanzas: &[Stanza],
) -> Result<FileKey, AgeError> {
    for stanza in stanzas.iter().filter(|it| it.kind() == X25519) {
        let bad = AgeError::Damaged("a recipient's part is malformed");
        let [_, share] = stanza.words.as_slice() else {
            return Err(bad);
        };
        let share = STANDARD_NO_PAD.decode(share).ok();
        let share = share.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(share) = share.filter(|_| stanza.body.len() == WRAPPED) else {
            return Err(bad);
        };
        for identity in identities {
            let Some(shared) = identity.shared_with(&share) else {
                return Err(bad);
            };
            let mut with = Zeroizing::new([0; 32]);
            let salt = [share, identity.recipient().0].concat();
            derive_key(shared.as_slice(), &salt, X25519_LABEL, &mut with);
            if let Some(key) = unwrap(&with, &stanza.body) {
                return Ok(key);
            }
        }
    }
    Err(AgeError::OtherRecipient)
}

pub(super) fn wrap_with(passphrase: &Secret, work: u8, key: &FileKey) -> Result<Stanza, AgeError> {
    let salt = random_bytes::<SALT>()?;
    let with = stretch(passphrase, &salt, work)?;
    Ok(Stanza {
        words: vec![
            SCRYPT.to_owned(),
            STANDARD_NO_PAD.encode(salt),
            work.to_string(),
        ],
        body: wrap(&with, key),
    })
}

pub(super) fn unwrap_with(passphrase: &Secret, stanzas: &[Stanza]) -> Result<FileKey, AgeError> {
    let bad = AgeError::Damaged("the passphrase's part is malformed");
    // Alone: whoever knows a passphrase must not be handed a file that opens for others as well.
    let [stanza] = stanzas else {
        return Err(bad);
    };
    let [_, salt, work] = stanza.words.as_slice() else {
        return Err(bad);
    };
    let salt = STANDARD_NO_PAD.decode(salt).ok();
    let salt = salt.and_then(|bytes| <[u8; SALT]>::try_from(bytes).ok());
    let number = work.parse::<u8>().ok();
    let is_plain = number.is_some_and(|number| number > 0 && number.to_string() == *work);
    let (Some(salt), Some(work), true, WRAPPED) = (salt, number, is_plain, stanza.body.len())
    else {
        return Err(bad);
    };
    if work > MOST_WORK {
        return Err(AgeError::TooMuchWork(work));
    }
    let with = stretch(passphrase, &salt, work)?;
    unwrap(&with, &stanza.body).ok_or(AgeError::WrongPassphrase)
}

fn stretch(
    passphrase: &Secret,
    salt: &[u8; SALT],
    work: u8,
) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let failed = |_| AgeError::TooMuchWork(work);
    let params = scrypt::Params::new(work, 8, 1, 32).map_err(failed)?;
    let salt = [SCRYPT_LABEL, salt].concat();
    let mut with = Zeroizing::new([0; 32]);
    scrypt::scrypt(
        passphrase.expose().as_bytes(),
        &salt,
        &params,
        with.as_mut_slice(),
    )
    .map_err(|_| AgeError::TooMuchWork(work))?;
    Ok(with)
}
