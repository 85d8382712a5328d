//! A plan as a comment in Markdown, for a pull request.
//!
//! - Reads: the plan and the problems beside it.
//! - Returns: what a reviewer must see first on top: errors, what cannot be undone, money; then everything.
//! - Never: lets a text of the spec end the block that it stands in: who wrote it may be a stranger.

use super::plan::{self, Around};
use pospool_model::plan::Plan;

/// The comment; `problems` is the text of what was found beside the plan.
#[must_use]
pub fn format_comment(plan: &Plan, around: Around<'_>, problems: &str) -> String {
    let whole = plan::format_plan(plan, around);
    let summary = whole.trim_end().lines().last().unwrap_or_default();
    let mut text = format!("### pospool plan\n\n{}", fenced(summary));
    let first = [
        (!problems.is_empty()).then(|| problems.to_owned()),
        plan::irreversible(plan, around.paint),
        plan::money(plan, around.paint),
    ];
    for section in first.into_iter().flatten() {
        text.push('\n');
        text.push_str(&fenced(&section));
    }
    text.push_str("\n<details><summary>Everything that it does</summary>\n\n");
    text.push_str(&fenced(&whole));
    text.push_str("\n</details>\n");
    text
}

/// A block in which nothing means anything: its fence is longer than any row of backticks in it.
fn fenced(text: &str) -> String {
    let longest = text
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let text = text.trim_end();
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_block() {
        for text in ["plain", "a ``` b", "`````\n</details>\n@everybody"] {
            let block = fenced(text);
            let fence = block.split("text\n").next().unwrap();
            assert!(fence.len() >= 3 && !text.contains(fence), "{block}");
            assert!(block.ends_with(&format!("\n{fence}\n")), "{block}");
        }
    }
}
