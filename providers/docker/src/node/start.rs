//! Starting a node's container.
//!
//! - Reads: what is started; its volume; the password.
//! - Returns: once the node has its password.
//! - Never: starts a container whose volume another one uses, whose data is not whole, or whose key is gone.

use std::time::Duration;

use pospool_model::ProviderError;
use tokio::time::{Instant, sleep};

use super::moving::UNFINISHED;
use crate::client::Engine;
use crate::codes;
use crate::exclusive::{KeyHolder, find_second_voter};
use crate::failures;
use crate::folder::MARK;
use crate::names::Name;
use crate::place::DataLocation;
use crate::render::layout::DATA_DIR;
use crate::workload::ContainerStart;
use crate::workload::job::UpJob;
use crate::workload::run::{container_state, is_running};

/// File that the entrypoint writes after it got the password; it is gone after each stop.
const STARTED: &str = "/tmp/pospool-started";
/// Time that the entrypoint has to take the password.
const TAKE: Duration = Duration::from_secs(30);
/// Time for a container that another run may be starting at this moment.
const OTHER_RUN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);

/// What lies on the volume must be whole, and hold the key that is registered.
pub(super) async fn check_data(start: &ContainerStart<'_>) -> Result<(), ProviderError> {
    let (engine, job, container) = (start.engine, start.job, start.container);
    require_whole(engine, job, container).await?;
    match &job.key {
        Some(key) => require_key(engine, job, container, key).await,
        None => Ok(()),
    }
}

/// Data that is half copied or half unpacked is never started, and a folder must be the one that was marked.
async fn require_whole(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
) -> Result<(), ProviderError> {
    let spec = &job.spec;
    let Some(place) = &spec.place else {
        return Ok(());
    };
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
    if matches!(place, DataLocation::Folder(_)) && !has(MARK).await? {
        return Err(ProviderError::refused(
            codes::VOLUME_UNMARKED,
            format!(
                "`{place}` is not marked as the volume of {} any more; is its disk mounted?",
                spec.address
            ),
        ));
    }
    Ok(())
}

/// A key that is registered must be on the volume: without it the node would make a new one in silence.
async fn require_key(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    key: &str,
) -> Result<(), ProviderError> {
    if engine
        .has_file(container, &format!("{DATA_DIR}/pos_config/pos_key"))
        .await?
    {
        return Ok(());
    }
    let place = job.spec.place.as_ref().map(DataLocation::to_string);
    Err(ProviderError::refused(
        codes::POS_KEY_LOST,
        format!(
            "volume `{}` does not hold the PoS key {key} any more, and a start would make another key; put it back: \
             `pospool key restore BUNDLE --to VOLUME`",
            place.unwrap_or_default()
        ),
    ))
}

/// Two processes on one volume are two voters with one key.
pub(super) async fn refuse_second_user(
    engine: &Engine,
    job: &UpJob,
    container: Option<&Name>,
) -> Result<(), ProviderError> {
    let Some(place) = &job.spec.place else {
        return Ok(());
    };
    let containers = engine.containers().await?;
    let other = containers.iter().find(|other| {
        other.running
            && place.is_mounted_by(other)
            && container.is_none_or(|own| other.id != own.as_str())
    });
    if let Some(other) = other {
        return Err(ProviderError::refused(
            codes::VOLUME_IN_USE,
            format!(
                "container `{}` runs on volume `{place}`: two processes with one PoS key must never vote; stop it \
                 and prove that it is stopped, then run again",
                other.name
            ),
        ));
    }
    let Some(key) = &job.key else {
        return Ok(());
    };
    let holder = KeyHolder {
        key,
        container: container.map(Name::as_str),
    };
    match find_second_voter(engine, &containers, &holder).await {
        None => Ok(()),
        Some(what) => Err(ProviderError::refused(codes::TWO_VOTERS, what)),
    }
}

/// Starts what does not run, and passes the password on stdin exactly once.
pub(super) async fn start_node(start: &ContainerStart<'_>) -> Result<(), ProviderError> {
    let ContainerStart {
        engine,
        job,
        container,
        progress,
        ..
    } = *start;
    if is_running(&container_state(engine, container).await?) {
        if wait_taken(engine, job, container, OTHER_RUN).await.is_ok() {
            return Ok(());
        }
        // Its entrypoint still waits: whoever started it died before the password was
        // written, or it was started by hand. No node runs in it yet.
        progress.waiting("waiting for the end of an entrypoint that got no password");
        engine.signal(container, "SIGKILL").await?;
        while is_running(&container_state(engine, container).await?) {
            sleep(POLL).await;
        }
    }
    refuse_second_user(engine, job, Some(container)).await?;
    if start.input.is_empty() {
        // It finds its secrets in its mounts.
        engine.start(container).await?;
        return wait_taken(engine, job, container, TAKE).await;
    }
    let input = engine.stdin(container).await?;
    engine.start(container).await?;
    // When the container has ended meanwhile, its own last words say more.
    let written = input.lines(start.input).await;
    progress.waiting("waiting for the node to take its password");
    wait_taken(engine, job, container, TAKE).await?;
    written
}

/// Waits until the entrypoint has the password.
async fn wait_taken(
    engine: &Engine,
    job: &UpJob,
    container: &Name,
    limit: Duration,
) -> Result<(), ProviderError> {
    let deadline = Instant::now() + limit;
    loop {
        let state = container_state(engine, container).await?;
        // One that Docker starts again and again ends each time for the same reason.
        if !is_running(&state) || state.restarting == Some(true) {
            let lines = engine.last_lines(container, failures::LOOKED_AT).await;
            let who = format!("the container of {}", job.spec.address);
            return Err(failures::explain_exit(&who, &state, &lines));
        }
        if has_password(engine, container).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(ProviderError::refused(
                codes::NO_PASSWORD,
                format!(
                    "the container of {} did not take its password",
                    job.spec.address
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
