//! Attributes before and after, and values.
//!
//! - Reads: changes of a plan.
//! - Returns: lines of text; long values are shortened and say so.
//! - Never: shows a secret: a value only ever holds a secret's name.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::Value;
use pospool_model::plan::AttributeChange;
use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

use super::{Paint, clean_line};

/// Values longer than this are shortened; an image with its digest is not.
const LONGEST: usize = 120;
/// Characters of a shortened value.
const SHOWN: usize = 70;
/// Characters of a shortened value before the one that differs.
const LED_UP: usize = 20;
/// Lines of a text's difference that are shown.
const MOST_LINES: usize = 40;
/// Texts with more lines than this are not compared line by line: the time for it grows with the square.
const MOST_COMPARED: usize = 2000;
/// Lines around a difference.
const CONTEXT: usize = 2;

/// A value on one line.
#[must_use]
pub fn format_value(value: &Value) -> String {
    shortened(&clean_line(&value.to_string()), 0)
}

/// Two values, each on one line: long ones from a little before the place where they differ.
#[must_use]
pub fn format_value_pair(before: &Value, after: &Value) -> (String, String) {
    let (old, new) = (
        clean_line(&before.to_string()),
        clean_line(&after.to_string()),
    );
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b);
    let from = same.count().saturating_sub(LED_UP);
    (shortened(&old, from), shortened(&new, from))
}

/// A text, of which only a part that begins at some character is shown when it is long.
fn shortened(text: &str, from: usize) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return text.to_owned();
    }
    let shown: String = text.chars().skip(from).take(SHOWN).collect();
    let (left, right) = (from > 0, from + shown.chars().count() < length);
    let mark = |cut: bool| if cut { "…" } else { "" };
    format!("{}{shown}{} ({length} characters)", mark(left), mark(right))
}

/// The lines of one change; `created` leaves out that there was nothing before.
#[must_use]
pub fn format_change(change: &AttributeChange, created: bool, paint: Paint) -> Vec<String> {
    let path = &change.path;
    if created && change.before == Value::Null {
        return format_named_value(path, &change.after);
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
    let path = clean_line(path);
    match (before, after) {
        (Value::Text(before), Value::Text(after)) if are_comparable(before, after) => {
            lines.push(format!("{path}:{remark}"));
            lines.extend(difference(before, after, paint));
        }
        (Value::List(old), Value::List(new))
            if (is_long(before) || is_long(after)) && old.len().max(new.len()) <= MOST_COMPARED =>
        {
            lines.push(format!("{path}:{remark}"));
            lines.extend(elements(old, new, paint));
        }
        _ => {
            let (before, after) = format_value_pair(before, after);
            lines.push(format!("{path}: {before} → {after}{remark}"));
        }
    }
}

/// Whether a value does not fit on its line.
fn is_long(value: &Value) -> bool {
    value.to_string().chars().count() > LONGEST
}

/// Elements of a long list that differ. One that took the place of another is shown where the two differ.
fn elements(old: &[Value], new: &[Value], paint: Paint) -> Vec<String> {
    let [old_texts, new_texts] =
        [old, new].map(|list| list.iter().map(Value::to_string).collect::<Vec<_>>());
    let mut lines = Vec::new();
    for change in capture_diff_slices(Algorithm::Myers, &old_texts, &new_texts) {
        let (tag, gone, come) = change.as_tag_tuple();
        if tag == DiffTag::Equal {
            continue;
        }
        let (gone, come) = (&old[gone], &new[come]);
        for position in 0..gone.len().max(come.len()) {
            let (before, after) = match (gone.get(position), come.get(position)) {
                (Some(before), Some(after)) => {
                    let (before, after) = format_value_pair(before, after);
                    (Some(before), Some(after))
                }
                (before, after) => (before.map(format_value), after.map(format_value)),
            };
            lines.extend(before.map(|text| paint.red(&format!("  - {text}"))));
            lines.extend(after.map(|text| paint.green(&format!("  + {text}"))));
        }
    }
    limited(lines)
}

/// Lines, and how many more there are.
fn limited(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST_LINES {
        let hidden = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("    … ({hidden} more lines)"));
    }
    lines
}

/// Whether two texts have several lines, and not too many.
fn are_comparable(before: &str, after: &str) -> bool {
    let lines = before.lines().count().max(after.lines().count());
    (before.contains('\n') || after.contains('\n')) && lines <= MOST_COMPARED
}

