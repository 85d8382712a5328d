//! Functions that a spec may call.
//!
//! - Reads: the arguments.
//! - Returns: the result, or which argument is wrong and why.
//! - Never: reads the environment or a file: `env` and `file` only name a secret.

use pospool_model::{Blocks, CredentialName, Drip, SecretRef, Value};

use super::operators::{OperatorFault, describe_type};

/// A function, as `pospool explain functions` prints it.
#[derive(Clone, Copy, Debug)]
pub struct SpecFunction {
    /// Its name.
    pub name: &'static str,
    /// How it is called, with types.
    pub signature: &'static str,
    /// What it returns.
    pub doc: &'static str,
    /// Its only argument is a name, written out.
    pub(super) takes_name: bool,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) run: fn(Vec<Value>) -> Result<Value, OperatorFault>,
}

const MANY: usize = usize::MAX;

/// All functions, sorted by name.
pub const FUNCTIONS: &[SpecFunction] = &[
    function(
        "blocks",
        "blocks(number) -> blocks",
        "A number of Core Space blocks.",
        1,
        1,
        blocks,
    ),
    function(
        "cfx",
        "cfx(number or text) -> amount",
        "An amount in CFX; fractions are written as text: `cfx(\"0.25\")`.",
        1,
        1,
        cfx,
    ),
    function(
        "concat",
        "concat(list, …) -> list",
        "All elements of all lists.",
        1,
        MANY,
        concat,
    ),
    secret(
        "credential",
        "credential(\"NAME\") -> secret",
        "A secret that is sealed to the machine: `pospool agent` opens it at each boot, and a container gets it as a mount.",
        credential,
    ),
    function(
        "drip",
        "drip(number or text) -> amount",
        "An amount in drip, of which 10^18 are 1 CFX.",
        1,
        1,
        drip,
    ),
    secret(
        "env",
        "env(\"NAME\") -> secret",
        "The secret in an environment variable of pospool; read when it is used.",
        env,
    ),
    secret(
        "file",
        "file(\"PATH\") -> secret",
        "The secret in a file; read when it is used, without its last line break.",
        file,
    ),
    function(
        "join",
        "join(text, list) -> text",
        "The elements of the list with the text between them.",
        2,
        2,
        join,
    ),
    function(
        "keys",
        "keys(map) -> list",
        "The keys of a map, sorted.",
        1,
        1,
        keys,
    ),
    function(
        "length",
        "length(list, map or text) -> number",
        "The number of elements, keys or characters.",
        1,
        1,
        length,
    ),
    function(
        "lower",
        "lower(text) -> text",
        "The text in lower case.",
        1,
        1,
        lower,
    ),
    function(
        "merge",
        "merge(map, …) -> map",
        "All keys of all maps; later maps win.",
        1,
        MANY,
        merge,
    ),
    secret(
        "mount",
        "mount(\"/PATH\") -> secret",
        "The secret in a file of the host, which a container gets as a mount and reads by itself, after a reboot too.",
        mount,
    ),
    function(
        "tostring",
        "tostring(value) -> text",
        "A number, bool, amount or number of blocks as text.",
        1,
        1,
        tostring,
    ),
    function(
        "upper",
        "upper(text) -> text",
        "The text in upper case.",
        1,
        1,
        upper,
    ),
];

const fn function(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    least: usize,
    most: usize,
    run: fn(Vec<Value>) -> Result<Value, OperatorFault>,
) -> SpecFunction {
    SpecFunction {
        name,
        signature,
        doc,
        takes_name: false,
        least,
        most,
        run,
    }
}

const fn secret(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    run: fn(Vec<Value>) -> Result<Value, OperatorFault>,
) -> SpecFunction {
    SpecFunction {
        takes_name: true,
        ..function(name, signature, doc, 1, 1, run)
    }
}

fn wants<T>(position: usize, what: &str, got: &Value) -> Result<T, OperatorFault> {
    let summary = format!("this must be {what}, and is {}", describe_type(got));
    Err(OperatorFault::argument(position, summary))
}

fn only(arguments: Vec<Value>) -> Value {
    arguments.into_iter().next().unwrap_or_default()
}

