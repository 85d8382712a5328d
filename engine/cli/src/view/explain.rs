//! Kinds, functions and codes for people.
//!
//! - Reads: the tables.
//! - Returns: text, or JSON.
//! - Never: knows a kind by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pospool_lang::config::FUNCTIONS;
use pospool_model::{AttributeSchema, Code, KindSchema, OnChange, Presence, Role, Type};
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, Paint, indent_lines};
use crate::exit::EXITS;

/// Width of the text under a heading.
const WIDTH: usize = 92;

/// A list of all kinds.
#[must_use]
pub fn format_kind_list(kinds: &[&KindSchema], paint: Paint) -> String {
    let width = kinds
        .iter()
        .map(|schema| schema.kind.len())
        .max()
        .unwrap_or(0);
    let mut text = format!("{}\n", paint.bold("kinds:"));
    for schema in kinds {
        let _ = writeln!(
            text,
            "  {:width$}  {}",
            schema.kind,
            first_sentence(schema.doc)
        );
    }
    text.push_str(
        "\n`pospool explain KIND` shows one of them; `functions`, `codes`, `exits` and `states` are topics too\n",
    );
    text
}

/// One kind.
#[must_use]
pub fn format_kind(schema: &KindSchema, paint: Paint) -> String {
    let role = match schema.role {
        Role::Given => "describes something that is there already",
        Role::Managed => "is made, changed and taken down",
    };
    let mut text = format!(
        "{} ({role})\n{}",
        paint.bold(schema.kind),
        wrapped(schema.doc, 2)
    );
    if let Some(why) = schema.irreversible {
        let note = format!(
            "Making one cannot be undone: {why}. Its block needs `lifecycle {{ irreversible = \"accept\" }}`."
        );
        text.push_str(&wrapped(&note, 2));
    }
    if !schema.attributes.is_empty() {
        let _ = writeln!(text, "\n{}", paint.bold("attributes:"));
    }
    for attribute in schema.attributes {
        let _ = writeln!(
            text,
            "  {}: {}, {}; {}",
            paint.bold(attribute.name),
            type_name(attribute.ty),
            presence(attribute.presence),
            on_change(attribute.on_change)
        );
        text.push_str(&wrapped(attribute.doc, 6));
    }
    if !schema.outputs.is_empty() || schema.open_outputs {
        let _ = writeln!(text, "\n{}", paint.bold("outputs:"));
    }
    for output in schema.outputs {
        let bare = if schema.identity == Some(output.name) {
            " (what a bare path stands for inside settings)"
        } else {
            ""
        };
        let _ = writeln!(text, "  {}{bare}", paint.bold(output.name));
        text.push_str(&wrapped(output.doc, 6));
    }
    if schema.open_outputs {
        text.push_str("  other names, which depend on what it describes\n");
    }
    let _ = writeln!(text, "\n{}", paint.bold("example:"));
    text.push_str(&indent_lines(schema.example, 2));
    text
}

/// The functions of specs.
#[must_use]
pub fn format_functions(paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold("functions:"));
    for function in FUNCTIONS {
        let _ = writeln!(text, "  {}", function.signature);
        text.push_str(&wrapped(function.doc, 6));
    }
    text
}

/// All codes.
#[must_use]
pub fn format_code_list(codes: &BTreeMap<&str, Code>, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold("codes:"));
    for code in codes.values() {
        let _ = writeln!(text, "  {code}");
        text.push_str(&wrapped(code.meaning(), 6));
        text.push_str(&wrapped(code.remedy(), 6));
    }
    text
}

/// One code.
#[must_use]
pub fn format_code(code: Code, paint: Paint) -> String {
    let (meaning, remedy) = (wrapped(code.meaning(), 2), wrapped(code.remedy(), 2));
    format!(
        "{}\n{meaning}{}\n{remedy}",
        paint.bold(code.as_str()),
        paint.bold("what to do:")
    )
}

