//! The search for marks in bytes.
//!
//! - Reads: bytes, and the name of the place where they stood.
//! - Returns: what was found, by place, secret and form.
//! - Never: shows what it found, or the bytes around it.

use std::collections::BTreeMap;
use std::fmt;

use super::marks::Mark;

/// A secret in a place where it must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Where, such as `plan --json: standard output`.
    pub(super) place: String,
    /// Which secret.
    pub(super) secret: &'static str,
    /// How it was written there.
    pub(super) form: String,
    /// First byte of it in that place.
    pub(super) offset: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            secret,
            form,
            offset,
        } = self;
        write!(f, "{place}: {secret}, {form}, at byte {offset}")
    }
}

/// All marks, and a table that tells how far a search may jump.
///
/// It looks at the last two bytes of a window that is as long as the shortest mark. Where
/// no mark has those two bytes, the window moves by its whole length (Wu and Manber).
pub(super) struct Scanner {
    marks: Vec<Mark>,
    window: usize,
    jumps: Vec<usize>,
    /// Marks by the last two bytes of their first window.
    ends: BTreeMap<usize, Vec<usize>>,
}

impl Scanner {
    pub(super) fn new(marks: Vec<Mark>) -> Self {
        let window = marks.iter().map(|mark| mark.bytes.len()).min().unwrap();
        let mut jumps = vec![window - 1; 1 << 16];
        let mut ends: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, mark) in marks.iter().enumerate() {
            for end in 2..=window {
                let jump = &mut jumps[pair(&mark.bytes, end)];
                *jump = (*jump).min(window - end);
            }
            let end = pair(&mark.bytes, window);
            ends.entry(end).or_default().push(index);
        }
        Self {
            marks,
            window,
            jumps,
            ends,
        }
    }

    /// Finds the first place of each mark in these bytes.
    pub(super) fn scan(&self, place: &str, bytes: &[u8]) -> Vec<Finding> {
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        let mut end = self.window;
        while end <= bytes.len() {
            let last = pair(bytes, end);
            let jump = self.jumps[last];
            if jump == 0 {
                let start = end - self.window;
                let here = self.ends.get(&last).into_iter().flatten();
                for &mark in here.filter(|&&mark| self.stands(mark, &bytes[start..])) {
                    found.entry(mark).or_insert(start);
                }
            }
            end += jump.max(1);
        }
        let finding = |(mark, offset): (usize, usize)| Finding {
            place: place.to_owned(),
            secret: self.marks[mark].secret,
            form: self.marks[mark].form.clone(),
            offset,
        };
        found.into_iter().map(finding).collect()
    }

    fn stands(&self, mark: usize, bytes: &[u8]) -> bool {
        let mark = &self.marks[mark].bytes;
        bytes
            .get(..mark.len())
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(mark))
    }
}

/// The two bytes before `end` as one number, small and large letters alike.
fn pair(bytes: &[u8], end: usize) -> usize {
    let [first, second] = [bytes[end - 2], bytes[end - 1]].map(|byte| byte.to_ascii_lowercase());
    usize::from(first) << 8 | usize::from(second)
}

#[cfg(test)]
mod tests {
    use super::super::marks;
    use super::*;

    const KEY: &str = "9f3b27c1d40e85aa61f07d2cb8934e55c0de17a2438bfe9906d1b3c75fa2e841";
    /// Its runs of letters and digits are too short to be searched for alone.
    const TEXT: &str = "marked \"4c7e11d9\" \\52ab80f3 ä +/% 19d6c3aa";

    fn scanner() -> Scanner {
        let key = marks::of_key("key", KEY);
        let text = marks::of_text("text", TEXT);
        Scanner::new(key.into_iter().chain(text).collect())
    }

    fn forms(scanner: &Scanner, bytes: &[u8]) -> Vec<String> {
        let found = scanner.scan("x", bytes);
        found.into_iter().map(|finding| finding.form).collect()
    }

