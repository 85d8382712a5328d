//! The HCL project's own cases, from a checkout that `POSPOOL_HCL_DIR` names; nothing of them is copied.
//!
//! A case is a text `NAME.hcl` and what must come of it, `NAME.t`. Every expression of the text becomes the value of a
//! record of a spec, and so does every expression of the result; both are evaluated and compared. Where pospool refuses or
//! differs by design, `docs/hcl.md` has a row that says why, and a row that is not needed fails too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{BlockLabel, Body};
use pospool_cli::wiring;
use pospool_engine::resolve;
use pospool_lang::config::{self, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::{Diagnostic, Value};

/// What the cases' own tool gives to expressions.
const VARIABLES: &str = "locals {\n  bar = \"Bar\"\n  space_bar = \"  Bar\"\n}\n";

/// Texts of expressions by their path.
type Expressions = BTreeMap<String, String>;

/// All expressions of a body, whatever its blocks mean. One below an object is one of its own.
fn collect_expressions(path: &str, text: &str, body: &Body, into: &mut Expressions) {
    for attribute in body.attributes() {
        let path = join(path, attribute.key.as_str());
        collect_expression(&path, text, &attribute.value, into);
    }
    for block in body.blocks() {
        let labels = block.labels.iter().map(BlockLabel::as_str);
        let path = [block.ident.as_str()]
            .into_iter()
            .chain(labels)
            .fold(path.to_owned(), |path, name| join(&path, name));
        collect_expressions(&path, text, &block.body, into);
    }
}

fn collect_expression(path: &str, text: &str, expression: &Expression, into: &mut Expressions) {
    if let Expression::Object(object) = expression {
        for (key, value) in object {
            let key = match key {
                ObjectKey::Expression(Expression::String(key)) => key.value().clone(),
                ObjectKey::Ident(key) => key.as_str().to_owned(),
                ObjectKey::Expression(other) => panic!("a key of the suite: {other:?}"),
            };
            collect_expression(&join(path, &key), text, value.expr(), into);
        }
        return;
    }
    let place = expression.span().expect("the parser notes places");
    let end = match expression {
        // Its last line belongs to it.
        Expression::HeredocTemplate(_) => text[place.end..]
            .find('\n')
            .map_or(text.len(), |at| place.end + at),
        _ => place.end,
    };
    into.insert(path.to_owned(), text[place.start..end].to_owned());
}

fn join(path: &str, name: &str) -> String {
    let separator = if path.is_empty() { "" } else { "." };
    format!("{path}{separator}{name}")
}

fn parsed(text: &str) -> Result<Expressions, String> {
    let body: Body = text.parse().map_err(|error| format!("{error}"))?;
    let mut found = Expressions::new();
    collect_expressions("", text, &body, &mut found);
    Ok(found)
}

/// The value of an expression by way of a spec, or the code of what is wrong with it.
fn evaluate(expression: &str) -> Result<Value, String> {
    let expression = expression
        .replace("${bar}", "${local.bar}")
        .replace("${space_bar}", "${local.space_bar}");
    // A list holds what a required attribute would not: null.
    let text = format!("{VARIABLES}record \"it\" {{\n  value = {{ it = {expression}\n  }}\n}}\n");
    let (value, problems) = decode(&text);
    match (value, problems.first()) {
        (Some(Value::Map(mut map)), None) => Ok(map.remove("it").unwrap_or_default()),
        (value, None) => Err(format!("it has no value: {value:?}")),
        (_, Some(problem)) => Err(problem.code.to_string()),
    }
}

fn decode(text: &str) -> (Option<Value>, Vec<Diagnostic>) {
    let registry = wiring::build_registry(wiring::NO_WAIT);
    let file = SourceFile::new("case.hcl", text);
    let (config, mut problems) =
        config::decode_spec(&[file], &registry.kinds(), &VariableInputs::default());
    let (mut wanted, more) = resolve::resolve_unseen(&config, &registry);
    problems.extend(more);
    let record = wanted.remove(&"record.it".parse().unwrap());
    (record.and_then(|mut it| it.remove("value")), problems)
}

/// What differs in one case: the part, and what pospool does instead.
fn differences(case: &str, folder: &Path) -> Vec<(String, String)> {
    let read = |end: &str| std::fs::read_to_string(folder.join(format!("{case}.{end}"))).unwrap();
    let (text, expected) = (read("hcl"), read("t"));
    let expected = parsed(&expected).expect("the suite's own files are HCL");
    let refused = decode(&text)
        .1
        .into_iter()
        .find(|it| it.code == "spec/syntax");
    let first = |name: &str| {
        let path = format!("diagnostics.error.from.{name}");
        expected
            .get(&path)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let is_fault = expected.keys().any(|path| path.starts_with("diagnostics."));
    match (refused, is_fault) {
        (None, true) => return vec![("whole".to_owned(), "taken".to_owned())],
        (Some(problem), false) => return vec![("whole".to_owned(), problem.code.to_string())],
        (Some(problem), true) => {
            let byte = problem.span.map(|place| place.bytes.start);
            // The last of several faults is what a map of paths keeps; there the place is not compared.
            let several = folder.join(format!("{case}.t"));
            let several = std::fs::read_to_string(several)
                .unwrap()
                .matches("error {")
                .count()
                > 1;
            let same = several || byte == first("byte");
            return if same {
                Vec::new()
            } else {
                vec![("place".to_owned(), format!("byte {byte:?}"))]
            };
        }
        (None, false) => {}
    }
    let found = parsed(&text).unwrap();
    let results = expected
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("result.")?, text)));
    let mut differences = Vec::new();
    for (path, wanted) in results {
        // A case may take a block out and show what is in it.
        let below = format!(".{path}");
        let inner = found.iter().find(|(name, _)| name.ends_with(&below));
        let Some(expression) = found.get(path).or(inner.map(|(_, text)| text)) else {
            differences.push((path.to_owned(), "not there".to_owned()));
            continue;
        };
        match (evaluate(expression), evaluate(wanted)) {
            (Ok(value), Ok(wanted)) if value == wanted => {}
            (Ok(value), _) => differences.push((path.to_owned(), value.to_string())),
            (Err(code), _) => differences.push((path.to_owned(), code)),
        }
    }
    differences
}

