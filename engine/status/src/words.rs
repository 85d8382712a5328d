//! Figures in words.

use std::fmt::Write as _;

/// `3 h 12 min`, `2 d 4 h`, `45 s`: the two largest units that say something.
#[must_use]
pub fn format_duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".to_owned();
    };
    let (unit, name) = UNITS[first];
    let mut text = format!("{} {name}", seconds / unit);
    if let Some((smaller, name)) = UNITS.get(first + 1) {
        let rest = seconds % unit / smaller;
        if rest > 0 {
            let _ = write!(text, " {rest} {name}");
        }
    }
    text
}

/// `1 vote works`, `50 votes work`.
#[must_use]
pub(crate) fn format_working_votes(votes: u64) -> String {
    match votes {
        1 => "1 vote works".to_owned(),
        votes => format!("{votes} votes work"),
    }
}

/// `just now`, `12 s ago`.
#[must_use]
pub fn format_age(seconds: u64) -> String {
    match seconds {
        0..=2 => "just now".to_owned(),
        _ => format!("{} ago", format_duration(seconds)),
    }
}

/// `1.2 TB`, `640 GB`, `12 MB`, in units of a thousand.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1000, "kB"),
    ];
    let found = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    let Some((unit, name)) = found else {
        return format!("{bytes} bytes");
    };
    let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
    if whole < 10 {
        format!("{whole}.{tenth} {name}")
    } else {
        format!("{whole} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (45, "45 s"),
            (60, "1 min"),
            (11_520, "3 h 12 min"),
            (187_200, "2 d 4 h"),
            (86_401, "1 d"),
        ] {
            assert_eq!(format_duration(seconds), text);
        }
        assert_eq!(
            (format_age(1), format_age(90)),
            ("just now".into(), "1 min 30 s ago".into())
        );
    }

    #[test]
    fn bytes_are_in_units_of_a_thousand() {
        for (bytes, text) in [
            (999, "999 bytes"),
            (1_250_000_000_000, "1.2 TB"),
            (640_000_000_000, "640 GB"),
            (12_900_000, "12 MB"),
        ] {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
