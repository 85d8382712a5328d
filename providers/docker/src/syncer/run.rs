//! Making the image of a syncer, and starting its container.
//!
//! - Reads: jobs; the key, at the moment of its use; what the syncer says.
//! - Returns: outputs, once a round of the syncer went well.
//! - Never: ends a process that works, or starts one without its key.

use std::time::Duration;

use pospool_model::endpoint::any_key_in;
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Secret};
use tokio::time::{Instant, sleep};

use super::design::planned;
use super::endpoints::Current;
use super::image::certificates;
use super::job::{SyncJob, SyncerJob};
use super::report::{self, Report};
use crate::client::Engine;
use crate::codes;
use crate::container::look::ids;
use crate::container::run::{self, gone, inspect, is_running, last_words, network, state, stop};
use crate::image::{self, local, make, unpacked};
use crate::names::Name;
use crate::program::Program;
use crate::secret::private_key;

const POLL: Duration = Duration::from_millis(500);
/// Time for a process that another run may have started at this moment to say something.
const OTHER_RUN: Duration = Duration::from_secs(10);
/// Time for a round that goes well. The first one may settle what an earlier process left open.
const WELL: Duration = Duration::from_mins(5);
/// Lines of a log that are shown.
const SHOWN: usize = 5;

/// Makes the image, or finds it made.
pub(crate) async fn image(
    engine: &Engine,
    job: &SyncerJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    if any_key_in(&job.recipe.spec) {
        let what = "the syncer's image was planned by an earlier version, with whole URLs in it; plan again";
        return Err(ProviderError::refused(codes::OTHER_ENDPOINTS, what));
    }
    let (tag, digest) = (job.recipe.tag(), job.recipe.digest());
    let id = if let Some(id) = local(engine, &tag, &digest).await? {
        id
    } else {
        let program = Program::read();
        let program = program.map_err(|what| ProviderError::refused(codes::PROGRAM, what))?;
        let certificates = certificates(job.recipe.ca_bundle.as_deref())
            .map_err(|what| ProviderError::refused(codes::NO_CERTIFICATES, what))?;
        let context = job.recipe.context(&program, &certificates);
        let context = context.map_err(unpacked)?;
        make(engine, &tag, &digest, &[], context, progress).await?
    };
    Ok(image::outputs("image", tag, id))
}

/// Makes and starts the container, or finds it, and waits until its syncer is well.
pub(crate) async fn run(
    engine: &Engine,
    job: &SyncJob,
    current: &Current,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    // First, so that a missing secret changes nothing.
    let mut input = vec![private_key(&job.key)?];
    input.extend(current.lines(&job.made)?);
    let container = match found(engine, job).await? {
        Some(container) => container,
        None if job.create => create(engine, job).await?,
        None => return Err(gone(&job.made.name)),
    };
    end_what_does_not_work(engine, job, &container, progress).await?;
    if !is_running(&state(engine, &container).await?) {
        start(engine, &container, &input).await?;
    }
    let report = well(engine, job, &container, progress).await?;
    let mut outputs = planned(&job.docker, &job.made);
    outputs.extend(ids(&inspect(engine, &container).await?));
    outputs.extend(report.outputs());
    Ok(outputs)
}

/// Finds the container that an earlier attempt made.
async fn found(engine: &Engine, job: &SyncJob) -> Result<Option<Name>, ProviderError> {
    let made = &job.made;
    let expected = if job.create {
        made.labels()
    } else {
        made.owner()
    };
    run::found(engine, &made.name, &expected, job.replaces.as_ref()).await
}

async fn create(engine: &Engine, job: &SyncJob) -> Result<Name, ProviderError> {
    let made = &job.made;
    image::require(engine, &made.image, &made.digest).await?;
    // Docker would make an empty one in silence, without our labels.
    match engine.volume(&made.name).await? {
        Some(labels) if labels == made.owner() => {}
        Some(_) => {
            let what = format!(
                "a volume `{}` is there that pospool did not make",
                made.name
            );
            return Err(ProviderError::refused(codes::NAME_TAKEN, what));
        }
        None => {
            let what = format!("volume `{}` is gone; plan again", made.name);
            return Err(ProviderError::refused(codes::NO_VOLUME, what));
        }
    }
    let owner = made.own_network.then(|| made.owner());
    network(engine, &made.network, owner.as_ref()).await?;
    engine.create(&made.name, made.body()).await
}

/// A process that the plan saw unwell, or that says nothing, makes room for one with a key.
async fn end_what_does_not_work(
    engine: &Engine,
    job: &SyncJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let state = state(engine, container).await?;
    if !is_running(&state) {
        return Ok(());
    }
    let is_meant = job.ends.is_some() && job.ends == state.started_at;
    if is_meant || !speaks(engine, container).await? {
        stop(engine, container, progress).await?;
    }
    Ok(())
}

/// Whether a process says anything in the time that it has.
async fn speaks(engine: &Engine, container: &Name) -> Result<bool, ProviderError> {
    let deadline = Instant::now() + OTHER_RUN;
    loop {
        let found = inspect(engine, container).await?;
        if report::ask(engine, container, &found).await.is_some() {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(POLL).await;
    }
}

async fn start(engine: &Engine, container: &Name, lines: &[Secret]) -> Result<(), ProviderError> {
    let input = engine.stdin(container).await?;
    engine.start(container).await?;
    input.lines(lines).await
}

/// Waits for a round that goes well.
async fn well(
    engine: &Engine,
    job: &SyncJob,
    container: &Name,
    progress: &dyn Progress,
) -> Result<Report, ProviderError> {
    let deadline = Instant::now() + WELL;
    loop {
        let found = inspect(engine, container).await?;
        let running = found.state.as_ref().is_some_and(is_running);
        let report = report::ask(engine, container, &found).await;
        let is_late = !running || Instant::now() >= deadline;
        match report {
            Some(report) if report.works() => return Ok(report),
            Some(report) if report.has_failed() || is_late => {
                return Err(ProviderError::refused(
                    codes::SYNCER_UNWELL,
                    format!(
                        "the rounds of {} fail: {}",
                        job.made.address,
                        report.trouble()
                    ),
                ));
            }
            None if is_late => return Err(silent(engine, job, container).await),
            Some(report) => progress.waiting(&format!(
                "waiting for a round that goes well; the last one failed: {}",
                report.trouble()
            )),
            None => progress.waiting("waiting for the syncer's first round"),
        }
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}

async fn silent(engine: &Engine, job: &SyncJob, container: &Name) -> ProviderError {
    let last = last_words(engine, container, SHOWN).await;
    ProviderError::refused(
        codes::NO_KEY,
        format!(
            "{} did not take its key, or ended; its last words:\n{last}",
            job.made.address
        ),
    )
}
