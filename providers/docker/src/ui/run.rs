//! Carrying a page's jobs out.
//!
//! - Reads: jobs; folders of this machine; the engine.
//! - Returns: outputs.
//! - Never: serves what the plan did not see: a folder that changed since is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::HealthStatusEnum;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use tokio::time::{Instant, sleep};

use super::build;
use super::container::STOP_SECONDS;
use super::design::planned;
use super::files::{self, Files};
use super::image::{FromFiles, PageRecipe, is_ours};
use super::job::{EndJob, PageJob, ServeJob, ServerJob};
use crate::client::Engine;
use crate::failures::LOOKED_AT;
use crate::names::{self, ImageRef, Name};
use crate::node::job::{Job, RemoveJob};
use crate::node::outputs::seen;
use crate::node::run::{container_id, inspect, is_running, state};
use crate::node::stop;
use crate::program::Program;

const POLL: Duration = Duration::from_millis(500);
/// Time for the server to answer its own health check.
const WELL: Duration = Duration::from_mins(2);
/// Time for the engine to end a process that was killed.
const AFTER_KILL: Duration = Duration::from_secs(30);
/// Lines of a server's log that are shown.
const SHOWN: usize = 10;

/// Checks everything that an effect will need.
pub(crate) fn prepare(job: &Job) -> Result<(), ProviderError> {
    match job {
        Job::Page(job) => given(&job.recipe.from).map(drop),
        _ => Ok(()),
    }
}

/// Carries one of a page's jobs out; a job of another kind has nothing to do here.
pub(crate) async fn commit(
    engine: &Engine,
    job: &Job,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    match job {
        Job::Page(job) => page(engine, job, progress).await,
        Job::Server(job) => server(engine, job, progress).await,
        Job::Serve(job) => serve(engine, job, progress).await,
        Job::End(job) => end(engine, job, progress).await,
        _ => Ok(Attributes::new()),
    }
}

/// Reads the files that the plan saw.
pub(super) fn given(from: &FromFiles) -> Result<Files, ProviderError> {
    let (found, path, digest) = match from {
        FromFiles::Built { path, digest } => (files::read_built(Path::new(path)), path, digest),
        FromFiles::Tree(build) => (
            files::read(Path::new(&build.path)),
            &build.path,
            &build.digest,
        ),
    };
    let found = found.map_err(|what| ProviderError::refused("docker/page-files", what))?;
    if files::digest(&found) == *digest {
        return Ok(found);
    }
    Err(ProviderError::refused(
        "docker/page-changed",
        format!("the files in `{path}` changed since the plan was made; plan again"),
    ))
}

/// Makes the image of the page, or finds it made.
async fn page(
    engine: &Engine,
    job: &PageJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let recipe = &job.recipe;
    let (tag, digest) = (recipe.tag(), recipe.digest());
    if local(engine, &tag, &digest).await?.is_none() {
        let files = match &recipe.from {
            FromFiles::Built { .. } => given(&recipe.from)?,
            FromFiles::Tree(build) => build::build(engine, build, recipe, progress).await?,
        };
        let context = pack(recipe, files)?;
        make(engine, &tag, &digest, context, progress).await?;
    }
    Ok(Attributes::from([("digest".to_owned(), digest.into())]))
}

fn pack(recipe: &PageRecipe, files: Files) -> Result<Vec<u8>, ProviderError> {
    recipe.context(files).map_err(unpacked)
}

/// The archive of an image could not be made.
pub(crate) fn unpacked(source: std::io::Error) -> ProviderError {
    ProviderError::Refused {
        code: "docker/build-failed",
        what: "the image's archive cannot be made".to_owned(),
        source: Some(Box::new(source)),
    }
}

/// Makes the image with the server, or finds it made.
async fn server(
    engine: &Engine,
    job: &ServerJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let recipe = &job.recipe;
    let (tag, digest) = (recipe.tag(), recipe.digest());
    let id = if let Some(id) = local(engine, &tag, &digest).await? {
        id
    } else {
        let page_tag = recipe.page_tag();
        let Some(page) = local(engine, &page_tag, &recipe.page).await? else {
            let what = format!("the page's image `{page_tag}` is gone; plan again");
            return Err(ProviderError::refused("docker/no-image", what));
        };
        let program =
            Program::read().map_err(|what| ProviderError::refused("docker/program", what))?;
        let context = recipe.context(&page, &program).map_err(unpacked)?;
        make(engine, &tag, &digest, context, progress).await?
    };
    Ok([("image", tag), ("image_id", id)]
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into())
}

/// Id of an image that was made for a digest.
pub(crate) async fn local(
    engine: &Engine,
    tag: &str,
    digest: &str,
) -> Result<Option<String>, ProviderError> {
    let tag =
        ImageRef::parse(tag).map_err(|what| ProviderError::refused("docker/bad-image", what))?;
    let found = engine.image(&tag).await?;
    Ok(found
        .filter(|image| image.labels.get(names::DIGEST).map(String::as_str) == Some(digest))
        .map(|image| image.id))
}

