//! The licence of a source, as explorers count them.
//!
//! - Reads: the line `SPDX-License-Identifier` of a source.
//! - Returns: a number from 1 (none) to 14.
//! - Never: guesses: what is not in the table is none.

/// Identifiers of SPDX, without `-only` and `-or-later`, and the numbers of explorers.
const LICENCES: &[(&str, u8)] = &[
    ("UNLICENSE", 2),
    ("MIT", 3),
    ("GPL-2.0", 4),
    ("GPL-3.0", 5),
    ("LGPL-2.1", 6),
    ("LGPL-3.0", 7),
    ("BSD-2-CLAUSE", 8),
    ("BSD-3-CLAUSE", 9),
    ("MPL-2.0", 10),
    ("OSL-3.0", 11),
    ("APACHE-2.0", 12),
    ("AGPL-3.0", 13),
    ("BUSL-1.1", 14),
];
const NONE: u8 = 1;

/// Returns the number for a source.
pub(super) fn licence_number(source: &str) -> u8 {
    let identifier = source
        .lines()
        .find_map(|line| line.split_once("SPDX-License-Identifier:"))
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap_or_default()
        .to_ascii_uppercase();
    let bare = ["-ONLY", "-OR-LATER"]
        .iter()
        .find_map(|end| identifier.strip_suffix(end))
        .unwrap_or(&identifier);
    let known = LICENCES.iter().find(|(name, _)| *name == bare);
    known.map_or(NONE, |(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_with_a_licence_counts() {
        let table = [
            ("// SPDX-License-Identifier: MIT\npragma", 3),
            ("/* SPDX-License-Identifier: LGPL-3.0-or-later */", 7),
            ("//SPDX-License-Identifier: BUSL-1.1", 14),
            ("// SPDX-License-Identifier: UNLICENSED", 1),
            ("pragma solidity ^0.8.4;", 1),
        ];
        for (source, expected) in table {
            assert_eq!(licence_number(source), expected, "{source}");
        }
    }
}