/// A value under its name; maps get a line for each key, and so do lists that are too long for a line.
#[must_use]
pub fn format_named_value(name: &str, it: &Value) -> Vec<String> {
    let name = clean_line(name);
    match it {
        Value::Map(map) if !map.is_empty() => {
            let mut lines = vec![format!("{name}:")];
            let keys = map
                .iter()
                .map(|(key, inner)| format_inner_value(key, inner));
            lines.extend(keys.flatten());
            lines
        }
        Value::List(list) if is_long(it) => {
            [vec![format!("{name}:")], format_elements(list)].concat()
        }
        _ => vec![format!("{name}: {}", format_value(it))],
    }
}

/// A key of a map and its value, indented.
fn format_inner_value(key: &str, it: &Value) -> Vec<String> {
    let key = clean_line(key);
    match it {
        Value::List(list) if is_long(it) => {
            let lines = format_elements(list).into_iter();
            let lines = lines.map(|line| format!("  {line}"));
            [format!("  {key}:")].into_iter().chain(lines).collect()
        }
        _ => vec![format!("  {key}: {}", format_value(it))],
    }
}

/// Elements of a list that is too long for a line; a map among them gets a line for each key.
fn format_elements(list: &[Value]) -> Vec<String> {
    let element = |it: &Value| match it.as_map() {
        Some(map) if is_long(it) => {
            let keys = map.iter().enumerate();
            let line = |(position, (key, inner)): (usize, (&String, &Value))| {
                let mark = if position == 0 { '-' } else { ' ' };
                format!("  {mark} {}: {}", clean_line(key), format_value(inner))
            };
            keys.map(line).collect()
        }
        _ => vec![format!("  - {}", format_value(it))],
    };
    limited(list.iter().flat_map(element).collect())
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
            let text = super::clean_text(piece.value().trim_end_matches(['\n', '\r']));
            lines.push(match piece.tag() {
                ChangeTag::Delete => paint.red(&format!("  - {text}")),
                ChangeTag::Insert => paint.green(&format!("  + {text}")),
                ChangeTag::Equal => format!("    {text}"),
            });
        }
    }
    limited(lines)
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
        format_change(&it, false, Paint::PLAIN).join("\n")
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
    fn no_address_of_a_long_list_is_hidden() {
        let pair = |name: &str| {
            let address = |end: &str| Value::from(format!("cfx:{}{end}{name}", "a".repeat(60)));
            let keys = [("pool", address("p")), ("espace_pool", address("e"))];
            Value::Map(keys.map(|(key, value)| (key.to_owned(), value)).into())
        };
        let list = Value::List(vec![pair("1"), pair("2"), Value::from("short")]);
        let settings = Value::Map([("espace_pools".to_owned(), list.clone())].into());
        let text = format_named_value("settings", &settings).join("\n");
        for end in ["p1", "e1", "p2", "e2", "- \"short\""] {
            assert!(text.contains(end), "{text}");
        }
        insta::assert_snapshot!(format_named_value("it", &list).join("\n"), @r#"
        it:
          - espace_pool: "cfx:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae1"
            pool: "cfx:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap1"
          - espace_pool: "cfx:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae2"
            pool: "cfx:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap2"
          - "short"
        "#);
    }

    #[test]
    fn case_hidden_change_the_part_that_differs_is_shown() {
        let image = |end: &str| Value::from(format!("name:tag@sha256:{}{end}", "ab".repeat(60)));
        let list = |end: &str| Value::List(vec!["first".into(), image(end), "last".into()]);
        let map = |end: &str| Value::Map([("image".to_owned(), image(end))].into());
        insta::assert_snapshot!(changed(image("0"), image("1")), @r#"text: …abababababababababab0" (139 characters) → …abababababababababab1" (139 characters) (makes it anew)"#);
        insta::assert_snapshot!(changed(map("0"), map("1")), @r#"text.image: …abababababababababab0" (139 characters) → …abababababababababab1" (139 characters) (makes it anew)"#);
        insta::assert_snapshot!(changed(list("0"), list("1")), @r#"
        text: (makes it anew)
          - …abababababababababab0" (139 characters)
          + …abababababababababab1" (139 characters)
        "#);
        // Whatever differs, both texts differ.
        for position in [0, 1, 50, 99, 100, 101, 499] {
            let mut text = vec!['a'; 500];
            let before: String = text.iter().collect();
            text[position] = 'b';
            let after: String = text.iter().collect();
            let (before, after) = format_value_pair(&before.into(), &after.into());
            assert_ne!(before, after, "{position}");
        }
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
            format_named_value("\u{1b}", &map(1)).concat(),
        ];
        for text in shown {
            assert!(
                text.contains("31m") && text == super::super::clean_text(&text),
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
