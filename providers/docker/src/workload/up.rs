//! Making and starting containers, and going back to the old one where the new one does not get there.
//!
//! - Reads: an [`UpJob`]; secrets, at the moment of their use.
//! - Returns: outputs, once what runs inside has its secrets and is ready.
//! - Never: makes a container beside one that runs in its place, or gives up an old one before the new one is ready.

use bollard::models::ContainerState;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Secret};

use super::job::{ReplacedContainer, StopJob, UpJob, WayBack};
use super::labels::{self, labels_match};
use super::look::container_ids;
use super::restarts::keep_up;
use super::run::{
    container_gone, container_id, container_state, inspect_container, is_paused, is_running,
    started_at,
};
use super::{ContainerKind, ContainerStart, body, repair};
use crate::client::Engine;
use crate::codes;
use crate::image;
use crate::kinds;
use crate::names::{self, Name};
use crate::place::DataLocation;
use crate::syncer::CurrentEndpoints;
use crate::workload::stop::stop_container;

/// Carries the job out, or finds it carried out.
pub(crate) async fn start_container(
    engine: &Engine,
    job: &UpJob,
    current: &CurrentEndpoints,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let kind = kinds::kind_of(&job.spec.address)?;
    // First, so that a missing secret changes nothing.
    let input = input(kind, job, current)?;
    let mut ran = NewRan::Perhaps;
    // The engine's own types are large.
    let done = Box::pin(attempt(engine, kind, job, &input, progress, &mut ran)).await;
    restore_on_failure(engine, job, current, progress, done, ran).await
}

/// Whether the new container has run, where it is not there to be asked: somebody may have removed it by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewRan {
    /// This attempt began where there was none, and has started none.
    Never,
    /// An earlier attempt may have started one, or this one has.
    Perhaps,
}

fn input(
    kind: &dyn ContainerKind,
    job: &UpJob,
    current: &CurrentEndpoints,
) -> Result<Vec<Secret>, ProviderError> {
    if job.start {
        kind.input(job, current)
    } else {
        Ok(Vec::new())
    }
}

async fn attempt(
    engine: &Engine,
    kind: &dyn ContainerKind,
    job: &UpJob,
    input: &[Secret],
    progress: &dyn Progress,
    ran: &mut NewRan,
) -> Result<Attributes, ProviderError> {
    let spec = &job.spec;
    let container = match find(engine, job).await? {
        Found::Made(container) => container,
        Found::SteppedAside => {
            // The name was the old one's until now.
            *ran = NewRan::Never;
            create(engine, kind, job).await?
        }
        Found::Nothing if job.create => create(engine, kind, job).await?,
        Found::Nothing => return Err(container_gone(&spec.name)),
    };
    let mut outputs = kind.outputs(spec);
    outputs.insert("docker".to_owned(), job.docker.as_str().into());
    if job.start {
        let start = ContainerStart {
            engine,
            job,
            container: &container,
            input,
            progress,
        };
        if let Err(error) = kind.check_data(&start).await {
            // The next plan begins where there is no container yet, which is where data is made whole.
            if job.create && !is_running(&container_state(engine, &container).await?) {
                engine.remove(&container).await?;
            }
            return Err(error);
        }
        let found = inspect_container(engine, &container).await?;
        repair::repair_networks(engine, spec, &container, &found).await?;
        if found.state.as_ref().is_some_and(is_paused) {
            progress.waiting("letting a paused container go on");
            engine.unpause(&container).await?;
        }
        *ran = NewRan::Perhaps;
        kind.start(&start).await?;
        keep_up(engine, &container).await?;
        outputs.extend(kind.ready(&start).await?);
    }
    progress.sent();
    let found = inspect_container(engine, &container).await?;
    outputs.extend(container_ids(&found));
    let started = found.state.as_ref().and_then(started_at);
    // Only a node has the output.
    let schema = kind.schema();
    if let Some(started) = started
        && schema.outputs.iter().any(|it| it.name == "started_at")
    {
        outputs.insert("started_at".to_owned(), started.into());
    }
    Ok(outputs)
}

/// What has the name of the container.
enum Found {
    /// The one that is meant.
    Made(Name),
    /// Nothing any more: it was the one that is replaced.
    SteppedAside,
    Nothing,
}

/// Finds the container that an earlier attempt made; the one that it replaces steps aside.
async fn find(engine: &Engine, job: &UpJob) -> Result<Found, ProviderError> {
    let spec = &job.spec;
    let Some(found) = engine.inspect(&spec.name).await? else {
        return Ok(Found::Nothing);
    };
    // A start leaves the container as it is, so only what it was made for must fit; the
    // one that this job makes must be the same in everything.
    let mut expected = spec.labels();
    if !job.create {
        expected.retain(|name, _| spec.owner().contains_key(name) || name == names::DIGEST);
    }
    let seen = labels::labels_of(&found);
    let id = container_id(found.id)?;
    let replaced = job.replaces.as_ref().filter(|old| old.container == id);
    if job.create && replaced.is_some() {
        if found.state.is_some_and(|state| is_running(&state)) {
            let what = format!("the old container `{}` runs; plan again", spec.name);
            return Err(ProviderError::refused(codes::NOT_REMOVED, what));
        }
        engine.rename(&id, &spec.aside()).await?;
        return Ok(Found::SteppedAside);
    }
    if !labels_match(&expected, &seen) {
        let what = format!(
            "a container `{}` is there that this plan did not make; remove it, or plan again",
            spec.name
        );
        return Err(ProviderError::refused(codes::NAME_TAKEN, what));
    }
    Ok(Found::Made(id))
}

