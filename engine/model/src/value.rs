//! Typed values of specs, plans and states, and their one JSON form.
//!
//! Text, numbers, lists and maps are themselves in JSON. What JSON has no type
//! for is an object with one key that starts with `$`: `{"$drip": "1000"}`,
//! `{"$blocks": 5}`, `{"$resource": "node.main"}`, `{"$secret": "env:KEY"}`,
//! `{"$unknown": true}`. A map of the spec can have no such key. An endpoint with a key has no form of its own: it is
//! written as what is shown of it, and what was written comes back as text, or as a secret's name.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Address, Blocks, Drip, Endpoint, SecretRef};

/// Attributes by name, in one order everywhere.
pub type Attributes = BTreeMap<String, Value>;

/// A value of the spec, the plan or the state.
#[derive(Clone, Debug, Default, Eq)]
pub enum Value {
    /// Nothing, as if the attribute were not written.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
    /// Money.
    Amount(Drip),
    /// A number of blocks.
    Blocks(Blocks),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(BTreeMap<String, Value>),
    /// A whole resource, named by a bare path.
    Resource(Address),
    /// A secret, by name.
    Secret(SecretRef),
    /// A URL of a node that holds a key. One without a key is text.
    Endpoint(Endpoint),
    /// Known only after an earlier step of the plan.
    Unknown,
}

impl Value {
    /// Returns the text, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the whole number, if this is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the resource's name, if this is one.
    #[must_use]
    pub fn as_resource(&self) -> Option<&Address> {
        match self {
            Self::Resource(address) => Some(address),
            _ => None,
        }
    }

    /// Returns the map, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the list, if this is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// Whether this or anything inside is [`Value::Unknown`].
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(list) => list.iter().any(Self::has_unknown),
            Self::Map(map) => map.values().any(Self::has_unknown),
            _ => false,
        }
    }

    /// Names the type, as messages and the reference page write it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "whole number",
            Self::Text(_) => "text",
            Self::Amount(_) => "amount",
            Self::Blocks(_) => "blocks",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Resource(_) => "resource",
            Self::Secret(_) => "secret",
            Self::Endpoint(_) => "endpoint",
            Self::Unknown => "unknown",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl PartialEq for Value {
    /// An endpoint is equal to what was written of it, so that a plan and a state can be compared.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Unknown, Self::Unknown) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Amount(one), Self::Amount(other)) => one == other,
            (Self::Blocks(one), Self::Blocks(other)) => one == other,
            (Self::List(one), Self::List(other)) => one == other,
            (Self::Map(one), Self::Map(other)) => one == other,
            (Self::Resource(one), Self::Resource(other)) => one == other,
            (Self::Secret(one), Self::Secret(other)) => one == other,
            (Self::Endpoint(one), Self::Endpoint(other)) => one.shown() == other.shown(),
            (Self::Endpoint(one), Self::Text(text)) | (Self::Text(text), Self::Endpoint(one)) => {
                one.name().is_none() && one.shown() == *text
            }
            (Self::Endpoint(one), Self::Secret(name))
            | (Self::Secret(name), Self::Endpoint(one)) => one.name() == Some(name),
            _ => false,
        }
    }
}

