//! An Ethereum keystore, version 3: a private key behind a password.
//!
//! The form is that of the Web3 Secret Storage Definition: AES-128 in counter mode, a key from scrypt or PBKDF2, and a
//! Keccak-256 code of what was encrypted.
//!
//! - Reads: the bytes of a keystore, and its password.
//! - Returns: the key.
//! - Never: begins work that costs more than a bound, which no file can raise; or says anything of what it reads but
//!   names and numbers of the form.

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use ethers_core::utils::keccak256;
use serde_json::Value as Json;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::core_address::CoreAddress;
use crate::espace_address::EspaceAddress;
use crate::hex::hex_bytes;
use crate::key::{Key, KeyError};

/// Most memory that scrypt may take: twice what wallets choose at most.
const MOST_MEMORY: u64 = 512 << 20;
/// Most bytes that scrypt may mix, over all its rounds.
const MOST_MIXED: u64 = 4 << 30;
/// Most rounds of PBKDF2.
const MOST_ROUNDS: u64 = 10_000_000;
/// Bytes of a derived key: the first half encrypts, the second one is in the code.
const DERIVED: usize = 32;
/// Longest name of the file that a message repeats.
const LONGEST_NAME: usize = 32;

/// Why a keystore gives no key. Nothing of it is said but names and numbers of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// It is no JSON, or something else in JSON.
    #[error("it is no Ethereum keystore: {0}")]
    Form(String),
    /// It is one of a form that is not known.
    #[error("its {what} is {found}; {known} can be read")]
    Unknown {
        /// What it names.
        what: &'static str,
        /// The name, if it can be one.
        found: String,
        /// The names that are known.
        known: &'static str,
    },
    /// Deriving the key would cost too much.
    #[error("it asks for {asked}, and {most} are the most that are spent on one")]
    TooCostly {
        /// What it asks for.
        asked: String,
        /// The bound.
        most: String,
    },
    /// The code is not that of what was encrypted.
    #[error("the password does not open it, or it is damaged: its `mac` is another one")]
    WrongPassword,
    /// The key in it is not that of the address that it names.
    #[error("its `address` is not that of the key in it")]
    OtherAddress,
    /// What was encrypted is no key.
    #[error(transparent)]
    NoKey(#[from] KeyError),
}

impl Key {
    /// Opens a keystore.
    pub fn open_keystore(text: &str, password: &str) -> Result<Self, KeystoreError> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| form(format!("line {} is no JSON", error.line())))?;
        let version = number(&json, &["version"])?;
        if version != 3 {
            return Err(unknown("version", &version.to_string(), "3"));
        }
        let root = if json.get("Crypto").is_some() {
            "Crypto"
        } else {
            "crypto"
        };
        let read = |path: &[&str]| bytes(&json, &[&[root], path].concat());
        let cipher = word(&json, &[root, "cipher"])?;
        if cipher != "aes-128-ctr" {
            return Err(unknown("cipher", cipher, "`aes-128-ctr`"));
        }
        let iv: [u8; 16] = exact(read(&["cipherparams", "iv"])?, "cipherparams.iv")?;
        let sealed: [u8; 32] = exact(read(&["ciphertext"])?, "ciphertext")?;
        let mac: [u8; 32] = exact(read(&["mac"])?, "mac")?;
        let salt = read(&["kdfparams", "salt"])?;
        let derived = derive(&json, root, &salt, password)?;
        if keccak256([&derived[16..], &sealed[..]].concat()) != mac {
            return Err(KeystoreError::WrongPassword);
        }
        let mut plain = Zeroizing::new(sealed);
        count_over(&derived[..16], iv, plain.as_mut_slice());
        let key = Self::from_bytes(&plain)?;
        check_address(&json, &key)?;
        Ok(key)
    }
}

fn form(why: impl Into<String>) -> KeystoreError {
    KeystoreError::Form(why.into())
}

/// The file may be another one, with a secret where a name is expected.
fn unknown(what: &'static str, found: &str, known: &'static str) -> KeystoreError {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let found = if found.len() <= LONGEST_NAME && found.bytes().all(is_name) {
        format!("`{found}`")
    } else {
        "another".to_owned()
    };
    KeystoreError::Unknown { what, found, known }
}

fn find<'a>(json: &'a Json, path: &[&str]) -> Result<&'a Json, KeystoreError> {
    let found = path.iter().try_fold(json, |json, name| json.get(name));
    found.ok_or_else(|| form(format!("`{}` is missing", path.join("."))))
}

fn number(json: &Json, path: &[&str]) -> Result<u64, KeystoreError> {
    let found = find(json, path)?.as_u64();
    found.ok_or_else(|| form(format!("`{}` is no whole number", path.join("."))))
}

fn word<'a>(json: &'a Json, path: &[&str]) -> Result<&'a str, KeystoreError> {
    let found = find(json, path)?.as_str();
    found.ok_or_else(|| form(format!("`{}` is no text", path.join("."))))
}

