//! A container that stands beside a place for a moment: files go through it, or a script of ours runs in it.
//!
//! - Reads: an image, the place, perhaps a second one; the engine.
//! - Returns: what the script said; files of the place.
//! - Never: has a network, or a right that a node does not have.

use std::collections::HashMap;
use std::io::Read as _;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig};
use pospool_model::provider::{NoProgress, Progress};
use pospool_model::{Address, ProviderError};
use tokio::time::sleep;

use super::body::{ContainerLimits, hardened_host_config};
use super::labels::{self, labels_match};
use super::run::{container_id, container_state, is_running};
use crate::client::{Engine, Labels};
use crate::codes;
use crate::failures::LOOKED_AT;
use crate::image;
use crate::names::{self, Name};
use crate::place::DataLocation;
use crate::render::layout::DATA_DIR;
use crate::user::{GROUP_ID, USER, USER_ID};

/// Images with nothing in them: enough for a container that is never started.
const BLANKS: &str = "pospool/blank";
/// Where a script finds the place that it copies from.
pub(crate) const FROM_DIR: &str = "/from";
/// Largest file that is read through a helper.
const FILE_LIMIT: usize = 64 << 10;
const POLL: Duration = Duration::from_millis(200);

/// One helper.
pub(crate) struct Helper<'a> {
    engine: &'a Engine,
    id: Name,
}

/// How a script ended.
#[derive(Clone, Debug)]
pub(crate) struct ScriptExit {
    /// Exit code.
    pub(crate) code: i64,
    /// Its last lines.
    pub(crate) lines: Vec<String>,
}

/// Name of the helper of a volume; a node's container has another one.
pub(crate) fn helper_name(lineage: &str, volume: &Address) -> Result<Name, ProviderError> {
    names::object_name_of_kind(lineage, volume)
        .map_err(|error| ProviderError::refused(codes::BAD_NAME, error.to_string()))
}

/// Finds or makes an image with nothing in it; no registry is asked.
pub(crate) async fn blank_image(engine: &Engine) -> Result<String, ProviderError> {
    small_image(engine, "FROM scratch\nCOPY blank /\n", "blank", &[]).await
}

/// The same with a data folder of the node's user alone. Docker gives a new volume the owner and the mode of what the image has in
/// its place, and those of root where it has nothing: a node could not write there.
pub(crate) async fn home_image(engine: &Engine) -> Result<String, ProviderError> {
    let folder = DATA_DIR.trim_start_matches('/');
    let mut root = tar::Builder::new(Vec::new());
    add_own(&mut root, folder, tar::EntryType::Directory, &[]).map_err(image::archive_error)?;
    let root = root.into_inner().map_err(image::archive_error)?;
    small_image(engine, "FROM scratch\nADD root.tar /\n", "root.tar", &root).await
}

async fn small_image(
    engine: &Engine,
    dockerfile: &str,
    file: &str,
    bytes: &[u8],
) -> Result<String, ProviderError> {
    let dockerfile = dockerfile.as_bytes();
    let digest = small_digest(dockerfile, bytes);
    let tag = image::image_tag(BLANKS, &digest);
    if image::find_image(engine, &tag, &digest).await?.is_none() {
        let mut archive = tar::Builder::new(Vec::new());
        let context = image::add_file(&mut archive, "Dockerfile", dockerfile, 0o644)
            .and_then(|()| image::add_file(&mut archive, file, bytes, 0o644))
            .and_then(|()| archive.into_inner())
            .map_err(image::archive_error)?;
        image::build_image(engine, &tag, &digest, &[], context, &NoProgress).await?;
    }
    Ok(tag)
}

/// Everything that is in such an image: one of other bytes is another one.
fn small_digest(dockerfile: &[u8], bytes: &[u8]) -> String {
    image::hash_bytes(&[dockerfile, bytes].concat())
}

/// Adds a file or folder of the node's user alone.
fn add_own(
    archive: &mut tar::Builder<Vec<u8>>,
    name: &str,
    kind: tar::EntryType,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(if kind.is_dir() { 0o700 } else { 0o600 });
    header.set_uid(u64::from(USER_ID));
    header.set_gid(u64::from(GROUP_ID));
    archive.append_data(&mut header, name, bytes)
}

/// A helper that only mounts a place and is never started.
pub(crate) fn idle_helper(image: &str, place: &DataLocation) -> ContainerCreateBody {
    body(image, place, None, vec!["/never".to_owned()])
}

/// A helper that runs a script with a place, and perhaps with another one to read from.
pub(crate) fn script_helper(
    image: &str,
    place: &DataLocation,
    from: Option<&DataLocation>,
    script: &str,
    words: &[&str],
) -> ContainerCreateBody {
    let mut entrypoint = ["/bin/bash", "-c", script, "pospool"]
        .map(str::to_owned)
        .to_vec();
    entrypoint.extend(words.iter().map(|word| (*word).to_owned()));
    body(image, place, from, entrypoint)
}

