//! Files that a spec puts into containers.
//!
//! - Reads: rendered files.
//! - Returns: text or JSON.
//! - Never: changes a line of a file.

use std::fmt::Write as _;
use std::path::Path;

use pospool_model::Address;
use pospool_model::provider::Rendered;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, Paint, clean_text, format_count};

/// The files, each under its name.
#[must_use]
pub fn format_rendered(rendered: &[(Address, Rendered)], paint: Paint) -> String {
    let mut text = String::new();
    for (address, rendered) in rendered {
        for (name, content) in &rendered.files {
            let head = paint.bold(&format!("==> {address}/{name}"));
            let content = clean_text(content);
            let _ = write!(text, "{head}\n{}\n\n", content.trim_end());
        }
    }
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    text
}

/// What was written.
#[must_use]
pub fn format_files_written(folder: &Path, files: usize) -> String {
    let files = format_count(files, "file", "files");
    format!("wrote {files} into `{}`\n", folder.display())
}

/// What else goes into the containers, and what is not known yet.
#[must_use]
pub fn format_render_notes(rendered: &[(Address, Rendered)], paint: Paint) -> String {
    let mut text = String::new();
    for (address, rendered) in rendered {
        for note in &rendered.notes {
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{} {address}: {}",
                paint.bold("note:"),
                clean_text(note)
            );
        }
    }
    text
}

/// One document.
#[must_use]
pub fn rendered_to_json(rendered: &[(Address, Rendered)]) -> Json {
    let one = |(address, rendered): &(Address, Rendered)| {
        json!({
            "address": address,
            "files": rendered.files,
            "notes": rendered.notes,
        })
    };
    let resources: Vec<Json> = rendered.iter().map(one).collect();
    json!({ "format_version": FORMAT_VERSION, "resources": resources })
}
