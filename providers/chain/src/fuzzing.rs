//! The narrow way in for the fuzz targets (`tests/fuzz`): readers that are pure and not public otherwise.
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: what the reader made of them; a broken promise is a panic.
//! - Never: is called by the program.

use serde_json::Value as Json;

use crate::abi::{self, Argument};
use crate::register_data::RegisterData;
use crate::settings::{self, TABLES};
use crate::text;

/// Checked call data of a registration: its identifier and its bytes; `None` if the text is refused.
#[must_use]
pub fn register_data(text: &str) -> Option<([u8; 32], Vec<u8>)> {
    let data = RegisterData::read(text).ok()?;
    assert!(data.clone().expect(data.identifier).is_ok());
    Some((data.identifier, data.bytes))
}

/// Reads an answer of a contract in every way there is.
pub fn contract_answer(answer: &[u8]) {
    // What was read must be read again from its own encoding.
    let written = |argument: Argument| abi::arguments(&[argument]);
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
    for setting in TABLES.iter().flat_map(|table| table.settings) {
        let _ = setting.read(answer, 1).to_string();
    }
}

/// Reads the JSON of an ABI the way a deployment does.
pub fn contract_abi(text: &str) {
    let _ = abi::has_plain_function(text, "initialize");
    let _ = abi::constructor_parameters(text);
}

/// Reads small texts: a share ratio, hex, a quantity.
pub fn texts(text: &str) {
    if let Some(parts) = settings::parse_ratio(text) {
        assert!((1..=10_000).contains(&parts));
    }
    if let Some(bytes) = text::hex_bytes(text) {
        assert_eq!(text::hex_bytes(&text::hex_text(&bytes)), Some(bytes));
    }
    if let Some(number) = text::read_quantity(&Json::from(text)) {
        assert_eq!(
            text::read_quantity(&Json::from(text::quantity(number))),
            Some(number)
        );
    }
}
