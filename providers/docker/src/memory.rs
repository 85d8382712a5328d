//! Amounts of memory, as Docker writes them.

/// Reads an amount of memory such as `16g`, in bytes.
pub(crate) fn parse_memory(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: i64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

/// Writes an amount of memory in the largest unit that fits.
pub(crate) fn format_memory(bytes: i64) -> String {
    [(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")]
        .into_iter()
        .find(|(unit, _)| bytes % unit == 0)
        .map_or_else(
            || bytes.to_string(),
            |(unit, name)| format!("{}{name}", bytes / unit),
        )
}

/// The share of a host's memory that a node may use while its spec does not say it, in per cent: beside it the host lives.
pub(crate) const SHARE: i64 = 80;
/// In steps of this, so that a host that counts a little of its memory otherwise after a reboot is the same host.
const STEP: i64 = 1 << 28;

/// That share in bytes; nothing on a host that is too small for a share to mean anything.
pub(crate) fn share_of_host(memory: i64) -> Option<i64> {
    let share = memory / 100 * SHARE;
    Some(share - share % STEP).filter(|share| *share > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_host_is_whole_steps_of_four_fifths() {
        let shares = [
            (32 << 30, Some("26112m")),
            ((32 << 30) - 5_000_000, Some("26112m")),
            (16 << 30, Some("13056m")),
            (100 << 20, None),
            (0, None),
            (-1, None),
        ];
        for (host, share) in shares {
            let found = share_of_host(host).map(format_memory);
            assert_eq!(found.as_deref(), share, "{host}");
        }
        assert!(share_of_host(i64::MAX).is_some());
    }

    #[test]
    fn memory_has_one_normal_form() {
        for (text, normal) in [
            ("16g", "16g"),
            ("16384m", "16g"),
            ("1536M", "1536m"),
            ("1025", "1025"),
        ] {
            assert_eq!(
                parse_memory(text).map(format_memory).as_deref(),
                Some(normal),
                "{text}"
            );
        }
        for text in ["", "g", "1.5g", "-1g", "1t", "9999999999999g"] {
            assert_eq!(parse_memory(text), None, "{text}");
        }
    }
}
