//! The key of a sealed state, and what is made of it.
//!
//! - Reads: the text of a secret.
//! - Returns: for each salt, one key per purpose and a name by which the secret can be told from another one.
//! - Never: shows any of it, or lets one key have two purposes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use pospool_model::{Secret, hex};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Digits of a random key: 32 bytes.
const KEY_DIGITS: usize = 64;
/// Fewest characters of a passphrase. Who has the file can try passphrases for as long as they like.
const SHORTEST: usize = 16;

/// What a passphrase costs: the second choice of RFC 9106, 64 MiB and three passes. No file can ask for more.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// Bytes of an encryption's nonce.
const NONCE: usize = 24;

/// Random bytes of a sealed file; a new one is drawn when a state is sealed.
pub(in super::super) type Salt = [u8; 16];

/// What a key is for. A file of one purpose is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A snapshot, also a replaced one.
    State,
    /// The lines of a journal.
    Journal,
    /// A saved plan.
    Plan,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Journal => "journal",
            Self::Plan => "plan",
        }
    }
}

/// Why a secret is no key for a state. Nothing of it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key of the state is too short: it is {KEY_DIGITS} hex digits (`openssl rand -hex 32`) or a passphrase of {SHORTEST} characters at least"
)]
pub struct WeakKey;

/// The key of a state.
pub struct StateKey {
    material: Material,
    encrypt: bool,
    /// Where the newest state that was seen is noted.
    memory: Option<PathBuf>,
    /// Deriving from a passphrase costs work, and all files of a state have one salt.
    derived: Mutex<BTreeMap<Salt, Arc<Derived>>>,
}

enum Material {
    Random(Zeroizing<Vec<u8>>),
    Passphrase(Zeroizing<String>),
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(***)")
    }
}

impl StateKey {
    /// Takes 64 hex digits as a random key, and anything else as a passphrase. `encrypt` says whether what is written
    /// from now on can only be read with the key.
    pub fn new(secret: &Secret, encrypt: bool) -> Result<Self, WeakKey> {
        let text = secret.expose();
        let random = (text.len() == KEY_DIGITS).then(|| hex::decode(text));
        let material = match random.flatten() {
            Some(bytes) => Material::Random(Zeroizing::new(bytes)),
            None if text.chars().count() >= SHORTEST => {
                Material::Passphrase(Zeroizing::new(text.to_owned()))
            }
            None => return Err(WeakKey),
        };
        Ok(Self {
            material,
            encrypt,
            memory: None,
            derived: Mutex::default(),
        })
    }

    /// The same, with a file in which the newest state that was seen is noted.
    #[must_use]
    pub fn remembering(self, file: PathBuf) -> Self {
        Self {
            memory: Some(file),
            ..self
        }
    }

    /// Where the newest state that was seen is noted.
    pub(in super::super) fn memory(&self) -> Option<&Path> {
        self.memory.as_deref()
    }

    /// Whether what is written is encrypted too.
    pub(super) fn encrypts(&self) -> bool {
        self.encrypt
    }

    /// What the files with this salt are sealed with.
    pub(super) fn derive(&self, salt: &Salt) -> Arc<Derived> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let made = derived
            .entry(*salt)
            .or_insert_with(|| Arc::new(Derived::new(&self.material, salt)));
        Arc::clone(made)
    }
}

/// Everything that is made of a key and a salt.
pub(super) struct Derived {
    salt: Salt,
    pseudorandom: Zeroizing<[u8; 32]>,
}

impl Derived {
    fn new(material: &Material, salt: &Salt) -> Self {
        let (pseudorandom, _) = match material {
            Material::Random(key) => Hkdf::<Sha256>::extract(Some(salt), key),
            Material::Passphrase(text) => {
                Hkdf::<Sha256>::extract(Some(salt), stretch(text, salt).as_slice())
            }
        };
        Self {
            salt: *salt,
            pseudorandom: Zeroizing::new(pseudorandom.into()),
        }
    }

    /// The salt, in hex digits.
    pub(super) fn salt(&self) -> String {
        hex::encode(&self.salt)
    }

    fn expand<const N: usize>(&self, info: &str) -> Zeroizing<[u8; N]> {
        let mut made = Zeroizing::new([0; N]);
        let hkdf = Hkdf::<Sha256>::from_prk(self.pseudorandom.as_slice());
        let hkdf = hkdf.expect("the length of a hash is long enough");
        hkdf.expand(info.as_bytes(), made.as_mut_slice())
            .expect("so few bytes can be made");
        made
    }