    /// Written by Python's `base64`, `json` and `urllib`, not by the code under test.
    const WRITTEN: &[(&str, &str)] = &[
        (
            "as digits",
            "0x9F3b27C1D40E85AA61F07D2CB8934E55C0DE17A2438BFE9906D1B3C75FA2E841",
        ),
        (
            "as digits",
            "9f3b27c1d40e85aa61f07d2cb8934e55c0de17a2438bfe9906d1b3c75fa2e841",
        ),
        (
            "first half of the digits",
            "0x9f3b27c1d40e85aa61f07d2cb8934e55…",
        ),
        (
            "second half of the digits",
            "…c0de17a2438bfe9906d1b3c75fa2e841",
        ),
        (
            "bytes, in base64",
            "nzsnwdQOhaph8H0suJNOVcDeF6JDi/6ZBtGzx1+i6EE=",
        ),
        (
            "bytes, in base64, 1 byte later",
            "a587J8HUDoWqYfB9LLiTTlXA3heiQ4v+mQbRs8dfouhB",
        ),
        (
            "bytes, in base64, 2 bytes later",
            "a2WfOyfB1A6FqmHwfSy4k05VwN4XokOL/pkG0bPHX6LoQQ==",
        ),
        (
            "bytes, in base64 for URLs",
            "nzsnwdQOhaph8H0suJNOVcDeF6JDi_6ZBtGzx1-i6EE=",
        ),
        (
            "bytes, in base64 for URLs, 1 byte later",
            "a587J8HUDoWqYfB9LLiTTlXA3heiQ4v-mQbRs8dfouhB",
        ),
        (
            "bytes, in base64 for URLs, 2 bytes later",
            "a2WfOyfB1A6FqmHwfSy4k05VwN4XokOL_pkG0bPHX6LoQQ",
        ),
        (
            "bytes, in a URL",
            "%9F%3B%27%C1%D4%0E%85%AAa%F0%7D%2C%B8%93NU%C0%DE%17%A2C%8B%FE%99%06%D1%B3%C7_%A2%E8A",
        ),
        (
            "bytes, as a list of numbers",
            "[159, 59, 39, 193, 212, 14, 133, 170, 97, 240, 125, 44, 184, 147, 78, 85, 192, 222, 23, 162, 67, 139, \
             254, 153, 6, 209, 179, 199, 95, 162, 232, 65]",
        ),
        (
            "bytes, as a dense list of numbers",
            "[159,59,39,193,212,14,133,170,97,240,125,44,184,147,78,85,192,222,23,162,67,139,254,153,6,209,179,199,\
             95,162,232,65]",
        ),
        (
            "digits, in base64",
            "OWYzYjI3YzFkNDBlODVhYTYxZjA3ZDJjYjg5MzRlNTVjMGRlMTdhMjQzOGJmZTk5MDZkMWIzYzc1ZmEyZTg0MQ==",
        ),
        (
            // Of `0x` and the digits.
            "digits, in base64, 2 bytes later",
            "MHg5ZjNiMjdjMWQ0MGU4NWFhNjFmMDdkMmNiODkzNGU1NWMwZGUxN2EyNDM4YmZlOTkwNmQxYjNjNzVmYTJlODQx",
        ),
        (
            "capital digits, in base64",
            "OUYzQjI3QzFENDBFODVBQTYxRjA3RDJDQjg5MzRFNTVDMERFMTdBMjQzOEJGRTk5MDZEMUIzQzc1RkEyRTg0MQ==",
        ),
        (
            "digits, in hex",
            "39663362323763316434306538356161363166303764326362383933346535356330646531376132343338626665393930366431\
             623363373566613265383431",
        ),
        ("as it is", "marked \"4c7e11d9\" \\52ab80f3 ä +/% 19d6c3aa"),
        (
            "in JSON",
            r#"{"name":"marked \"4c7e11d9\" \\52ab80f3 ä +/% 19d6c3aa"}"#,
        ),
        (
            "in JSON of ASCII",
            r#""marked \"4c7e11d9\" \\52ab80f3 \u00e4 +/% 19d6c3aa""#,
        ),
        (
            "in JSON in JSON",
            r#""\"marked \\\"4c7e11d9\\\" \\\\52ab80f3 ä +/% 19d6c3aa\"""#,
        ),
        (
            "in JSON in JSON in JSON",
            r#""\"\\\"marked \\\\\\\"4c7e11d9\\\\\\\" \\\\\\\\52ab80f3 ä +/% 19d6c3aa\\\"\"""#,
        ),
        (
            "text, in base64",
            "bWFya2VkICI0YzdlMTFkOSIgXDUyYWI4MGYzIMOkICsvJSAxOWQ2YzNhYQ==",
        ),
        (
            "text, in base64, 1 byte later",
            "eG1hcmtlZCAiNGM3ZTExZDkiIFw1MmFiODBmMyDDpCArLyUgMTlkNmMzYWE=",
        ),
        (
            "text, in base64, 2 bytes later",
            "eHltYXJrZWQgIjRjN2UxMWQ5IiBcNTJhYjgwZjMgw6QgKy8lIDE5ZDZjM2Fh",
        ),
        (
            "text, in hex",
            "6D61726B65642022346337653131643922205C353261623830663320C3A4202B2F25203139643663336161",
        ),
        (
            "text, in a URL",
            "?p=marked%20%224c7e11d9%22%20%5C52ab80f3%20%c3%a4%20%2B%2F%25%2019d6c3aa&q",
        ),
        (
            "text, in a form",
            "marked+%224c7e11d9%22+%5C52ab80f3+%C3%A4+%2B%2F%25+19d6c3aa",
        ),
        (
            "text, as a list of hex numbers",
            "[6d, 61, 72, 6b, 65, 64, 20, 22, 34, 63, 37, 65, 31, 31, 64, 39, 22, 20, 5c, 35, 32, 61, 62, 38, 30, \
             66, 33, 20, c3, a4, 20, 2b, 2f, 25, 20, 31, 39, 64, 36, 63, 33, 61, 61]",
        ),
    ];