async fn create(
    engine: &Engine,
    kind: &dyn ContainerKind,
    job: &UpJob,
) -> Result<Name, ProviderError> {
    let spec = &job.spec;
    kind.check(engine, job).await?;
    image::require_image(engine, &spec.image, &spec.digest).await?;
    if let Some(DataLocation::Volume(name)) = &spec.place
        && engine.volume(name).await?.is_none()
    {
        // Docker would make an empty one in silence, and a node a new key in it.
        return Err(ProviderError::refused(
            codes::NO_VOLUME,
            format!("volume `{name}` is gone; plan again"),
        ));
    }
    let owner = spec.own_network.then(|| spec.owner());
    super::run::ensure_network(engine, &spec.network, owner.as_ref()).await?;
    let request = body::create_request(spec, &kinds::workload_of(spec)?);
    Box::pin(engine.create(&spec.name, request)).await
}

/// Gives the outcome of a job on; where it failed for a final reason, the container that was replaced takes its place again.
pub(crate) async fn restore_on_failure(
    engine: &Engine,
    job: &UpJob,
    current: &CurrentEndpoints,
    progress: &dyn Progress,
    done: Result<Attributes, ProviderError>,
    ran: NewRan,
) -> Result<Attributes, ProviderError> {
    let (error, old) = match (done, &job.replaces) {
        (Err(error @ ProviderError::Refused { .. }), Some(old)) => (error, old),
        (done, _) => return done,
    };
    let went = Box::pin(back(engine, job, old, ran, current, progress)).await;
    let after = match went {
        Ok(None) => return Err(error),
        Ok(Some(after)) => after,
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

/// Why the old container never runs again on what a new one wrote, if one has run.
fn closed_way(way_back: &WayBack, new: Option<&ContainerState>, ran: NewRan) -> Option<String> {
    let why = way_back.closed.as_ref()?;
    let has_run = match new {
        Some(new) => started_at(new).is_some(),
        None => ran == NewRan::Perhaps,
    };
    (has_run || way_back.written).then(|| {
        format!("the container before it stays stopped, since there is no way back: {why}")
    })
}

/// Puts the old container back in its place; says what became of it, or nothing where it never left.
async fn back(
    engine: &Engine,
    job: &UpJob,
    old: &ReplacedContainer,
    ran: NewRan,
    current: &CurrentEndpoints,
    progress: &dyn Progress,
) -> Result<Option<String>, ProviderError> {
    let spec = &job.spec;
    let Some(found) = engine.inspect(&old.container).await? else {
        return Ok(None);
    };
    if found.state.as_ref().is_some_and(is_running) {
        return Ok(None);
    }
    let name = found.name.as_deref().unwrap_or_default();
    // One that still has its name has made room for nothing.
    if name.trim_start_matches('/') != spec.name.as_str() {
        let new = engine.inspect(&spec.name).await?;
        let is_ours = |new| labels_match(&spec.owner(), &labels::labels_of(new));
        if !new.as_ref().is_none_or(is_ours) {
            // Somebody else's: it is none of ours to remove.
            return Ok(None);
        }
        let state = new.as_ref().and_then(|new| new.state.as_ref());
        if let Some(why) = closed_way(&old.way_back, state, ran) {
            return Ok(Some(why));
        }
        if let Some(new) = new {
            let id = container_id(new.id)?;
            let stop_new = StopJob {
                docker: job.docker.clone(),
                address: spec.address.clone(),
                name: spec.name.clone(),
                container: id.clone(),
            };
            stop_container(engine, &stop_new, progress).await?;
            engine.remove(&id).await?;
        }
        engine.rename(&old.container, &spec.name).await?;
    }
    if !old.ran {
        let after = "the container before it is in its place again, stopped as it was";
        return Ok(Some(after.to_owned()));
    }
    let kind = kinds::kind_of(&spec.address)?;
    let network = found.host_config.and_then(|host| host.network_mode);
    let network = network.and_then(|network| Name::new(network).ok());
    let mut again = job.clone();
    // It has the network that it was made with.
    if let Some(network) = network {
        again.spec.own_network = network == spec.name;
        again.spec.network = network;
    }
    let input = kind.input(&again, current)?;
    let start = ContainerStart {
        engine,
        job: &again,
        container: &old.container,
        input: &input,
        progress,
    };
    kind.check_data(&start).await?;
    let found = inspect_container(engine, &old.container).await?;
    repair::repair_networks(engine, &again.spec, &old.container, &found).await?;
    kind.start(&start).await?;
    keep_up(engine, &old.container).await?;
    Ok(Some("the container before it runs again".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the old container stays stopped, for each thing that is known of the new one.
    fn stays(way_back: &WayBack) -> [bool; 4] {
        let state = |at: &str| ContainerState {
            started_at: Some(at.to_owned()),
            ..ContainerState::default()
        };
        let (never, before) = (state("0001-01-01T00:00:00Z"), state("2026-11-22T10:00:00Z"));
        [
            (Some(&before), NewRan::Never),
            (None, NewRan::Perhaps),
            (Some(&never), NewRan::Perhaps),
            (None, NewRan::Never),
        ]
        .map(|(new, ran)| closed_way(way_back, new, ran).is_some())
    }

    #[test]
    fn case_data_of_a_newer_release_a_closed_way_stays_closed_when_the_new_container_was_removed() {
        let closed = WayBack {
            closed: Some("because".to_owned()),
            ..WayBack::default()
        };
        assert_eq!(stays(&closed), [true, true, false, false]);
        let written = WayBack {
            written: true,
            ..closed
        };
        assert_eq!(stays(&written), [true; 4]);
        assert_eq!(stays(&WayBack::default()), [false; 4]);
    }
}
