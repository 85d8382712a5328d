//! Values against the types of a kind's table.
//!
//! - Reads: a value and the type that it should have.
//! - Returns: the value as the engine keeps it, and each part of it that does not fit.
//! - Never: converts one type into another, or repeats a text where a secret belongs.

use std::collections::BTreeMap;

use pospool_model::{Code, Type, Value};

use super::operators::describe_type;
use crate::spec;

/// A part of a value that does not fit.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) code: Code,
    /// Names and positions from the attribute to the part.
    pub(super) path: Vec<String>,
    pub(super) summary: String,
    pub(super) help: Option<String>,
}

/// Checks one value; what does not fit becomes [`Value::Unknown`].
pub(super) fn check_type(name: &str, ty: Type, value: Value) -> (Value, Vec<Mismatch>) {
    let mut checker = Checker {
        path: vec![name.to_owned()],
        found: Vec::new(),
    };
    let value = checker.check(ty, value);
    (value, checker.found)
}

/// Returns where a secret is, from the value's outside.
pub(super) fn find_secret(value: &Value) -> Option<Vec<String>> {
    let inside = |name: String, value: &Value| {
        find_secret(value).map(|mut path| {
            path.insert(0, name);
            path
        })
    };
    match value {
        Value::Secret(_) => Some(Vec::new()),
        Value::List(list) => {
            let mut items = list.iter().enumerate();
            items.find_map(|(position, value)| inside(position.to_string(), value))
        }
        Value::Map(map) => map
            .iter()
            .find_map(|(name, value)| inside(name.clone(), value)),
        _ => None,
    }
}

struct Checker {
    path: Vec<String>,
    found: Vec<Mismatch>,
}

impl Checker {
    fn check(&mut self, ty: Type, value: Value) -> Value {
        match (ty, value) {
            (_, Value::Unknown) => Value::Unknown,
            (Type::Bool, value @ Value::Bool(_))
            | (Type::Integer, value @ Value::Integer(_))
            | (Type::Text, value @ Value::Text(_))
            | (Type::Amount, value @ Value::Amount(_))
            | (Type::Blocks, value @ Value::Blocks(_))
            | (Type::Secret, value @ Value::Secret(_))
            | (Type::Any, value) => value,
            // A secret in a text's place is refused below; what is shown of a URL with a key is no secret.
            (Type::Text, Value::Endpoint(endpoint)) if endpoint.name().is_none() => {
                Value::Text(endpoint.shown().into_owned())
            }
            (Type::Secret, value) => self.secret_wanted(&value),
            (Type::Settings, Value::Map(map)) => self.settings(map),
            (_, Value::Secret(_) | Value::Endpoint(_)) => self.secret_found(),
            (Type::Reference(kinds), Value::Resource(address)) => {
                if kinds.contains(&address.kind()) {
                    return Value::Resource(address);
                }
                let summary = format!(
                    "`{}` takes {}, and `{address}` is none",
                    self.name(),
                    one_of(kinds)
                );
                self.mismatch(spec::WRONG_KIND, summary, None)
            }
            (Type::List(inner), Value::List(list)) => {
                Value::List(self.items(list, |checker, value| checker.check(*inner, value)))
            }
            (ty, value) => self.wrong(ty, &value),
        }
    }

    fn items(
        &mut self,
        list: Vec<Value>,
        mut each: impl FnMut(&mut Self, Value) -> Value,
    ) -> Vec<Value> {
        let mut checked = Vec::with_capacity(list.len());
        for (position, value) in list.into_iter().enumerate() {
            self.path.push(position.to_string());
            checked.push(each(self, value));
            self.path.pop();
        }
        checked
    }

    fn settings(&mut self, map: BTreeMap<String, Value>) -> Value {
        let mut checked = BTreeMap::new();
        for (name, value) in map {
            if value == Value::Null {
                continue;
            }
            self.path.push(name.clone());
            checked.insert(name, self.free(value));
            self.path.pop();
        }
        Value::Map(checked)
    }

