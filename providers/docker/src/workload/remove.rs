//! Removing a stopped container, and what it leaves.
//!
//! - Reads: a [`RemoveJob`].
//! - Returns: when nothing of it is left.
//! - Never: removes a network or an image that is not ours, or an image that something uses.

use pospool_model::{Attributes, ProviderError};

use super::job::RemoveJob;
use crate::builds::{REPOSITORIES, is_of};
use crate::client::Engine;
use crate::names::ImageRef;

/// Removes a stopped container, its own network and, if nothing uses them, its images.
pub(crate) async fn remove_container(
    engine: &Engine,
    job: &RemoveJob,
) -> Result<Attributes, ProviderError> {
    engine.remove(&job.container).await?;
    if let Some(network) = &job.network {
        let found = engine.network(network).await?;
        if found.is_some_and(|found| found.labels == job.owner) {
            engine.remove_network(network).await?;
        }
    }
    let ours = job.images.iter().filter(|it| is_of(REPOSITORIES, it));
    for image in ours.filter_map(|image| ImageRef::parse(image).ok()) {
        engine.try_remove_image(&image).await;
    }
    Ok(Attributes::new())
}
