//! Proving that a container would start, before the one that it replaces is stopped.
//!
//! - Reads: a [`ProveJob`]; the engine.
//! - Returns: when what can be known is known: the image runs, its program reads its configuration and works on an empty
//!   scratch volume, the network is there, the ports are free or those of the old container.
//! - Never: gives the container that is proven the volume, a port, a network, a secret, or a policy by which Docker would
//!   start it again.

use std::time::Duration;

use bollard::models::ContainerCreateBody;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use tokio::time::{Instant, sleep};

use super::helper::Helper;
use super::job::ProveJob;
use super::run::{container_state, ensure_network, is_running};
use super::{ContainerKind, body};
use crate::client::{Engine, Labels};
use crate::codes;
use crate::failures::LOOKED_AT;
use crate::image;
use crate::kinds;
use crate::names::{self, Name};
use crate::workload::spec::Port;

const POLL: Duration = Duration::from_millis(500);
/// Label of a container that is only there for a proof: the resource. It is none of the resource's own.
const PROVES: &str = "pospool.proves";

/// Proves it, or says why the old container was not stopped.
pub(crate) async fn prove_container(
    engine: &Engine,
    job: &ProveJob,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let spec = &job.spec;
    let kind = kinds::kind_of(&spec.address)?;
    let workload = kinds::workload_of(spec)?;
    image::require_image(engine, &spec.image, &spec.digest).await?;
    let owner = spec.own_network.then(|| spec.owner());
    ensure_network(engine, &spec.network, owner.as_ref()).await?;
    let ports = unheld(engine, &workload.ports, &job.replaces).await?;
    if !ports.is_empty() {
        let request = body::port_holder_request(spec, &workload, &ports);
        let helper = open(engine, job, request).await?;
        let ended = helper.run("", progress).await;
        helper.close().await?;
        ended.map_err(unstopped)?;
    }
    let request = body::trial_request(spec, &workload, kind.trial());
    let helper = open(engine, job, request).await?;
    let works = works(engine, kind, job, helper.id(), limit, progress).await;
    helper.close().await?;
    works.map_err(unstopped)?;
    Ok(Attributes::new())
}

async fn open<'a>(
    engine: &'a Engine,
    job: &ProveJob,
    request: ContainerCreateBody,
) -> Result<Helper<'a>, ProviderError> {
    let spec = &job.spec;
    let name = Name::new(format!("{}.proof", spec.name))
        .map_err(|error| ProviderError::refused(codes::BAD_NAME, error.to_string()))?;
    let owner = Labels::from([
        (names::LINEAGE.to_owned(), spec.lineage.clone()),
        (PROVES.to_owned(), spec.address.to_string()),
    ]);
    Helper::open(engine, &name, &owner, request).await
}

/// Ports that the old container does not hold.
async fn unheld(engine: &Engine, ports: &[Port], old: &Name) -> Result<Vec<Port>, ProviderError> {
    let containers = engine.containers().await?;
    let old = containers.iter().find(|it| it.id == old.as_str());
    let held = |port: &Port| {
        old.is_some_and(|old| {
            let mut ports = old.ports.iter();
            ports.any(|(number, protocol)| *number == port.published && protocol == port.protocol)
        })
    };
    Ok(ports.iter().copied().filter(|port| !held(port)).collect())
}

/// Starts it, and waits until it has shown that it works or has ended.
async fn works(
    engine: &Engine,
    kind: &dyn ContainerKind,
    job: &ProveJob,
    container: &Name,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let who = format!("{} with the image {}", job.spec.address, job.spec.image);
    let line = kind.trial_line();
    let input = match &line {
        Some(_) => Some(engine.stdin(container).await?),
        None => None,
    };
    engine.start(container).await?;
    if let Some((input, line)) = input.zip(line) {
        // When the container has ended meanwhile, its own last words say more.
        drop(input.line(&line).await);
    }
    let deadline = Instant::now() + limit;
    loop {
        let state = container_state(engine, container).await?;
        let runs = is_running(&state);
        if !runs && kind.trial().is_some() && state.exit_code == Some(0) {
            return Ok(());
        }
        if !runs {
            let lines = engine.last_lines(container, LOOKED_AT).await;
            return Err(kind.explain(&who, &state, &lines));
        }
        if kind.proven(engine, container, &state).await? {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let what = format!("{who} did not show in {} s that it works", limit.as_secs());
            return Err(ProviderError::refused(codes::NOT_PROVEN, what));
        }
        progress.waiting("proving that the new container works, on an empty volume");
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

/// What was refused before anything was stopped.
fn unstopped(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused { code, what, source } => ProviderError::Refused {
            code,
            what: format!(
                "the container that works was not stopped, since the one that replaces it does not start: {what}"
            ),
            source,
        },
        other => other,
    }
}
