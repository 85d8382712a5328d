//! Making and starting containers, and going back to the old one where the new one does not get there.
//!
//! - Reads: an [`UpJob`]; secrets, at the moment of their use.
//! - Returns: outputs, once what runs inside has its secrets and is ready.
//! - Never: makes a container beside one that runs in its place, or gives up an old one before the new one is ready.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Secret};

use super::job::{Replaced, StopJob, UpJob};
use super::labels::{self, fit};
use super::look::ids;
use super::run::{container_id, gone, inspect, is_running, state, stop};
use super::{Kind, Start, body, repair};
use crate::client::Engine;
use crate::codes;
use crate::image;
use crate::kinds;
use crate::names::{self, Name};
use crate::place::Place;
use crate::syncer::Current;

/// Carries the job out, or finds it carried out.
pub(crate) async fn up(
    engine: &Engine,
    job: &UpJob,
    current: &Current,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let kind = kinds::of(&job.made.address)?;
    // First, so that a missing secret changes nothing.
    let input = input(kind, job, current)?;
    // The engine's own types are large.
    let done = Box::pin(attempt(engine, kind, job, &input, progress)).await;
    or_back(engine, job, current, progress, done).await
}

fn input(kind: &dyn Kind, job: &UpJob, current: &Current) -> Result<Vec<Secret>, ProviderError> {
    if job.start {
        kind.input(job, current)
    } else {
        Ok(Vec::new())
    }
}

async fn attempt(
    engine: &Engine,
    kind: &dyn Kind,
    job: &UpJob,
    input: &[Secret],
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let made = &job.made;
    let container = match find(engine, job).await? {
        Some(container) => container,
        None if job.create => create(engine, kind, job).await?,
        None => return Err(gone(&made.name)),
    };
    let mut outputs = kind.outputs(made);
    outputs.insert("docker".to_owned(), job.docker.as_str().into());
    if job.start {
        let start = Start {
            engine,
            job,
            container: &container,
            input,
            progress,
        };
        if let Err(error) = kind.check_data(&start).await {
            // The next plan begins where there is no container yet, which is where data is made whole.
            if job.create && !is_running(&state(engine, &container).await?) {
                engine.remove(&container).await?;
            }
            return Err(error);
        }
        let found = inspect(engine, &container).await?;
        repair::networks(engine, made, &container, &found).await?;
        kind.start(&start).await?;
        outputs.extend(kind.ready(&start).await?);
    }
    progress.sent();
    let found = inspect(engine, &container).await?;
    outputs.extend(ids(&found));
    let started = found.state.and_then(|state| state.started_at);
    // A container that never ran has the year 1 here; and only a node has the output.
    let schema = kind.schema();
    if let Some(started) = started.filter(|at| !at.starts_with("0001-"))
        && schema.outputs.iter().any(|it| it.name == "started_at")
    {
        outputs.insert("started_at".to_owned(), started.into());
    }
    Ok(outputs)
}

/// Finds the container that an earlier attempt made; the one that it replaces steps aside.
async fn find(engine: &Engine, job: &UpJob) -> Result<Option<Name>, ProviderError> {
    let made = &job.made;
    let Some(found) = engine.inspect(&made.name).await? else {
        return Ok(None);
    };
    // A start leaves the container as it is, so only what it was made for must fit; the
    // one that this job makes must be the same in everything.
    let mut expected = made.labels();
    if !job.create {
        expected.retain(|name, _| made.owner().contains_key(name) || name == names::DIGEST);
    }
    let seen = labels::of(&found);
    let id = container_id(found.id)?;
    let replaced = job.replaces.as_ref().filter(|old| old.container == id);
    if job.create && replaced.is_some() {
        if found.state.is_some_and(|state| is_running(&state)) {
            let what = format!("the old container `{}` runs; plan again", made.name);
            return Err(ProviderError::refused(codes::NOT_REMOVED, what));
        }
        engine.rename(&id, &made.aside()).await?;
        return Ok(None);
    }
    if !fit(&expected, &seen) {
        let what = format!(
            "a container `{}` is there that this plan did not make; remove it, or plan again",
            made.name
        );
        return Err(ProviderError::refused(codes::NAME_TAKEN, what));
    }
    Ok(Some(id))
}

