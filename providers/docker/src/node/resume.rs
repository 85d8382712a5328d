//! Letting a guard start conflux again that had given up.
//!
//! - Reads: the guard's report.
//! - Returns: once the guard has started conflux, or why it does not.
//! - Never: says that a person has looked: what the guard holds stays held, also where that began after the plan.

use std::time::Duration;

use pospool_model::guard::{GuardReport, START_PATH};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use tokio::time::{Instant, sleep};

use super::guard_report::query_guard;
use crate::client::Engine;
use crate::codes;
use crate::workload::job::ResumeJob;

/// Time that the guard has to take a request: it looks for one twice a second.
const TAKE: Duration = Duration::from_secs(30);
/// Time of the request itself.
const ASK: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(500);

/// Asks once, and waits until it is done: whoever looks at the node next must not find that the guard has given up.
pub(crate) async fn resume_node(
    engine: &Engine,
    job: &ResumeJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let deadline = Instant::now() + TAKE;
    let mut is_asked = false;
    loop {
        let report = query_guard(engine, &job.container).await;
        match next_step(job, report.as_ref()) {
            NextStep::Done => return Ok(Attributes::new()),
            NextStep::Held(why) => {
                let what = format!(
                    "the guard in container `{}` holds its node: {why}",
                    job.name
                );
                return Err(ProviderError::refused(codes::VOTER_HELD, what));
            }
            NextStep::Ask if !is_asked => {
                // A file in the container's memory, and no word of a person.
                let said = engine
                    .exec(&job.container, &["touch", START_PATH], ASK)
                    .await?;
                is_asked = said.code == Some(0);
            }
            NextStep::Ask | NextStep::Wait => {}
        }
        progress.waiting("waiting for the guard to start conflux again");
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        if Instant::now() >= deadline {
            let what = format!(
                "the guard in container `{}` does not start conflux again, and does not say why",
                job.name
            );
            return Err(ProviderError::refused(codes::GUARD_SILENT, what));
        }
        sleep(POLL).await;
    }
}

/// What follows from a report.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NextStep {
    /// It was started since.
    Done,
    Held(String),
    Ask,
    /// There is no report.
    Wait,
}

fn next_step(job: &ResumeJob, report: Option<&GuardReport>) -> NextStep {
    match report {
        None => NextStep::Wait,
        Some(report) if !report.given_up || report.starts != job.starts => NextStep::Done,
        Some(report) if report.waits_for_a_start() => NextStep::Ask,
        Some(report) => NextStep::Held(report.why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::guard::HELD;

    use super::*;
    use crate::names::Name;
    use crate::node::voter::tests::report;

    #[test]
    fn a_guard_is_asked_only_where_it_gave_up_and_holds_nothing() {
        let job = ResumeJob {
            docker: "unix:///x".to_owned(),
            name: Name::new("pospool-1a2b3c4d-main").unwrap(),
            container: Name::new("c0ffee").unwrap(),
            starts: 9,
        };
        let step = |given_up, starts, hold| {
            let report = GuardReport {
                given_up,
                starts,
                ..report(hold)
            };
            next_step(&job, Some(&report))
        };
        assert_eq!(step(true, 9, None), NextStep::Ask);
        // However often the ticket is carried out.
        assert_eq!(step(false, 10, None), NextStep::Done);
        assert_eq!(step(true, 18, None), NextStep::Done);
        // A hold that was set after the plan.
        let held = step(true, 9, Some(HELD));
        assert_eq!(held, NextStep::Held("because".to_owned()));
        assert_eq!(next_step(&job, None), NextStep::Wait);
    }
}
