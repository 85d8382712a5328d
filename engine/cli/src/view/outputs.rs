//! The values of a spec's outputs, for people.

use std::collections::BTreeMap;

use pospool_model::Value;

use super::{Paint, changes, indent_lines};

/// The spec's outputs; nothing without any.
#[must_use]
pub fn format_outputs(outputs: &BTreeMap<String, Value>, paint: Paint) -> String {
    if outputs.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint.bold("outputs:"));
    for (name, it) in outputs {
        text.push_str(&indent_lines(
            &changes::format_named_value(name, it).join("\n"),
            2,
        ));
    }
    text
}
