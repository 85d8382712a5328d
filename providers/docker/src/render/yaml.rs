//! The small part of YAML that a node's files use: maps, lists, texts and whole numbers, in blocks.
//!
//! - Reads: a tree of values.
//! - Returns: text that a YAML parser reads back as the same tree.
//! - Never: takes text that was indented by hand: where a key stands follows from where it lies in the tree.

use std::fmt::Write as _;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Yaml>),
    /// Keys in the order in which they are written.
    Map(Vec<(YamlKey, Yaml)>),
}

/// Key of a map: an epoch is a number, a name is a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum YamlKey {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
}

impl From<u64> for Yaml {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for YamlKey {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for YamlKey {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// A map with these entries.
pub(crate) fn yaml_map<K: Into<YamlKey>, const N: usize>(entries: [(K, Yaml); N]) -> Yaml {
    Yaml::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

/// Writes a tree, whose root is a map.
pub(crate) fn write_yaml(root: &Yaml) -> String {
    let mut text = String::new();
    block(&mut text, root, 0);
    text
}

/// Writes a value that begins on a line of its own.
fn block(out: &mut String, value: &Yaml, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let _ = write!(out, "{indent}{}:", key_text(key));
                after(out, value, depth);
            }
        }
        Yaml::List(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{indent}-");
                after(out, item, depth);
            }
        }
        leaf => {
            let _ = writeln!(out, "{indent}{}", inline(leaf));
        }
    }
}

/// Writes a value after `key:` or `-`: a leaf on the same line, the rest one step deeper.
fn after(out: &mut String, value: &Yaml, depth: usize) {
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            block(out, value, depth + 1);
        }
        Yaml::List(items) if !items.is_empty() => {
            out.push('\n');
            block(out, value, depth + 1);
        }
        leaf => {
            let _ = writeln!(out, " {}", inline(leaf));
        }
    }
}

fn inline(value: &Yaml) -> String {
    match value {
        Yaml::Number(number) => number.to_string(),
        Yaml::Text(text) => scalar(text),
        Yaml::List(_) => "[]".to_owned(),
        Yaml::Map(_) => "{}".to_owned(),
    }
}

fn key_text(key: &YamlKey) -> String {
    match key {
        YamlKey::Number(number) => number.to_string(),
        YamlKey::Text(text) => scalar(text),
    }
}

/// A text as a scalar; quoted unless no parser could take it for anything else.
///
/// `9e3`, `0x1f`, `0:59`, `no` and `null` are numbers, bools or nothing to some parser of YAML.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "y"];
    let mut chars = text.chars();
    let is_plain = chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-'));
    let is_path = text.starts_with("./") && is_name(&text[2..]);
    let lower = text.to_ascii_lowercase();
    if (is_plain || is_path) && !WORDS.contains(&lower.as_str()) && lower != "n" {
        return text.to_owned();
    }
    // A JSON string is a double-quoted scalar of YAML 1.2; control characters are escaped in both.
    serde_json::Value::from(text).to_string()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_follows_from_the_tree() {
        let inner = yaml_map([(7760, yaml_map([("a", 1.into())]))]);
        let list = Yaml::List(vec![
            "stdout".into(),
            yaml_map([("b", 2.into()), ("c", 3.into())]),
        ]);
        let tree = yaml_map([
            ("one", yaml_map([("two", inner)])),
            ("list", list),
            ("none", Yaml::Map(Vec::new())),
        ]);
        let text = "one:\n  two:\n    7760:\n      a: 1\nlist:\n  - stdout\n  -\n    b: 2\n    c: 3\nnone: {}\n";
        assert_eq!(write_yaml(&tree), text);
    }

    #[test]
    fn texts_that_could_be_something_else_are_quoted() {
        for plain in [
            "INFO",
            "./log/pos.log",
            "validator",
            "round_initial_timeout_ms",
        ] {
            assert_eq!(scalar(plain), plain);
        }
        for other in [
            "", "1", "9e3", "0:59", "no", "Null", "y", "a: b", "a #b", "- a", "~", "{d}", "200 mb",
            ".5", "a\nb",
        ] {
            assert!(scalar(other).starts_with('"'), "{other}");
        }
        assert_eq!(scalar("a\"\n"), "\"a\\\"\\n\"");
    }
}
