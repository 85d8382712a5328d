//! Public and secret names of a recipient: Bech32 of an X25519 key.

use std::fmt;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use curve25519_dalek::MontgomeryPoint;
use curve25519_dalek::traits::IsIdentity as _;
use zeroize::Zeroizing;

use super::error::AgeError;
use super::parts::random_bytes;

const RECIPIENT: &str = "age";
const IDENTITY: &str = "AGE-SECRET-KEY-";

/// Who can open a file: the public half of an identity.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(pub(super) [u8; 32]);

/// The secret half.
pub struct AgeIdentity(Zeroizing<[u8; 32]>);

impl Recipient {
    /// Reads `age1…`.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        let bad = || AgeError::BadRecipient(text.chars().take(80).collect());
        let key = decode(text.trim(), RECIPIENT).ok_or_else(bad)?;
        // A point that makes every secret the same is nobody's key.
        multiply_point(&[0x55; 32], &key).ok_or_else(bad)?;
        Ok(Self(*key))
    }
}

/// X25519: a secret number times a public point; `None` if the point is one of the few with which nothing is secret.
pub(super) fn multiply_point(secret: &[u8; 32], public: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let shared = MontgomeryPoint(*public).mul_clamped(*secret);
    (!shared.is_identity()).then(|| Zeroizing::new(shared.to_bytes()))
}

/// The public point of a secret number.
pub(super) fn public_point(secret: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*secret).to_bytes()
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hrp = Hrp::parse(RECIPIENT).map_err(|_| fmt::Error)?;
        f.write_str(&bech32::encode::<Bech32>(hrp, &self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl AgeIdentity {
    /// Makes a new one.
    pub fn generate() -> Result<Self, AgeError> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// Reads all identities of a text as `age-keygen` writes it: one a line, and comments behind `#`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, AgeError> {
        let lines = text.lines().map(str::trim);
        let found = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                decode(line, IDENTITY)
                    .map(Self)
                    .ok_or(AgeError::BadIdentity)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            return Err(AgeError::BadIdentity);
        }
        Ok(found)
    }

    /// Its public half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(public_point(&self.0))
    }

    /// What it and the holder of another secret have in common.
    pub(super) fn shared_with(&self, public: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        multiply_point(&self.0, public)
    }

    /// Its secret name, in upper case.
    #[must_use]
    pub fn secret_name(&self) -> Zeroizing<String> {
        let hrp = Hrp::parse_unchecked(IDENTITY);
        let text = bech32::encode_upper::<Bech32>(hrp, self.0.as_slice());
        Zeroizing::new(text.unwrap_or_default())
    }
}

impl fmt::Debug for AgeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// 32 bytes behind a name, if the text is that alone and in one case.
fn decode(text: &str, name: &str) -> Option<Zeroizing<[u8; 32]>> {
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(name) {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    let mut bytes = checked.byte_iter();
    for byte in key.iter_mut() {
        *byte = bytes.next()?;
    }
    bytes.next().is_none().then_some(key)
}
