//! Times in words.

/// A time for people: `3 h 4 min`.
pub(crate) fn format_time(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        for (seconds, text) in [(5, "5 s"), (65, "1 min"), (7_380, "2 h 3 min")] {
            assert_eq!(format_time(seconds), text);
        }
    }
}
