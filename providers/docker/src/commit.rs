//! From an effect to a ticket, and from a ticket to its outcome.
//!
//! - Reads: payloads of plans and journals; the engine that they name.
//! - Returns: the effect's outputs.
//! - Never: decides anything that the plan left open; trusts a name in a payload without checking it.

use std::time::Duration;

use pospool_model::plan::Effect;
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Attributes, ProviderError};

use crate::builds;
use crate::client::Engine;
use crate::codes;
use crate::folder;
use crate::job::DockerJob;
use crate::kinds;
use crate::node::{moving, resume, wait};
use crate::snapshot;
use crate::syncer::CurrentEndpoints;
use crate::volume;
use crate::workload::up::NewRan;
use crate::workload::{prove, remove, repair, stop, up};

/// What is waited for was started before.
const STARTED: NewRan = NewRan::Perhaps;

/// Checks an effect and everything that it will need, without changing anything.
pub(crate) fn prepare_effect(
    effect: &Effect,
    current: &CurrentEndpoints,
) -> Result<Ticket, ProviderError> {
    let job = read(&effect.payload)?;
    // Read and dropped: a run that cannot read a secret later should end now, before it stops a container that works.
    match &job {
        DockerJob::Image(job) => {
            job.recipe.build().check()?;
            if let Some(secret) = &job.secret {
                kinds::kind_of(&job.address)?.secret(secret).map(drop)?;
            }
        }
        DockerJob::Up(job) if job.start => {
            kinds::kind_of(&job.spec.address)?
                .input(job, current)
                .map(drop)?;
        }
        _ => {}
    }
    Ok(Ticket {
        key: job.key(),
        payload: effect.payload.clone(),
    })
}

/// Carries a ticket out, or finds it carried out.
pub(crate) async fn commit_ticket(
    ticket: &Ticket,
    current: &CurrentEndpoints,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let job = read(&ticket.payload)?;
    let engine = &Engine::connect(job.docker())?;
    match &job {
        DockerJob::Volume(job) => volume::ensure_volume(engine, job).await,
        DockerJob::RemoveVolume(job) => volume::remove_volume(engine, job).await,
        DockerJob::Folder(job) => folder::mark_folder(engine, job).await,
        DockerJob::RemoveFolder(job) => folder::clear_folder(job),
        DockerJob::Move(job) => moving::copy_data(engine, job, progress).await,
        DockerJob::Fetch(job) => snapshot::spool_archive(engine, job, progress).await,
        DockerJob::Fill(job) => snapshot::fill_volume(engine, job, progress).await,
        DockerJob::Image(job) => builds::ensure_image(engine, &job.recipe, progress).await,
        DockerJob::Prove(job) => prove::prove_container(engine, job, limit, progress).await,
        DockerJob::Stop(job) => stop::stop_container(engine, job, progress).await,
        DockerJob::Up(job) => up::start_container(engine, job, current, progress).await,
        DockerJob::Resume(job) => resume::resume_node(engine, job, progress).await,
        DockerJob::Repair(job) => repair::repair_container(engine, job).await,
        DockerJob::Remove(job) => remove::remove_container(engine, job).await,
        DockerJob::Identity(job) => {
            let done = wait::wait_for_identity(engine, job, limit, progress).await;
            up::restore_on_failure(engine, job, current, progress, done, STARTED).await
        }
        DockerJob::Ready(job) => {
            let done = wait::wait_until_ready(engine, job, limit, progress).await;
            up::restore_on_failure(engine, job, current, progress, done, STARTED).await
        }
    }
}

fn read(payload: &serde_json::Value) -> Result<DockerJob, ProviderError> {
    serde_path_to_error::deserialize(payload).map_err(|error| ProviderError::Refused {
        code: codes::BAD_PAYLOAD,
        what: "the plan holds an effect that this version does not understand; plan again"
            .to_owned(),
        source: Some(Box::new(error)),
    })
}
