//! What the guard of a node says, in the words of a plan.
//!
//! - Reads: the guard's report.
//! - Returns: findings, each with a code of its own: what keeps the node from voting, and what to do about it.
//! - Never: calls a node well that nobody has heard of lately.

use pospool_model::guard::{GuardReport, HELD};
use pospool_model::{Address, Code, Finding, FindingKind};

use crate::codes;

/// A guard that said nothing for so many seconds is silent: it looks every few seconds.
const SILENT: u64 = 60;
/// How many seconds ahead of ours the clock of a report may be.
const AHEAD: u64 = 60;

/// Conditions of the guard, how each counts, and its code. What every start goes through is on its way; a condition that a
/// newer guard has is wrong, since it keeps the node from voting.
const CONDITIONS: &[(&str, FindingKind, Code)] = &[
    (HELD, FindingKind::Wrong, codes::VOTER_HELD),
    ("other-voter", FindingKind::Wrong, codes::TWO_VOTERS),
    ("other-owner", FindingKind::Wrong, codes::SAFETY_FILE),
    ("bad-safety-file", FindingKind::Wrong, codes::SAFETY_FILE),
    ("no-safety-file", FindingKind::Wrong, codes::SAFETY_FILE),
    ("old-safety-file", FindingKind::Wrong, codes::SAFETY_FILE),
    ("no-peers", FindingKind::Wrong, codes::NOT_IN_SYNC),
    ("old-head", FindingKind::Wrong, codes::NOT_IN_SYNC),
    ("behind", FindingKind::Wrong, codes::NOT_IN_SYNC),
    ("catching-up", FindingKind::Wrong, codes::NOT_IN_SYNC),
    ("no-pos", FindingKind::Wrong, codes::NOT_IN_SYNC),
    ("nobody-to-ask", FindingKind::Wrong, codes::NOBODY_TO_ASK),
    ("starting", FindingKind::Underway, codes::NOT_VOTING_YET),
    ("two-blocks", FindingKind::Underway, codes::NOT_VOTING_YET),
    ("epoch-to-end", FindingKind::Underway, codes::NOT_VOTING_YET),
    ("reading", FindingKind::Underway, codes::NOT_VOTING_YET),
    ("watching", FindingKind::Underway, codes::NOT_VOTING_YET),
];

/// What there is to say of a node that should run.
pub(crate) fn find_voter_troubles(
    node: &Address,
    report: Option<&GuardReport>,
    now: u64,
) -> Option<Finding> {
    let finding = |kind, code, what: String| Some(Finding::new(kind, node, code, what));
    let unknown = |what| finding(FindingKind::Unknown, codes::GUARD_SILENT, what);
    let Some(report) = report else {
        return unknown(
            "the container has no word of its guard: whether it votes is not known".to_owned(),
        );
    };
    let wrong = |code, what| finding(FindingKind::Wrong, code, what);
    // However old the report is: a guard that has given up says nothing more. Its file is in the container's memory, so it is
    // never of an earlier start of that.
    if report.given_up {
        let held = report.hold.as_deref() == Some(HELD);
        let code = if held {
            codes::VOTER_HELD
        } else {
            codes::NODE_GIVEN_UP
        };
        return wrong(code, format!("it does not run: {}", report.why));
    }
    let age = now.saturating_sub(report.at);
    if age > SILENT {
        return unknown(format!(
            "its guard last said something {age} s ago: whether it votes is not known"
        ));
    }
    if report.at > now + AHEAD {
        return unknown(format!(
            "the clock of its guard is {} s ahead of this machine's: whether it votes is not known",
            report.at - now
        ));
    }
    let hold = report.hold.as_deref()?;
    // Nothing that is seen here alone counts.
    if hold == "watching" && report.sources.0 == 0 {
        let what = format!("no other source of the chain answers; {}", report.why);
        return wrong(codes::NOBODY_TO_ASK, what);
    }
    match CONDITIONS.iter().find(|(id, ..)| *id == hold) {
        Some((_, FindingKind::Underway, code)) => {
            let what = format!("it does not vote yet: {}", report.why);
            finding(FindingKind::Underway, *code, what)
        }
        Some((_, kind, code)) => finding(*kind, *code, format!("it does not vote: {}", report.why)),
        None => wrong(
            codes::VOTER_HELD,
            format!("it does not vote: {}", report.why),
        ),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use pospool_model::guard::{MachineFacts, SyncFacts, Voting};

    pub(crate) fn report(hold: Option<&str>) -> GuardReport {
        GuardReport {
            at: 1000,
            key: None,
            voting: Voting::Off,
            hold: hold.map(str::to_owned),
            why: "because".to_owned(),
            running: true,
            given_up: false,
            starts: 1,
            phase: None,
            head_time: None,
            peers: None,
            pos_epoch: None,
            pos_height: None,
            source_height: None,
            sources: (0, 0),
            elected: None,
            signed: None,
            seen_signed: None,
            sync: SyncFacts::default(),
            machine: MachineFacts::default(),
        }
    }

    fn finding(report: Option<&GuardReport>, now: u64) -> Option<(FindingKind, Code)> {
        let node = "node.main".parse().unwrap();
        let found = find_voter_troubles(&node, report, now)?;
        assert!(!found.remedy.is_empty() && !found.reason.is_empty());
        Some((found.kind, found.code))
    }

    const UNKNOWN: Option<(FindingKind, Code)> = Some((FindingKind::Unknown, codes::GUARD_SILENT));

    fn wrong(code: Code) -> (FindingKind, Code) {
        (FindingKind::Wrong, code)
    }

    #[test]
    fn case_not_in_sync_each_condition_has_a_code() {
        let underway = (FindingKind::Underway, codes::NOT_VOTING_YET);
        for (hold, expected) in [
            ("held", wrong(codes::VOTER_HELD)),
            ("other-voter", wrong(codes::TWO_VOTERS)),
            ("no-peers", wrong(codes::NOT_IN_SYNC)),
            ("other-owner", wrong(codes::SAFETY_FILE)),
            // What every start goes through.
            ("starting", underway),
            ("two-blocks", underway),
            ("watching", wrong(codes::NOBODY_TO_ASK)),
            ("of a newer guard", wrong(codes::VOTER_HELD)),
        ] {
            let found = finding(Some(&report(Some(hold))), 1010);
            assert_eq!(found, Some(expected), "{hold}");
        }
        let mut watched = report(Some("watching"));
        watched.sources = (1, 2);
        assert_eq!(finding(Some(&watched), 1010), Some(underway));
        assert_eq!(finding(Some(&report(None)), 1010), None);
    }

    /// It reports that once, and nothing after it.
    #[test]
    fn a_guard_that_gave_up_is_not_silent() {
        let gone = |hold| GuardReport {
            given_up: true,
            ..report(hold)
        };
        for now in [1010, 900_000, 10] {
            let said = |hold| finding(Some(&gone(hold)), now);
            assert_eq!(said(None), Some(wrong(codes::NODE_GIVEN_UP)), "{now}");
            // A start is not what helps here.
            assert_eq!(said(Some(HELD)), Some(wrong(codes::VOTER_HELD)), "{now}");
        }
    }

    #[test]
    fn what_nobody_heard_lately_is_not_known() {
        let well = report(None);
        assert_eq!(finding(None, 1010), UNKNOWN);
        assert_eq!(finding(Some(&well), 1061), UNKNOWN);
        assert_eq!(finding(Some(&well), 900), UNKNOWN);
        assert_eq!(finding(Some(&well), 990), None);
    }
}
