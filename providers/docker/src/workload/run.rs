//! Finding and stopping containers during an apply.
//!
//! - Reads: names, labels and ids that a plan decided on; the engine.
//! - Returns: the container that is meant, how it is, and the proof of its end.
//! - Never: takes a container for its name alone, or one for stopped that Docker could still be stopping.

use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerState};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use tokio::time::{Instant, sleep};

use super::job::StopJob;
use crate::client::{Engine, Labels};
use crate::codes;
use crate::failures::LOOKED_AT;
use crate::names::Name;

const POLL: Duration = Duration::from_millis(500);
/// Time to end for a container that was made without one of its own.
const PATIENCE: i64 = 10;
/// Time for the engine to end a process that was killed.
const AFTER_KILL: Duration = Duration::from_mins(1);

/// Inspects a container that must be there.
pub(crate) async fn inspect_container(
    engine: &Engine,
    container: &Name,
) -> Result<ContainerInspectResponse, ProviderError> {
    engine.inspect(container).await?.ok_or_else(|| {
        ProviderError::refused(
            codes::NO_CONTAINER,
            format!("container `{container}` was removed meanwhile; plan again"),
        )
    })
}

/// State of a container that must be there.
pub(crate) async fn container_state(
    engine: &Engine,
    container: &Name,
) -> Result<ContainerState, ProviderError> {
    Ok(inspect_container(engine, container)
        .await?
        .state
        .unwrap_or_default())
}

/// Whether a process of the container may run.
pub(crate) fn is_running(state: &ContainerState) -> bool {
    state.running == Some(true) || state.paused == Some(true) || state.restarting == Some(true)
}

/// A container that the plan counted on is not there.
pub(crate) fn container_gone(name: &Name) -> ProviderError {
    let what = format!("container `{name}` is gone; plan again");
    ProviderError::refused(codes::NO_CONTAINER, what)
}

/// Checks an id that the engine gave.
pub(crate) fn container_id(id: Option<String>) -> Result<Name, ProviderError> {
    Name::new(id.unwrap_or_default())
        .map_err(|error| ProviderError::refused(codes::REFUSED, error.to_string()))
}

/// Makes a container's own network, or finds the one that it joins; `owner` are the labels of its own. Returns its id.
pub(crate) async fn ensure_network(
    engine: &Engine,
    network: &Name,
    owner: Option<&Labels>,
) -> Result<String, ProviderError> {
    let found = engine.network(network).await?;
    let found = match (found, owner) {
        (None, Some(owner)) => {
            engine.create_network(network, owner).await?;
            engine.network(network).await?
        }
        (found, _) => found,
    };
    match (found, owner) {
        (Some(found), Some(owner)) if found.labels != *owner => Err(ProviderError::refused(
            codes::NAME_TAKEN,
            format!("a network `{network}` is there that pospool did not make"),
        )),
        (None, _) => Err(ProviderError::refused(
            codes::NO_NETWORK,
            format!("the network `{network}` of `docker_network` is not there"),
        )),
        (Some(found), _) => Ok(found.id),
    }
}

/// The last lines that a container said, for the message of a failure.
pub(crate) async fn last_output(engine: &Engine, container: &Name, lines: usize) -> String {
    let found = engine.last_lines(container, LOOKED_AT).await;
    found[found.len().saturating_sub(lines)..].join("\n")
}

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
            if state.paused == Some(true) {
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
