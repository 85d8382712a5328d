//! Small forms: addresses, amounts, names, answers of contracts, call data of a registration.
//!
//! - Reads: any bytes.
//! - Checks: no panic; whatever is accepted is written and read as the same; call data of a registration is exactly
//!   what its form says.

use std::ops::Range;

use pospool_chain::fuzzing as chain;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_conflux::{CoreAddress, RegisterData};
use pospool_conflux_rpc::quantity::{quantity_text, read_quantity};
use pospool_docker::fuzzing as docker;
use pospool_model::{Address, Drip, SecretRef, Value};
use sha3::{Digest as _, Keccak256};

/// One run.
pub fn fuzz_texts(bytes: &[u8]) {
    contract_answer(bytes);
    chain::read_as_settings(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    chain::read_ratio(text);
    hex_and_numbers(text);
    contract_abi(text);
    docker::fuzz_texts(text);
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
        let written = drip.plain();
        assert_eq!(drip.to_string().replace(',', ""), written);
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

/// Reads an answer of a contract in every way there is; what was read must be read again from its own encoding.
fn contract_answer(answer: &[u8]) {
    let written = |argument: Argument| abi::encode_arguments(&[argument]);
    if let Some(text) = abi::read_text(answer) {
        let again = abi::read_text(&written(Argument::Text(text.clone())));
        assert_eq!(again, Some(text));
    }
    if let Some(number) = abi::read_number(answer) {
        let again = abi::read_number(&written(Argument::Number(number)));
        assert_eq!(again, Some(number));
    }
    if let Some(address) = abi::read_address(answer) {
        let again = abi::read_address(&written(Argument::Address(address)));
        assert_eq!(again, Some(address));
    }
    let _ = (
        abi::read_bool(answer),
        abi::read_word(answer),
        abi::read_addresses(answer),
    );
    let _ = abi::revert_reason(answer);
}

/// Reads the JSON of an ABI the way a deployment does.
pub(crate) fn contract_abi(text: &str) {
    let _ = abi::has_plain_function(text, "initialize");
    let _ = abi::constructor_parameters(text);
}

fn hex_and_numbers(text: &str) {
    if let Some(bytes) = hex_bytes(text) {
        assert_eq!(hex_bytes(&hex_text(&bytes)), Some(bytes));
    }
    if let Some(number) = read_quantity(&serde_json::Value::from(text)) {
        let written = quantity_text(number);
        assert_eq!(
            read_quantity(&serde_json::Value::from(written)),
            Some(number)
        );
    }
}

/// Checked call data of a registration: its identifier and its bytes; `None` if the text is refused.
fn checked(text: &str) -> Option<([u8; 32], Vec<u8>)> {
    let data = RegisterData::read(text).ok()?;
    assert!(data.clone().expect(data.identifier).is_ok());
    Some((data.identifier, data.bytes))
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
    registration(&hex_text(&raw));
    if raw.len() > VRF_KEY.end {
        let identifier = identifier(&raw);
        raw[..4].copy_from_slice(&SELECTOR);
        raw[IDENTIFIER].copy_from_slice(&identifier);
        registration(&hex_text(&raw));
    }
}

/// Checks call data that is accepted against its form, byte by byte.
fn registration(text: &str) {
    let Some((found, bytes)) = checked(text) else {
        return;
    };
    let digits = text.trim().trim_start_matches("0x").to_ascii_lowercase();
    assert_eq!(hex_text(&bytes)[2..], digits);
    assert_eq!(bytes[..4], SELECTOR);
    assert_eq!(bytes[IDENTIFIER], found);
    assert_eq!(found, identifier(&bytes));
    for (range, number) in [(VOTES, 1), (BLS_LENGTH, 48), (VRF_LENGTH, 33)] {
        let (last, zeros) = bytes[range].split_last().expect("32 bytes");
        assert!(*last == number && zeros.iter().all(|&byte| byte == 0));
    }
    assert_eq!(checked(&hex_text(&bytes)), Some((found, bytes)));
}

fn identifier(bytes: &[u8]) -> [u8; 32] {
    let keys = [&bytes[BLS_KEY], &bytes[VRF_KEY]].concat();
    Keccak256::digest(keys).into()
}
