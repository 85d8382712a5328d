//! An image with Node.js and npm, for tests that build a page in a container.
//!
//! - Reads: programs, libraries and the npm of this machine.
//! - Returns: reference and id of an image that has them.
//! - Never: asks a registry of images: it must work where none can be reached.

use std::fs;
use std::path::{Path, PathBuf};

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;

use crate::archive::{self, ArchiveContent, ArchiveEntry};
use crate::cache::Cache;
use crate::docker::DevnetEngine;
use crate::error::{DevnetError, Result};
use crate::image::NodeImage;
use crate::rootfs::HostFiles;
use crate::settings::{LABEL_CONTENT, LABEL_NAME, default_cache_dir};

/// Name of the image.
const IMAGE: &str = "pospool-devnet/npm:1";
/// Where npm lies in the image.
const NPM: &str = "opt/npm";
/// What a shell finds as `npm`.
const LAUNCHER: &str = "#!/bin/sh\nexec /usr/bin/node /opt/npm/bin/npm-cli.js \"$@\"\n";

/// Returns the image, and makes it first if need be.
pub async fn ensure_npm_image(engine: &DevnetEngine) -> Result<NodeImage> {
    let files = HostFiles::find().await?;
    let content = files.content_hash()?;
    if let Some(image) = made(engine, &content).await? {
        return Ok(image);
    }
    // Tests run side by side.
    let _lock = Cache::new(&default_cache_dir()).lock("npm-image").await?;
    if let Some(image) = made(engine, &content).await? {
        return Ok(image);
    }
    let mut entries = files.programs();
    entries.push(ArchiveEntry::file("usr/bin/npm", LAUNCHER).mode(0o755));
    folder(&npm()?, NPM, &mut entries)?;
    let bytes = archive::pack_archive(&entries)?;
    let changes = [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        format!("LABEL {LABEL_NAME}=image {LABEL_CONTENT}={content}"),
    ];
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo(IMAGE)
        .changes(changes.to_vec())
        .build();
    engine
        .client
        .create_image(Some(options), Some(bollard::body_full(bytes.into())), None)
        .try_collect::<Vec<_>>()
        .await
        .map_err(DevnetError::docker(format!("import image `{IMAGE}`")))?;
    made(engine, &content)
        .await?
        .ok_or_else(|| DevnetError::malformed("the imported image", "its label is missing"))
}

async fn made(engine: &DevnetEngine, content: &str) -> Result<Option<NodeImage>> {
    let image = engine.image(IMAGE).await?;
    Ok(image
        .filter(|image| {
            image
                .labels
                .get(LABEL_CONTENT)
                .is_some_and(|label| label == content)
        })
        .map(|image| NodeImage {
            reference: IMAGE.to_owned(),
            id: image.id,
            built: true,
        }))
}

/// Folder of this machine's npm: the link on the path ends in its `bin/npm-cli.js`.
fn npm() -> Result<PathBuf> {
    let missing = || DevnetError::Tool {
        program: "npm".to_owned(),
        detail: "its folder was not found on this machine".to_owned(),
    };
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .filter_map(|folder| fs::canonicalize(folder.join("npm")).ok())
        .filter_map(|script| Some(script.parent()?.parent()?.to_owned()))
        .find(|folder| folder.join("bin/npm-cli.js").is_file())
        .ok_or_else(missing)
}

fn folder(from: &Path, to: &str, entries: &mut Vec<ArchiveEntry>) -> Result<()> {
    let failed = || DevnetError::io(format!("read `{}`", from.display()));
    entries.push(ArchiveEntry::folder(to));
    for entry in fs::read_dir(from).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let inner = format!("{to}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            folder(&entry.path(), &inner, entries)?;
        } else if entry.path().is_file() {
            entries.push(ArchiveEntry {
                content: ArchiveContent::Copy(entry.path()),
                ..ArchiveEntry::file(&inner, "").mode(0o755)
            });
        }
    }
    Ok(())
}
