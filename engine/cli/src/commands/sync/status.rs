//! What a syncer says of itself, round after round: the file that `pospool sync --health` reads.
//!
//! - Reads: what the rounds found, and the clock.
//! - Returns: reports, how long to pause, whether a status is one of a healthy syncer.
//! - Never: holds a secret, or leaves half a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pospool_engine::store::{Mark, refuse_foreign_place, replace_own_file};
use serde::Serialize;

use crate::commands::clock::unix_time;
use crate::failure::Failure;
use crate::view::FORMAT_VERSION;

use super::pace::{LONGEST, SOON, WAIT};
use super::report::{Conduct, RoundReport, ServiceStatus};
use super::round::SyncRound;

/// Rounds that may fail one after the other before a syncer counts as failing.
const FAILURES: u32 = 3;
/// How the file of a status begins.
const MARK: Mark = "{\"format_version\":";
/// Rounds that may be missing before a status is stale.
const MISSING: u32 = 3;

/// The status of a process.
pub(super) struct Status {
    file: PathBuf,
    report: RoundReport,
    /// Time and block at which each open duty was first seen, by service and name.
    since: BTreeMap<(String, String), (u64, u64)>,
}

impl Status {
    /// The status of a process that begins now, for a file that is one of a status or not there yet.
    pub(super) fn new(file: PathBuf, every: Duration) -> Result<Self, Failure> {
        refuse_foreign_place(&file, MARK)?;
        let report = RoundReport {
            format_version: FORMAT_VERSION,
            time: 0,
            round: 0,
            conduct: Conduct::Idle,
            services: Vec::new(),
            sent: Vec::new(),
            errors: Vec::new(),
            failures: 0,
            next_seconds: 0,
            stale_seconds: (every.max(LONGEST) + WAIT + every * MISSING).as_secs(),
        };
        Ok(Self {
            file,
            report,
            since: BTreeMap::new(),
        })
    }

    pub(super) fn report(&self) -> &RoundReport {
        &self.report
    }

    /// Takes a round in; returns how long to pause after it.
    pub(super) fn take(&mut self, round: SyncRound, every: Duration) -> Duration {
        self.take_at(round, every, unix_time())
    }

    fn take_at(&mut self, round: SyncRound, every: Duration, now: u64) -> Duration {
        let failed = round.conduct == Conduct::Failed;
        let report = &mut self.report;
        report.time = now;
        report.round += 1;
        report.conduct = round.conduct;
        report.failures = if failed { report.failures + 1 } else { 0 };
        report.sent = round.sent;
        report.errors = round.errors;
        // A round that saw nothing leaves what the last one saw.
        if let Some(services) = round.services {
            report.services = services;
            self.since.retain(|(service, name), _| {
                report
                    .services
                    .iter()
                    .any(|one| one.address == *service && is_open(one, name))
            });
        }
        for service in &mut report.services {
            for name in names(service) {
                let key = (service.address.clone(), name);
                self.since.entry(key).or_insert((now, service.block));
            }
            let own = self
                .since
                .iter()
                .filter(|((address, _), _)| *address == service.address);
            let oldest = own.map(|(_, since)| *since).min();
            let (time, block) = oldest.unwrap_or((now, service.block));
            service.lag_seconds = now.saturating_sub(time);
            service.lag_blocks = service.block.saturating_sub(block);
        }
        let pause = match report.conduct {
            Conduct::Sent | Conduct::UnderWay => SOON.min(every),
            Conduct::Failed => backed_off(every, report.failures),
            _ => every,
        };
        report.next_seconds = pause.as_secs();
        pause
    }

    /// Puts the report into the file, whole or not at all.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_string(&self.report).map_err(Failure::Encode)?;
        replace_own_file(&self.file, text.as_bytes(), MARK)?;
        Ok(())
    }
}

/// Twice the time after each failure.
fn backed_off(every: Duration, failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    every.saturating_mul(factor).min(LONGEST.max(every))
}

/// Names of what is open or waits: the amounts may change while it does.
fn names(service: &ServiceStatus) -> Vec<String> {
    let word = |text: &String| text.split([' ', ':']).next().unwrap_or_default().to_owned();
    service
        .duties
        .iter()
        .chain(&service.waiting)
        .map(word)
        .collect()
}

fn is_open(service: &ServiceStatus, name: &str) -> bool {
    names(service).iter().any(|one| one == name)
}

/// What a status says of its syncer.
#[derive(Debug, Serialize)]
pub(super) struct StatusVerdict {
    format_version: u32,
    /// Why it is not healthy; nothing when it is.
    pub(super) why: Option<String>,
    /// Its newest round, if the file holds one.
    pub(super) report: Option<RoundReport>,
}

