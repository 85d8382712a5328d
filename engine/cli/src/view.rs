//! The only code that makes text for people, and JSON for programs.
//!
//! - Reads: values of the engine.
//! - Returns: text, or JSON values.
//! - Never: decides, waits, or lets a colour alone carry a meaning.

pub mod agent;
pub mod backups;
pub mod changes;
pub mod comment;
pub mod diagnostics;
pub mod doctor;
pub mod explain;
pub mod failure;
pub mod figures;
pub mod findings;
pub mod found_spec;
pub mod guard;
pub mod import;
pub mod key;
mod live_bars;
pub mod machine;
pub mod outcome;
pub mod outputs;
pub mod paint;
pub mod plan;
pub mod progress;
pub mod questions;
pub mod render;
pub mod repair;
pub mod seal;
pub mod serve;
pub mod state;
pub mod status;
pub mod sync;
pub mod template;
pub mod unsigned;
pub mod upkeep;
pub mod validate;
pub mod version;

pub use paint::Paint;
pub(crate) use pospool_model::shown::is_bidi;
pub use pospool_model::shown::{clean_line, clean_text};

/// Version of every JSON form that commands write.
pub const FORMAT_VERSION: u32 = 1;

/// What the first signal says.
pub const STOPPING: &str =
    "stopping: nothing new is begun, what is under way is recorded; again to leave at once";

/// What a signal says that ends the process at once.
pub const STOPPED: &str = "stopped";

/// `1 step`, `2 steps`.
#[must_use]
pub fn format_count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// Puts every line of a text behind so many blanks.
#[must_use]
pub fn indent_lines(text: &str, blanks: usize) -> String {
    let indent = " ".repeat(blanks);
    let lines = text.lines().map(|line| {
        if line.is_empty() {
            "\n".to_owned()
        } else {
            format!("{indent}{line}\n")
        }
    });
    lines.collect()
}