    /// Checks a value of free form, which may be anything but a secret.
    fn free(&mut self, value: Value) -> Value {
        match value {
            Value::Secret(_) => self.secret_found(),
            Value::List(list) => Value::List(self.items(list, Self::free)),
            Value::Map(map) => {
                let mut checked = BTreeMap::new();
                for (name, value) in map {
                    self.path.push(name.clone());
                    checked.insert(name, self.free(value));
                    self.path.pop();
                }
                Value::Map(checked)
            }
            other => other,
        }
    }

    fn secret_wanted(&mut self, value: &Value) -> Value {
        let (code, summary) = match value {
            // The text is likely to be the secret, so nothing of it is repeated.
            Value::Text(_) => (
                spec::SECRET_WRITTEN,
                "a secret is never written in the spec".to_owned(),
            ),
            other => {
                let summary = format!(
                    "`{}` is a secret, and this is {}",
                    self.name(),
                    describe_type(other)
                );
                (spec::WRONG_TYPE, summary)
            }
        };
        self.mismatch(
            code,
            summary,
            Some("write env(\"NAME\") or file(\"PATH\")".to_owned()),
        )
    }

    fn secret_found(&mut self) -> Value {
        let summary = format!("`{}` takes no secret", self.name());
        let help = "its value is kept in the state; secrets go only where a kind asks for one";
        self.mismatch(spec::SECRET_MISPLACED, summary, Some(help.to_owned()))
    }

    fn wrong(&mut self, ty: Type, value: &Value) -> Value {
        let summary = format!(
            "`{}` is {}, and this is {}",
            self.name(),
            describe(ty),
            describe_type(value)
        );
        let help = advice(ty, value);
        self.mismatch(spec::WRONG_TYPE, summary, help)
    }

    fn mismatch(&mut self, code: Code, summary: String, help: Option<String>) -> Value {
        self.found.push(Mismatch {
            code,
            path: self.path.clone(),
            summary,
            help,
        });
        Value::Unknown
    }

    /// Writes the path for a message: `settings.pools[0]`.
    fn name(&self) -> String {
        let mut name = String::new();
        for part in &self.path {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                name = format!("{name}[{part}]");
            } else {
                let dot = if name.is_empty() { "" } else { "." };
                name = format!("{name}{dot}{part}");
            }
        }
        name
    }
}

fn advice(ty: Type, value: &Value) -> Option<String> {
    Some(match (ty, value) {
        (Type::Amount, Value::Integer(number)) => format!("write `cfx({number})`"),
        (Type::Amount, Value::Text(_)) => {
            "write `cfx(\"1000.5\")`, without the unit inside".to_owned()
        }
        (Type::Blocks, Value::Integer(number)) => format!("write `blocks({number})`"),
        (Type::Text, Value::Integer(_) | Value::Bool(_)) => format!("write `\"{value}\"`"),
        (Type::Text, Value::Resource(address)) => {
            format!("write what to read of it: `{address}.name`")
        }
        (Type::Integer | Type::Bool, Value::Text(_)) => "write it without quotes".to_owned(),
        (Type::Reference(_), Value::Text(text))
            if text.parse::<pospool_model::Address>().is_ok() =>
        {
            format!("write `{text}` without quotes")
        }
        (Type::Reference(kinds), _) => {
            format!("write `{}.name`", kinds.first().unwrap_or(&"kind"))
        }
        (Type::List(_), _) => "put it in `[ … ]`".to_owned(),
        (Type::Settings, _) => "write `{ name = value }`".to_owned(),
        _ => return None,
    })
}

fn describe(ty: Type) -> String {
    match ty {
        Type::Bool => "`true` or `false`".to_owned(),
        Type::Integer => "a whole number".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Amount => "an amount".to_owned(),
        Type::Blocks => "a number of blocks".to_owned(),
        Type::Secret => "a secret".to_owned(),
        Type::Reference(kinds) => one_of(kinds),
        Type::List(_) => "a list".to_owned(),
        Type::Settings => "a map".to_owned(),
        Type::Any => "anything".to_owned(),
    }
}

fn one_of(kinds: &[&str]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    format!("a {}", names.join(" or "))
}
