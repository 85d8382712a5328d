//! What a look found that no step mends.
//!
//! - Reads: findings.
//! - Returns: text with code, reason and remedy of each, and the words that count them.
//! - Never: calls something well that could not be seen.

use std::fmt::Write as _;

use pospool_model::finding::{count_findings, has_trouble};
use pospool_model::{Finding, FindingKind};

use super::{Paint, clean_line, format_count, indent_lines};

const HEADS: [(FindingKind, char, &str); 3] = [
    (FindingKind::Wrong, '!', "wrong:"),
    (
        FindingKind::Unknown,
        '?',
        "cannot be seen, so nobody knows whether it is well:",
    ),
    (FindingKind::Underway, '…', "on its way:"),
];

/// The findings as sections of a plan, the worst first.
#[must_use]
pub fn format_findings(findings: &[Finding], paint: Paint) -> Vec<String> {
    let sections = HEADS.iter().filter_map(|(kind, mark, head)| {
        let mark = match kind {
            FindingKind::Wrong => paint.red(&mark.to_string()),
            FindingKind::Unknown | FindingKind::Underway => paint.yellow(&mark.to_string()),
        };
        let lines: String = findings
            .iter()
            .filter(|finding| finding.kind == *kind)
            .map(|finding| format_finding(finding, &mark))
            .collect();
        (!lines.is_empty()).then(|| format!("{}\n{lines}", paint.bold(head)))
    });
    sections.collect()
}

fn format_finding(finding: &Finding, mark: &str) -> String {
    let reason = clean_line(&finding.reason);
    let mut text = format!(
        "  {mark} {}: {reason} [{}]\n",
        finding.address, finding.code
    );
    text.push_str(&indent_lines(&clean_line(&finding.remedy), 6));
    text
}

/// `1 thing is wrong, 2 things cannot be seen`; `None` without findings.
#[must_use]
pub fn summarise_findings(findings: &[Finding]) -> Option<String> {
    let number = |kind| count_findings(findings, kind);
    let words = [
        (FindingKind::Wrong, "thing is wrong", "things are wrong"),
        (
            FindingKind::Unknown,
            "thing cannot be seen",
            "things cannot be seen",
        ),
        (
            FindingKind::Underway,
            "thing is on its way",
            "things are on their way",
        ),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .filter(|(kind, ..)| number(*kind) > 0)
        .map(|(kind, one, many)| format_count(number(kind), one, many))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What a run says at its end of what it did not mend.
#[must_use]
pub fn format_left(left: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    if let Some(counted) = summarise_findings(left).filter(|_| has_trouble(left)) {
        let line = format!("{counted}, and no step of this run was about it: see above");
        let _ = writeln!(text, "{}", paint.red(&line));
    }
    text
}
