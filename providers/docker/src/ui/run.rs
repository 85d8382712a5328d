//! Carrying a page's jobs out.
//!
//! - Reads: jobs; folders of this machine; the engine.
//! - Returns: outputs.
//! - Never: serves what the plan did not see: a folder that changed since is refused.

use std::path::Path;
use std::time::Duration;

use bollard::models::HealthStatusEnum;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use tokio::time::{Instant, sleep};

use super::build;
use super::design::planned;
use super::files::{self, Files};
use super::image::FromFiles;
use super::job::{PageJob, ServeJob, ServerJob};
use crate::client::Engine;
use crate::codes;
use crate::container::look::ids;
use crate::container::run::{self, gone, inspect, is_running, last_words, network, state};
use crate::image::{self, local, make, unpacked};
use crate::job::Job;
use crate::names::Name;
use crate::program::Program;

const POLL: Duration = Duration::from_millis(500);
/// Time for the server to answer its own health check.
const WELL: Duration = Duration::from_mins(2);
/// Lines of a server's log that are shown.
const SHOWN: usize = 10;

/// Checks everything that an effect will need.
pub(crate) fn prepare(job: &Job) -> Result<(), ProviderError> {
    match job {
        Job::Page(job) => given(&job.recipe.from).map(drop),
        _ => Ok(()),
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
    let found = found.map_err(|what| ProviderError::refused(codes::PAGE_FILES, what))?;
    if files::digest(&found) == *digest {
        return Ok(found);
    }
    Err(ProviderError::refused(
        codes::PAGE_CHANGED,
        format!("the files in `{path}` changed since the plan was made; plan again"),
    ))
}

/// Makes the image of the page, or finds it made.
pub(crate) async fn page(
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
        let context = recipe.context(files).map_err(unpacked)?;
        make(engine, &tag, &digest, &[], context, progress).await?;
    }
    Ok(Attributes::from([("digest".to_owned(), digest.into())]))
}

/// Makes the image with the server, or finds it made.
pub(crate) async fn server(
    engine: &Engine,
    job: &ServerJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let recipe = &job.recipe;
    let (tag, digest) = (recipe.tag(), recipe.digest());
    let id = if let Some(id) = local(engine, &tag, &digest).await? {
        id
    } else {
        let page = image::require(engine, &recipe.page_tag(), &recipe.page).await?;
        let program =
            Program::read().map_err(|what| ProviderError::refused(codes::PROGRAM, what))?;
        let context = recipe.context(&page, &program).map_err(unpacked)?;
        make(engine, &tag, &digest, &[], context, progress).await?
    };
    Ok(image::outputs("image", tag, id))
}

/// Makes and starts the container, or finds it, and waits until its server is well.
pub(crate) async fn serve(
    engine: &Engine,
    job: &ServeJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let container = match found(engine, job).await? {
        Some(container) => container,
        None if job.create => create(engine, job).await?,
        None => return Err(gone(&job.made.name)),
    };
    engine.start(&container).await?;
    well(engine, job, &container, progress).await?;
    let mut outputs = planned(&job.docker, &job.made);
    outputs.extend(ids(&inspect(engine, &container).await?));
    Ok(outputs)
}

/// Finds the container that an earlier attempt made.
async fn found(engine: &Engine, job: &ServeJob) -> Result<Option<Name>, ProviderError> {
    let made = &job.made;
    let expected = if job.create {
        made.labels()
    } else {
        made.owner()
    };
    run::found(engine, &made.name, &expected, job.replaces.as_ref()).await
}

async fn create(engine: &Engine, job: &ServeJob) -> Result<Name, ProviderError> {
    let made = &job.made;
    image::require(engine, &made.image, &made.digest).await?;
    network(engine, &made.name, Some(&made.owner())).await?;
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
            let last = last_words(engine, container, SHOWN).await;
            return Err(ProviderError::refused(
                codes::PAGE_UNWELL,
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
