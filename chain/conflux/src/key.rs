//! A private key: read from text, used to sign, wiped.
//!
//! - Reads: 64 hex digits, with or without `0x`.
//! - Returns: addresses and signatures.
//! - Never: prints, serialises or keeps any of the key; errors carry none of it.

use ethers_core::k256::ecdsa::{self, RecoveryId, SigningKey, VerifyingKey};
use ethers_core::utils::hex;
use ethers_core::utils::rlp::Rlp;
use zeroize::Zeroizing;

use crate::core_address::CoreAddress;
use crate::espace_address::EspaceAddress;

/// A public key without its leading tag.
pub type PublicKey = [u8; 64];

/// A private key. The inner type wipes itself when dropped.
pub struct Key(SigningKey);

/// Signature over a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Recovery id: 0 or 1.
    pub recovery: u8,
    /// First number.
    pub r: [u8; 32],
    /// Second number, in its lower half.
    pub s: [u8; 32],
}

impl Signature {
    /// Reads a recovery id and two numbers that follow each other in a list.
    pub(crate) fn read(recovery: u8, list: &Rlp<'_>, first: usize) -> Option<Self> {
        Some(Self {
            recovery,
            r: number(&list.val_at::<Vec<u8>>(first).ok()?)?,
            s: number(&list.val_at::<Vec<u8>>(first + 1).ok()?)?,
        })
    }
}

/// A number as RLP has it, in its 32 bytes.
fn number(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let start = bytes.len().checked_sub(digits.len())?;
    bytes[start..].copy_from_slice(digits);
    Some(bytes)
}

/// Whose signature of a digest it is. One with the second number in its upper half, which anybody can make of ours, is
/// nobody's: we never made it.
pub(crate) fn recover(digest: &[u8; 32], signature: &Signature) -> Option<PublicKey> {
    let numbers = ecdsa::Signature::from_scalars(signature.r, signature.s).ok()?;
    let id = RecoveryId::from_byte(signature.recovery).filter(|id| !id.is_x_reduced())?;
    if numbers.normalize_s().is_some() {
        return None;
    }
    let key = VerifyingKey::recover_from_prehash(digest, &numbers, id).ok()?;
    Some(public_bytes(&key))
}

fn public_bytes(key: &VerifyingKey) -> PublicKey {
    let point = key.to_encoded_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    bytes
}

/// A secret that is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not written as one.
    #[error("a private key is 64 hex digits, with or without `0x`")]
    Form,
    /// Its number is zero or too large.
    #[error("this number is not a private key of secp256k1")]
    Range,
}

impl Key {
    /// Reads a key. The text stays its owner's to wipe.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = Zeroizing::new([0_u8; 32]);
        if digits.len() != 64 {
            return Err(KeyError::Form);
        }
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| KeyError::Form)?;
        Self::from_bytes(&bytes)
    }

    /// Takes the number of a key.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        SigningKey::from_slice(bytes)
            .map(Self)
            .map_err(|_| KeyError::Range)
    }

    /// Returns the public key without its leading tag.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        public_bytes(self.0.verifying_key())
    }

    /// Returns the account's address in Core Space.
    #[must_use]
    pub fn core_address(&self, network: u32) -> CoreAddress {
        CoreAddress::of_public_key(&self.public(), network)
    }

    /// Returns the account's address in eSpace.
    #[must_use]
    pub fn espace_address(&self) -> EspaceAddress {
        EspaceAddress::of_public_key(&self.public())
    }

    /// Signs a digest; the same digest gives the same signature (RFC 6979).
    ///
    /// # Panics
    ///
    /// Never: a digest of 32 bytes can always be signed.
    #[must_use]
    pub fn sign(&self, digest: &[u8; 32]) -> Signature {
        let (signature, recovery) = self
            .0
            .sign_prehash_recoverable(digest)
            .expect("a digest of 32 bytes can always be signed");
        Signature {
            recovery: recovery.to_byte(),
            r: signature.r().to_bytes().into(),
            s: signature.s().to_bytes().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_one_has_its_well_known_addresses() {
        let one = Key::parse(&format!("{:064x}", 1)).unwrap();
        assert_eq!(
            one.espace_address().to_string(),
            "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
        );
        assert_eq!(
            one.core_address(1029).hex(),
            "0x1e5f4552091a69125d5dfcb7b8c2659029395bdf"
        );
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_being_shown() {
        for text in [
            "",
            "0x",
            "12",
            &"0".repeat(64),
            &"f".repeat(64),
            &"g".repeat(64),
            &"1".repeat(65),
        ] {
            let error = Key::parse(text).err().unwrap();
            assert!(!error.to_string().contains("1111"), "{error}");
        }
    }
}
