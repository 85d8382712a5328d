//! Hex digits and the JSON forms of numbers that the node speaks.
//!
//! - Reads: text and JSON of the node.
//! - Returns: bytes and numbers, or `None` when the text is not one.
//! - Never: guesses; `"31"` is not a quantity, `"0x1f"` is.

use ethers_core::utils::hex;
use serde_json::Value as Json;

/// Writes bytes as `0x` and lower-case digits.
pub(crate) fn hex_text(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// Reads hex digits, with or without `0x`.
pub(crate) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}

/// Reads exactly 32 bytes.
pub(crate) fn hex_word(text: &str) -> Option<[u8; 32]> {
    hex_bytes(text)?.try_into().ok()
}

/// Writes a number the way the node reads it.
pub(crate) fn quantity(number: u128) -> String {
    format!("{number:#x}")
}

/// Reads a number such as `"0x1f"`.
pub(crate) fn read_quantity(json: &Json) -> Option<u128> {
    let digits = json.as_str()?.strip_prefix("0x")?;
    if digits.starts_with('+') {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

/// Reads a number of 64 bits.
pub(crate) fn read_u64(json: &Json) -> Option<u64> {
    read_quantity(json)?.try_into().ok()
}

/// Reads a number of 64 bits from a field of an object.
pub(crate) fn field_u64(json: &Json, field: &str) -> Option<u64> {
    read_u64(json.get(field)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_hex_and_nothing_else() {
        assert_eq!(read_u64(&json!("0x1f")), Some(31));
        assert_eq!(read_u64(&json!("31")), None);
        assert_eq!(read_u64(&json!(31)), None);
        assert_eq!(read_u64(&json!("0x+1")), None);
        assert_eq!(read_u64(&json!("0x1ffffffffffffffff")), None);
        assert_eq!(quantity(31), "0x1f");
    }

    #[test]
    fn hex_is_read_with_and_without_its_prefix() {
        assert_eq!(hex_bytes("0x00ff"), Some(vec![0, 255]));
        assert_eq!(hex_bytes("00FF"), Some(vec![0, 255]));
        assert_eq!(hex_bytes("0"), None);
        assert_eq!(hex_text(&[0, 255]), "0x00ff");
        assert_eq!(hex_word("0x00"), None);
    }
}
