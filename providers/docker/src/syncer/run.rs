//! Starting a syncer, and waiting for a successful round.
//!
//! - Reads: what is started; what the syncer says.
//! - Returns: what it said when a round succeeded.
//! - Never: ends a process that works.

use std::time::Duration;

use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::{Instant, sleep};

use super::report::{self, SyncerReport};
use crate::client::Engine;
use crate::codes;
use crate::names::Name;
use crate::workload::job::{StopJob, UpJob};
use crate::workload::run::{container_state, inspect_container, is_running, last_output};

const POLL: Duration = Duration::from_millis(500);
/// Time for a process that another run may have started at this moment to say something.
const OTHER_RUN: Duration = Duration::from_secs(10);
/// Time for a successful round. The first one may recover what an earlier process left open.
const WELL: Duration = Duration::from_mins(5);
/// Lines of a log that are shown.
const SHOWN: usize = 5;

/// A process that the plan saw unhealthy, or that says nothing, makes room for one with a key.
pub(super) async fn stop_unhealthy(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let state = container_state(engine, container).await?;
    if !is_running(&state) {
        return Ok(());
    }
    let is_meant = job.ends.is_some() && job.ends == state.started_at;
    if is_meant || !speaks(engine, container).await? {
        let stop = StopJob {
            docker: job.docker.clone(),
            address: job.spec.address.clone(),
            name: job.spec.name.clone(),
            container: container.clone(),
        };
        crate::workload::stop::stop_container(engine, &stop, progress).await?;
    }
    Ok(())
}

/// Whether a process says anything in the time that it has.
async fn speaks(engine: &Engine, container: &Name) -> Result<bool, ProviderError> {
    let deadline = Instant::now() + OTHER_RUN;
    loop {
        let found = inspect_container(engine, container).await?;
        if report::query_report(engine, container, &found)
            .await
            .is_some()
        {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(POLL).await;
    }
}

/// Waits for a successful round.
pub(super) async fn wait_until_healthy(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<SyncerReport, ProviderError> {
    let deadline = Instant::now() + WELL;
    loop {
        let found = inspect_container(engine, container).await?;
        let running = found.state.as_ref().is_some_and(is_running);
        let report = report::query_report(engine, container, &found).await;
        let is_late = !running || Instant::now() >= deadline;
        match report {
            Some(report) if report.works() => return Ok(report),
            Some(report) if report.has_failed() || is_late => {
                return Err(ProviderError::refused(
                    codes::SYNCER_UNWELL,
                    format!(
                        "the rounds of {} fail: {}",
                        job.spec.address,
                        report.trouble()
                    ),
                ));
            }
            None if is_late => return Err(silent(engine, job, container).await),
            Some(report) => progress.waiting(&format!(
                "waiting for a successful round; the last one failed: {}",
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
    let last = last_output(engine, container, SHOWN).await;
    ProviderError::refused(
        codes::NO_KEY,
        format!(
            "{} did not take its key, or ended; its last output:\n{last}",
            job.spec.address
        ),
    )
}
