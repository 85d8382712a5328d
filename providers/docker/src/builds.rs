//! What each kind of image is made from.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use serde::{Deserialize, Serialize};

use crate::client::Engine;
use crate::image::{BuildContext, Buildable, build_image, find_image_with};
use crate::names::{self, Name};
use crate::node::image::{NODES, NodeImageBuild};
use crate::syncer::image::{SYNCERS, SyncerImageBuild};
use crate::ui::image::{PAGES, SERVERS, ServerRecipe};
use crate::ui::sources::PageImageBuild;

/// The repositories of all kinds: only images in these are ever removed.
pub(crate) const REPOSITORIES: &[&str] = &[NODES, PAGES, SERVERS, SYNCERS];

/// Everything that goes into an image, of each kind of image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImageBuild {
    Node(NodeImageBuild),
    Page(Box<PageImageBuild>),
    Ui(ServerRecipe),
    Syncer(SyncerImageBuild),
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
    let inside = build.inside()?;
    let found = find_image_with(engine, &tag, &digest, inside.as_deref()).await?;
    let id = if let Some(id) = found {
        id
    } else {
        let BuildContext {
            archive,
            mut labels,
        } = build.context(engine, progress).await?;
        labels.extend(inside.map(|inside| (names::INSIDE, inside)));
        build_image(engine, &tag, &digest, &labels, archive, progress).await?
    };
    Ok(build.outputs(tag, id))
}

/// Whether a name is one of an image in these repositories.
pub(crate) fn is_of(repositories: &[&str], name: &str) -> bool {
    let mut repositories = repositories.iter();
    let tag = repositories.find_map(|it| name.strip_prefix(it)?.strip_prefix(':'));
    tag.is_some_and(|tag| Name::new(tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{hash_bytes, image_tag};

    #[test]
    fn an_image_is_known_by_its_repository_and_a_tag_that_is_only_a_name() {
        let ours = [PAGES, SERVERS, SYNCERS];
        for repository in ours {
            let tag = image_tag(repository, &hash_bytes(b"content"));
            assert!(is_of(&ours, &tag), "{tag}");
        }
        for other in [
            "node:20",
            "pospool/ui",
            "pospool/node:0a",
            "pospool/ui:../x",
            "evil/pospool/ui:0a",
        ] {
            assert!(!is_of(&ours, other), "{other}");
        }
    }
}
