//! A private key: read from a secret, used to sign, wiped.
//!
//! - Reads: a [`Secret`] of 64 hex digits, with or without `0x`.
//! - Returns: addresses and signatures.
//! - Never: prints, serialises or keeps any of the key; errors carry none of it.

use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::utils::hex;
use pospool_model::{Secret, SecretRef};
use zeroize::Zeroizing;

use crate::address::CoreAddress;
use crate::chain_address::ChainAddress;
use crate::espace_address::EspaceAddress;

/// A private key. The inner type wipes itself when dropped.
pub(crate) struct Key(SigningKey);

/// Signature over a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Recovery id: 0 or 1.
    pub(crate) recovery: u8,
    /// First number.
    pub(crate) r: [u8; 32],
    /// Second number, in its lower half.
    pub(crate) s: [u8; 32],
}

/// A secret that is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("a private key is 64 hex digits, with or without `0x`")]
    Form,
    #[error("this number is not a private key of secp256k1")]
    Range,
}

impl Key {
    /// Reads a key.
    pub(crate) fn read(secret: &Secret) -> Result<Self, KeyError> {
        let text = secret.expose().trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = Zeroizing::new([0_u8; 32]);
        if digits.len() != 64 {
            return Err(KeyError::Form);
        }
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| KeyError::Form)?;
        SigningKey::from_slice(bytes.as_slice())
            .map(Self)
            .map_err(|_| KeyError::Range)
    }

    /// Reads the key of an account from where it is kept; the error says what is wrong with it.
    pub(crate) fn of_account(reference: &SecretRef, account: ChainAddress) -> Result<Self, String> {
        let secret = reference.read().map_err(|error| error.to_string())?;
        let key = Self::read(&secret).map_err(|error| format!("`{reference}`: {error}"))?;
        let own: ChainAddress = match account {
            ChainAddress::Core(core) => key.core_address(core.network()).into(),
            ChainAddress::Espace(_) => EspaceAddress::of_public_key(&key.public()).into(),
        };
        if own == account {
            return Ok(key);
        }
        Err(format!(
            "`{reference}` holds another key than when the plan was made, which was for {account}"
        ))
    }

    /// Returns the public key without its leading tag.
    pub(crate) fn public(&self) -> [u8; 64] {
        let point = self.0.verifying_key().to_encoded_point(false);
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&point.as_bytes()[1..]);
        bytes
    }

    /// Returns the account's address in Core Space.
    pub(crate) fn core_address(&self, network: u32) -> CoreAddress {
        CoreAddress::of_public_key(&self.public(), network)
    }

    /// Signs a digest; the same digest gives the same signature (RFC 6979).
    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Signature {
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
pub(crate) mod tests {
    use super::*;
    use crate::address::espace_address;

    pub(crate) fn key(text: &str) -> Key {
        Key::read(&Secret::new(text.to_owned())).unwrap()
    }

    #[test]
    fn the_key_one_has_its_well_known_addresses() {
        let one = key(&format!("{:064x}", 1));
        assert_eq!(
            espace_address(&one.public()),
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
            let error = Key::read(&Secret::new((*text).to_owned())).err().unwrap();
            assert!(!error.to_string().contains("1111"), "{error}");
        }
    }
}
