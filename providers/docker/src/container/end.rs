//! Ending and removing containers that are not a node, and removing what a container leaves.
//!
//! - Reads: an [`EndJob`] or a [`RemoveJob`].
//! - Returns: when nothing of it is left.
//! - Never: removes a network or an image that is not ours, or an image that something uses.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};

use super::run::stop;
use crate::client::{Engine, Labels};
use crate::image::{PAGES, SERVERS, SYNCERS, is_of};
use crate::job::{EndJob, RemoveJob};
use crate::names::{ImageRef, Name};

/// Stops and removes the container and what goes with it; what is gone already is fine.
pub(crate) async fn end(
    engine: &Engine,
    job: &EndJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    stop(engine, &job.container, progress).await?;
    engine.remove(&job.container).await?;
    own_network(engine, job.network.as_ref(), &job.owner).await?;
    let ours = |image: &&String| is_of(&[PAGES, SERVERS, SYNCERS], image);
    images(engine, job.images.iter().filter(ours)).await;
    Ok(Attributes::new())
}

/// Removes a stopped container, its own network and, if nothing uses it, its image.
pub(crate) async fn remove(engine: &Engine, job: &RemoveJob) -> Result<Attributes, ProviderError> {
    if let Some(container) = &job.container {
        engine.remove(container).await?;
    }
    own_network(engine, job.network.as_ref(), &job.owner).await?;
    images(engine, &job.image).await;
    Ok(Attributes::new())
}

async fn own_network(
    engine: &Engine,
    network: Option<&Name>,
    owner: &Labels,
) -> Result<(), ProviderError> {
    if let Some(network) = network
        && engine.network(network).await?.as_ref() == Some(owner)
    {
        engine.remove_network(network).await?;
    }
    Ok(())
}

async fn images(engine: &Engine, images: impl IntoIterator<Item = &String>) {
    for image in images {
        if let Ok(image) = ImageRef::parse(image) {
            engine.try_remove_image(&image).await;
        }
    }
}
