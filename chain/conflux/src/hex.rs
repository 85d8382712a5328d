//! Hex digits as nodes write them.

use ethers_core::utils::hex;

/// Writes bytes as `0x` and lower-case digits.
#[must_use]
pub fn hex_text(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// Reads hex digits, with or without `0x`.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}

/// Reads exactly 32 bytes.
#[must_use]
pub fn hex_word(text: &str) -> Option<[u8; 32]> {
    hex_bytes(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_with_and_without_its_prefix() {
        assert_eq!(hex_bytes("0x00ff"), Some(vec![0, 255]));
        assert_eq!(hex_bytes("00FF"), Some(vec![0, 255]));
        assert_eq!(hex_bytes("0"), None);
        assert_eq!(hex_text(&[0, 255]), "0x00ff");
        assert_eq!(hex_word("0x00"), None);
    }
}