/// Reads a status.
pub(super) fn read_verdict(file: &Path, now: u64) -> Result<StatusVerdict, Failure> {
    let text = std::fs::read_to_string(file).map_err(|source| Failure::File {
        verb: "read",
        path: file.to_owned(),
        source,
    })?;
    let report = serde_json::from_str::<RoundReport>(&text).ok();
    let why = match &report {
        Some(report) => judged(report, now).err(),
        None => Some(format!(
            "`{}` is not the status of a syncer",
            file.display()
        )),
    };
    Ok(StatusVerdict {
        format_version: FORMAT_VERSION,
        why,
        report,
    })
}

fn judged(report: &RoundReport, now: u64) -> Result<(), String> {
    let age = now.saturating_sub(report.time);
    if age > report.stale_seconds {
        return Err(format!("the last round was {age} s ago"));
    }
    if report.failures < FAILURES {
        return Ok(());
    }
    let errors = report
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.code, error.what));
    let errors: Vec<String> = errors.collect();
    Err(format!(
        "{} rounds failed one after the other: {}",
        report.failures,
        errors.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(30);

    fn status() -> Status {
        Status::new(PathBuf::from("nowhere"), EVERY).unwrap()
    }

    #[test]
    fn case_out_overwrites_a_status_takes_no_other_file_s_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status");
        std::fs::write(&path, "{\"format\":\"pospool-state\"}").unwrap();
        let refused = Status::new(path.clone(), EVERY).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), "state/other-file");
        std::fs::remove_file(&path).unwrap();
        for _ in 0..2 {
            Status::new(path.clone(), EVERY).unwrap().write().unwrap();
        }
        // Between two rounds somebody puts another file there.
        let status = Status::new(path.clone(), EVERY).unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(status.write().unwrap_err().code(), "state/other-file");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    fn seen(duties: &[&str], block: u64) -> Vec<ServiceStatus> {
        vec![ServiceStatus {
            address: "bridge_service.main".to_owned(),
            block,
            duties: duties.iter().map(ToString::to_string).collect(),
            ..ServiceStatus::default()
        }]
    }

    fn round(conduct: Conduct, services: Option<Vec<ServiceStatus>>) -> SyncRound {
        SyncRound {
            services,
            ..SyncRound::new(conduct)
        }
    }

    #[test]
    fn the_lag_is_that_of_the_oldest_duty_whatever_its_amount() {
        let mut status = status();
        let lags = |status: &Status| {
            let service = &status.report().services[0];
            (service.lag_seconds, service.lag_blocks)
        };
        status.take_at(
            round(Conduct::Failed, Some(seen(&["cross_stake 1"], 100))),
            EVERY,
            1000,
        );
        assert_eq!(lags(&status), (0, 0));
        let more = Some(seen(&["cross_stake 2", "withdraw 1"], 160));
        status.take_at(round(Conduct::Failed, more), EVERY, 1030);
        assert_eq!(lags(&status), (30, 60));
        // Nothing could be seen: it is open as long as nobody knows better.
        status.take_at(round(Conduct::Failed, None), EVERY, 1100);
        assert_eq!(lags(&status), (100, 60));
        status.take_at(
            round(Conduct::Sent, Some(seen(&["withdraw 1"], 300))),
            EVERY,
            1130,
        );
        assert_eq!(lags(&status), (100, 140));
        status.take_at(round(Conduct::Idle, Some(seen(&[], 400))), EVERY, 1160);
        assert_eq!(lags(&status), (0, 0));
    }

    #[test]
    fn failures_are_given_time_and_success_is_followed_up() {
        let mut status = status();
        let mut pause = |conduct| status.take_at(round(conduct, None), EVERY, 0).as_secs();
        let pauses: Vec<u64> = (0..6).map(|_| pause(Conduct::Failed)).collect();
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        assert_eq!(pause(Conduct::Sent), 1);
        assert_eq!(pause(Conduct::Failed), 30);
        assert_eq!(pause(Conduct::Idle), 30);
    }

    #[test]
    fn stale_and_failing_are_not_healthy() {
        let mut status = status();
        status.take_at(round(Conduct::Idle, None), EVERY, 1000);
        let stale = status.report().stale_seconds;
        assert!(judged(status.report(), 1000 + stale).is_ok());
        assert!(judged(status.report(), 1001 + stale).is_err());
        for healthy in [true, true, false, false] {
            status.take_at(round(Conduct::Failed, None), EVERY, 1000);
            assert_eq!(judged(status.report(), 1000).is_ok(), healthy);
        }
        status.take_at(round(Conduct::StandingBy, None), EVERY, 1000);
        assert!(judged(status.report(), 1000).is_ok());
    }
}
