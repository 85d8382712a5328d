//! The call data with which a node's PoS key is bound to a pool.
//!
//! - Reads: the text that `test_posRegister` of the node gave.
//! - Returns: [`RegisterData`], or why this text must not be sent with 1,000 CFX.
//! - Never: repairs anything; one byte too many is refused.
//!
//! The identifier is keccak256 of BLS key and VRF key (conflux-rust `internal_contract/impls/pos.rs`, `register`), and
//! so is the PoS address (`crates/pos/types/types/src/account_address.rs`, `from_consensus_public_key`): they are the
//! same 32 bytes.

use ethers_core::utils::keccak256;

use crate::abi::{self, REGISTER};
use crate::hex::{hex_bytes, hex_text};

/// Bytes of a BLS public key and of a VRF public key.
const BLS_LENGTH: usize = 48;
const VRF_LENGTH: usize = 33;

/// Checked call data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterData {
    /// PoS address of the key, which is also its identifier.
    pub identifier: [u8; 32],
    /// The call data as it is sent.
    pub bytes: Vec<u8>,
}

/// Why call data is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterDataError {
    /// It is no hex.
    #[error("the register data is not hex text")]
    Hex,
    /// It is another call.
    #[error("the register data does not start with 0xe335b451: it is another call")]
    Selector,
    /// It is not one call of `register`, whole and with nothing behind it.
    #[error("the register data is not exactly the five arguments of `register`")]
    Form,
    /// It is for another number of votes.
    #[error("the register data is for {0} votes; a pool is registered with 1")]
    Votes(u64),
    /// Its keys have other lengths.
    #[error("the keys in the register data have {bls} and {vrf} bytes, and not 48 and 33")]
    Keys {
        /// Bytes of the BLS key.
        bls: usize,
        /// Bytes of the VRF key.
        vrf: usize,
    },
    /// Its identifier is not the hash of its keys.
    #[error(
        "the identifier {found} of the register data does not belong to its keys, whose identifier is {expected}"
    )]
    Identifier {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// It is of another node.
    #[error("the register data is of the PoS key {found}, and the node's key is {expected}")]
    OtherKey {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
}

impl RegisterData {
    /// Reads and checks call data.
    pub fn read(text: &str) -> Result<Self, RegisterDataError> {
        let bytes = hex_bytes(text.trim()).ok_or(RegisterDataError::Hex)?;
        let arguments = bytes
            .strip_prefix(&abi::function_selector(REGISTER))
            .ok_or(RegisterDataError::Selector)?;
        let register = abi::read_register(arguments).ok_or(RegisterDataError::Form)?;
        if register.votes != 1 {
            return Err(RegisterDataError::Votes(register.votes));
        }
        let (bls, vrf) = (register.bls_key.len(), register.vrf_key.len());
        if (bls, vrf) != (BLS_LENGTH, VRF_LENGTH) {
            return Err(RegisterDataError::Keys { bls, vrf });
        }
        let expected = keccak256([register.bls_key, register.vrf_key].concat());
        if expected != register.identifier {
            return Err(RegisterDataError::Identifier {
                found: hex_text(&register.identifier),
                expected: hex_text(&expected),
            });
        }
        Ok(Self {
            identifier: expected,
            bytes,
        })
    }

    /// Checks that the key is the one that somebody else, such as the node, says it is.
    pub fn expect(self, pos_address: [u8; 32]) -> Result<Self, RegisterDataError> {
        if self.identifier == pos_address {
            return Ok(self);
        }
        Err(RegisterDataError::OtherKey {
            found: hex_text(&self.identifier),
            expected: hex_text(&pos_address),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ethers_core::abi::{Token, encode};
    use ethers_core::types::U256;

    /// Call data as a node makes it, with keys of our own choice.
    fn forged(votes: u64, bls: &[u8], vrf: &[u8], identifier: [u8; 32]) -> Vec<u8> {
        let tokens = [
            Token::FixedBytes(identifier.to_vec()),
            Token::Uint(U256::from(votes)),
            Token::Bytes(bls.to_vec()),
            Token::Bytes(vrf.to_vec()),
            Token::FixedArray(vec![Token::Bytes(vec![3; 48]), Token::Bytes(vec![4; 32])]),
        ];
        [&abi::function_selector(REGISTER)[..], &encode(&tokens)].concat()
    }

    /// Good call data and its identifier.
    fn good() -> (String, [u8; 32]) {
        let (bls, vrf) = ([1; 48], [2; 33]);
        let identifier = keccak256([&bls[..], &vrf].concat());
        (hex_text(&forged(1, &bls, &vrf, identifier)), identifier)
    }

    #[test]
    fn good_data_passes() {
        let (text, identifier) = good();
        let data = RegisterData::read(&text).unwrap();
        assert_eq!(data.identifier, identifier);
        assert_eq!(hex_text(&data.bytes), text);
        assert!(data.clone().expect(identifier).is_ok());
        assert!(matches!(
            data.expect([0; 32]),
            Err(RegisterDataError::OtherKey { .. })
        ));
    }

    #[test]
    fn forged_data_is_refused() {
        use RegisterDataError as Error;
        let (text, identifier) = good();
        let read = |bytes: &[u8]| RegisterData::read(&hex_text(bytes)).unwrap_err();
        assert_eq!(RegisterData::read("zz").unwrap_err(), Error::Hex);
        assert_eq!(read(&[0; 64]), Error::Selector);
        let bytes = hex_bytes(&text).unwrap();
        assert_eq!(read(&bytes[..bytes.len() - 1]), Error::Form);
        assert_eq!(read(&[&bytes[..], &[0; 32]].concat()), Error::Form);
        assert_eq!(
            read(&forged(2, &[1; 48], &[2; 33], identifier)),
            Error::Votes(2)
        );
        assert!(matches!(
            read(&forged(1, &[1; 47], &[2; 33], identifier)),
            Error::Keys { .. }
        ));
        assert!(matches!(
            read(&forged(1, &[9; 48], &[2; 33], identifier)),
            Error::Identifier { .. }
        ));
        assert!(matches!(
            read(&forged(1, &[1; 48], &[2; 33], [0; 32])),
            Error::Identifier { .. }
        ));
    }

    #[test]
    fn any_changed_byte_of_the_keys_is_noticed() {
        let (text, _) = good();
        let bytes = hex_bytes(&text).unwrap();
        // Selector, five heads, then the length and the bytes of the BLS key.
        let start = 4 + 5 * 32 + 32;
        for position in start..start + 48 {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(
                RegisterData::read(&hex_text(&changed)).is_err(),
                "{position}"
            );
        }
    }
}
