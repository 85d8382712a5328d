//! The small part of TOML that a node's configuration uses: one `key = value` a line, no tables.
//!
//! - Reads: a private network's `node.toml`; values of specs.
//! - Returns: lines in order; text that conflux-rust's parser reads.
//! - Never: understands more than that; what it does not understand is refused, not guessed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pospool_model::Value;

/// One line: key, and the value as TOML text.
pub(crate) type TomlLine = (String, String);

/// Reads a flat TOML text.
pub(crate) fn parse_flat(text: &str) -> Result<Vec<TomlLine>, String> {
    let mut lines: Vec<TomlLine> = Vec::new();
    let mut known = BTreeSet::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = number + 1;
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| format!("line {at} is not `key = value`"))?;
        let (key, value) = (key.trim(), value.trim());
        if !is_key(key) {
            return Err(format!(
                "line {at}: `{key}` is not a key of a node's configuration"
            ));
        }
        if !is_complete(value) {
            return Err(format!(
                "line {at}: the value of `{key}` does not end on its line"
            ));
        }
        if !known.insert(key) {
            return Err(format!("line {at}: `{key}` is there twice"));
        }
        lines.push((key.to_owned(), value.to_owned()));
    }
    Ok(lines)
}

/// Writes lines as TOML.
pub(crate) fn write_toml(lines: &[TomlLine]) -> String {
    let mut text = String::new();
    for (key, value) in lines {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

/// Whether a text may be a key: lower-case letters, digits and `_`.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Writes a value of a spec as TOML; `None` if it has no such form.
pub(crate) fn toml_value(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Text(text) => Some(toml_string(text)),
        Value::List(list) => {
            let items: Option<Vec<String>> = list.iter().map(self::toml_value).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    }
}

/// Writes a TOML string.
pub(crate) fn toml_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns the text of a plain string value.
pub(crate) fn plain_string(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains(['"', '\\'])).then_some(inner)
}

/// Whether a value ends on its line, as far as quotes and brackets tell.
fn is_complete(value: &str) -> bool {
    if value.is_empty()
        || value.starts_with("\"\"\"")
        || value.starts_with("'''")
        || value.starts_with('{')
    {
        return false;
    }
    let opened = value.matches('[').count();
    let balanced = value.starts_with(['"', '\'']) || opened == value.matches(']').count();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.len() > 1 && value.ends_with(quote),
        _ => balanced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_files_are_read_and_written() {
        let text = "# rules\nmode = \"dev\"\n\nchain_id=1234\nlist = [1, 2]\n";
        let lines = parse_flat(text).unwrap();
        assert_eq!(
            write_toml(&lines),
            "mode = \"dev\"\nchain_id = 1234\nlist = [1, 2]\n"
        );
    }

    #[test]
    fn what_is_not_flat_is_refused() {
        for text in [
            "[table]\na = 1",
            "a = [1,\n2]",
            "a = \"\"\"x",
            "a",
            "a = 1\na = 2",
            "A = 1",
            "a =",
        ] {
            assert!(parse_flat(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strings_cannot_leave_their_quotes() {
        assert_eq!(toml_string("a\"\nb = 1\\"), "\"a\\\"\\u000Ab = 1\\\\\"");
        assert_eq!(plain_string("\"./x\""), Some("./x"));
        assert_eq!(plain_string("1"), None);
    }
}
