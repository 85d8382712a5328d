//! Free space of a disk, and amounts of bytes in words.
//!
//! - Reads: the file system that a path is on, or would be on.
//! - Returns: bytes; texts for people.
//! - Never: counts what only root may use.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::time_text::format_time;

/// Free bytes on the disk of a path, or of the nearest folder above it that is there; and the disk's number.
pub(super) fn free_space(path: &Path) -> Option<(u64, u64)> {
    let there = path.ancestors().find(|it| it.exists())?;
    let found = rustix::fs::statvfs(there).ok()?;
    let disk = rustix::fs::stat(there).ok()?;
    Some((found.f_bavail.saturating_mul(found.f_frsize), disk.st_dev))
}

/// An amount of bytes: `1.4 GB`.
pub(super) fn format_bytes(number: u64) -> String {
    let units = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let unit = units.iter().find(|(unit, _)| number >= *unit);
    match unit {
        None => format!("{number} B"),
        Some((unit, name)) => {
            let tenths = number / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

/// How far something is: bytes, rate, and the time that is left.
pub(super) fn format_progress(
    what: &str,
    done: u64,
    total: u64,
    since: u64,
    elapsed: Duration,
) -> String {
    let mut line = format!("{what}: {} of {}", format_bytes(done), format_bytes(total));
    let moved = done.saturating_sub(since);
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if moved > 0 && millis >= 1000 {
        let rate = (u128::from(moved) * 1000 / u128::from(millis)).max(1);
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        let left = format_time(total.saturating_sub(done) / rate);
        // Writing to a text cannot fail.
        let _ = write!(line, ", {}/s, {left} left", format_bytes(rate));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (999_999, "999.9 kB"),
            (200_000_000_000, "200.0 GB"),
            (1_400_000_000_000, "1.4 TB"),
        ] {
            assert_eq!(format_bytes(number), text);
        }
    }

    #[test]
    fn the_time_left_goes_by_what_came_since_the_start() {
        let line = |done, since, seconds| {
            format_progress(
                "fetch",
                done,
                1_000_000_000,
                since,
                Duration::from_secs(seconds),
            )
        };
        assert_eq!(
            line(600_000_000, 500_000_000, 10),
            "fetch: 600.0 MB of 1.0 GB, 10.0 MB/s, 40 s left"
        );
        assert_eq!(
            line(500_000_000, 500_000_000, 10),
            "fetch: 500.0 MB of 1.0 GB"
        );
    }

    #[test]
    fn free_space_is_known_also_of_a_folder_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let (bytes, disk) = free_space(folder.path()).unwrap();
        assert!(bytes > 0);
        let deeper = folder.path().join("a/b/c");
        assert_eq!(free_space(&deeper).unwrap().1, disk);
    }
}
