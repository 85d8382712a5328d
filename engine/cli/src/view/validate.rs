//! A spec without errors.
//!
//! - Reads: how many resources it has, and its warnings.
//! - Returns: text or JSON.
//! - Never: is asked about a spec with errors; the diagnostics view is.

use pospool_lang::spec::SourceFile;
use pospool_model::Diagnostic;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, Paint, diagnostics, format_count};

/// One line.
#[must_use]
pub fn format_validation(name: &str, resources: usize, paint: Paint) -> String {
    let valid = paint.green("valid");
    format!(
        "`{name}` is {valid}: {}\n",
        format_count(resources, "resource", "resources")
    )
}

/// One document.
#[must_use]
pub fn validation_to_json(resources: usize, warnings: &[Diagnostic], files: &[SourceFile]) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "resources": resources,
        "diagnostics": diagnostics::diagnostics_to_json(warnings, files),
    })
}
