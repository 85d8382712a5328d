//! Core Space addresses: 20 bytes, the network they belong to, and their CIP-37 text.
//!
//! - Reads: text in base32, public keys, senders and nonces.
//! - Returns: [`CoreAddress`], or why the text is not one.
//! - Never: accepts a wrong checksum, and never mixes networks up: the network is part of the value.

use std::fmt;
use std::str::FromStr;

use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};

use crate::hex::hex_text;

/// Letters of CIP-37.
const LETTERS: &[u8; 32] = b"abcdefghjkmnprstuvwxyz0123456789";
/// Groups of five bits in 21 bytes, and in the checksum.
const PAYLOAD_GROUPS: usize = 34;
const CHECKSUM_GROUPS: usize = 8;

/// Network id of Conflux mainnet.
pub const MAINNET: u32 = 1029;
/// Network id of Conflux testnet.
pub const TESTNET: u32 = 1;

/// An address of Core Space on one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CoreAddress {
    bytes: [u8; 20],
    network: u32,
}

impl CoreAddress {
    /// Joins bytes and network.
    #[must_use]
    pub fn new(bytes: [u8; 20], network: u32) -> Self {
        Self { bytes, network }
    }

    /// Returns the address of a key's account: its first nibble is 1.
    #[must_use]
    pub fn of_public_key(public_key: &[u8; 64], network: u32) -> Self {
        let digest = keccak256(public_key);
        Self::new(of_key(end_of(&digest)), network)
    }

    /// Returns where a creation by `sender` with `nonce` will put its contract.
    ///
    /// The rule is conflux-rust's `cal_contract_address` (`crates/cfx_types/src/contract_address.rs`):
    /// keccak of `0x00`, sender, nonce as 32 bytes little-endian, keccak of the init code; the first nibble is 8.
    #[must_use]
    pub fn of_creation(sender: Self, nonce: u64, init_code: &[u8]) -> Self {
        Self::of_creation_of(sender, nonce, &keccak256(init_code))
    }

    /// The same by the keccak hash of the init code, for whoever tries many nonces.
    #[must_use]
    pub fn of_creation_of(sender: Self, nonce: u64, init_hash: &[u8; 32]) -> Self {
        let mut bytes = [0; 1 + 20 + 32 + 32];
        bytes[1..21].copy_from_slice(&sender.bytes);
        bytes[21..29].copy_from_slice(&nonce.to_le_bytes());
        bytes[53..].copy_from_slice(init_hash);
        Self::new(with_nibble(end_of(&keccak256(bytes)), 8), sender.network)
    }

    /// Returns the 20 bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 20] {
        self.bytes
    }

    /// Returns the network id.
    #[must_use]
    pub fn network(&self) -> u32 {
        self.network
    }

    /// Returns the bytes as `0x` and 40 digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex_text(&self.bytes)
    }
}

/// Last 20 bytes of a digest.
pub(crate) fn end_of(digest: &[u8; 32]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[12..]);
    bytes
}

/// An address whose first nibble says that a key owns it.
pub(crate) fn of_key(bytes: [u8; 20]) -> [u8; 20] {
    with_nibble(bytes, 1)
}

fn with_nibble(mut bytes: [u8; 20], nibble: u8) -> [u8; 20] {
    bytes[0] = (bytes[0] & 0x0f) | (nibble << 4);
    bytes
}

impl fmt::Display for CoreAddress {
    /// Writes the lower-case form without the type part.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = prefix(self.network);
        let mut payload = [0; 21];
        payload[1..].copy_from_slice(&self.bytes);
        let mut groups = five_bit_groups(&payload);
        let checksum = polymod(&prefix, &groups, &[0; CHECKSUM_GROUPS]);
        groups.extend(five_bit_groups(&checksum.to_be_bytes()[3..]));
        write!(f, "{prefix}:")?;
        for group in groups {
            write!(f, "{}", char::from(LETTERS[usize::from(group)]))?;
        }
        Ok(())
    }
}

impl FromStr for CoreAddress {
    type Err = CoreAddressError;

    fn from_str(text: &str) -> Result<Self, CoreAddressError> {
        let wrong = |why| CoreAddressError {
            text: text.chars().take(80).collect(),
            why,
        };
        let lower = text.to_ascii_lowercase();
        if text != lower && text != text.to_ascii_uppercase() {
            return Err(wrong("it mixes upper and lower case"));
        }
        let parts: Vec<&str> = lower.split(':').collect();
        let (net, kind, body) = match parts[..] {
            [net, body] => (net, None, body),
            [net, kind, body] => (net, Some(kind), body),
            _ => {
                return Err(wrong(
                    "a Core address starts with `cfx:`, `cfxtest:` or `net…:`",
                ));
            }
        };
        let network = network_of(net).ok_or_else(|| wrong("its network is not known"))?;
        let bytes = decode_body(net, body).map_err(wrong)?;
        if kind.is_some_and(|kind| kind != kind_of(&bytes)) {
            return Err(wrong("its type part does not fit"));
        }
        Ok(Self::new(bytes, network))
    }
}

impl TryFrom<String> for CoreAddress {
    type Error = CoreAddressError;

    fn try_from(text: String) -> Result<Self, CoreAddressError> {
        text.parse()
    }
}

impl From<CoreAddress> for String {
    fn from(address: CoreAddress) -> Self {
        address.to_string()
    }
}

/// A text that is no Core address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Core address: {why}")]
pub struct CoreAddressError {
    text: String,
    why: &'static str,
}

fn prefix(network: u32) -> String {
    match network {
        MAINNET => "cfx".to_owned(),
        TESTNET => "cfxtest".to_owned(),
        other => format!("net{other}"),
    }
}

