//! What the guard of a node says, in the words of a plan.
//!
//! - Reads: the guard's report.
//! - Returns: warnings, each with a code of its own: what keeps the node from voting, and what to do about it.
//! - Never: calls a node well that nobody has heard of lately.

use std::path::Path;

use pospool_model::guard::{GuardReport, HELD, REPORT_PATH};
use pospool_model::{Code, Problem};

use crate::client::Engine;
use crate::codes;
use crate::names::Name;
use crate::node::start::OTHER_RUN;

/// A guard that said nothing for so many seconds is silent: it looks every few seconds.
const SILENT: u64 = 60;
/// How many seconds ahead of ours the clock of a report may be.
const AHEAD: u64 = 60;

/// Conditions of the guard that are no normal part of a start, and the code of each.
const CONDITIONS: &[(&str, Code)] = &[
    (HELD, codes::VOTER_HELD),
    ("other-voter", codes::TWO_VOTERS),
    ("other-owner", codes::SAFETY_FILE),
    ("bad-safety-file", codes::SAFETY_FILE),
    ("no-safety-file", codes::SAFETY_FILE),
    ("old-safety-file", codes::SAFETY_FILE),
    ("no-peers", codes::NOT_IN_SYNC),
    ("old-head", codes::NOT_IN_SYNC),
    ("behind", codes::NOT_IN_SYNC),
    ("catching-up", codes::NOT_IN_SYNC),
    ("no-pos", codes::NOT_IN_SYNC),
    ("nobody-to-ask", codes::NOBODY_TO_ASK),
];

/// Asks the guard in a container; `None` if there is no report.
pub(crate) async fn query_guard(engine: &Engine, container: &Name) -> Option<GuardReport> {
    let path = Path::new(REPORT_PATH).to_str()?;
    let said = engine.exec(container, &["cat", path], OTHER_RUN).await;
    serde_json::from_str(&said.ok()?.out).ok()
}

/// What there is to say of a node that should run.
pub(crate) fn voter_warnings(report: Option<&GuardReport>, now: u64) -> Vec<Problem> {
    let warning = |code, what: String| vec![Problem::new(code, &[], what)];
    let Some(report) = report else {
        return warning(
            codes::GUARD_SILENT,
            "the node's container has no word of its guard: whether it votes is not known"
                .to_owned(),
        );
    };
    let age = now.saturating_sub(report.at);
    if age > SILENT || report.at > now + AHEAD {
        return warning(
            codes::GUARD_SILENT,
            format!(
                "the guard of the node last said something {age} s ago: whether it votes is not known"
            ),
        );
    }
    if report.given_up {
        return warning(
            codes::NODE_GIVEN_UP,
            format!("the node does not run: {}", report.why),
        );
    }
    let hold = report.hold.as_deref();
    // Nothing that is seen here alone counts.
    if hold == Some("watching") && report.sources.0 == 0 {
        let what = format!("no other source of the chain answers; {}", report.why);
        return warning(codes::NOBODY_TO_ASK, what);
    }
    let known = hold.and_then(|hold| CONDITIONS.iter().find(|(id, _)| *id == hold));
    match known {
        Some((_, code)) => warning(*code, format!("the node does not vote: {}", report.why)),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::guard::Voting;

    fn report(hold: Option<&str>) -> GuardReport {
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
        }
    }

    fn code(report: Option<&GuardReport>, now: u64) -> Option<Code> {
        voter_warnings(report, now)
            .pop()
            .map(|warning| warning.code)
    }

    #[test]
    fn case_not_in_sync_each_condition_has_a_code() {
        for (hold, expected) in [
            ("held", Some(codes::VOTER_HELD)),
            ("other-voter", Some(codes::TWO_VOTERS)),
            ("no-peers", Some(codes::NOT_IN_SYNC)),
            ("other-owner", Some(codes::SAFETY_FILE)),
            // What every start goes through.
            ("starting", None),
            ("two-blocks", None),
            ("watching", Some(codes::NOBODY_TO_ASK)),
        ] {
            assert_eq!(code(Some(&report(Some(hold))), 1010), expected, "{hold}");
        }
        assert_eq!(code(Some(&report(None)), 1010), None);
        let mut gone = report(None);
        gone.given_up = true;
        assert_eq!(code(Some(&gone), 1010), Some(codes::NODE_GIVEN_UP));
    }

    #[test]
    fn what_nobody_heard_lately_is_not_known() {
        let well = report(None);
        assert_eq!(code(None, 1010), Some(codes::GUARD_SILENT));
        assert_eq!(code(Some(&well), 1061), Some(codes::GUARD_SILENT));
        assert_eq!(code(Some(&well), 900), Some(codes::GUARD_SILENT));
        assert_eq!(code(Some(&well), 990), None);
    }
}
