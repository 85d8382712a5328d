//! What a guard's report says, as figures of its node.

use super::figure::Figure;
use super::node::{GuardWord, NodeStatus};
use crate::guard::GuardReport;

/// The source of what a guard says.
const GUARD: &str = "guard";
/// A guard that said nothing for so many seconds is silent: it looks every few seconds.
const SILENT: u64 = 60;
/// For so many seconds it counts why the guard ended conflux.
const LATELY: u64 = 3600;

/// The report of a guard, as it was heard.
#[derive(Clone, Debug)]
pub struct HeardGuard<'a> {
    report: Option<&'a GuardReport>,
    age: u64,
    now: u64,
    /// Why there is none that counts.
    why: String,
}

impl<'a> HeardGuard<'a> {
    /// A report, if there is one; `now` is in seconds since 1970, and `unseen` says why nobody could look.
    #[must_use]
    pub fn new(report: Option<&'a GuardReport>, now: u64, unseen: Option<&str>) -> Self {
        let age = report.map_or(0, |report| now.saturating_sub(report.at));
        // One that has given up says nothing more, and is right all the same.
        let fresh = report.filter(|report| age <= SILENT || report.given_up);
        let why = match (unseen, report) {
            (Some(why), _) => why.to_owned(),
            (None, Some(_)) => format!("its guard last said something {age} s ago"),
            (None, None) => "there is no word of its guard".to_owned(),
        };
        Self {
            report: fresh,
            age,
            now,
            why,
        }
    }

    /// The report, if it counts.
    #[must_use]
    pub fn report(&self) -> Option<&'a GuardReport> {
        self.report
    }

    /// Why there is none that counts.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// A figure that a report may have.
    fn figure<T>(&self, read: impl FnOnce(&GuardReport) -> Option<T>) -> Figure<T> {
        match self.report {
            None => Figure::not_seen(GUARD, self.why.as_str()),
            Some(report) => Figure::said(
                GUARD,
                read(report),
                self.age,
                "its guard has not seen it yet, or is of an older release",
            ),
        }
    }

    /// Fills in all that the report says.
    pub fn fill(&self, status: &mut NodeStatus) {
        self.fill_process(status);
        self.fill_sync(status);
        self.fill_votes(status);
    }

    fn fill_process(&self, status: &mut NodeStatus) {
        status.guard = self.figure(|report| {
            Some(GuardWord {
                voting: report.voting,
                hold: report.hold.clone(),
                why: report.why.clone(),
                running: report.running,
                given_up: report.given_up,
            })
        });
        status.conflux_starts = self.figure(|report| Some(report.starts));
        status.last_fault = self.figure(|report| {
            let last = report.sync.ended_for.as_ref();
            let lately = last.filter(|last| self.now.saturating_sub(last.at) <= LATELY);
            Some(lately.map(|last| last.fault.clone()))
        });
        status.open_files_limit = self.figure(|report| report.machine.open_files_limit);
        status.disk_free_bytes = self.figure(|report| report.machine.disk_free_bytes);
        status.disk_total_bytes = self.figure(|report| report.machine.disk_total_bytes);
        let kept = self
            .report
            .and_then(|report| report.machine.clock_synchronised);
        status.clock_synchronised = match kept {
            Some(kept) => Figure::seen_before(GUARD, kept, self.age),
            None => Figure::not_collected(
                "a container does not see what keeps the clock; `pospool doctor --host` does",
            ),
        };
    }

    fn fill_sync(&self, status: &mut NodeStatus) {
        let phase = |report: &GuardReport| report.phase.clone().filter(|phase| !phase.is_empty());
        status.phase = self.figure(phase);
        status.epoch = self.figure(|report| report.sync.epoch);
        status.epoch_stands_seconds = self.figure(|report| {
            let since = report.sync.epoch_since?;
            Some(report.at.saturating_sub(since))
        });
        status.head_age_seconds = self.figure(|report| {
            let (at, head) = (i64::try_from(report.at).ok()?, report.head_time?);
            at.checked_sub(i64::try_from(head).ok()?)
        });
        status.sessions = self.figure(|report| report.sync.sessions);
        status.live_peers = self.figure(|report| report.peers.map(|peers| peers as u64));
    }

    fn fill_votes(&self, status: &mut NodeStatus) {
        status.key = self.figure(|report| report.key.clone());
        // A node that answers and names none has not started PoS.
        let answers = |report: &GuardReport| report.phase.is_some();
        status.pos_epoch = self.figure(|report| answers(report).then_some(report.pos_epoch));
        status.pos_height = self.figure(|report| answers(report).then_some(report.pos_height));
        status.source_height = self.figure(|report| report.source_height);
        status.sources = self.figure(|report| {
            let (answering, all) = report.sources;
            Some((answering as u64, all as u64))
        });
        status.pos_loop = self.figure(|report| report.sync.pos_loop);
        status.elected = self.figure(|report| report.elected);
        status.signed = self.figure(|report| Some(report.signed));
        status.seen_signed = self.figure(|report| Some(report.seen_signed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{EndedFor, GuardReport};

    fn report() -> GuardReport {
        let json = serde_json::json!({
            "at": 1000, "key": "0xab", "voting": "off", "hold": "behind", "why": "it is behind",
            "running": true, "given_up": false, "starts": 2, "phase": "NormalSyncPhase",
            "head_time": 990, "peers": 4, "pos_epoch": null, "pos_height": null,
            "source_height": 70, "sources": [1, 2], "elected": null, "signed": null, "seen_signed": null,
        });
        // As a guard of before writes it.
        serde_json::from_value(json).unwrap()
    }

    fn heard(report: &GuardReport, now: u64) -> NodeStatus {
        let mut status = NodeStatus::new(&"node.main".parse().unwrap());
        HeardGuard::new(Some(report), now, None).fill(&mut status);
        status
    }

    #[test]
    fn an_older_guard_leaves_unknown_what_it_does_not_say() {
        let status = heard(&report(), 1004);
        assert_eq!(status.live_peers.known(), Some(&4));
        assert_eq!(status.live_peers.age_seconds(), Some(4));
        assert_eq!(status.head_age_seconds.known(), Some(&10));
        assert_eq!(status.sources.known(), Some(&(1, 2)));
        // It answers, and PoS has not started.
        assert_eq!(status.pos_height.known(), Some(&None));
        for unknown in [
            status.epoch.unknown(),
            status.disk_free_bytes.unknown(),
            status.pos_loop.unknown(),
        ] {
            assert!(unknown.unwrap().why().contains("older release"));
        }
    }

    #[test]
    fn what_was_said_long_ago_is_not_known_unless_it_is_the_last_word() {
        let mut old = report();
        let status = heard(&old, 1061);
        assert_eq!(
            status.guard.unknown().unwrap().why(),
            "its guard last said something 61 s ago"
        );
        old.given_up = true;
        assert!(heard(&old, 900_000).guard.known().unwrap().given_up);
    }

    #[test]
    fn why_conflux_was_ended_counts_for_an_hour() {
        let mut report = report();
        report.sync.ended_for = Some(EndedFor {
            fault: "dead-pos".to_owned(),
            at: 500,
        });
        let fault = |at: u64| {
            let mut report = report.clone();
            report.at = at;
            heard(&report, at).last_fault.known().cloned().unwrap()
        };
        assert_eq!(fault(4100), Some("dead-pos".to_owned()));
        assert_eq!(fault(4101), None);
    }
}
