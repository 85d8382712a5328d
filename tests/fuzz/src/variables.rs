//! Values of variables.
//!
//! - Reads: any text: up to a line `--`, a file of variables; behind it, what the command line gives each variable.
//! - Checks: no panic; every problem lies in the texts; what is accepted has the variable's type, is no secret, and
//!   is the same when it is read again.

use std::sync::OnceLock;

use pospool_engine::record::RecordProvider;
use pospool_lang::config::{self, Kinds, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::{Provider, Value};

use crate::spec::show_problems;

/// Every type that a variable can have.
const SPEC: &str = r#"
variable "t" { type = text }
variable "n" { type = number }
variable "b" { type = bool }
variable "a" { type = amount }
variable "k" { type = blocks }
variable "l" { type = list }
variable "m" { type = map }
variable "x" { default = null }
record "r" { value = [var.t, var.n, var.b, var.a, var.k, var.l, var.m, var.x] }
"#;
const NAMES: [&str; 8] = ["t", "n", "b", "a", "k", "l", "m", "x"];

fn kinds() -> &'static Kinds {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    KINDS.get_or_init(|| Kinds::new([RecordProvider.kinds()]))
}

/// One run.
pub fn fuzz_variables(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (file, given) = match text.split_once("--\n") {
        Some((file, given)) => (file, Some(given)),
        None => (text, None),
    };
    let files = [
        SourceFile::new("pool.hcl", SPEC),
        SourceFile::new("values.hcl", file),
    ];
    let assign = |given: &str| {
        let one = |name: &str| (name.to_owned(), given.to_owned(), format!("--var {name}"));
        NAMES.map(one).to_vec()
    };
    let inputs = VariableInputs {
        assignments: given.map(assign).unwrap_or_default(),
        files: files[1..].to_vec(),
        ..VariableInputs::default()
    };
    let (config, problems) = config::decode_spec(&files[..1], kinds(), &inputs);
    show_problems(&problems, &files);
    for (name, value) in config.variables() {
        let fits = matches!(
            (name.as_str(), value),
            (_, Value::Unknown)
                | ("t", Value::Text(_))
                | ("n", Value::Integer(_))
                | ("b", Value::Bool(_))
                | ("a", Value::Amount(_))
                | ("k", Value::Blocks(_))
                | ("l", Value::List(_))
                | ("m", Value::Map(_))
                | ("x", _)
        );
        assert!(fits, "{name} = {value}");
        assert!(problems.iter().any(|problem| problem.span.is_some()) || !has_secret(value));
    }
    if problems.is_empty() {
        let (again, none) = config::decode_spec(&files[..1], kinds(), &inputs);
        assert!(none.is_empty());
        assert_eq!(again.variables(), config.variables());
        assert_eq!(again.digest(), config.digest());
    }
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(list) => list.iter().any(has_secret),
        Value::Map(map) => map.values().any(has_secret),
        _ => false,
    }
}