fn body(
    image: &str,
    place: &DataLocation,
    from: Option<&DataLocation>,
    entrypoint: Vec<String>,
) -> ContainerCreateBody {
    let (mut binds, mut mounts) = place.mounted(DATA_DIR, true);
    if let Some(from) = from {
        let (more_binds, more_mounts) = from.mounted(FROM_DIR, false);
        binds.extend(more_binds);
        mounts.extend(more_mounts);
    }
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some(USER.to_owned()),
        entrypoint: Some(entrypoint),
        working_dir: Some(DATA_DIR.to_owned()),
        host_config: Some(HostConfig {
            binds: Some(binds),
            mounts: Some(mounts),
            network_mode: Some("none".to_owned()),
            ..hardened_host_config(ContainerLimits {
                memory: None,
                pids: 64,
                log: ("1m", "1"),
            })
        }),
        ..ContainerCreateBody::default()
    }
}

impl<'a> Helper<'a> {
    /// Makes it; one that an earlier run left is removed first, which also ends what still goes on in it.
    pub(crate) async fn open(
        engine: &'a Engine,
        name: &Name,
        owner: &Labels,
        mut body: ContainerCreateBody,
    ) -> Result<Self, ProviderError> {
        // The engine's own types are large.
        if let Some(left) = Box::pin(Self::find(engine, name, owner)).await? {
            Box::pin(left.close()).await?;
        }
        let labels: HashMap<String, String> = owner.clone().into_iter().collect();
        body.labels = Some(labels);
        let id = Box::pin(engine.create(name, body)).await?;
        Ok(Self { engine, id })
    }

    /// Finds the one that a run left which was cut.
    async fn find(
        engine: &'a Engine,
        name: &Name,
        owner: &Labels,
    ) -> Result<Option<Self>, ProviderError> {
        let Some(found) = engine.inspect(name).await? else {
            return Ok(None);
        };
        if !labels_match(owner, &labels::labels_of(&found)) {
            let what =
                format!("a container `{name}` is there that this project did not make; remove it");
            return Err(ProviderError::refused(codes::NAME_TAKEN, what));
        }
        let id = container_id(found.id)?;
        Ok(Some(Self { engine, id }))
    }

    /// Removes the helper that a run left which was cut: a volume that it mounts could not be removed.
    pub(crate) async fn clear(engine: &'a Engine, owner: &Labels) -> Result<(), ProviderError> {
        let label = |name: &str| owner.get(name).map(String::as_str).unwrap_or_default();
        let Ok(volume) = label(names::ADDRESS).parse::<Address>() else {
            return Ok(());
        };
        let name = helper_name(label(names::LINEAGE), &volume)?;
        match Box::pin(Self::find(engine, &name, owner)).await? {
            Some(left) => Box::pin(left.close()).await,
            None => Ok(()),
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> &Name {
        &self.id
    }

    /// Starts it and waits for its end.
    pub(crate) async fn run(
        &self,
        what: &str,
        progress: &dyn Progress,
    ) -> Result<ScriptExit, ProviderError> {
        self.engine.start(&self.id).await?;
        loop {
            let state = container_state(self.engine, &self.id).await?;
            if !is_running(&state) {
                let lines = self.engine.last_lines(&self.id, LOOKED_AT).await;
                let code = state.exit_code.unwrap_or(-1);
                return Ok(ScriptExit { code, lines });
            }
            if progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
            if !what.is_empty() {
                progress.waiting(what);
            }
            sleep(POLL).await;
        }
    }

    /// Reads a small file of the place.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ProviderError> {
        self.read_up_to(name, FILE_LIMIT).await
    }

    /// Reads a file of the place that may be larger.
    pub(crate) async fn read_up_to(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, ProviderError> {
        let path = format!("{DATA_DIR}/{name}");
        if !self.engine.has_file(&self.id, &path).await? {
            return Ok(None);
        }
        let archive = self.engine.download(&self.id, &path, limit).await?;
        let mut bytes = Vec::new();
        let mut archive = tar::Archive::new(&archive[..]);
        let entries = archive.entries().map_err(image::archive_error)?;
        for entry in entries {
            let mut entry = entry.map_err(image::archive_error)?;
            entry
                .read_to_end(&mut bytes)
                .map_err(image::archive_error)?;
        }
        Ok(Some(bytes))
    }

    /// Writes small files and the folders that they lie in, in this order, as the node's user.
    pub(crate) async fn write_tree(&self, files: &[(&str, &[u8])]) -> Result<(), ProviderError> {
        let archive = pack_tree(files).map_err(image::archive_error)?;
        self.engine.upload(&self.id, DATA_DIR, archive).await
    }

    /// Ends and removes it.
    pub(crate) async fn close(self) -> Result<(), ProviderError> {
        self.engine.signal(&self.id, "SIGKILL").await?;
        while let Some(found) = self.engine.inspect(&self.id).await? {
            if !found.state.is_some_and(|state| is_running(&state)) {
                return self.engine.remove(&self.id).await;
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

/// An archive of files of the node's user alone, each behind the folder that it lies in.
fn pack_tree(files: &[(&str, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        if let Some((folder, _)) = name.rsplit_once('/') {
            add_own(&mut archive, folder, tar::EntryType::Directory, &[])?;
        }
        add_own(&mut archive, name, tar::EntryType::Regular, bytes)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_other_bytes_is_another_one() {
        let digest = |bytes: &[u8]| small_digest(b"FROM scratch\nADD root.tar /\n", bytes);
        assert_eq!(digest(b"a"), digest(b"a"));
        assert_ne!(digest(b"a"), digest(b"b"));
    }
}
