//! eSpace addresses: 20 bytes, and their hex text.
//!
//! - Reads: text in hex, public keys, senders and nonces, Core addresses.
//! - Returns: [`EspaceAddress`], or why the text is not one.
//! - Never: accepts a mixed-case text whose checksum (EIP-55) is wrong.

use std::fmt;
use std::str::FromStr;

use ethers_core::utils::keccak256;
use ethers_core::utils::rlp::RlpStream;
use serde::{Deserialize, Serialize};

use crate::core_address::{CoreAddress, end_of, of_key};
use crate::hex::{hex_bytes, hex_text};

/// An address of eSpace. Which network it belongs to cannot be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EspaceAddress([u8; 20]);

impl EspaceAddress {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns the address of a key's account, which is that of Ethereum.
    #[must_use]
    pub fn of_public_key(public_key: &[u8; 64]) -> Self {
        Self::tail(&keccak256(public_key))
    }

    /// Returns where a creation by `sender` with `nonce` will put its contract, as on Ethereum.
    #[must_use]
    pub fn of_creation(sender: Self, nonce: u64) -> Self {
        let mut stream = RlpStream::new_list(2);
        stream.append(&sender.0.as_slice());
        stream.append(&nonce);
        Self::tail(&keccak256(stream.out()))
    }

    /// Returns the account in eSpace that a Core account acts through in cross-space calls (conflux-rust
    /// `cfx_types/src/address_util.rs`).
    #[must_use]
    pub fn mapped_from(core: CoreAddress) -> Self {
        Self::tail(&keccak256(core.bytes()))
    }

    /// Returns the 20 bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 20] {
        self.0
    }

    /// Returns the address of the same key's account in Core Space, whose first four bits say that it is a key's.
    #[must_use]
    pub fn same_key_in_core(&self) -> [u8; 20] {
        of_key(self.0)
    }

    fn tail(digest: &[u8; 32]) -> Self {
        Self(end_of(digest))
    }

    /// The text with the checksum of EIP-55 in its upper and lower case, without `0x`.
    fn checksummed(&self) -> String {
        let lower = hex_text(&self.0);
        let digits = lower.trim_start_matches("0x");
        let digest = keccak256(digits);
        let letters = digits.chars().enumerate().map(|(at, letter)| {
            let nibble = digest[at / 2] >> (4 * (1 - at % 2)) & 0x0f;
            if nibble >= 8 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        });
        letters.collect()
    }
}

impl fmt::Display for EspaceAddress {
    /// Writes `0x` and 40 lower-case digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_text(&self.0))
    }
}

impl FromStr for EspaceAddress {
    type Err = EspaceAddressError;

    fn from_str(text: &str) -> Result<Self, EspaceAddressError> {
        let wrong = |why| EspaceAddressError {
            text: text.chars().take(80).collect(),
            why,
        };
        let digits = text
            .strip_prefix("0x")
            .filter(|digits| digits.len() == 40)
            .ok_or_else(|| wrong("it is `0x` and 40 hex digits"))?;
        let bytes = hex_bytes(digits).and_then(|bytes| bytes.try_into().ok());
        let address = Self(bytes.ok_or_else(|| wrong("it has a letter that is no hex digit"))?);
        let is_mixed = digits.bytes().any(|letter| letter.is_ascii_uppercase())
            && digits.bytes().any(|letter| letter.is_ascii_lowercase());
        if is_mixed && address.checksummed() != digits {
            return Err(wrong("its checksum is wrong; check each letter"));
        }
        Ok(address)
    }
}

impl TryFrom<String> for EspaceAddress {
    type Error = EspaceAddressError;

    fn try_from(text: String) -> Result<Self, EspaceAddressError> {
        text.parse()
    }
}

impl From<EspaceAddress> for String {
    fn from(address: EspaceAddress) -> Self {
        address.to_string()
    }
}

/// A text that is no eSpace address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an eSpace address: {why}")]
pub struct EspaceAddressError {
    text: String,
    why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EspaceAddress {
        text.parse().unwrap()
    }

    #[test]
    fn a_creation_has_the_address_that_ethereum_gives_it() {
        // Known from Ethereum's own tests (go-ethereum `crypto_test.go`).
        let sender = address("0x970e8128ab834e8eac17ab8e3812f010678cf791");
        for (nonce, created) in [
            (0, "0x333c3310824b7c685133f2bedb2ca4b8b4df633d"),
            (1, "0x8bda78331c916a08481428e4b07c96d3e916d165"),
            (2, "0xc9ddedf451bc62ce88bf9292afb13df35b670699"),
        ] {
            assert_eq!(EspaceAddress::of_creation(sender, nonce), address(created));
        }
    }

    #[test]
    fn the_checksum_of_mixed_case_counts() {
        let right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert_eq!(address(right).to_string(), right.to_ascii_lowercase());
        assert_eq!(address(&right.to_ascii_lowercase()), address(right));
        let wrong = right.replace('B', "b");
        assert!(
            wrong
                .parse::<EspaceAddress>()
                .unwrap_err()
                .to_string()
                .contains("checksum")
        );
        for text in ["", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5g"] {
            assert!(text.parse::<EspaceAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_mapped_account_is_the_digest_of_the_core_bytes() {
        let core = CoreAddress::new([0x80; 20], 1234);
        let mapped = EspaceAddress::mapped_from(core);
        assert_eq!(mapped.bytes(), keccak256([0x80; 20])[12..]);
        let elsewhere = CoreAddress::new([0x80; 20], 1);
        assert_eq!(mapped, EspaceAddress::mapped_from(elsewhere));
    }
}