fn cfx(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let amount = match only(arguments) {
        Value::Integer(number) => u64::try_from(number).ok().and_then(Drip::from_cfx),
        Value::Text(text) => Drip::parse_cfx(&text),
        other => return wants(0, "a whole number or text", &other),
    };
    amount.map(Value::Amount).ok_or_else(|| {
        OperatorFault::argument(0, "this is no amount of CFX")
            .help("write digits with at most 18 of them after the point, such as `cfx(\"1000.5\")`")
    })
}

fn drip(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let amount = match only(arguments) {
        Value::Integer(number) => u128::try_from(number).ok(),
        Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Text(_) => None,
        other => return wants(0, "a whole number or text", &other),
    };
    amount
        .map(|amount| Value::Amount(Drip(amount)))
        .ok_or_else(|| {
            OperatorFault::argument(0, "this is no amount of drip")
                .help("write digits, such as `drip(\"1000000000\")`")
        })
}

fn blocks(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Integer(number) => u64::try_from(number)
            .map(|number| Value::Blocks(Blocks(number)))
            .map_err(|_| OperatorFault::argument(0, "a number of blocks is not negative")),
        other => wants(0, "a whole number", &other),
    }
}

fn env(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(name) => Ok(Value::Secret(SecretRef::Env(name))),
        other => wants(0, "text", &other),
    }
}

fn file(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(path) => Ok(Value::Secret(SecretRef::File(path.into()))),
        other => wants(0, "text", &other),
    }
}

fn mount(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(path) if path.starts_with('/') => {
            Ok(Value::Secret(SecretRef::Mount(path.into())))
        }
        Value::Text(_) => Err(OperatorFault::argument(0, "this is no absolute path")),
        other => wants(0, "text", &other),
    }
}

fn credential(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(name) => CredentialName::new(&name)
            .map(|name| Value::Secret(SecretRef::Credential(name)))
            .map_err(|error| OperatorFault::argument(0, error.to_string())),
        other => wants(0, "text", &other),
    }
}

fn lower(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(text) => Ok(Value::Text(text.to_lowercase())),
        other => wants(0, "text", &other),
    }
}

fn upper(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Text(text) => Ok(Value::Text(text.to_uppercase())),
        other => wants(0, "text", &other),
    }
}

fn join(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let mut arguments = arguments.into_iter();
    let separator = match arguments.next().unwrap_or_default() {
        Value::Text(text) => text,
        other => return wants(0, "text", &other),
    };
    let list = match arguments.next().unwrap_or_default() {
        Value::List(list) => list,
        other => return wants(1, "a list", &other),
    };
    if list.contains(&Value::Unknown) {
        return Ok(Value::Unknown);
    }
    let texts: Vec<String> = list
        .iter()
        .map(|value| {
            as_text(value).ok_or_else(|| {
                OperatorFault::argument(1, format!("{} is no text to join", describe_type(value)))
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Value::Text(texts.join(&separator)))
}

fn concat(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let mut joined = Vec::new();
    for (position, argument) in arguments.into_iter().enumerate() {
        match argument {
            Value::List(list) => joined.extend(list),
            other => return wants(position, "a list", &other),
        }
    }
    Ok(Value::List(joined))
}

fn merge(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let mut merged = std::collections::BTreeMap::new();
    for (position, argument) in arguments.into_iter().enumerate() {
        match argument {
            Value::Map(map) => merged.extend(map),
            other => return wants(position, "a map", &other),
        }
    }
    Ok(Value::Map(merged))
}

fn keys(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    match only(arguments) {
        Value::Map(map) => Ok(Value::List(map.into_keys().map(Value::Text).collect())),
        other => wants(0, "a map", &other),
    }
}

fn length(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let length = match only(arguments) {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Text(text) => text.chars().count(),
        other => return wants(0, "a list, a map or text", &other),
    };
    Ok(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn tostring(arguments: Vec<Value>) -> Result<Value, OperatorFault> {
    let value = only(arguments);
    match as_text(&value) {
        Some(text) => Ok(Value::Text(text)),
        None => wants(0, "a number, a bool, an amount or blocks", &value),
    }
}

/// Writes a plain value the way text around it would, `None` for all others.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        // What is shown of it: a whole URL is only for the one that connects.
        Value::Endpoint(endpoint) if endpoint.name().is_none() => {
            Some(endpoint.shown().into_owned())
        }
        Value::Amount(amount) => Some(amount.plain()),
        Value::Blocks(blocks) => Some(format!("{} blocks", blocks.0)),
        Value::Bool(_) | Value::Integer(_) => Some(value.to_string()),
        _ => None,
    }
}
