//! The node's image: found, pulled, or made from the npm package.
//!
//! - Reads: the engine's images, a registry, the npm registry through `npm`.
//! - Returns: reference and id of an image in the layout of the official one.
//! - Never: uses a package or a pulled image whose hash is not the pinned one, nor replaces an image that was asked for
//!   by name.

use std::{fs, path::PathBuf, time::Duration};

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{process::Command, time::timeout};

use crate::{
    archive,
    cache::Cache,
    docker::{DevnetEngine, ImageInfo},
    error::{DevnetError, Result},
    rootfs::HostFiles,
    settings::{
        BUILT_IMAGE, ImageSource, LABEL_CONTENT, LABEL_NAME, NODE_DIR, NPM_ADDON, NPM_INTEGRITY,
        NPM_PACKAGE, NPM_VERSION, ProgressFunction,
    },
};

/// Longest time for one pull: a registry that cannot be reached must not stop a test.
const PULL_LIMIT: Duration = Duration::from_mins(10);

/// An image that the engine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeImage {
    /// Name and tag.
    pub reference: String,
    /// Id, `sha256:…`.
    pub id: String,
    /// Whether it is the image that was made here instead of the official one.
    pub built: bool,
}

/// Returns the node's image, and pulls or makes it first if need be.
pub async fn ensure_node_image(
    engine: &DevnetEngine,
    source: &ImageSource,
    cache: &Cache,
    progress: ProgressFunction,
) -> Result<NodeImage> {
    if let Some(image) = pulled(engine, source).await? {
        return Ok(image);
    }
    if !source.build {
        progress(&format!("pulling {}", source.reference));
        pull(engine, source).await?;
        return pulled(engine, source).await?.ok_or_else(|| absent(source));
    }
    let host_files = HostFiles::find().await?;
    let content = host_files.content_hash()?;
    if let Some(image) = built(engine, &content).await? {
        return Ok(image);
    }
    let _lock = cache.lock("image").await?;
    if let Some(image) = built(engine, &content).await? {
        return Ok(image);
    }
    progress(&format!("pulling {}", source.reference));
    match pull(engine, source).await {
        Ok(()) => pulled(engine, source).await?.ok_or_else(|| absent(source)),
        Err(error) => {
            progress(&format!(
                "no image to pull ({}), making it from npm",
                cause(&error)
            ));
            build(engine, host_files, &content, cache, progress).await
        }
    }
}

async fn pulled(engine: &DevnetEngine, source: &ImageSource) -> Result<Option<NodeImage>> {
    let Some(image) = engine.image(&source.reference).await? else {
        return Ok(None);
    };
    let fits = source.digest.as_ref().is_none_or(|digest| {
        image.id == *digest
            || image
                .digests
                .iter()
                .any(|known| known.ends_with(&format!("@{digest}")))
    });
    if !fits {
        return Err(DevnetError::malformed(
            format!("image `{}`", source.reference),
            "its digest is not the pinned one",
        ));
    }
    Ok(Some(found(&source.reference, image, false)))
}

async fn built(engine: &DevnetEngine, content: &str) -> Result<Option<NodeImage>> {
    let image = engine.image(BUILT_IMAGE).await?;
    let fits = |image: &ImageInfo| {
        image
            .labels
            .get(LABEL_CONTENT)
            .is_some_and(|label| label == content)
    };
    Ok(image
        .filter(fits)
        .map(|image| found(BUILT_IMAGE, image, true)))
}

fn found(reference: &str, image: ImageInfo, built: bool) -> NodeImage {
    NodeImage {
        reference: reference.to_owned(),
        id: image.id,
        built,
    }
}

async fn pull(engine: &DevnetEngine, source: &ImageSource) -> Result<()> {
    let what = format!("pull image `{}`", source.reference);
    let name = match &source.digest {
        Some(digest) => format!("{}@{digest}", source.reference),
        None => source.reference.clone(),
    };
    let options = CreateImageOptionsBuilder::new().from_image(&name).build();
    let stream = engine.client.create_image(Some(options), None, None);
    let Ok(answer) = timeout(PULL_LIMIT, stream.try_collect::<Vec<_>>()).await else {
        let seconds = PULL_LIMIT.as_secs();
        return Err(DevnetError::Timeout {
            what,
            seconds,
            last: "no answer".to_owned(),
        });
    };
    answer.map(|_| ()).map_err(DevnetError::docker(what))
}

async fn build(
    engine: &DevnetEngine,
    host_files: HostFiles,
    content: &str,
    cache: &Cache,
    progress: ProgressFunction,
) -> Result<NodeImage> {
    let addon = fetch_addon(cache).await?;
    let entries = host_files.tree(&addon).await?;
    progress(&format!(
        "importing {} files as {BUILT_IMAGE}",
        entries.len()
    ));
    let bytes = tokio::task::spawn_blocking(move || archive::pack_archive(&entries))
        .await
        .map_err(|err| DevnetError::malformed("the image's archive", err))??;
    let changes = [
        "ENTRYPOINT [\"./conflux\",\"--config\",\"conflux.toml\"]".to_owned(),
        format!("WORKDIR {NODE_DIR}"),
        "ENV RUST_BACKTRACE=1".to_owned(),
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        format!("LABEL {LABEL_NAME}=image {LABEL_CONTENT}={content}"),
    ];
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo(BUILT_IMAGE)
        .changes(changes.to_vec())
        .build();
    engine
        .client
        .create_image(Some(options), Some(bollard::body_full(bytes.into())), None)
        .try_collect::<Vec<_>>()
        .await
        .map_err(DevnetError::docker(format!("import image `{BUILT_IMAGE}`")))?;
    built(engine, content)
        .await?
        .ok_or_else(|| DevnetError::malformed("the imported image", "its label is missing"))
}

/// Lets `npm` fetch the package; it refuses one whose hash is not the pinned one.
async fn fetch_addon(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.folder(&format!("npm/{NPM_VERSION}"))?;
    let addon = folder
        .join("node_modules")
        .join(NPM_PACKAGE)
        .join(NPM_ADDON);
    let wanted = json!({ NPM_PACKAGE: NPM_VERSION });
    let package =
        json!({ "name": "node", "version": "0.0.0", "private": true, "dependencies": wanted });
    let module = format!("node_modules/{NPM_PACKAGE}");
    let lock = json!({
        "name": "node", "version": "0.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "node", "version": "0.0.0", "dependencies": wanted },
            module: { "version": NPM_VERSION, "integrity": NPM_INTEGRITY },
        },
    });
    for (name, value) in [("package.json", package), ("package-lock.json", lock)] {
        let path = folder.join(name);
        fs::write(&path, value.to_string())
            .map_err(DevnetError::io(format!("write `{}`", path.display())))?;
    }
    let out = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(&folder)
        .output()
        .await
        .map_err(DevnetError::io("run npm"))?;
    if !out.status.success() {
        let detail = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(DevnetError::Tool {
            program: "npm ci".to_owned(),
            detail,
        });
    }
    Ok(addon)
}

fn absent(source: &ImageSource) -> DevnetError {
    DevnetError::malformed(
        format!("image `{}`", source.reference),
        "it is absent after the pull",
    )
}

/// Returns the innermost cause, for one line of progress.
fn cause(error: &DevnetError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(120)
        .collect()
}
