//! What a guard says of itself.
//!
//! - Reads: its report, or why it ended.
//! - Returns: text.

use pospool_guard::GuardError;
use pospool_model::guard::GuardReport;

/// Nobody has handed the secrets over yet.
pub const WAITING: &str = "pospool: waiting for the password of the PoS key\n";
/// They are there.
pub const RECEIVED: &str = "pospool: password received, starting the node\n";

/// Why it did not start anything.
#[must_use]
pub fn format_refusal(error: &GuardError) -> String {
    format!("pospool: {error}\n")
}

/// The report, for programs and for people alike.
#[must_use]
pub fn format_report(report: &GuardReport) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