/// All cases of the suite.
fn cases(folder: &Path) -> Vec<String> {
    let mut cases = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "t") {
                let case = path.with_extension("");
                cases.push(
                    case.strip_prefix(folder)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    cases.sort();
    cases
}

/// Rows of the document: case, part, what pospool does.
fn designed() -> Vec<(String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hcl.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cell = |line: &str, at: usize| {
        let cell = line.split('|').nth(at).unwrap_or_default();
        cell.trim().trim_matches('`').to_owned()
    };
    rows.map(|row| (cell(row, 1), cell(row, 2), cell(row, 3)))
        .collect()
}

#[test]
fn the_cases_of_the_hcl_project_hold_but_for_those_that_are_refused_by_design() {
    let Some(checkout) = std::env::var_os("POSPOOL_HCL_DIR").map(PathBuf::from) else {
        println!("NOT RUN: POSPOOL_HCL_DIR names no checkout of hashicorp/hcl");
        return;
    };
    let folder = checkout.join("specsuite/tests");
    let cases = cases(&folder);
    assert!(cases.len() > 10, "{cases:?}");
    let mut found = Vec::new();
    for case in &cases {
        let differences = differences(case, &folder).into_iter();
        found.extend(differences.map(|(part, does)| (case.clone(), part, does)));
    }
    let mut designed = designed();
    found.sort();
    designed.sort();
    let lines = |rows: &[(String, String, String)]| {
        let lines = rows
            .iter()
            .map(|(case, part, does)| format!("{case} {part}: {does}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        lines(&found),
        lines(&designed),
        "what is found, and docs/hcl.md"
    );
}
