//! Keys of a devnet, all derived from one text, and their addresses in both spaces.
//!
//! - Reads: the seed text of the chain.
//! - Returns: accounts with private key and addresses; the same for the same text.
//! - Never: makes a key by chance. These keys are public; nothing of worth may be sent to them.

use ethers_core::{k256::ecdsa::SigningKey, utils::keccak256};
use pospool_conflux::{CoreAddress, EspaceAddress};
use serde::{Deserialize, Serialize};

use crate::{
    error::{DevnetError, Result},
    settings::ChainConfig,
};

/// An account with 10,000 CFX in Core space at the start of the chain, and most often in eSpace too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundedAccount {
    /// Private key: `0x` and 64 hex digits.
    pub private_key: String,
    /// Core address as CIP-37 text, for example `net1234:aak…`.
    pub core_address: String,
    /// The same Core address as hex text; its first digit is 1.
    pub core_hex: String,
    /// eSpace address of the same key as hex text.
    pub espace_address: String,
    /// Whether that address has 10,000 CFX too.
    pub funded_in_espace: bool,
}

/// Returns the funded accounts of a chain.
pub fn of_chain(chain: &ChainConfig) -> Result<Vec<FundedAccount>> {
    let mut accounts = funded_accounts(&chain.seed, chain.accounts, chain.chain_id)?;
    for account in accounts.iter_mut().skip(chain.espace_accounts) {
        account.funded_in_espace = false;
    }
    Ok(accounts)
}

/// Returns the accounts of a seed text, as a chain with that seed funds them in both spaces.
pub fn funded_accounts(seed: &str, count: usize, network_id: u32) -> Result<Vec<FundedAccount>> {
    (0..count)
        .map(|index| derive_key(seed, &format!("account/{index}")))
        .map(|key| Ok(account(&key?, network_id)))
        .collect()
}

/// Derives one key from the chain's text and the key's role.
pub(crate) fn derive_key(seed: &str, role: &str) -> Result<SigningKey> {
    let digest = keccak256(format!("{seed}/{role}"));
    SigningKey::from_slice(&digest)
        .map_err(|err| DevnetError::malformed(format!("key `{role}` of seed `{seed}`"), err))
}

/// Returns the 64 bytes of the uncompressed public key, without the leading tag.
pub(crate) fn public_key(key: &SigningKey) -> [u8; 64] {
    let point = key.verifying_key().to_encoded_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    bytes
}

/// Returns the 20 bytes of the Core address of a key.
pub(crate) fn core_bytes(key: &SigningKey) -> [u8; 20] {
    CoreAddress::of_public_key(&public_key(key), 0).bytes()
}

fn account(key: &SigningKey, network_id: u32) -> FundedAccount {
    let core = CoreAddress::of_public_key(&public_key(key), network_id);
    FundedAccount {
        private_key: format!("0x{}", encode_hex(&key.to_bytes())),
        core_address: core.to_string(),
        core_hex: core.hex(),
        espace_address: EspaceAddress::of_public_key(&public_key(key)).to_string(),
        funded_in_espace: true,
    }
}

/// Returns bytes as lower-case hex digits.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// Reads hex digits, with or without `0x`.
pub(crate) fn decode_hex(what: &str, text: &str) -> Result<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let nibble = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    if !digits.len().is_multiple_of(2) {
        return Err(DevnetError::malformed(what, "an odd number of hex digits"));
    }
    digits
        .chunks(2)
        .map(|pair| Some((nibble(pair[0])? << 4) | nibble(pair[1])?))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| DevnetError::malformed(what, "not hex digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_accounts() {
        let one = funded_accounts("seed", 3, 1234).unwrap();
        assert_eq!(one, funded_accounts("seed", 3, 1234).unwrap());
        assert_ne!(one[0], one[1]);
        assert_ne!(one, funded_accounts("other", 3, 1234).unwrap());
        assert!(
            one.iter()
                .all(|account| account.core_hex.starts_with("0x1"))
        );
        assert!(
            one.iter()
                .all(|account| account.core_address.starts_with("net1234:aa"))
        );
    }

    #[test]
    fn the_last_accounts_of_a_chain_have_nothing_in_espace() {
        let chain = ChainConfig {
            accounts: 3,
            espace_accounts: 2,
            ..ChainConfig::default()
        };
        let accounts = of_chain(&chain).unwrap();
        let in_espace: Vec<bool> = accounts.iter().map(|one| one.funded_in_espace).collect();
        assert_eq!(in_espace, [true, true, false]);
    }

    #[test]
    fn the_key_one_has_its_well_known_address() {
        let mut scalar = [0; 32];
        scalar[31] = 1;
        let key = SigningKey::from_slice(&scalar).unwrap();
        let account = account(&key, 1029);
        assert_eq!(
            account.espace_address,
            "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
        );
        assert_eq!(
            account.core_hex,
            "0x1e5f4552091a69125d5dfcb7b8c2659029395bdf"
        );
    }

    #[test]
    fn hex_is_read_and_written() {
        assert_eq!(decode_hex("x", "0x00ff1A").unwrap(), [0, 255, 26]);
        assert_eq!(encode_hex(&[0, 255, 26]), "00ff1a");
        assert!(decode_hex("x", "0").is_err());
        assert!(decode_hex("x", "zz").is_err());
    }
}
