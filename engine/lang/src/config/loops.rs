//! `[for …]` and `{ for … }`.
//!
//! - Reads: a list or a map.
//! - Returns: the list or map that is made of it; unknown as soon as it cannot be told
//!   which elements it has.
//! - Never: goes through anything that may change between two runs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use hcl_edit::expr::ForExpr;
use pospool_model::Value;

use super::evaluate::Evaluator;
use super::operators::describe_type;
use crate::spec;

impl<'a> Evaluator<'a> {
    pub(super) fn each(&mut self, each: &'a ForExpr) -> Value {
        let items: Vec<(Value, Value)> = match self.value(&each.intro.collection_expr) {
            Value::List(list) => (0..).map(Value::Integer).zip(list).collect(),
            Value::Map(map) => map
                .into_iter()
                .map(|(key, value)| (Value::Text(key), value))
                .collect(),
            Value::Unknown => return Value::Unknown,
            other => {
                let summary = format!(
                    "`for` goes through a list or a map, and this is {}",
                    describe_type(&other)
                );
                self.error(spec::BAD_OPERAND, summary, &each.intro.collection_expr);
                return Value::Unknown;
            }
        };
        let mut made = Vec::with_capacity(items.len());
        for (key, value) in items {
            let before = self.bound.len();
            if let Some(name) = &each.intro.key_var {
                self.bound.push((name.as_str(), key));
            }
            self.bound.push((each.intro.value_var.as_str(), value));
            let round = self.round(each);
            self.bound.truncate(before);
            match round {
                LoopRound::Skip => {}
                LoopRound::Unknown => return Value::Unknown,
                LoopRound::Item(key, value) => made.push((key, value)),
            }
        }
        if each.key_expr.is_none() {
            return Value::List(made.into_iter().map(|(_, value)| value).collect());
        }
        self.map_of(made, each)
    }

    fn round(&mut self, each: &'a ForExpr) -> LoopRound {
        if let Some(condition) = &each.cond {
            match self.value(&condition.expr) {
                Value::Bool(true) => {}
                Value::Bool(false) => return LoopRound::Skip,
                Value::Unknown => return LoopRound::Unknown,
                other => {
                    let summary = format!(
                        "a condition is a bool, and this is {}",
                        describe_type(&other)
                    );
                    self.error(spec::BAD_OPERAND, summary, &condition.expr);
                    return LoopRound::Unknown;
                }
            }
        }
        let mut name = String::new();
        if let Some(key) = &each.key_expr {
            let value = self.value(key);
            match self.key(value, key) {
                Some(key) => name = key,
                None => return LoopRound::Unknown,
            }
        }
        LoopRound::Item(name, self.value(&each.value_expr))
    }

    fn map_of(&mut self, made: Vec<(String, Value)>, each: &'a ForExpr) -> Value {
        let mut map = BTreeMap::new();
        for (key, value) in made {
            match map.entry(key) {
                Entry::Vacant(entry) if each.grouping => {
                    entry.insert(Value::List(vec![value]));
                }
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => match entry.get_mut() {
                    Value::List(group) if each.grouping => group.push(value),
                    _ => {
                        let key = each.key_expr.as_ref().unwrap_or(&each.value_expr);
                        self.problems.error_with_help(
                            spec::BAD_KEY,
                            format!("the key `{}` is made twice", entry.key()),
                            self.source.place(key),
                            "write `...` after the value to collect all values of a key",
                        );
                        return Value::Unknown;
                    }
                },
            }
        }
        Value::Map(map)
    }
}

/// What one round of a `for` gave.
enum LoopRound {
    Skip,
    Unknown,
    Item(String, Value),
}