    #[test]
    fn what_other_tools_wrote_is_found_wherever_it_stands() {
        let scanner = scanner();
        for (form, written) in WRITTEN {
            for before in ["", "a", "ab\0", "some words before it, of no importance: "] {
                let bytes = format!("{before}{written}");
                let found = forms(&scanner, bytes.as_bytes());
                assert!(found.iter().any(|it| it == form), "{form}: {found:?}");
            }
        }
    }

    #[test]
    fn every_mark_is_found_at_its_place() {
        let scanner = scanner();
        assert!(scanner.marks.len() > WRITTEN.len());
        for mark in &scanner.marks {
            for before in 0..40 {
                let noise = vec![0xff; before];
                let bytes = [&noise[..], &mark.bytes, b"."].concat();
                let found = scanner.scan("x", &bytes);
                let finding = Finding {
                    place: "x".to_owned(),
                    secret: mark.secret,
                    form: mark.form.clone(),
                    offset: before,
                };
                assert!(found.contains(&finding), "{finding}: {found:?}");
            }
        }
    }

    #[test]
    fn letters_and_digits_of_a_text_survive_an_escape_that_nobody_thought_of() {
        let marks = marks::of_text("text", "marked \"0123456789abcdef\" <x>");
        let found = forms(
            &Scanner::new(marks),
            b"marked &quot;0123456789ABCDEF&quot; &lt;",
        );
        assert_eq!(found, ["part 1 of the text"]);
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        let scanner = scanner();
        let mut other = KEY.replace('9', "8");
        other.push_str(&KEY[..31]);
        for bytes in ["", "a", &other, "marked \"4c7e11d9\" 52ab80f3"] {
            assert_eq!(forms(&scanner, bytes.as_bytes()), [""; 0], "{bytes}");
        }
    }
}
