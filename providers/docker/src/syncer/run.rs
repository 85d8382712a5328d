//! Starting a syncer, and waiting for a round that goes well.
//!
//! - Reads: what is started; what the syncer says.
//! - Returns: what it said when a round of it went well.
//! - Never: ends a process that works.

use std::time::Duration;

use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::{Instant, sleep};

use super::report::{self, Report};
use crate::client::Engine;
use crate::codes;
use crate::names::Name;
use crate::workload::job::{StopJob, UpJob};
use crate::workload::run::{self, inspect, is_running, last_words, state};

const POLL: Duration = Duration::from_millis(500);
/// Time for a process that another run may have started at this moment to say something.
const OTHER_RUN: Duration = Duration::from_secs(10);
/// Time for a round that goes well. The first one may settle what an earlier process left open.
const WELL: Duration = Duration::from_mins(5);
/// Lines of a log that are shown.
const SHOWN: usize = 5;

/// A process that the plan saw unwell, or that says nothing, makes room for one with a key.
pub(super) async fn end_what_does_not_work(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let state = state(engine, container).await?;
    if !is_running(&state) {
        return Ok(());
    }
    let is_meant = job.ends.is_some() && job.ends == state.started_at;
    if is_meant || !speaks(engine, container).await? {
        let stop = StopJob {
            docker: job.docker.clone(),
            address: job.made.address.clone(),
            name: job.made.name.clone(),
            container: container.clone(),
        };
        run::stop(engine, &stop, progress).await?;
    }
    Ok(())
}

/// Whether a process says anything in the time that it has.
async fn speaks(engine: &Engine, container: &Name) -> Result<bool, ProviderError> {
    let deadline = Instant::now() + OTHER_RUN;
    loop {
        let found = inspect(engine, container).await?;
        if report::ask(engine, container, &found).await.is_some() {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(POLL).await;
    }
}

/// Waits for a round that goes well.
pub(super) async fn well(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<Report, ProviderError> {
    let deadline = Instant::now() + WELL;
    loop {
        let found = inspect(engine, container).await?;
        let running = found.state.as_ref().is_some_and(is_running);
        let report = report::ask(engine, container, &found).await;
        let is_late = !running || Instant::now() >= deadline;
        match report {
            Some(report) if report.works() => return Ok(report),
            Some(report) if report.has_failed() || is_late => {
                return Err(ProviderError::refused(
                    codes::SYNCER_UNWELL,
                    format!(
                        "the rounds of {} fail: {}",
                        job.made.address,
                        report.trouble()
                    ),
                ));
            }
            None if is_late => return Err(silent(engine, job, container).await),
            Some(report) => progress.waiting(&format!(
                "waiting for a round that goes well; the last one failed: {}",
                report.trouble()
            )),
            None => progress.waiting("waiting for the syncer's first round"),
        }
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

async fn silent(engine: &Engine, job: &UpJob, container: &Name) -> ProviderError {
    let last = last_words(engine, container, SHOWN).await;
    ProviderError::refused(
        codes::NO_KEY,
        format!(
            "{} did not take its key, or ended; its last words:\n{last}",
            job.made.address
        ),
    )
}
