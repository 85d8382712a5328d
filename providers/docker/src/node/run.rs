//! Making and starting a node's container.
//!
//! - Reads: a [`RunJob`]; the password, at the moment of its use.
//! - Returns: the container's outputs, once the node has its password.
//! - Never: makes a second container beside one with the same key, or starts one whose volume another one uses.

use std::time::Duration;

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Secret};
use tokio::time::{Instant, sleep};

use super::moving::UNFINISHED;
use super::outputs;
use crate::client::Engine;
use crate::codes;
use crate::container::run::{self, gone, inspect, is_running, network, state};
use crate::failures;
use crate::folder::MARK;
use crate::image;
use crate::job::RunJob;
use crate::names::{self, Name};
use crate::place::Place;
use crate::render::DATA_DIR;
use crate::secret::password;

/// File that the entrypoint writes after it got the password; it is gone after each stop.
const STARTED: &str = "/tmp/pospool-started";
/// Time that the entrypoint has to take the password.
const TAKE: Duration = Duration::from_secs(30);
/// Time for a container that another run may be starting at this moment.
const OTHER_RUN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);

/// Carries the job out, or finds it carried out.
pub(crate) async fn run(
    engine: &Engine,
    job: &RunJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    // First, so that a missing secret changes nothing.
    let password = if job.start {
        Some(password(&job.password)?)
    } else {
        None
    };
    let container = match found(engine, job).await? {
        Some(container) => container,
        None if job.create => create(engine, job).await?,
        None => return Err(gone(&job.made.name)),
    };
    if let Some(password) = password {
        if let Err(error) = require_whole(engine, job, &container).await {
            // The next plan begins where there is no container yet, which is where data is made whole.
            if job.create {
                engine.remove(&container).await?;
            }
            return Err(error);
        }
        if job.key.is_some() {
            require_key(engine, job, &container).await?;
        }
        start(engine, job, &container, &password, progress).await?;
    }
    progress.sent();
    let state = inspect(engine, &container).await?;
    Ok(outputs::of_container(&job.docker, &job.made, &state))
}

/// Finds the container that an earlier attempt made.
async fn found(engine: &Engine, job: &RunJob) -> Result<Option<Name>, ProviderError> {
    // A start leaves the container as it is, so only what it was made for must fit; the
    // one that this job makes must be the same in everything.
    let mut expected = job.made.labels();
    if !job.create {
        expected.remove(names::ATTRIBUTES);
    }
    run::found(engine, &job.made.name, &expected, job.replaces.as_ref()).await
}

async fn create(engine: &Engine, job: &RunJob) -> Result<Name, ProviderError> {
    refuse_second_user(engine, job, None).await?;
    let made = &job.made;
    image::require(engine, &made.image, &made.digest).await?;
    if let Place::Volume(name) = &made.volume
        && engine.volume(name).await?.is_none()
    {
        // Docker would make an empty one, and the node a new key in it.
        return Err(ProviderError::refused(
            codes::NO_VOLUME,
            format!("volume `{}` is gone; plan again", made.volume),
        ));
    }
    let owner = made.own_network.then(|| made.owner());
    network(engine, &made.network, owner.as_ref()).await?;
    engine.create(&made.name, made.body()).await
}

/// Data that is half copied or half unpacked is never started, and a folder must be the one that was marked.
async fn require_whole(
    engine: &Engine,
    job: &RunJob,
    container: &Name,
) -> Result<(), ProviderError> {
    let (made, place) = (&job.made, &job.made.volume);
    let has = async |name: &str| {
        let path = format!("{DATA_DIR}/{name}");
        engine.has_file(container, &path).await
    };
    if has(UNFINISHED).await? {
        return Err(ProviderError::refused(
            codes::UNFINISHED_DATA,
            format!(
                "the data on `{place}` is not whole: a copy or a snapshot did not come to its end; apply the spec that \
                 began it again, or empty `{place}`"
            ),
        ));
    }
    if matches!(place, Place::Folder(_)) && !has(MARK).await? {
        return Err(ProviderError::refused(
            codes::VOLUME_UNMARKED,
            format!(
                "`{place}` is not marked as the volume of {} any more; is its disk mounted?",
                made.address
            ),
        ));
    }
    Ok(())
}

/// A key that is registered must be on the volume: without it the node would make a new one in silence.
async fn require_key(engine: &Engine, job: &RunJob, container: &Name) -> Result<(), ProviderError> {
    if engine
        .has_file(container, &format!("{DATA_DIR}/pos_config/pos_key"))
        .await?
    {
        return Ok(());
    }
    let key = job.key.as_deref().unwrap_or_default();
    Err(ProviderError::refused(
        codes::POS_KEY_LOST,
        format!(
            "volume `{}` does not hold the PoS key {key} any more, and a start would make another key; put the \
             file pos_config/pos_key back from a backup",
            job.made.volume
        ),
    ))
}

/// Two processes on one volume are two voters with one key.
async fn refuse_second_user(
    engine: &Engine,
    job: &RunJob,
    container: Option<&Name>,
) -> Result<(), ProviderError> {
    let place = &job.made.volume;
    let containers = engine.containers().await?;
    let other = containers.iter().find(|other| {
        other.running
            && place.is_mounted_by(other)
            && container.is_none_or(|own| other.id != own.as_str())
    });
    match other {
        None => Ok(()),
        Some(other) => Err(ProviderError::refused(
            codes::VOLUME_IN_USE,
            format!(
                "container `{}` runs on volume `{place}`: two processes with one PoS key must never vote; stop it \
                 and prove that it is stopped, then run again",
                other.name
            ),
        )),
    }
}

/// Starts what does not run, and hands the password over exactly once.
async fn start(
    engine: &Engine,
    job: &RunJob,
    container: &Name,
    password: &Secret,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    if is_running(&state(engine, container).await?) {
        if wait_taken(engine, job, container, OTHER_RUN).await.is_ok() {
            return Ok(());
        }
        // Its entrypoint still waits: whoever started it died before the password was
        // written, or it was started by hand. No node runs in it yet.
        progress.waiting("waiting for the end of an entrypoint that got no password");
        engine.signal(container, "SIGKILL").await?;
        while is_running(&state(engine, container).await?) {
            sleep(POLL).await;
        }
    }
    refuse_second_user(engine, job, Some(container)).await?;
    let input = engine.stdin(container).await?;
    engine.start(container).await?;
    // When the container has ended meanwhile, its own last words say more.
    let written = input.line(password).await;
    progress.waiting("waiting for the node to take its password");
    wait_taken(engine, job, container, TAKE).await?;
    written
}

/// Waits until the entrypoint has the password.
async fn wait_taken(
    engine: &Engine,
    job: &RunJob,
    container: &Name,
    limit: Duration,
) -> Result<(), ProviderError> {
    let deadline = Instant::now() + limit;
    loop {
        let state = state(engine, container).await?;
        if !is_running(&state) {
            let lines = engine.last_lines(container, failures::LOOKED_AT).await;
            let who = format!("the container of {}", job.made.address);
            return Err(failures::explain(&who, &state, &lines));
        }
        if has_password(engine, container).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(ProviderError::refused(
                codes::NO_PASSWORD,
                format!(
                    "the container of {} did not take its password",
                    job.made.address
                ),
            ));
        }
        sleep(POLL).await;
    }
}

/// Whether the entrypoint got the password since the container was last started.
pub(crate) async fn has_password(engine: &Engine, container: &Name) -> bool {
    let test = engine
        .exec(container, &["test", "-e", STARTED], OTHER_RUN)
        .await;
    test.is_ok_and(|ended| ended.code == Some(0))
}
