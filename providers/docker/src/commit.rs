//! From an effect to a ticket, and from a ticket to its outcome.
//!
//! - Reads: payloads of plans and journals; the engine that they name.
//! - Returns: the effect's outputs.
//! - Never: decides anything that the plan left open; trusts a name in a payload without checking it.

use std::time::Duration;

use pospool_model::plan::Effect;
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Attributes, ProviderError};

use crate::client::Engine;
use crate::codes;
use crate::folder;
use crate::image;
use crate::job::Job;
use crate::kinds;
use crate::node::{moving, wait};
use crate::snapshot;
use crate::syncer::Current;
use crate::volume;
use crate::workload::{prove, remove, repair, run, up};

/// Checks an effect and everything that it will need, without any change outside.
pub(crate) fn prepare(effect: &Effect, current: &Current) -> Result<Ticket, ProviderError> {
    let job = read(&effect.payload)?;
    // Read and dropped: a run that cannot read a secret later should end now, before it stops a container that works.
    match &job {
        Job::Image(job) => {
            job.recipe.build().check()?;
            if let Some(secret) = &job.secret {
                kinds::of(&job.address)?.secret(secret).map(drop)?;
            }
        }
        Job::Up(job) if job.start => {
            kinds::of(&job.made.address)?
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
pub(crate) async fn commit(
    ticket: &Ticket,
    current: &Current,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let job = read(&ticket.payload)?;
    let engine = &Engine::connect(job.docker())?;
    match &job {
        Job::Volume(job) => volume::make(engine, job).await,
        Job::RemoveVolume(job) => volume::remove(engine, job).await,
        Job::Folder(job) => folder::make(engine, job).await,
        Job::RemoveFolder(job) => folder::remove(job),
        Job::Move(job) => moving::carry(engine, job, progress).await,
        Job::Fetch(job) => snapshot::spool(engine, job, progress).await,
        Job::Fill(job) => snapshot::fill(engine, job, progress).await,
        Job::Image(job) => image::image(engine, &job.recipe, progress).await,
        Job::Prove(job) => prove::prove(engine, job, limit, progress).await,
        Job::Stop(job) => run::stop(engine, job, progress).await,
        Job::Up(job) => up::up(engine, job, current, progress).await,
        Job::Repair(job) => repair::repair(engine, job).await,
        Job::Remove(job) => remove::remove(engine, job).await,
        Job::Identity(job) => {
            let done = wait::identity(engine, job, limit, progress).await;
            up::or_back(engine, job, current, progress, done).await
        }
        Job::Ready(job) => {
            let done = wait::ready(engine, job, limit, progress).await;
            up::or_back(engine, job, current, progress, done).await
        }
    }
}

fn read(payload: &serde_json::Value) -> Result<Job, ProviderError> {
    serde_json::from_value(payload.clone()).map_err(|error| ProviderError::Refused {
        code: codes::BAD_PAYLOAD,
        what: "the plan holds an effect that this version does not understand; plan again"
            .to_owned(),
        source: Some(Box::new(error)),
    })
}
