//! Calls of functions, as far as they can be judged without evaluating them.
//!
//! - Reads: the name and the arguments of a call.
//! - Returns: the function that is meant, or why the call cannot work.
//! - Never: repeats the text given to `env` or `file`, which may be a secret by mistake.

use hcl_edit::expr::{Expression, FuncCall};

use pospool_model::Diagnostic;

use super::functions::{FUNCTIONS, SpecFunction};
use super::problems::Problems;
use crate::spec::{self, SourceFile};

/// Finds the function that a call means.
fn find(call: &FuncCall) -> Option<&'static SpecFunction> {
    let name = call.name.name.as_str();
    let plain = !call.name.is_namespaced();
    FUNCTIONS
        .iter()
        .find(|function| plain && function.name == name)
}

/// Checks the name of a call and the form of its arguments, whatever they turn out to be.
pub(super) fn check_call(
    call: &FuncCall,
    source: &SourceFile,
    problems: &Problems,
) -> Result<&'static SpecFunction, Diagnostic> {
    let name = call.name.name.as_str();
    let Some(function) = find(call) else {
        let names = FUNCTIONS.iter().map(|function| function.name);
        let help = problems
            .did_you_mean(name, names, ToOwned::to_owned)
            .unwrap_or_else(|| "`pospool explain functions` lists them".to_owned());
        let summary = format!("there is no function `{name}`");
        let problem = Diagnostic::error(spec::UNKNOWN_FUNCTION, summary).help(help);
        return Err(problem.at(source.place(&call.name.name)));
    };
    let refuse = |code, summary: String| {
        let help = format!("write `{}`", function.signature);
        Diagnostic::error(code, summary)
            .help(help)
            .at(source.place(call))
    };
    let count = call.args.len();
    if call.args.expand_final() {
        let summary = "`...` after an argument is not supported".to_owned();
        return Err(refuse(spec::UNSUPPORTED, summary));
    }
    if !(function.least..=function.most).contains(&count) {
        let summary = format!("`{name}` was given {count} arguments");
        return Err(refuse(spec::ARGUMENT_COUNT, summary));
    }
    match call.args.get(0) {
        Some(argument) if function.takes_name => {
            check_name(function, argument).map_err(|problem| problem.at(source.place(argument)))
        }
        _ => Ok(function),
    }
}

/// Checks the argument of `env` or `file`.
fn check_name(
    function: &'static SpecFunction,
    argument: &Expression,
) -> Result<&'static SpecFunction, Diagnostic> {
    let name = function.name;
    let Some(text) = argument.as_str() else {
        let summary = format!("`{name}` takes a name, written out as text");
        let help = format!("write `{}`", function.signature);
        return Err(Diagnostic::error(spec::BAD_ARGUMENT, summary).help(help));
    };
    if is_name(name, text) {
        return Ok(function);
    }
    // The text may be the secret itself, so the message does not repeat it.
    let summary = format!("`{name}` was given something that is no name");
    let help = match name {
        "env" => "name an environment variable: letters, digits and `_`, not starting with a digit",
        _ => "name a file that holds the secret",
    };
    Err(Diagnostic::error(spec::SECRET_WRITTEN, summary).help(help))
}

/// Whether a text can name a variable or a file, and does not look like a key.
fn is_name(function: &str, text: &str) -> bool {
    let digits = text.trim_start_matches("0x");
    let is_key = digits.len() >= 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let starts_well = !text.starts_with(|first: char| first.is_ascii_digit());
    !text.is_empty()
        && !is_key
        && !text.contains('\0')
        && (function != "env" || is_plain && starts_well)
}
