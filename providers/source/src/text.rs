//! Small text work that several modules share.
//!
//! - Reads: strings and JSON values.
//! - Returns: hashes, hex, shortened and canonical text, close names.
//! - Never: fails.

use serde_json::Value;
use sha3::{Digest, Keccak256};

/// Returns the keccak-256 hash of the parts, each with its length before it.
pub(crate) fn hash_keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Returns bytes as lower-case hex without a prefix.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}

/// Returns JSON as text with sorted keys, whatever order the value keeps them in.
pub(crate) fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let fields: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| {
                    format!("{}:{}", Value::from(key.as_str()), canonical_json(value))
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items
                    .iter()
                    .map(canonical_json)
                    .collect::<Vec<_>>()
                    .join(",")
            )
        }
        other => other.to_string(),
    }
}

/// Cuts text to at most `limit` bytes and says so; whitespace at the ends goes.
pub(crate) fn shorten_text(text: &str, limit: usize) -> String {
    let text = text.trim();
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} …", text[..end].trim_end())
}

/// Returns the candidate that is closest to the name, if one is close at all.
pub(crate) fn closest_name<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::levenshtein(&wanted, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= wanted.chars().count().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_does_not_depend_on_the_order_of_keys() {
        let one: Value = serde_json::from_str(r#"{"b":[{"z":1,"y":"ü\n"}],"a":null}"#).unwrap();
        assert_eq!(
            canonical_json(&one),
            r#"{"a":null,"b":[{"y":"ü\n","z":1}]}"#
        );
    }

    #[test]
    fn keccak_tells_apart_how_parts_are_cut() {
        assert_ne!(hash_keccak(&[b"ab", b"c"]), hash_keccak(&[b"a", b"bc"]));
        assert_eq!(encode_hex(&[0, 15, 171]), "000fab");
    }

    #[test]
    fn a_close_name_is_found_and_a_far_one_is_not() {
        let names = ["PoSPool", "PoolManager", "Proxy1967"];
        assert_eq!(closest_name("PosPool", names), Some("PoSPool"));
        assert_eq!(closest_name("PoolManger", names), Some("PoolManager"));
        assert_eq!(closest_name("Bridge", names), None);
    }

    #[test]
    fn shortened_text_ends_between_characters() {
        assert_eq!(shorten_text("  short ", 10), "short");
        assert_eq!(shorten_text("aüüü", 4), "aü …");
    }
}
