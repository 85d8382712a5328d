//! Numbers as nodes write them in JSON: `"0x1f"` is one, and `"31"` is not.

use serde_json::Value as Json;

/// Writes a number the way the node reads it.
#[must_use]
pub fn quantity_text(number: u128) -> String {
    format!("{number:#x}")
}

/// Reads a number such as `"0x1f"`.
#[must_use]
pub fn read_quantity(json: &Json) -> Option<u128> {
    let digits = json.as_str()?.strip_prefix("0x")?;
    if digits.starts_with('+') {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

/// Reads a number of 64 bits.
#[must_use]
pub fn read_u64(json: &Json) -> Option<u64> {
    read_quantity(json)?.try_into().ok()
}

/// Reads a number of 64 bits from a field of an object.
#[must_use]
pub fn field_u64(json: &Json, field: &str) -> Option<u64> {
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
        assert_eq!(quantity_text(31), "0x1f");
    }
}
