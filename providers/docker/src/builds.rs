//! What each kind of image is made from.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use serde::{Deserialize, Serialize};

use crate::client::Engine;
use crate::image::{Buildable, build_image, find_image};
use crate::ui::image::ServerRecipe;
use crate::ui::sources::PageImageBuild;

/// Everything that goes into an image, of each kind of image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImageBuild {
    Node(crate::node::image::NodeImageBuild),
    Page(Box<PageImageBuild>),
    Ui(ServerRecipe),
    Syncer(crate::syncer::image::SyncerImageBuild),
}

impl ImageBuild {
    pub(crate) fn build(&self) -> &dyn Buildable {
        match self {
            Self::Node(recipe) => recipe,
            Self::Page(recipe) => recipe.as_ref(),
            Self::Ui(recipe) => recipe,
            Self::Syncer(recipe) => recipe,
        }
    }

    /// Name of the image.
    pub(crate) fn tag(&self) -> String {
        self.build().tag()
    }
}

/// Makes an image, or finds it made.
pub(crate) async fn ensure_image(
    engine: &Engine,
    recipe: &ImageBuild,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let build = recipe.build();
    let (tag, digest) = (recipe.tag(), build.digest());
    let id = if let Some(id) = find_image(engine, &tag, &digest).await? {
        id
    } else {
        let context = build.context(engine, progress).await?;
        build_image(
            engine,
            &tag,
            &digest,
            &context.labels,
            context.archive,
            progress,
        )
        .await?
    };
    Ok(build.outputs(tag, id))
}