fn bytes(json: &Json, path: &[&str]) -> Result<Vec<u8>, KeystoreError> {
    let found = hex_bytes(word(json, path)?);
    found.ok_or_else(|| form(format!("`{}` is not of hex digits", path.join("."))))
}

fn exact<const LENGTH: usize>(bytes: Vec<u8>, name: &str) -> Result<[u8; LENGTH], KeystoreError> {
    bytes
        .try_into()
        .map_err(|_| form(format!("`{name}` has not {LENGTH} bytes")))
}

/// The key that a password gives, after the cost is found bearable.
fn derive(
    json: &Json,
    root: &str,
    salt: &[u8],
    password: &str,
) -> Result<Zeroizing<[u8; DERIVED]>, KeystoreError> {
    let read = |name: &str| number(json, &[root, "kdfparams", name]);
    if read("dklen")? != DERIVED as u64 {
        return Err(form("`kdfparams.dklen` is not 32"));
    }
    let mut derived = Zeroizing::new([0; DERIVED]);
    match word(json, &[root, "kdf"])? {
        "scrypt" => {
            let parameters = scrypt_parameters(read("n")?, read("r")?, read("p")?)?;
            scrypt::scrypt(
                password.as_bytes(),
                salt,
                &parameters,
                derived.as_mut_slice(),
            )
            .map_err(|_| not_of_scrypt())?;
        }
        "pbkdf2" => {
            let prf = word(json, &[root, "kdfparams", "prf"])?;
            if prf != "hmac-sha256" {
                return Err(unknown("prf", prf, "`hmac-sha256`"));
            }
            let rounds = read("c")?;
            if rounds > MOST_ROUNDS {
                return Err(KeystoreError::TooCostly {
                    asked: format!("{rounds} rounds of PBKDF2"),
                    most: MOST_ROUNDS.to_string(),
                });
            }
            let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
            if rounds == 0 {
                return Err(form("`kdfparams.c` is 0"));
            }
            pbkdf2::pbkdf2_hmac::<Sha256>(
                password.as_bytes(),
                salt,
                rounds,
                derived.as_mut_slice(),
            );
        }
        other => return Err(unknown("kdf", other, "`scrypt` and `pbkdf2`")),
    }
    Ok(derived)
}

fn not_of_scrypt() -> KeystoreError {
    form(
        "scrypt has no such `kdfparams`: `n` is a power of two below 2^(16 r), `r` and `p` are 1 at least",
    )
}

fn scrypt_parameters(n: u64, r: u64, p: u64) -> Result<scrypt::Params, KeystoreError> {
    let memory = 128_u64.saturating_mul(n).saturating_mul(r);
    let too_costly = |asked: u64, what: &str, most: u64| KeystoreError::TooCostly {
        asked: format!("{} MiB {what}", asked >> 20),
        most: format!("{} MiB", most >> 20),
    };
    if memory > MOST_MEMORY {
        return Err(too_costly(memory, "of memory", MOST_MEMORY));
    }
    let mixed = memory.saturating_mul(p);
    if mixed > MOST_MIXED {
        return Err(too_costly(mixed, "to mix", MOST_MIXED));
    }
    // What is above is bounded by them, as long as none of the others is 0.
    let small = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    match (n.is_power_of_two(), small(r), small(p)) {
        (true, Some(r), Some(p)) => {
            let exponent = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
            scrypt::Params::new(exponent, r, p, DERIVED).map_err(|_| not_of_scrypt())
        }
        _ => Err(not_of_scrypt()),
    }
}

/// AES-128 in counter mode: the same in both directions.
fn count_over(key: &[u8], iv: [u8; 16], text: &mut [u8]) {
    let cipher = Aes128::new(key.into());
    let mut counter = u128::from_be_bytes(iv);
    for part in text.chunks_mut(16) {
        let mut block = counter.to_be_bytes().into();
        cipher.encrypt_block(&mut block);
        for (byte, mask) in part.iter_mut().zip(block) {
            *byte ^= mask;
        }
        counter = counter.wrapping_add(1);
    }
}

/// Compares the address that a keystore names, if it names one: in hex, that of eSpace or of Core Space, or in base32.
fn check_address(json: &Json, key: &Key) -> Result<(), KeystoreError> {
    let named = match json.get("address") {
        None | Some(Json::Null) => return Ok(()),
        Some(named) => named.as_str().unwrap_or_default(),
    };
    if named.is_empty() {
        return Ok(());
    }
    let core = CoreAddress::of_public_key(&key.public(), 0).bytes();
    let espace = EspaceAddress::of_public_key(&key.public()).bytes();
    let of_base32 = || named.parse::<CoreAddress>().ok().map(|it| it.bytes());
    let bytes: Option<[u8; 20]> = hex_bytes(named)
        .and_then(|bytes| bytes.try_into().ok())
        .or_else(of_base32);
    match bytes {
        Some(bytes) if bytes == core || bytes == espace => Ok(()),
        Some(_) => Err(KeystoreError::OtherAddress),
        None => Err(form("`address` is none")),
    }
}

#[cfg(test)]
mod tests;
