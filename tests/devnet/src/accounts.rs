//! Keys of a devnet, all derived from one text, and their addresses in both spaces.
//!
//! - Reads: the seed text of the chain.
//! - Returns: accounts with private key and addresses; the same for the same text.
//! - Never: makes a key by chance. These keys are public; nothing of worth may be sent to them.

use ethers_core::{k256::ecdsa::SigningKey, utils::keccak256};
use serde::{Deserialize, Serialize};

use crate::error::{DevnetError, Result};

/// An account with 10,000 CFX in each space at the start of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Private key: `0x` and 64 hex digits.
    pub private_key: String,
    /// Core address as CIP-37 text, for example `net1234:aak…`.
    pub core_address: String,
    /// The same Core address as hex text; its first digit is 1.
    pub core_hex: String,
    /// eSpace address of the same key as hex text.
    pub espace_address: String,
}

/// Returns the funded accounts of a chain.
pub fn funded(seed: &str, count: usize, network_id: u32) -> Result<Vec<Account>> {
    (0..count)
        .map(|index| derive(seed, &format!("account/{index}")))
        .map(|key| Ok(account(&key?, network_id)))
        .collect()
}

/// Derives one key from the chain's text and the key's role.
pub(crate) fn derive(seed: &str, role: &str) -> Result<SigningKey> {
    let digest = keccak256(format!("{seed}/{role}"));
    SigningKey::from_slice(&digest)
        .map_err(|err| DevnetError::malformed(format!("key `{role}` of seed `{seed}`"), err))
}

/// Returns the 64 bytes of the uncompressed public key, without the leading tag.
pub(crate) fn public_key(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_encoded_point(false).as_bytes()[1..].to_vec()
}

/// Returns the Core address of a key: a user address, so its first nibble is 1.
pub(crate) fn core_bytes(key: &SigningKey) -> [u8; 20] {
    let mut bytes = espace_bytes(key);
    bytes[0] = (bytes[0] & 0x0f) | 0x10;
    bytes
}

fn espace_bytes(key: &SigningKey) -> [u8; 20] {
    let digest = keccak256(public_key(key));
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[12..]);
    bytes
}

fn account(key: &SigningKey, network_id: u32) -> Account {
    let core = core_bytes(key);
    Account {
        private_key: format!("0x{}", hex(&key.to_bytes())),
        core_address: base32(&core, network_id),
        core_hex: format!("0x{}", hex(&core)),
        espace_address: format!("0x{}", hex(&espace_bytes(key))),
    }
}

/// Returns bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// Reads hex digits, with or without `0x`.
pub(crate) fn unhex(what: &str, text: &str) -> Result<Vec<u8>> {
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

/// Writes a Core address as text, by CIP-37.
#[must_use]
pub fn base32(address: &[u8; 20], network_id: u32) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnprstuvwxyz0123456789";
    let prefix = match network_id {
        1029 => "cfx".to_owned(),
        1 => "cfxtest".to_owned(),
        other => format!("net{other}"),
    };
    let mut payload = vec![0];
    payload.extend_from_slice(address);
    let mut groups = five_bit_groups(&payload);
    let checked: Vec<u8> = prefix
        .bytes()
        .map(|byte| byte & 0x1f)
        .chain([0])
        .chain(groups.iter().copied())
        .chain([0; 8])
        .collect();
    let checksum = polymod(&checked).to_be_bytes();
    groups.extend(five_bit_groups(&checksum[3..]));
    let text: String = groups
        .iter()
        .map(|group| char::from(LETTERS[usize::from(*group)]))
        .collect();
    format!("{prefix}:{text}")
}

/// Cuts bytes into groups of five bits, the last one filled up with zeros.
fn five_bit_groups(bytes: &[u8]) -> Vec<u8> {
    let bit = |at: usize| {
        bytes
            .get(at / 8)
            .map_or(0, |byte| (byte >> (7 - at % 8)) & 1)
    };
    (0..(bytes.len() * 8).div_ceil(5))
        .map(|group| (0..5).fold(0, |value, offset| (value << 1) | bit(group * 5 + offset)))
        .collect()
}

/// The 40-bit checksum of CIP-37.
fn polymod(groups: &[u8]) -> u64 {
    const GENERATOR: [u64; 5] = [
        0x98_f2bc_8e61,
        0x79_b76d_99e2,
        0xf3_3e5f_b3c4,
        0xae_2eab_e2a8,
        0x1e_4f43_e470,
    ];
    let mut rest = 1_u64;
    for group in groups {
        let top = rest >> 35;
        rest = ((rest & 0x07_ffff_ffff) << 5) ^ u64::from(*group);
        for (bit, factor) in GENERATOR.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                rest ^= factor;
            }
        }
    }
    rest ^ 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(hex_text: &str) -> [u8; 20] {
        unhex("address", hex_text).unwrap().try_into().unwrap()
    }

    #[test]
    fn addresses_of_other_tools_come_out_the_same() {
        for (hex_text, network, expected) in [
            (
                "0x106d49f8505410eb4e671d51f7d96d2c87807b09",
                1029,
                "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p",
            ),
            (
                "0x1292d4955bb47f5153b88ca12c7a9e4048f09839",
                1029,
                "cfx:aakkfzezns4h8ymx1cgmcnd4x3aev6e2hexz250ym5",
            ),
            (
                "0x0888000000000000000000000000000000000005",
                1,
                "cfxtest:aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaaytypk0th1",
            ),
            (
                "0x0888000000000000000000000000000000000002",
                1029,
                "cfx:aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaajrwuc9jnb",
            ),
        ] {
            assert_eq!(base32(&core(hex_text), network), expected);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_accounts() {
        let one = funded("seed", 3, 1234).unwrap();
        assert_eq!(one, funded("seed", 3, 1234).unwrap());
        assert_ne!(one[0], one[1]);
        assert_ne!(one, funded("other", 3, 1234).unwrap());
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
        assert_eq!(unhex("x", "0x00ff1A").unwrap(), [0, 255, 26]);
        assert_eq!(hex(&[0, 255, 26]), "00ff1a");
        assert!(unhex("x", "0").is_err());
        assert!(unhex("x", "zz").is_err());
    }
}