/// Makes an image under the name of its digest; returns its id.
pub(crate) async fn make(
    engine: &Engine,
    tag: &str,
    digest: &str,
    context: Vec<u8>,
    progress: &dyn Progress,
) -> Result<String, ProviderError> {
    let labels = BTreeMap::from([(names::DIGEST.to_owned(), digest.to_owned())]);
    engine.build(tag, &labels, context, progress).await?;
    local(engine, tag, digest).await?.ok_or_else(|| {
        ProviderError::refused(
            "docker/build-failed",
            format!("Docker says that it built `{tag}`, and does not have it"),
        )
    })
}

/// Makes and starts the container, or finds it, and waits until its server is well.
async fn serve(
    engine: &Engine,
    job: &ServeJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let container = match found(engine, job).await? {
        Some(container) => container,
        None if job.create => create(engine, job).await?,
        None => {
            let what = format!("container `{}` is gone; plan again", job.made.name);
            return Err(ProviderError::refused("docker/no-container", what));
        }
    };
    engine.start(&container).await?;
    well(engine, job, &container, progress).await?;
    let mut outputs = planned(&job.docker, &job.made);
    outputs.extend(seen(&inspect(engine, &container).await?));
    outputs.remove("started_at");
    Ok(outputs)
}

/// Finds the container that an earlier attempt made.
async fn found(engine: &Engine, job: &ServeJob) -> Result<Option<Name>, ProviderError> {
    let Some(found) = engine.inspect(&job.made.name).await? else {
        return Ok(None);
    };
    let labels = found
        .config
        .and_then(|config| config.labels)
        .unwrap_or_default();
    let id = container_id(found.id)?;
    let expected = if job.create {
        job.made.labels()
    } else {
        job.made.owner()
    };
    let ours = expected
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value));
    if job.replaces.as_ref() == Some(&id) || !ours {
        return Err(ProviderError::refused(
            "docker/name-taken",
            format!(
                "a container `{}` is there that this plan did not make; plan again",
                job.made.name
            ),
        ));
    }
    Ok(Some(id))
}

async fn create(engine: &Engine, job: &ServeJob) -> Result<Name, ProviderError> {
    let made = &job.made;
    if local(engine, &made.image, &made.digest).await?.is_none() {
        let what = format!("the image `{}` is gone; plan again", made.image);
        return Err(ProviderError::refused("docker/no-image", what));
    }
    match engine.network(&made.name).await? {
        None => engine.create_network(&made.name, &made.owner()).await?,
        Some(labels) if labels == made.owner() => {}
        Some(_) => {
            let what = format!(
                "a network `{}` is there that pospool did not make",
                made.name
            );
            return Err(ProviderError::refused("docker/name-taken", what));
        }
    }
    engine.create(&made.name, made.body()).await
}

/// Waits for the container's own health check.
async fn well(
    engine: &Engine,
    job: &ServeJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let deadline = Instant::now() + WELL;
    loop {
        let state = state(engine, container).await?;
        let health = state.health.as_ref().and_then(|health| health.status);
        if health == Some(HealthStatusEnum::HEALTHY) {
            return Ok(());
        }
        let is_late = Instant::now() >= deadline;
        if !is_running(&state) || health == Some(HealthStatusEnum::UNHEALTHY) || is_late {
            let lines = engine.last_lines(container, LOOKED_AT).await;
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            return Err(ProviderError::refused(
                "docker/page-unwell",
                format!(
                    "the server of {} does not answer; its last words:\n{last}",
                    job.made.address
                ),
            ));
        }
        progress.waiting("waiting for the page's server to answer");
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

/// Stops and removes the container and what goes with it; what is gone already is fine.
async fn end(
    engine: &Engine,
    job: &EndJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    stop(engine, &job.container, progress).await?;
    let remove = RemoveJob {
        docker: job.docker.clone(),
        name: job.name.clone(),
        container: Some(job.container.clone()),
        network: job.network.clone(),
        owner: job.owner.clone(),
        image: None,
    };
    stop::remove(engine, &remove).await?;
    for image in job.images.iter().filter(|image| is_ours(image)) {
        if let Ok(image) = ImageRef::parse(image) {
            engine.try_remove_image(&image).await;
        }
    }
    Ok(Attributes::new())
}

/// Asks a container to end, gives it the time that it was made with, then kills it.
pub(crate) async fn stop(
    engine: &Engine,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let asked = engine.inspect(container).await?;
    let asked = asked.and_then(|found| found.config?.stop_timeout);
    let patience = Duration::from_secs(asked.unwrap_or(STOP_SECONDS).unsigned_abs());
    for (signal, limit) in [("SIGTERM", patience), ("SIGKILL", AFTER_KILL)] {
        let deadline = Instant::now() + limit;
        engine.signal(container, signal).await?;
        while Instant::now() < deadline {
            let found = engine.inspect(container).await?;
            let running = found
                .and_then(|found| found.state)
                .is_some_and(|state| is_running(&state));
            if !running {
                return Ok(());
            }
            progress.waiting("waiting for the container to end");
            sleep(POLL).await;
        }
    }
    Err(ProviderError::OutcomeUnknown {
        code: "docker/not-stopped",
        what: format!("container `{container}` was killed and still counts as running"),
        source: None,
    })
}
