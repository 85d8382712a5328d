//! Finding, making and ending containers during an apply.
//!
//! - Reads: names, labels and ids that a plan decided on; the engine.
//! - Returns: the container that is meant, how it is, and its end.
//! - Never: takes a container for its name alone, or makes one beside an object of somebody else.

use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerState};
use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::{Instant, sleep};

use super::labels::{self, fit};
use crate::client::{Engine, Labels};
use crate::codes;
use crate::failures::LOOKED_AT;
use crate::names::Name;

const POLL: Duration = Duration::from_millis(500);
/// Time to end for a container that was made without one of its own.
const PATIENCE: i64 = 10;
/// Time for the engine to end a process that was killed.
const AFTER_KILL: Duration = Duration::from_secs(30);

/// Looks at a container that must be there.
pub(crate) async fn inspect(
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
pub(crate) async fn state(
    engine: &Engine,
    container: &Name,
) -> Result<ContainerState, ProviderError> {
    Ok(inspect(engine, container).await?.state.unwrap_or_default())
}

/// Whether a process of the container may run.
pub(crate) fn is_running(state: &ContainerState) -> bool {
    state.running == Some(true) || state.paused == Some(true) || state.restarting == Some(true)
}

/// Finds the container that an earlier attempt made: by its name, with the labels that it must have.
pub(crate) async fn found(
    engine: &Engine,
    name: &Name,
    expected: &Labels,
    replaces: Option<&Name>,
) -> Result<Option<Name>, ProviderError> {
    let Some(found) = engine.inspect(name).await? else {
        return Ok(None);
    };
    let is_ours = fit(expected, &labels::of(&found));
    let id = container_id(found.id)?;
    if replaces == Some(&id) {
        let what = format!("the old container `{name}` is still there; plan again");
        return Err(ProviderError::refused(codes::NOT_REMOVED, what));
    }
    if !is_ours {
        let what = format!(
            "a container `{name}` is there that this plan did not make; remove it, or plan again"
        );
        return Err(ProviderError::refused(codes::NAME_TAKEN, what));
    }
    Ok(Some(id))
}

/// A container that the plan counted on is not there.
pub(crate) fn gone(name: &Name) -> ProviderError {
    let what = format!("container `{name}` is gone; plan again");
    ProviderError::refused(codes::NO_CONTAINER, what)
}

/// Checks an id that the engine gave.
pub(crate) fn container_id(id: Option<String>) -> Result<Name, ProviderError> {
    Name::new(id.unwrap_or_default())
        .map_err(|error| ProviderError::refused(codes::REFUSED, error.to_string()))
}

/// Makes a container's own network, or finds the one that it joins; `owner` are the labels of its own.
pub(crate) async fn network(
    engine: &Engine,
    network: &Name,
    owner: Option<&Labels>,
) -> Result<(), ProviderError> {
    match (engine.network(network).await?, owner) {
        (None, Some(owner)) => engine.create_network(network, owner).await,
        (Some(labels), Some(owner)) if labels != *owner => Err(ProviderError::refused(
            codes::NAME_TAKEN,
            format!("a network `{network}` is there that pospool did not make"),
        )),
        (None, None) => Err(ProviderError::refused(
            codes::NO_NETWORK,
            format!("the network `{network}` of `docker_network` is not there"),
        )),
        (Some(_), _) => Ok(()),
    }
}

/// The last lines that a container said, for the message of a failure.
pub(crate) async fn last_words(engine: &Engine, container: &Name, lines: usize) -> String {
    let found = engine.last_lines(container, LOOKED_AT).await;
    found[found.len().saturating_sub(lines)..].join("\n")
}

/// Asks a container to end, gives it the time that it was made with, then kills it.
pub(crate) async fn stop(
    engine: &Engine,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let asked = engine.inspect(container).await?;
    let asked = asked.and_then(|found| found.config?.stop_timeout);
    let patience = Duration::from_secs(asked.unwrap_or(PATIENCE).unsigned_abs());
    for (signal, limit) in [("SIGTERM", patience), ("SIGKILL", AFTER_KILL)] {
        let deadline = Instant::now() + limit;
        engine.signal(container, signal).await?;
        while Instant::now() < deadline {
            let found = engine.inspect(container).await?;
            let state = found.and_then(|found| found.state);
            if !state.is_some_and(|state| is_running(&state)) {
                return Ok(());
            }
            progress.waiting("waiting for the container to end");
            sleep(POLL).await;
        }
    }
    Err(ProviderError::OutcomeUnknown {
        code: codes::NOT_STOPPED,
        what: format!("container `{container}` was killed and still counts as running"),
        source: None,
    })
}