    /// Tells this key from another one, and says nothing of it.
    pub(super) fn name(&self) -> String {
        hex::encode(self.expand::<8>("pospool 1 name").as_slice())
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Hmac<Sha256> {
        let key = self.expand::<32>(&format!("pospool 1 {} authenticate", purpose.word()));
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.as_slice())
            .expect("a key may have any length");
        for part in parts {
            // With their lengths, so that no two lists of parts are one text.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    /// The code of these parts, in hex digits.
    pub(super) fn authenticate(&self, purpose: Purpose, parts: &[&[u8]]) -> String {
        hex::encode(&self.mac(purpose, parts).finalize().into_bytes())
    }

    /// Whether the code is that of these parts.
    pub(super) fn is_authentic(&self, purpose: Purpose, parts: &[&[u8]], code: &str) -> bool {
        let Some(code) = hex::decode(code) else {
            return false;
        };
        self.mac(purpose, parts).verify_slice(&code).is_ok()
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        let key = self.expand::<32>(&format!("pospool 1 {} encrypt", purpose.word()));
        XChaCha20Poly1305::new_from_slice(key.as_slice()).expect("it has the cipher's length")
    }

    /// Bytes that only this key reads.
    ///
    /// # Panics
    /// If the operating system gives no random bytes, as it must.
    pub(super) fn encrypt(&self, purpose: Purpose, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let text = self
            .cipher(purpose)
            .encrypt(&XNonce::from(nonce), plain)
            .expect("a text in memory is short enough");
        [nonce.as_slice(), &text].concat()
    }

    /// What was encrypted; `None` if it was not with this key.
    pub(super) fn decrypt(&self, purpose: Purpose, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>()?;
        let nonce = XNonce::from(*nonce);
        self.cipher(purpose).decrypt(&nonce, text).ok()
    }
}

/// A key of a passphrase.
fn stretch(text: &str, salt: &Salt) -> Zeroizing<[u8; 32]> {
    let mut made = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(made.len()));
    let params = params.expect("the parameters are fixed");
    let mut memory = vec![Block::default(); params.block_count()];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(text.as_bytes(), salt, made.as_mut_slice(), &mut memory)
        .expect("salt and length are fixed");
    memory.zeroize();
    made
}

/// A salt that was never there before.
///
/// # Panics
/// If the operating system gives no random bytes, as it must.
pub(in super::super) fn draw_salt() -> Salt {
    let mut salt = Salt::default();
    getrandom::fill(&mut salt).expect("the operating system gives random bytes");
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<StateKey, WeakKey> {
        StateKey::new(&Secret::new(text.to_owned()), false)
    }

    #[test]
    fn a_short_secret_is_no_key_and_is_not_repeated() {
        let told = key("fifteen letters").unwrap_err().to_string();
        assert!(!told.contains("fifteen"), "{told}");
        assert!(key("sixteen letters.").is_ok());
        assert_eq!(
            format!("{:?}", key(&"0f".repeat(32)).unwrap()),
            "StateKey(***)"
        );
    }

    #[test]
    fn salts_purposes_and_keys_are_told_apart() {
        let (one, other) = (
            key(&"01".repeat(32)).unwrap(),
            key(&"02".repeat(32)).unwrap(),
        );
        let derived = one.derive(&[1; 16]);
        let code = derived.authenticate(Purpose::State, &[b"a", b"bc"]);
        assert!(derived.is_authentic(Purpose::State, &[b"a", b"bc"], &code));
        assert!(!derived.is_authentic(Purpose::State, &[b"ab", b"c"], &code));
        for purpose in [Purpose::Journal, Purpose::Plan] {
            assert!(!derived.is_authentic(purpose, &[b"a", b"bc"], &code));
        }
        for code in ["", "0", "zz", &code[2..], &code.to_uppercase()] {
            assert!(!derived.is_authentic(Purpose::State, &[b"a", b"bc"], code));
        }
        for stranger in [one.derive(&[2; 16]), other.derive(&[1; 16])] {
            assert!(!stranger.is_authentic(Purpose::State, &[b"a", b"bc"], &code));
            assert_ne!(stranger.name(), derived.name());
            let sealed = derived.encrypt(Purpose::State, b"text");
            assert_eq!(stranger.decrypt(Purpose::State, &sealed), None);
            assert_eq!(derived.decrypt(Purpose::Journal, &sealed), None);
            assert_eq!(derived.decrypt(Purpose::State, &sealed).unwrap(), b"text");
            assert_eq!(derived.decrypt(Purpose::State, &sealed[..20]), None);
        }
    }

    #[test]
    fn a_passphrase_is_stretched_as_the_reference_does() {
        // `argon2 SALT -id -t 3 -k 65536 -p 4 -l 32 -r`, as any other program of RFC 9106 has it.
        let made = stretch("a passphrase of some words", b"0123456789abcdef");
        assert_eq!(hex::encode(made.as_slice()), VECTOR);
    }

    const VECTOR: &str = "e3e6fe4891cb2551331ed5a069446ac6faa813cf1d63ab075aae7282b1f74139";
}
