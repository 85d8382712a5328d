//! YAML and TOML as leaves: the path of each value, and the value.

use std::collections::BTreeMap;
use std::fmt;

use toml_edit::{DocumentMut, Item, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// A value that holds no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf<'a> {
    Bool(bool),
    Number(i64),
    Text(&'a str),
}

/// Leaves by path; a number among the keys of a map has a `#` before it, an item of a list its position.
pub(super) type Leaves = BTreeMap<String, String>;

impl fmt::Display for Leaf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "bool {value}"),
            Self::Number(value) => write!(f, "number {value}"),
            Self::Text(value) => write!(f, "text {value}"),
        }
    }
}

/// Leaves of a YAML text.
pub(super) fn of_yaml(text: &str) -> Leaves {
    let documents =
        YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(documents.len(), 1, "{text}");
    let mut leaves = Leaves::new();
    add_yaml(&mut leaves, "", &documents[0]);
    leaves
}

fn add_yaml(leaves: &mut Leaves, path: &str, value: &Yaml) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let leaf = match value {
        Yaml::Hash(map) => {
            for (key, value) in map {
                let key = match key {
                    Yaml::String(key) => key.clone(),
                    Yaml::Integer(key) => format!("#{key}"),
                    other => panic!("{path} has the key {other:?}"),
                };
                add_yaml(leaves, &below(&key), value);
            }
            return;
        }
        Yaml::Array(list) => {
            for (position, item) in list.iter().enumerate() {
                add_yaml(leaves, &below(&position.to_string()), item);
            }
            return;
        }
        Yaml::Boolean(value) => Leaf::Bool(*value),
        Yaml::Integer(value) => Leaf::Number(*value),
        Yaml::String(value) => Leaf::Text(value),
        other => panic!("{path} is {other:?}"),
    };
    leaves.insert(path.to_owned(), leaf.to_string());
}

/// Leaves of a TOML text, which must have no tables.
pub(super) fn of_toml(text: &str) -> Leaves {
    let document: DocumentMut = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let leaf = |(key, item): (&str, &Item)| {
        let Item::Value(value) = item else {
            panic!("{key} is a table")
        };
        let leaf = match value {
            Value::Boolean(value) => Leaf::Bool(*value.value()),
            Value::Integer(value) => Leaf::Number(*value.value()),
            Value::String(value) => Leaf::Text(value.value()),
            other => panic!("{key} is {other:?}"),
        };
        (key.to_owned(), leaf.to_string())
    };
    document.iter().map(leaf).collect()
}

/// Leaves of a table of this test.
pub(super) fn of_table<'a>(rows: impl IntoIterator<Item = (&'a str, Leaf<'a>)>) -> Leaves {
    let rows = rows.into_iter();
    rows.map(|(path, leaf)| (path.to_owned(), leaf.to_string()))
        .collect()
}

/// Compares, and names only what differs.
pub(super) fn same(what: &str, found: &Leaves, expected: &Leaves) {
    let differs = |(path, value): (&String, &String), other: &Leaves, side: &str| {
        (other.get(path) != Some(value)).then(|| format!("  {side} {path}: {value}"))
    };
    let more = found
        .iter()
        .filter_map(|leaf| differs(leaf, expected, "found"));
    let less = expected
        .iter()
        .filter_map(|leaf| differs(leaf, found, "expected"));
    let lines: Vec<String> = more.chain(less).collect();
    assert!(lines.is_empty(), "{what}:\n{}", lines.join("\n"));
}

#[test]
fn a_key_in_the_wrong_column_is_another_structure() {
    let right = of_yaml("a:\n  b: 1\n  7760:\n    c: x\n");
    assert_eq!(right["a.#7760.c"], "text x");
    assert_ne!(of_yaml("a:\n  b: 1\n7760:\n    c: x\n"), right);
    assert_ne!(of_yaml("a:\n  b: 1\n  \"7760\":\n    c: x\n"), right);
    assert_ne!(of_yaml("a:\n  b: \"1\"\n  7760:\n    c: x\n"), right);
}
