//! The rounds of a syncer, for people.
//!
//! - Reads: the report of a round.
//! - Returns: one line.
//! - Never: needs a line before it to be understood.

use crate::commands::sync::{Conduct, RoundReport, ServiceStatus};

use super::clean_line;

/// One round as one line.
#[must_use]
pub fn line_of(report: &RoundReport) -> String {
    let conduct = match report.conduct {
        Conduct::Idle => "nothing to do",
        Conduct::Sent => "done",
        Conduct::Listening => "listening first",
        Conduct::StandingBy => "standing by",
        Conduct::UnderWay => "under way",
        Conduct::Failed => "failed",
    };
    let mut parts = vec![format!("{} {conduct}", clock(report.time))];
    parts.extend(report.sent.iter().cloned());
    for error in &report.errors {
        let help = error.help.iter().map(|help| format!(" ({help})"));
        let help: String = help.collect();
        parts.push(format!("error[{}]: {}{help}", error.code, error.what));
    }
    parts.extend(report.services.iter().map(service));
    let parts: Vec<String> = parts.iter().map(|part| clean_line(part)).collect();
    format!("{}\n", parts.join("; "))
}

fn service(service: &ServiceStatus) -> String {
    let mut text = service.address.clone();
    if let Some(balance) = service.balance() {
        text = format!("{text} has {balance}");
    }
    if !service.duties.is_empty() {
        text = format!("{text}, saw {}", service.duties.join(", "));
    }
    if !service.waiting.is_empty() {
        text = format!("{text}, waits: {}", service.waiting.join(", "));
    }
    if service.lag_seconds > 0 {
        text = format!(
            "{text}, lag {} s ({} blocks)",
            service.lag_seconds, service.lag_blocks
        );
    }
    text
}

/// Time of day in UTC.
fn clock(time: u64) -> String {
    let day = time % 86_400;
    format!("{:02}:{:02}:{:02}Z", day / 3600, day / 60 % 60, day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sync::SyncProblem;

    #[test]
    fn a_round_is_one_line() {
        let report = RoundReport {
            format_version: 1,
            time: 86_400 + 3_661,
            round: 1,
            conduct: Conduct::Failed,
            services: vec![ServiceStatus {
                address: "bridge_service.main".to_owned(),
                balance_drip: "1500000000000000000".to_owned(),
                duties: vec!["cross_stake 1".to_owned()],
                waiting: vec!["withdraw 2: not\nyet".to_owned()],
                lag_seconds: 30,
                lag_blocks: 60,
                ..ServiceStatus::default()
            }],
            sent: Vec::new(),
            errors: vec![SyncProblem {
                code: "chain/not-enough-balance".to_owned(),
                what: "too poor".to_owned(),
                help: Some("send CFX".to_owned()),
            }],
            failures: 1,
            next_seconds: 30,
            stale_seconds: 90,
        };
        insta::assert_snapshot!(line_of(&report), @"01:01:01Z failed; error[chain/not-enough-balance]: too poor (send CFX); bridge_service.main has 1.5 CFX, saw cross_stake 1, waits: withdraw 2: not yet, lag 30 s (60 blocks)");
    }
}
