//! Stopping a container, with proof.

use std::time::Duration;

use bollard::models::ContainerState;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use tokio::time::{Instant, sleep};

use super::job::StopJob;
use crate::client::Engine;
use crate::codes;
use crate::workload::restarts::keep_down;
use crate::workload::run::{is_paused, is_running};

const POLL: Duration = Duration::from_millis(500);
/// Time to end for a container that was made without one of its own.
const PATIENCE: i64 = 10;
/// Time for the engine to end a process that was killed.
const AFTER_KILL: Duration = Duration::from_mins(1);

/// Stops a container and proves it; one that is gone or stopped already is fine.
pub(crate) async fn stop_container(
    engine: &Engine,
    job: &StopJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let begin = Instant::now();
    let mut asked = false;
    let mut killed = false;
    loop {
        let Some(found) = engine.inspect(&job.container).await? else {
            return Ok(Attributes::new());
        };
        // First: an engine that is killed meanwhile must not start it again, and the one that takes its place beside it.
        keep_down(engine, &job.container, &found).await?;
        let patience = found.config.and_then(|config| config.stop_timeout);
        let limit = Duration::from_secs(patience.unwrap_or(PATIENCE).unsigned_abs());
        let state = found.state.unwrap_or_default();
        if let Some(end) = proof(&state) {
            return Ok([("stopped_at".to_owned(), Value::from(end))].into());
        }
        let waited = begin.elapsed();
        if !asked {
            // Not `docker stop`: its waiting would end with this program, and we could
            // not say how long it takes.
            engine.signal(&job.container, "SIGTERM").await?;
            if is_paused(&state) {
                engine.unpause(&job.container).await?;
            }
            asked = true;
        } else if waited > limit && !killed {
            engine.signal(&job.container, "SIGKILL").await?;
            killed = true;
        } else if waited > limit + AFTER_KILL {
            return Err(ProviderError::OutcomeUnknown {
                code: codes::NOT_STOPPED,
                what: format!("{} was killed and still counts as running", job.address),
                source: None,
            });
        }
        progress.waiting(&format!(
            "waiting for {} to end: {} s of at most {} s",
            job.address,
            waited.as_secs(),
            limit.as_secs()
        ));
        // The signal is sent: it goes on stopping, also without us.
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

/// Says when and how a container ended, if the engine knows that it did.
fn proof(state: &ContainerState) -> Option<String> {
    if is_running(state) || state.pid.unwrap_or(0) != 0 {
        return None;
    }
    let finished = state.finished_at.as_deref().unwrap_or_default();
    // A container that never ran has the year 1 here.
    if finished.is_empty() || finished.starts_with("0001-") {
        return Some("never started".to_owned());
    }
    Some(format!(
        "{finished}, exit code {}",
        state.exit_code.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ended_container_counts_as_stopped() {
        let ended = ContainerState {
            running: Some(false),
            finished_at: Some("2026-11-22T10:00:00Z".to_owned()),
            exit_code: Some(0),
            ..ContainerState::default()
        };
        assert_eq!(
            proof(&ended).as_deref(),
            Some("2026-11-22T10:00:00Z, exit code 0")
        );
        for state in [
            ContainerState {
                running: Some(true),
                ..ended.clone()
            },
            ContainerState {
                paused: Some(true),
                ..ended.clone()
            },
            ContainerState {
                restarting: Some(true),
                ..ended.clone()
            },
            ContainerState {
                pid: Some(7),
                ..ended.clone()
            },
        ] {
            assert_eq!(proof(&state), None);
        }
    }
}
