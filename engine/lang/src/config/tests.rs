//! Small specs, and the whole list of what is wrong with them.

mod cases;
mod fuzz;
mod oracle;
mod values;

use std::collections::BTreeMap;

use pospool_model::{
    Address, AttributeSchema, Attributes, Dependency, Diagnostic, KindSchema, OnChange,
    OutputSchema, Presence, Role, Severity, Type, Value,
};

use super::{CODES, Config, Kinds, Scope, VariableInputs, decode_spec};
use crate::spec::SourceFile;

const fn attribute(name: &'static str, ty: Type, presence: Presence) -> AttributeSchema {
    AttributeSchema {
        name,
        ty,
        presence,
        on_change: OnChange::Update,
        doc: "what it is for",
    }
}

const fn kind(
    kind: &'static str,
    attributes: &'static [AttributeSchema],
    outputs: &'static [OutputSchema],
) -> KindSchema {
    KindSchema {
        kind,
        doc: "",
        role: Role::Managed,
        attributes,
        outputs,
        open_outputs: false,
        identity: None,
        irreversible: None,
        example: "",
    }
}

const ADDRESS: OutputSchema = OutputSchema::new("address", "");

static KINDS: &[KindSchema] = &[
    kind(
        "host",
        &[
            attribute("docker", Type::Text, Presence::Optional),
            attribute("port", Type::Integer, Presence::Optional),
        ],
        &[ADDRESS],
    ),
    kind(
        "account",
        &[attribute("private_key", Type::Secret, Presence::Required)],
        &[ADDRESS],
    ),
    kind(
        "node",
        &[
            attribute("host", Type::Reference(&["host"]), Presence::Implied),
            attribute("image", Type::Text, Presence::Required),
            attribute(
                "peer",
                Type::Reference(&["node", "host"]),
                Presence::Optional,
            ),
            attribute("tags", Type::List(&Type::Text), Presence::Optional),
            attribute("memory_mb", Type::Integer, Presence::Optional),
            attribute("public", Type::Bool, Presence::Optional),
        ],
        &[ADDRESS],
    ),
    kind(
        "pool",
        &[
            attribute("settings", Type::Settings, Presence::Optional),
            attribute("deposit", Type::Amount, Presence::Optional),
            attribute("lock", Type::Blocks, Presence::Optional),
            attribute("extra", Type::Any, Presence::Optional),
        ],
        &[ADDRESS],
    ),
    KindSchema {
        open_outputs: true,
        ..kind("source", &[], &[])
    },
    kind(
        "record",
        &[attribute("value", Type::Text, Presence::Required)],
        &[ADDRESS],
    ),
];

fn kinds() -> Kinds {
    Kinds::new([KINDS])
}

fn decode_text(text: &str) -> (Config, Vec<Diagnostic>) {
    let file = SourceFile::new("pool.hcl", text);
    decode_spec(&[file], &kinds(), &VariableInputs::default())
}

/// Decodes a spec that must be good.
fn good(text: &str) -> Config {
    let (config, problems) = decode_text(text);
    assert_eq!(show(text, &problems), "", "{text}");
    config
}

/// Writes a list of problems: code, place, summary, help.
fn show(text: &str, problems: &[Diagnostic]) -> String {
    let lines = problems.iter().map(|problem| {
        let place = match &problem.span {
            Some(span) if span.file == "pool.hcl" => {
                let before = &text[..span.bytes.start];
                let line = 1 + before.matches('\n').count();
                let column = 1 + before.chars().rev().take_while(|&c| c != '\n').count();
                let shown = text[span.bytes.clone()].lines().next().unwrap_or_default();
                format!("{line}:{column} <{shown}>")
            }
            Some(span) => format!("{} {:?}", span.file, span.bytes),
            None => "nowhere".to_owned(),
        };
        let help = problem
            .help
            .as_ref()
            .map(|help| format!("\n  {help}"))
            .unwrap_or_default();
        format!("{} {place} {}{help}\n", problem.code, problem.summary)
    });
    lines.collect()
}

/// Asserts the whole list of problems of a spec.
#[track_caller]
fn check(text: &str, expected: &str) {
    let text = unindent(text);
    let found = show(&text, &decode_text(&text).1);
    let expected = unindent(expected);
    assert_eq!(
        found.trim(),
        expected.trim(),
        "\n--- found ---\n{found}\n--- in ---\n{text}"
    );
}

/// Removes the indentation that a text has in the source of a test.
fn unindent(text: &str) -> String {
    let text = text.trim_start_matches('\n');
    let indents = text.lines().filter(|line| !line.trim().is_empty());
    let indent = indents
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines = text
        .lines()
        .map(|line| line.get(indent..).unwrap_or("").to_owned() + "\n");
    lines.collect()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Evaluates everything while nothing of the outside is known.
fn attributes(config: &Config, name: &str) -> Attributes {
    let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
    let locals = config.local_values();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    let (attributes, problems) = config.evaluate(&address(name), &scope);
    assert_eq!(problems, []);
    attributes
}

/// Evaluates an expression as the value of an attribute of free form.
#[track_caller]
fn value_of(expression: &str) -> String {
    let config = good(&format!("pool \"p\" {{\n  extra = {expression}\n}}\n"));
    attributes(&config, "pool.p")
        .get("extra")
        .unwrap_or(&Value::Null)
        .to_string()
}

#[test]
fn every_code_has_a_case() {
    let cases = concat!(
        include_str!("tests/cases.rs"),
        include_str!("tests/values.rs"),
        include_str!("../spec/tests.rs"),
    );
    for code in CODES {
        let shown = [format!("{code} "), format!("{code}\"")];
        assert!(
            shown.iter().any(|shown| cases.contains(shown)),
            "no test shows {code}"
        );
    }
}

#[test]
fn a_config_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Config>();
}