async fn create(engine: &Engine, kind: &dyn Kind, job: &UpJob) -> Result<Name, ProviderError> {
    let made = &job.made;
    kind.check(engine, job).await?;
    image::require(engine, &made.image, &made.digest).await?;
    if let Some(Place::Volume(name)) = &made.place
        && engine.volume(name).await?.is_none()
    {
        // Docker would make an empty one in silence, and a node a new key in it.
        return Err(ProviderError::refused(
            codes::NO_VOLUME,
            format!("volume `{name}` is gone; plan again"),
        ));
    }
    let owner = made.own_network.then(|| made.owner());
    super::run::network(engine, &made.network, owner.as_ref()).await?;
    let request = body::request(made, &kinds::workload(made)?);
    Box::pin(engine.create(&made.name, request)).await
}

/// Gives the outcome of a job on; where it failed for good, the container that was replaced takes its place again.
pub(crate) async fn or_back(
    engine: &Engine,
    job: &UpJob,
    current: &Current,
    progress: &dyn Progress,
    done: Result<Attributes, ProviderError>,
) -> Result<Attributes, ProviderError> {
    let (error, old) = match (done, &job.replaces) {
        (Err(error @ ProviderError::Refused { .. }), Some(old)) => (error, old),
        (done, _) => return done,
    };
    let went = Box::pin(back(engine, job, old, current, progress)).await;
    let after = match went {
        Ok(None) => return Err(error),
        Ok(Some(after)) => after.to_owned(),
        Err(inner) => format!("the container before it does not run again: {inner}"),
    };
    let ProviderError::Refused { code, what, source } = error else {
        return Err(error);
    };
    Err(ProviderError::Refused {
        code,
        what: format!("{what}; {after}"),
        source,
    })
}

/// Puts the old container back in its place; says what became of it, or nothing where it never left.
async fn back(
    engine: &Engine,
    job: &UpJob,
    old: &Replaced,
    current: &Current,
    progress: &dyn Progress,
) -> Result<Option<&'static str>, ProviderError> {
    let made = &job.made;
    let Some(found) = engine.inspect(&old.container).await? else {
        return Ok(None);
    };
    if found.state.as_ref().is_some_and(is_running) {
        return Ok(None);
    }
    if let Some(new) = engine.inspect(&made.name).await? {
        let id = container_id(new.id.clone())?;
        if id != old.container {
            if !fit(&made.owner(), &labels::of(&new)) {
                // Somebody else's: it is none of ours to remove.
                return Ok(None);
            }
            let stop_new = StopJob {
                docker: job.docker.clone(),
                address: made.address.clone(),
                name: made.name.clone(),
                container: id.clone(),
            };
            stop(engine, &stop_new, progress).await?;
            engine.remove(&id).await?;
        }
    }
    let name = found.name.as_deref().unwrap_or_default();
    if name.trim_start_matches('/') != made.name.as_str() {
        engine.rename(&old.container, &made.name).await?;
    }
    if !old.ran {
        return Ok(Some(
            "the container before it is in its place again, stopped as it was",
        ));
    }
    let kind = kinds::of(&made.address)?;
    let network = found.host_config.and_then(|host| host.network_mode);
    let network = network.and_then(|network| Name::new(network).ok());
    let mut again = job.clone();
    // It has the network that it was made with.
    if let Some(network) = network {
        again.made.own_network = network == made.name;
        again.made.network = network;
    }
    let input = kind.input(&again, current)?;
    let start = Start {
        engine,
        job: &again,
        container: &old.container,
        input: &input,
        progress,
    };
    kind.check_data(&start).await?;
    let found = inspect(engine, &old.container).await?;
    repair::networks(engine, &again.made, &old.container, &found).await?;
    kind.start(&start).await?;
    Ok(Some("the container before it runs again"))
}
