//! Attributes before and after, and values.
//!
//! - Reads: changes of a plan.
//! - Returns: lines of text; long values are shortened and say so.
//! - Never: shows a secret: a value only ever holds a secret's name.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::Value;
use pospool_model::plan::AttributeChange;
use similar::{ChangeTag, TextDiff};

use super::{Paint, line};

/// Values longer than this are shortened.
const LONGEST: usize = 100;
/// Lines of a text's difference that are shown.
const MOST_LINES: usize = 40;
/// Texts with more lines than this are not compared line by line: the time for it grows with the square.
const MOST_COMPARED: usize = 2000;
/// Lines around a difference.
const CONTEXT: usize = 2;

/// A value on one line.
#[must_use]
pub fn value(value: &Value) -> String {
    let text = line(&value.to_string());
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST - 30).collect();
    format!("{start}… ({length} characters)")
}

/// The lines of one change; `created` leaves out that there was nothing before.
#[must_use]
pub fn change(change: &AttributeChange, created: bool, paint: Paint) -> Vec<String> {
    let path = &change.path;
    if created && change.before == Value::Null {
        return named(path, &change.after);
    }
    let forces = if change.forces_replacement {
        paint.dim(" (makes it anew)")
    } else {
        String::new()
    };
    let mut lines = Vec::new();
    between(
        path,
        &change.before,
        &change.after,
        &forces,
        paint,
        &mut lines,
    );
    lines
}

/// Lines for a difference: keys of maps one by one, texts of several lines line by line.
fn between(
    path: &str,
    before: &Value,
    after: &Value,
    remark: &str,
    paint: Paint,
    lines: &mut Vec<String>,
) {
    if let (Some(old), Some(new)) = (before.as_map(), after.as_map()) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let value = |map: &BTreeMap<String, Value>| map.get(key).cloned().unwrap_or_default();
            let (old, new) = (value(old), value(new));
            if old != new {
                between(&format!("{path}.{key}"), &old, &new, remark, paint, lines);
            }
        }
        return;
    }
    // Keys of a map and names of outputs may be any text.
    let path = line(path);
    match (before.as_text(), after.as_text()) {
        (Some(before), Some(after)) if are_comparable(before, after) => {
            lines.push(format!("{path}:{remark}"));
            lines.extend(difference(before, after, paint));
        }
        _ => lines.push(format!(
            "{path}: {} → {}{remark}",
            value(before),
            value(after)
        )),
    }
}

/// Whether two texts have several lines, and not too many.
fn are_comparable(before: &str, after: &str) -> bool {
    let lines = before.lines().count().max(after.lines().count());
    (before.contains('\n') || after.contains('\n')) && lines <= MOST_COMPARED
}

/// A value under its name; maps get a line for each key.
#[must_use]
pub fn named(name: &str, it: &Value) -> Vec<String> {
    let name = line(name);
    match it.as_map() {
        Some(map) if !map.is_empty() => {
            let mut lines = vec![format!("{name}:")];
            lines.extend(
                map.iter()
                    .map(|(key, inner)| format!("  {}: {}", line(key), value(inner))),
            );
            lines
        }
        _ => vec![format!("{name}: {}", value(it))],
    }
}

/// Lines that differ, with some around them.
fn difference(before: &str, after: &str, paint: Paint) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (position, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if position > 0 {
            lines.push("    …".to_owned());
        }
        for piece in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = super::clean(piece.value().trim_end_matches(['\n', '\r']));
            lines.push(match piece.tag() {
                ChangeTag::Delete => paint.red(&format!("  - {text}")),
                ChangeTag::Insert => paint.green(&format!("  + {text}")),
                ChangeTag::Equal => format!("    {text}"),
            });
        }
    }
    if lines.len() > MOST_LINES {
        let hidden = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("    … ({hidden} more lines)"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(before: Value, after: Value) -> String {
        let it = AttributeChange {
            path: "text".to_owned(),
            before,
            after,
            forces_replacement: true,
        };
        change(&it, false, Paint::PLAIN).join("\n")
    }

    #[test]
    fn text_of_several_lines_is_shown_as_a_difference() {
        let before = "0
1
2
3
4
5
6
7
8
";
        let after = before.replace('4', "four");
        insta::assert_snapshot!(changed(before.into(), after.into()), @r"
        text: (makes it anew)
            2
            3
          - 4
          + four
            5
            6
        ");
    }

    #[test]
    fn long_values_say_how_long_they_are() {
        let text = changed(Value::from("a".repeat(500)), Value::Null);
        assert!(text.contains("… (502 characters) → null"), "{text}");
    }

    #[test]
    fn values_from_outside_cannot_move_the_terminal() {
        let text = changed(Value::from("\u{1b}[2J"), Value::from("a\n\u{1b}[2J"));
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    /// Found by fuzzing: a key of a map reached the terminal as it was written.
    #[test]
    fn a_key_cannot_move_the_terminal() {
        let map =
            |value: i64| Value::Map([("\u{9b}31m\n".to_owned(), Value::Integer(value))].into());
        let shown = [
            changed(map(1), map(2)),
            changed(Value::Null, map(1)),
            named("\u{1b}", &map(1)).concat(),
        ];
        for text in shown {
            assert!(
                text.contains("31m") && text == super::super::clean(&text),
                "{text:?}"
            );
        }
    }

    #[test]
    fn endless_texts_are_not_compared_line_by_line() {
        let before = "a\n".repeat(MOST_COMPARED + 1);
        let shown = changed(before.as_str().into(), before.replace('a', "b").into());
        assert_eq!(shown.lines().count(), 1);
    }
}
