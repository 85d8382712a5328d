//! From an effect to a ticket, and from a ticket to its outcome.
//!
//! - Reads: payloads of plans and journals; the engine that they name.
//! - Returns: the effect's outputs.
//! - Never: decides anything that the plan left open; trusts a name in a payload without checking it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use pospool_model::plan::Effect;
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Attributes, ProviderError};

use crate::client::Engine;
use crate::codes;
use crate::container::end;
use crate::folder;
use crate::image;
use crate::job::{ImageJob, Job};
use crate::names::{self, ImageRef};
use crate::node::image::Recipe;
use crate::node::{moving, run, stop, wait};
use crate::render::node_files::read_bounded;
use crate::secret::password;
use crate::snapshot;
use crate::syncer::{self, Current};
use crate::ui;
use crate::volume;

/// Checks an effect and everything that it will need, without any change outside.
pub(crate) fn prepare(effect: &Effect, current: &Current) -> Result<Ticket, ProviderError> {
    let job = read(&effect.payload)?;
    // Read and dropped: a run that cannot read the secret later should end now, before
    // it stops a node that works.
    if let Some(reference) = job.password() {
        drop(password(reference)?);
    }
    if let Job::Image(job) = &job {
        read_copies(&job.recipe)?;
    }
    ui::prepare(&job)?;
    syncer::prepare(&job, current)?;
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
    let engine = Engine::connect(job.docker())?;
    match &job {
        Job::Page(job) => ui::page(&engine, job, progress).await,
        Job::Server(job) => ui::server(&engine, job, progress).await,
        Job::Serve(job) => ui::serve(&engine, job, progress).await,
        Job::End(job) => end::end(&engine, job, progress).await,
        Job::Syncer(job) => syncer::image(&engine, job, progress).await,
        Job::Sync(job) => syncer::run(&engine, job, current, progress).await,
        Job::Volume(job) => volume::make(&engine, job).await,
        Job::RemoveVolume(job) => volume::remove(&engine, job).await,
        Job::Folder(job) => folder::make(&engine, job).await,
        Job::RemoveFolder(job) => folder::remove(job),
        Job::Move(job) => moving::carry(&engine, job, progress).await,
        Job::Fetch(job) => snapshot::spool(&engine, job, progress).await,
        Job::Fill(job) => snapshot::fill(&engine, job, progress).await,
        Job::Image(job) => build(&engine, job, progress).await,
        Job::Stop(job) => stop::stop(&engine, job, progress).await,
        Job::Remove(job) => end::remove(&engine, job).await,
        Job::Run(job) => run::run(&engine, job, progress).await,
        Job::Identity(job) => wait::identity(&engine, job, limit, progress).await,
        Job::Ready(job) => wait::ready(&engine, job, limit, progress).await,
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

/// Builds the hardened image, or finds it built.
async fn build(
    engine: &Engine,
    job: &ImageJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let (tag, digest) = (job.recipe.tag(), job.recipe.digest());
    let id = if let Some(id) = image::local(engine, &tag, &digest).await? {
        id
    } else {
        let copies = read_copies(&job.recipe)?;
        let base = base(engine, &job.recipe.image, progress).await?;
        let context = job.recipe.context(&base, &copies);
        let context = context.map_err(image::unpacked)?;
        let more = [(names::BASE, base)];
        image::make(engine, &tag, &digest, &more, context, progress).await?
    };
    Ok(image::outputs("hardened_image", tag, id))
}

/// Finds or pulls the image to start with, and returns its id: what a tag means may change meanwhile.
pub(crate) async fn base(
    engine: &Engine,
    image: &ImageRef,
    progress: &dyn Progress,
) -> Result<String, ProviderError> {
    if let Some(found) = local(engine, image).await? {
        return Ok(found);
    }
    progress.waiting(&format!("pulling {image}"));
    engine.pull(image, progress).await?;
    local(engine, image).await?.ok_or_else(|| {
        ProviderError::refused(
            codes::DIGEST_MISMATCH,
            format!("what was pulled for `{image}` does not have that digest; do not use it before you know why"),
        )
    })
}

/// Looks for the image without pulling; with a digest only that very content counts.
async fn local(engine: &Engine, image: &ImageRef) -> Result<Option<String>, ProviderError> {
    let by_tag = engine.image(image).await?;
    let Some(digest) = image.digest() else {
        return Ok(by_tag.map(|found| found.id));
    };
    if let Some(found) = by_tag.filter(|found| found.is(digest)) {
        return Ok(Some(found.id));
    }
    let by_digest = engine.image_by_digest(image).await?;
    Ok(by_digest
        .filter(|found| found.is(digest))
        .map(|found| found.id))
}

/// Reads the files that the recipe names; they must be what they were when the plan was made.
fn read_copies(recipe: &Recipe) -> Result<BTreeMap<String, Vec<u8>>, ProviderError> {
    let mut copies = BTreeMap::new();
    for (name, file) in &recipe.copies {
        if names::Name::new(name.as_str()).is_err() {
            return Err(ProviderError::refused(
                codes::BAD_PAYLOAD,
                format!("`{name}` is not a file name"),
            ));
        }
        let bytes =
            read_bounded(Path::new(&file.path)).map_err(|error| ProviderError::Refused {
                code: codes::NODE_FILES,
                what: format!("`{}` of the chain cannot be read", file.path),
                source: Some(Box::new(error)),
            })?;
        if image::hash(&bytes) != file.digest {
            return Err(ProviderError::refused(
                codes::NODE_FILES,
                format!(
                    "`{}` has changed since the plan was made; plan again",
                    file.path
                ),
            ));
        }
        copies.insert(name.clone(), bytes);
    }
    Ok(copies)
}
