//! What stopped a command.
//!
//! - Reads: a failure.
//! - Returns: its code, what happened, why, and what to do; as text or JSON.
//! - Never: leaves out a cause.

use std::error::Error;
use std::fmt::Write as _;

use pospool_model::Code;
use pospool_model::ProviderError;
pub use pospool_model::diagnostic::format_with_causes;
use pospool_model::plan::EffectId;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, Paint, clean_text, diagnostics, indent_lines};
use crate::failure::Failure;

/// The failure as text.
#[must_use]
pub fn format_failure(failure: &Failure, paint: Paint) -> String {
    if let Failure::Problems { problems, files } = failure {
        return diagnostics::format_diagnostics(problems, files, paint);
    }
    let help = failure.help();
    let mut why = causes(failure);
    if let Failure::Stale { reasons, .. } = failure {
        why.extend(reasons.iter().cloned());
    }
    let mut text = error(
        failure.code(),
        &failure.to_string(),
        &why,
        help.as_deref(),
        paint,
    );
    if let Failure::Unsettled(open) = failure {
        text.extend(
            open.iter()
                .map(|(id, cause)| format_failed_effect(id, cause, paint)),
        );
    }
    text
}

/// One effect that did not end well.
#[must_use]
pub fn format_failed_effect(id: &EffectId, cause: &ProviderError, paint: Paint) -> String {
    let what = format!("`{id}`: {cause}");
    error(
        cause.code(),
        &what,
        &causes(cause),
        Some(next_step(cause)),
        paint,
    )
}

/// The failure as JSON.
#[must_use]
pub fn failure_to_json(failure: &Failure) -> Json {
    let problems = match failure {
        Failure::Problems { problems, files } => diagnostics::diagnostics_to_json(problems, files),
        _ => json!([]),
    };
    let details: Vec<Json> = match failure {
        Failure::Stale { reasons, .. } => reasons.iter().map(|reason| json!(reason)).collect(),
        Failure::Unsettled(open) => open
            .iter()
            .map(|(id, cause)| effect_json(id, cause))
            .collect(),
        _ => Vec::new(),
    };
    json!({
        "format_version": FORMAT_VERSION,
        "error": {
            "code": failure.code(),
            "summary": failure.to_string(),
            "causes": causes(failure),
            "help": failure.help(),
            "details": details,
        },
        "diagnostics": problems,
        "exit": failure.exit().code(),
    })
}

/// One effect that did not end well, as JSON.
#[must_use]
pub fn effect_json(id: &EffectId, cause: &ProviderError) -> Json {
    json!({
        "effect": id.to_string(),
        "code": cause.code(),
        "summary": cause.to_string(),
        "causes": causes(cause),
        "help": next_step(cause),
    })
}

/// What an operator does about a provider's failure.
#[must_use]
pub fn next_step(cause: &ProviderError) -> &'static str {
    match cause {
        ProviderError::Refused { .. } => {
            "mend the cause, then run `pospool apply` again: it plans what is left"
        }
        ProviderError::Unreachable { .. } => {
            "nothing was sent; run `pospool apply` again when it can be reached"
        }
        ProviderError::OutcomeUnknown { .. } => {
            "run `pospool apply` again: it asks about this same attempt and never makes a second one"
        }
        ProviderError::Converging { .. } | ProviderError::Cancelled => {
            "run `pospool apply` again to go on with it"
        }
    }
}

fn error(code: Code, what: &str, why: &[String], help: Option<&str>, paint: Paint) -> String {
    let head = paint.red(&format!("error[{code}]"));
    let mut text = format!("{head}: {}\n", tail(what));
    for cause in why {
        let _ = writeln!(text, "  because: {}", tail(cause));
    }
    if let Some(help) = help {
        let _ = writeln!(text, "  help: {}", tail(help));
    }
    text
}

/// A text whose further lines stay under its first one.
fn tail(text: &str) -> String {
    let text = clean_text(text.trim_end());
    match text.split_once('\n') {
        None => text,
        Some((first, rest)) => format!("{first}\n{}", indent_lines(rest, 4).trim_end()),
    }
}

/// Messages of the causes; one that only repeats what is above it is left out.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut above = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if text != above {
            causes.push(text.clone());
        }
        above = text;
        next = cause.source();
    }
    causes
}
