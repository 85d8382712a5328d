//! Small forms: addresses, amounts, names, answers of contracts, call data of a registration.
//!
//! - Reads: any bytes.
//! - Checks: no panic; whatever is accepted is written and read as the same; call data of a registration is exactly
//!   what its form says.

use std::fmt::Write as _;
use std::ops::Range;

use pospool_chain::address::CoreAddress;
use pospool_chain::fuzzing as chain;
use pospool_docker::fuzzing as docker;
use pospool_model::{Address, Drip, SecretRef, Value};
use sha3::{Digest as _, Keccak256};

/// One run.
pub fn run(bytes: &[u8]) {
    chain::contract_answer(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    chain::texts(text);
    chain::contract_abi(text);
    docker::texts(text);
    if let Ok(address) = text.parse::<CoreAddress>() {
        let written = address.to_string();
        assert_eq!(written.parse().as_ref(), Ok(&address));
        let network = written.split(':').next().unwrap_or_default();
        assert!(text.to_ascii_lowercase().starts_with(network));
    }
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text);
        assert_eq!(format!("{}.{}", address.kind(), address.label()), text);
    }
    if let Some(drip) = Drip::parse_cfx(text) {
        let written = drip.to_string();
        assert_eq!(
            Drip::parse_cfx(written.trim_end_matches(" CFX")),
            Some(drip)
        );
    }
    if let Ok(reference) = SecretRef::try_from(text.to_owned()) {
        assert_eq!(reference.to_string(), text);
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let written = serde_json::to_string(&value).expect("a value has a JSON form");
        assert_eq!(
            serde_json::from_str::<Value>(&written).ok().as_ref(),
            Some(&value)
        );
        let _ = (value.to_string(), value.has_unknown());
    }
}

/// First bytes of `register(bytes32,uint64,bytes,bytes,bytes[2])`.
const SELECTOR: [u8; 4] = [0xe3, 0x35, 0xb4, 0x51];
/// Where the parts of good call data are: identifier, votes, BLS key with its length, VRF key with its length.
const IDENTIFIER: Range<usize> = 4..36;
const VOTES: Range<usize> = 36..68;
const BLS_LENGTH: Range<usize> = 164..196;
const BLS_KEY: Range<usize> = 196..244;
const VRF_LENGTH: Range<usize> = 260..292;
const VRF_KEY: Range<usize> = 292..325;

/// One run with the call data of a registration: the text itself; or, behind a `+`, its bytes, in which the
/// identifier is made to fit, since no fuzzer finds a hash.
pub fn register_data(bytes: &[u8]) {
    let Some((b'+', raw)) = bytes.split_first() else {
        if let Ok(text) = std::str::from_utf8(bytes) {
            registration(text);
        }
        return;
    };
    let mut raw = raw.to_vec();
    registration(&hex(&raw));
    if raw.len() > VRF_KEY.end {
        let identifier = identifier(&raw);
        raw[..4].copy_from_slice(&SELECTOR);
        raw[IDENTIFIER].copy_from_slice(&identifier);
        registration(&hex(&raw));
    }
}

/// Checks call data that is accepted against its form, byte by byte.
fn registration(text: &str) {
    let Some((found, bytes)) = chain::register_data(text) else {
        return;
    };
    let digits = text.trim().trim_start_matches("0x").to_ascii_lowercase();
    assert_eq!(hex(&bytes)[2..], digits);
    assert_eq!(bytes[..4], SELECTOR);
    assert_eq!(bytes[IDENTIFIER], found);
    assert_eq!(found, identifier(&bytes));
    for (range, number) in [(VOTES, 1), (BLS_LENGTH, 48), (VRF_LENGTH, 33)] {
        let (last, zeros) = bytes[range].split_last().expect("32 bytes");
        assert!(*last == number && zeros.iter().all(|&byte| byte == 0));
    }
    assert_eq!(chain::register_data(&hex(&bytes)), Some((found, bytes)));
}

fn identifier(bytes: &[u8]) -> [u8; 32] {
    let keys = [&bytes[BLS_KEY], &bytes[VRF_KEY]].concat();
    Keccak256::digest(keys).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
