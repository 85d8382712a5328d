//! Finding and stopping containers during an apply.
//!
//! - Reads: names, labels and ids that a plan decided on; the engine.
//! - Returns: the container that is meant, how it is, and the proof of its end.
//! - Never: takes a container for its name alone, or one for stopped that Docker could still be stopping.

use bollard::models::{ContainerInspectResponse, ContainerState, HealthStatusEnum};
use pospool_model::ProviderError;

use crate::client::{Engine, Labels};
use crate::codes;
use crate::failures::LOOKED_AT;
use crate::names::Name;

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
    state.running == Some(true) || is_paused(state) || state.restarting == Some(true)
}

/// When the container was last started; before the first time, Docker says the year 1.
pub(crate) fn started_at(state: &ContainerState) -> Option<&str> {
    let started = state.started_at.as_deref();
    started.filter(|at| !at.is_empty() && !at.starts_with("0001-"))
}

/// Whether somebody has frozen its processes.
pub(crate) fn is_paused(state: &ContainerState) -> bool {
    state.paused == Some(true)
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

/// The attribute `state` of a container whose processes somebody has frozen.
pub(crate) const PAUSED: &str = "paused";

/// The attribute `state`.
pub(crate) fn health_state(found: &ContainerInspectResponse) -> &'static str {
    let state = found.state.clone().unwrap_or_default();
    if is_paused(&state) {
        return PAUSED;
    }
    match (is_running(&state), read_health(&state)) {
        (false, _) => "stopped",
        (true, Some(HealthStatusEnum::UNHEALTHY)) => "unwell",
        (true, Some(HealthStatusEnum::STARTING)) => "starting",
        (true, _) => "running",
    }
}

pub(crate) fn read_health(state: &ContainerState) -> Option<HealthStatusEnum> {
    state.health.as_ref().and_then(|health| health.status)
}