/// Exit codes.
#[must_use]
pub fn format_exit_codes(paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold("exit codes:"));
    for (exit, meaning) in EXITS {
        let _ = writeln!(text, "  {}  {meaning}", exit.code());
    }
    text
}

/// Exit codes as JSON.
#[must_use]
pub fn exits_json() -> Json {
    let exits = EXITS
        .iter()
        .map(|(exit, meaning)| json!({"exit": exit.code(), "meaning": meaning}));
    json!({"format_version": FORMAT_VERSION, "exits": exits.collect::<Vec<_>>()})
}

/// Kinds as JSON.
#[must_use]
pub fn kinds_json(kinds: &[&KindSchema]) -> Json {
    let kinds = kinds.iter().map(|schema| {
        let attributes = schema.attributes.iter().map(attribute_json);
        let outputs = schema
            .outputs
            .iter()
            .map(|output| json!({"name": output.name, "doc": output.doc}));
        json!({
            "kind": schema.kind,
            "doc": schema.doc,
            "managed": schema.role == Role::Managed,
            "irreversible": schema.irreversible,
            "attributes": attributes.collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
            "open_outputs": schema.open_outputs,
            "identity": schema.identity,
            "example": schema.example,
        })
    });
    json!({"format_version": FORMAT_VERSION, "kinds": kinds.collect::<Vec<_>>()})
}

/// Functions as JSON.
#[must_use]
pub fn functions_json() -> Json {
    let functions = FUNCTIONS.iter().map(|function| {
        json!({"name": function.name, "signature": function.signature, "doc": function.doc})
    });
    json!({"format_version": FORMAT_VERSION, "functions": functions.collect::<Vec<_>>()})
}

/// Codes as JSON.
#[must_use]
pub fn codes_json(codes: &BTreeMap<&str, Code>) -> Json {
    let by_code = |text: fn(Code) -> &'static str| -> BTreeMap<&str, &str> {
        codes
            .iter()
            .map(|(name, code)| (*name, text(*code)))
            .collect()
    };
    json!({
        "format_version": FORMAT_VERSION,
        "codes": by_code(Code::meaning),
        "remedies": by_code(Code::remedy),
    })
}

fn attribute_json(attribute: &AttributeSchema) -> Json {
    json!({
        "name": attribute.name,
        "type": type_name(attribute.ty),
        "presence": presence(attribute.presence),
        "on_change": on_change(attribute.on_change),
        "doc": attribute.doc,
    })
}

fn type_name(ty: Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Integer => "whole number".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Amount => "amount, such as cfx(5)".to_owned(),
        Type::Blocks => "number of blocks, such as blocks(5)".to_owned(),
        Type::Secret => "secret, such as env(\"NAME\")".to_owned(),
        Type::Reference(kinds) => format!("a {}", kinds.join(" or a ")),
        Type::List(inner) => format!("list of ({})", type_name(*inner)),
        Type::Settings => "settings by name".to_owned(),
        Type::Any => "any value".to_owned(),
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Required => "required",
        Presence::Optional => "optional",
        Presence::Implied => "implied where there is only one",
        Presence::Assumed => "the only one, if there is one",
    }
}

fn on_change(on_change: OnChange) -> &'static str {
    match on_change {
        OnChange::Update => "a change is made in place",
        OnChange::Replace => "a change makes it anew",
        OnChange::Refuse => "cannot be changed",
        OnChange::Ignore => "a change does nothing outside",
    }
}

fn first_sentence(doc: &str) -> &str {
    doc.find(". ").map_or(doc, |end| &doc[..=end])
}

/// Breaks a text into lines behind so many blanks.
fn wrapped(text: &str, blanks: usize) -> String {
    let indent = " ".repeat(blanks);
    let mut result = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && blanks + used + 1 + length > WIDTH {
            result.push('\n');
            used = 0;
        }
        let gap = if used == 0 { indent.as_str() } else { " " };
        used += length + usize::from(used > 0);
        result.push_str(gap);
        result.push_str(word);
    }
    if !result.is_empty() {
        result.push('\n');
    }
    result
}
