//! A spec with one more line.
//!
//! - Reads: the text, and where a block begins.
//! - Returns: the text with a line as the first one of that block; `None` where the block has no lines of its own.
//! - Never: touches anything else of it: comments, order and blanks are the user's.

use std::ops::Range;

/// Puts a line in front of all others of a block; `header` is the place of the block's first line.
#[must_use]
pub fn add_line(text: &str, header: &Range<usize>, line: &str) -> Option<String> {
    let open = header.start + text.get(header.start..)?.find('{')? + 1;
    let (before, after) = text.split_at(open);
    // What stands on the line of the brace may be a comment; an attribute there ends with the block on the same line.
    let rest = after.lines().next().unwrap_or_default().trim_start();
    if !rest.is_empty() && !rest.starts_with('#') && !rest.starts_with("//") {
        return None;
    }
    let end = after.find('\n')?;
    let (header, body) = after.split_at(end);
    let newline = if header.ends_with('\r') { "\r\n" } else { "\n" };
    let header = header.trim_end_matches('\r');
    let body = body.strip_prefix('\n')?;
    Some(format!("{before}{header}{newline}  {line}{newline}{body}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str) -> Option<String> {
        let start = text.find("core").unwrap();
        add_line(text, &(start..start + 4), "address = \"x\"")
    }

    #[test]
    fn the_line_comes_first_and_nothing_else_moves() {
        let text = "# {\ncore_contract \"a\" { # mine\n\n  code = 1 # one\n}\n";
        let edited = add(text).unwrap();
        assert_eq!(
            edited,
            "# {\ncore_contract \"a\" { # mine\n  address = \"x\"\n\n  code = 1 # one\n}\n"
        );
        let edited = add("core_contract \"a\" {\r\n  code = 1\r\n}\r\n").unwrap();
        assert_eq!(
            edited,
            "core_contract \"a\" {\r\n  address = \"x\"\r\n  code = 1\r\n}\r\n"
        );
    }

    #[test]
    fn a_block_on_one_line_is_left_alone() {
        assert_eq!(add("core_contract \"a\" { code = 1 }\n"), None);
        assert_eq!(add("core_contract \"a\" {}\n"), None);
        assert_eq!(add("core_contract \"a\" {"), None);
    }
}
