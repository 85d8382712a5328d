//! What was taken up.
//!
//! - Returns: what the state knows now, and which blocks of the spec were given a line.
//! - Never: promises that nothing differs: the next plan shows that.

use std::fmt::Write as _;

use pospool_model::Address;
use pospool_model::plan::Plan;

use super::format_count;

/// What was not found, and would be made.
#[must_use]
pub fn format_missing(missing: &[Address]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let names: Vec<String> = missing.iter().map(|it| format!("`{it}`")).collect();
    format!(
        "not found: {}; the next apply makes what is not there. A contract that is there is named by `pospool import ADDRESS PLACE`\n",
        names.join(", ")
    )
}

/// What was taken up.
#[must_use]
pub fn format_taken_up(plan: &Plan, places: &[(Address, String)], spec: &str) -> String {
    if plan.steps.is_empty() {
        return "nothing was found that the state does not know\n".to_owned();
    }
    let taken = format_count(plan.steps.len(), "resource", "resources");
    let mut text = format!("\n{taken} taken up; nothing was sent, started or stopped\n");
    for (address, place) in places {
        let _ = writeln!(
            text,
            "  `{spec}` says of `{address}`: address = \"{place}\""
        );
    }
    text += "`pospool plan` shows what differs from the spec\n";
    text
}