fn network_of(net: &str) -> Option<u32> {
    match net {
        "cfx" => Some(MAINNET),
        "cfxtest" => Some(TESTNET),
        _ => {
            let digits = net.strip_prefix("net")?;
            let network = digits.parse().ok()?;
            // One network, one text: `net1` and `net01` are not written.
            (prefix(network) == net).then_some(network)
        }
    }
}

fn kind_of(bytes: &[u8; 20]) -> &'static str {
    match bytes[0] >> 4 {
        0 if bytes == &[0; 20] => "type.null",
        0 => "type.builtin",
        1 => "type.user",
        8 => "type.contract",
        _ => "type.unknown",
    }
}

fn decode_body(net: &str, body: &str) -> Result<[u8; 20], &'static str> {
    let position = |letter: u8| LETTERS.iter().position(|known| *known == letter);
    let groups = body
        .bytes()
        .map(|letter| position(letter).and_then(|index| u8::try_from(index).ok()))
        .collect::<Option<Vec<u8>>>()
        .ok_or("it has a letter that CIP-37 does not use")?;
    if groups.len() != PAYLOAD_GROUPS + CHECKSUM_GROUPS {
        return Err("it needs 42 letters after the network");
    }
    let (payload, checksum) = groups.split_at(PAYLOAD_GROUPS);
    if polymod(net, payload, checksum) != 0 {
        return Err("its checksum is wrong");
    }
    // 34 groups hold 170 bits: two more than 21 bytes, and those are zero.
    let bit = |at: usize| (payload[at / 5] >> (4 - at % 5)) & 1;
    let byte =
        |index: usize| (0..8).fold(0, |value, offset| (value << 1) | bit(index * 8 + offset));
    if byte(0) != 0 || bit(168) != 0 || bit(169) != 0 {
        return Err("its version is not known");
    }
    Ok(std::array::from_fn(|index| byte(index + 1)))
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

/// The 40-bit checksum of CIP-37: zero for a whole address with its checksum.
fn polymod(net: &str, payload: &[u8], checksum: &[u8]) -> u64 {
    const GENERATOR: [u64; 5] = [
        0x98_f2bc_8e61,
        0x79_b76d_99e2,
        0xf3_3e5f_b3c4,
        0xae_2eab_e2a8,
        0x1e_4f43_e470,
    ];
    let prefix = net.bytes().map(|byte| byte & 0x1f).chain([0]);
    let groups = prefix.chain(payload.iter().copied());
    let sum = groups
        .chain(checksum.iter().copied())
        .fold(1_u64, |rest, group| {
            let shifted = ((rest & 0x07_ffff_ffff) << 5) ^ u64::from(group);
            (0..5).fold(shifted, |rest_now, bit| {
                let factor = if (rest >> (35 + bit)) & 1 == 1 {
                    GENERATOR[bit]
                } else {
                    0
                };
                rest_now ^ factor
            })
        });
    sum ^ 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex_bytes;

    fn core(hex: &str, network: u32) -> CoreAddress {
        CoreAddress::new(hex_bytes(hex).unwrap().try_into().unwrap(), network)
    }

    #[test]
    fn addresses_of_other_tools_come_out_the_same_both_ways() {
        for (hex, network, text) in [
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
        ] {
            assert_eq!(core(hex, network).to_string(), text);
            assert_eq!(text.parse::<CoreAddress>().unwrap(), core(hex, network));
            assert_eq!(core(hex, network).hex(), hex);
        }
    }

    #[test]
    fn any_network_has_its_own_text() {
        let address = core("0x106d49f8505410eb4e671d51f7d96d2c87807b09", 1234);
        let text = address.to_string();
        assert!(text.starts_with("net1234:aa"), "{text}");
        assert_eq!(text.parse::<CoreAddress>().unwrap(), address);
        assert_ne!(
            text.parse::<CoreAddress>().unwrap(),
            core(&address.hex(), 1029)
        );
    }

    #[test]
    fn the_verbose_form_is_read() {
        let short = "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p";
        let verbose = "CFX:TYPE.USER:AAJG4WT2MBMBB44SP6SZD783RY0JTAD5BEA80XDY7P";
        assert_eq!(verbose.parse::<CoreAddress>().unwrap().to_string(), short);
        let wrong = verbose.replace("USER", "CONTRACT");
        assert!(wrong.parse::<CoreAddress>().is_err());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "0x106d49f8505410eb4e671d51f7d96d2c87807b09",
            // One letter changed.
            "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7q",
            // The network changed, the checksum not.
            "cfxtest:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p",
            "net1029:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p",
            "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7",
            "cfx:Aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p",
            "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p:",
            "net01:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p",
        ] {
            assert!(text.parse::<CoreAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_creation_has_one_address_per_sender_nonce_and_code() {
        let sender = core("0x106d49f8505410eb4e671d51f7d96d2c87807b09", 1);
        let first = CoreAddress::of_creation(sender, 0, &[1, 2, 3]);
        assert_eq!(first.bytes()[0] >> 4, 8);
        assert_ne!(first, CoreAddress::of_creation(sender, 1, &[1, 2, 3]));
        assert_ne!(first, CoreAddress::of_creation(sender, 0, &[1, 2]));
        // Worked out by hand: the nonce is little-endian, in 32 bytes.
        let mut image = vec![0];
        image.extend(sender.bytes());
        image.push(7);
        image.extend([0; 31]);
        image.extend(keccak256([1]));
        let expected = &keccak256(image)[13..];
        assert_eq!(
            &CoreAddress::of_creation(sender, 7, &[1]).bytes()[1..],
            expected
        );
    }
}