impl From<Endpoint> for Value {
    /// An endpoint without a key is text.
    fn from(endpoint: Endpoint) -> Self {
        if endpoint.is_secret() {
            Self::Endpoint(endpoint)
        } else {
            Self::Text(endpoint.shown().into_owned())
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value on one line, the way a spec would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Amount(drip) => write!(f, "{drip}"),
            Self::Blocks(blocks) => write!(f, "{blocks}"),
            Self::List(list) => {
                f.write_str("[")?;
                for (position, value) in list.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (position, (name, value)) in map.iter().enumerate() {
                    let comma = if position == 0 { "" } else { "," };
                    write!(f, "{comma} {name} = {value}")?;
                }
                f.write_str(" }")
            }
            Self::Resource(address) => write!(f, "{address}"),
            Self::Secret(reference) => write!(f, "(secret {reference})"),
            Self::Endpoint(endpoint) => match endpoint.name() {
                Some(reference) => write!(f, "(secret {reference})"),
                None => write!(f, "{:?}", endpoint.shown()),
            },
            Self::Unknown => f.write_str("(known after apply)"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn tagged<S: Serializer, T: Serialize>(
            serializer: S,
            tag: &str,
            content: &T,
        ) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(tag, content)?;
            map.end()
        }
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(map) => serializer.collect_map(map),
            Self::Amount(drip) => tagged(serializer, "$drip", &drip.0.to_string()),
            Self::Blocks(blocks) => tagged(serializer, "$blocks", &blocks.0),
            Self::Resource(address) => tagged(serializer, "$resource", address),
            Self::Secret(reference) => tagged(serializer, "$secret", reference),
            Self::Endpoint(endpoint) => match endpoint.name() {
                Some(reference) => tagged(serializer, "$secret", reference),
                None => serializer.serialize_str(&endpoint.shown()),
            },
            Self::Unknown => tagged(serializer, "$unknown", &true),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        from_json(json).map_err(D::Error::custom)
    }
}

fn from_json(json: serde_json::Value) -> Result<Value, String> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => Value::Integer(
            number
                .as_i64()
                .ok_or_else(|| format!("`{number}` is not a whole number of 64 bits"))?,
        ),
        Json::String(text) => Value::Text(text),
        Json::Array(list) => {
            Value::List(list.into_iter().map(from_json).collect::<Result<_, _>>()?)
        }
        Json::Object(map) => {
            if map.len() == 1
                && let Some((tag, content)) = map.iter().next()
                && tag.starts_with('$')
            {
                return tagged_from_json(tag, content);
            }
            let entries = map
                .into_iter()
                .map(|(name, value)| Ok((name, from_json(value)?)));
            Value::Map(entries.collect::<Result<_, String>>()?)
        }
    })
}

fn tagged_from_json(tag: &str, content: &serde_json::Value) -> Result<Value, String> {
    let text = || {
        content
            .as_str()
            .ok_or_else(|| format!("`{tag}` holds no text"))
    };
    match tag {
        "$drip" => text()?
            .parse()
            .map(|drip| Value::Amount(Drip(drip)))
            .map_err(|_| "`$drip` holds no number".to_owned()),
        "$blocks" => content
            .as_u64()
            .map(|blocks| Value::Blocks(Blocks(blocks)))
            .ok_or_else(|| "`$blocks` holds no number".to_owned()),
        "$resource" => text()?
            .parse()
            .map(Value::Resource)
            .map_err(|e| format!("{e}")),
        "$secret" => SecretRef::try_from(text()?.to_owned())
            .map(Value::Secret)
            .map_err(|e| e.to_string()),
        "$unknown" => Ok(Value::Unknown),
        _ => Err(format!("`{tag}` is not a type that this version knows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_its_json_form() {
        let map = BTreeMap::from([
            ("a".to_owned(), Value::Amount(Drip(u128::MAX))),
            ("b".to_owned(), Value::Blocks(Blocks(7))),
            (
                "c".to_owned(),
                Value::Resource("node.main".parse().unwrap()),
            ),
            ("d".to_owned(), Value::Secret(SecretRef::Env("KEY".into()))),
            (
                "e".to_owned(),
                Value::List(vec![Value::Null, Value::Unknown, Value::Bool(true)]),
            ),
            ("f".to_owned(), Value::Integer(i64::MIN)),
            ("g".to_owned(), Value::from("text")),
        ]);
        let value = Value::Map(map);
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn case_key_in_url_an_endpoint_is_written_without_its_key_and_equals_what_was_written() {
        let keyed = Endpoint::parse("https://me:hunter2@rpc.example/hunter3?k=hunter4").unwrap();
        let named = Endpoint::named(SecretRef::Env("RPC".into()));
        let plain = Endpoint::parse("http://127.0.0.1:12537").unwrap();
        let value = Value::List(vec![keyed.into(), named.into(), plain.into()]);
        let text = serde_json::to_string(&value).unwrap();
        for shown in [text.clone(), value.to_string(), format!("{value:?}")] {
            assert!(
                !shown.contains("hunter") && !shown.contains("me:"),
                "{shown}"
            );
            assert!(shown.contains("https://rpc.example#"), "{shown}");
        }
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
        assert_eq!(value, read);
        let others = [
            "https://me:other@rpc.example/hunter3?k=hunter4",
            "https://rpc.example",
        ];
        for other in others {
            let other = Value::from(Endpoint::parse(other).unwrap());
            assert_ne!(Some(&other), value.as_list().unwrap().first());
        }
    }

    #[test]
    fn what_is_not_a_value_is_refused() {
        for text in [
            "1.5",
            "18446744073709551616",
            r#"{"$new": 1}"#,
            r#"{"$drip": 5}"#,
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
