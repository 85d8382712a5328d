//! The few calls to Docker Engine that we need, each bounded in time and size.
//!
//! - Reads: one engine behind a local socket.
//! - Returns: plain values; what is absent is `None`, not an error.
//! - Never: takes a name that was not checked, decides anything, or retries.

mod containers;
mod images;
mod objects;
mod transport;

pub(crate) use crate::names::Labels;
pub(crate) use images::Layers;
pub(crate) use transport::{is_too_large, is_unsent};

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptions};
use pospool_model::ProviderError;

use crate::codes;
use crate::errors::{CallKind, call_failed, timed_out};

/// Longest time for a call that only reads or that the engine answers at once.
pub(crate) const QUICK: Duration = Duration::from_secs(30);

/// Socket of an engine that nobody configured.
const DEFAULT_SOCKET: &str = "unix:///var/run/docker.sock";

/// A connection to one Docker Engine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    docker: Docker,
}

/// What an engine says of itself.
#[derive(Clone, Debug)]
pub(crate) struct EngineInfo {
    /// Its own random name.
    pub(crate) id: String,
    /// Release, such as `20.10.24`.
    pub(crate) version: String,
    /// Newest API that it speaks, such as `1.41`.
    pub(crate) api: String,
    /// Architecture, such as `x86_64`.
    pub(crate) architecture: String,
    /// Whether containers go on while the engine itself is stopped or upgraded.
    pub(crate) live_restore: bool,
    /// Folder of everything that it keeps.
    pub(crate) root: String,
    /// How it keeps images and containers.
    pub(crate) driver: String,
    /// Whether users of a container are other users on the host.
    pub(crate) maps_users: bool,
    /// Memory of the host in bytes, where the engine can limit that of a container.
    pub(crate) memory: Option<i64>,
}

/// One container, as the list shows it.
#[derive(Clone, Debug)]
pub(crate) struct ListedContainer {
    /// Id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// Labels.
    pub(crate) labels: Labels,
    /// Whether a process of it may run: also paused and restarting ones count.
    pub(crate) running: bool,
    /// Names of the volumes that it mounts.
    pub(crate) volumes: Vec<String>,
    /// Folders of the host that it mounts.
    pub(crate) folders: Vec<String>,
    /// Ports of the host that lead into it, with their protocols.
    pub(crate) ports: Vec<(u16, String)>,
}

/// One volume, as the list shows it.
#[derive(Clone, Debug)]
pub(crate) struct ListedVolume {
    /// Name.
    pub(crate) name: String,
    /// Labels.
    pub(crate) labels: Labels,
    /// Where it lies on the host, under each name that is known.
    pub(crate) folders: Vec<String>,
}

/// Returns the engine's URL that is meant when a spec names none.
pub(crate) fn default_url() -> String {
    std::env::var("DOCKER_HOST")
        .ok()
        .filter(|url| !url.is_empty())
        .unwrap_or_else(|| DEFAULT_SOCKET.to_owned())
}

/// Checks an engine's URL and returns the path of its socket.
pub(crate) fn socket_path(url: &str) -> Result<&str, String> {
    for (scheme, name) in [
        ("tcp://", "TCP"),
        ("ssh://", "SSH"),
        ("http", "HTTP"),
        ("npipe", "a pipe"),
    ] {
        if url.starts_with(scheme) {
            return Err(format!(
                "`{url}`: an engine behind {name} is not supported yet by this build"
            ));
        }
    }
    match url.strip_prefix("unix://") {
        Some(path) if Path::new(path).is_absolute() => Ok(path),
        _ => Err(format!("`{url}` is not `unix://` and an absolute path")),
    }
}

impl Engine {
    /// Opens a connection; nothing is sent yet.
    pub(crate) fn connect(url: &str) -> Result<Self, ProviderError> {
        let path = socket_path(url).map_err(|what| ProviderError::refused(codes::HOST, what))?;
        let docker = transport::connect_socket(path)
            .map_err(|error| call_failed(CallKind::Read, "connect", error))?;
        Ok(Self { docker })
    }

    /// Asks the engine who it is.
    pub(crate) async fn info(&self) -> Result<EngineInfo, ProviderError> {
        let info = bounded(CallKind::Read, "describe itself", QUICK, self.docker.info());
        let version = bounded(
            CallKind::Read,
            "name its version",
            QUICK,
            self.docker.version(),
        );
        let (info, version) = futures_util::try_join!(info, version)?;
        Ok(EngineInfo {
            id: info.id.unwrap_or_default(),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            live_restore: info.live_restore_enabled.unwrap_or_default(),
            root: info.docker_root_dir.unwrap_or_default(),
            driver: info.driver.unwrap_or_default(),
            maps_users: maps_users(&info.security_options.unwrap_or_default()),
            memory: info.mem_total.filter(|_| info.memory_limit == Some(true)),
        })
    }

    /// Lists all containers, running or not.
    pub(crate) async fn containers(&self) -> Result<Vec<ListedContainer>, ProviderError> {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let call = self.docker.list_containers(Some(options));
        let found = bounded(CallKind::Read, "list containers", QUICK, call).await?;
        Ok(found.into_iter().map(listed_container).collect())
    }

    /// Lists all volumes.
    pub(crate) async fn volumes(&self) -> Result<Vec<ListedVolume>, ProviderError> {
        let call = self.docker.list_volumes(None::<ListVolumesOptions>);
        let found = bounded(CallKind::Read, "list volumes", QUICK, call).await?;
        let volumes = found.volumes.unwrap_or_default();
        Ok(volumes.into_iter().map(listed_volume).collect())
    }
}

fn maps_users(options: &[String]) -> bool {
    let mut options = options.iter().flat_map(|option| option.split(','));
    options.any(|option| matches!(option, "name=userns" | "name=rootless"))
}

fn listed_volume(volume: bollard::models::Volume) -> ListedVolume {
    // The plain driver mounts another folder where an option names one: a second name of that place.
    let mut device = volume.options;
    let device = device.remove("device").filter(|it| it.starts_with('/'));
    let folders = [Some(volume.mountpoint), device].into_iter().flatten();
    ListedVolume {
        name: volume.name,
        labels: volume.labels.into_iter().collect(),
        folders: folders.filter(|folder| !folder.is_empty()).collect(),
    }
}

pub(crate) fn listed_container(container: bollard::models::ContainerSummary) -> ListedContainer {
    use bollard::models::ContainerSummaryStateEnum as State;
    let name = container
        .names
        .unwrap_or_default()
        .into_iter()
        .next()
        .unwrap_or_default();
    let still = matches!(
        container.state,
        Some(State::CREATED | State::EXITED | State::DEAD)
    );
    let mounts = container.mounts.unwrap_or_default();
    let folders = mounts.iter().filter(|mount| mount.name.is_none());
    let folders = folders.filter_map(|mount| mount.source.clone()).collect();
    let ports = container.ports.unwrap_or_default().into_iter();
    let ports = ports.filter_map(|port| {
        let protocol = port.typ.map(|typ| typ.to_string()).unwrap_or_default();
        Some((port.public_port?, protocol))
    });
    ListedContainer {
        ports: ports.collect(),
        id: container.id.unwrap_or_default(),
        name: name.trim_start_matches('/').to_owned(),
        labels: container.labels.unwrap_or_default().into_iter().collect(),
        running: !still,
        volumes: mounts.into_iter().filter_map(|mount| mount.name).collect(),
        folders,
    }
}

/// Waits for one call, but not for ever.
async fn bounded<T>(
    call: CallKind,
    what: &str,
    limit: Duration,
    future: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, ProviderError> {
    match tokio::time::timeout(limit, future).await {
        Ok(answer) => answer.map_err(|error| call_failed(call, what, error)),
        Err(_) => Err(timed_out(call, what)),
    }
}

/// The same for reading something that may be absent.
async fn bounded_look<T>(
    what: &str,
    future: impl Future<Output = Result<T, EngineError>>,
) -> Result<Option<T>, ProviderError> {
    match tokio::time::timeout(QUICK, future).await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(error)) if crate::errors::is_absent(&error) => Ok(None),
        Ok(Err(error)) => Err(call_failed(CallKind::Read, what, error)),
        Err(_) => Err(timed_out(CallKind::Read, what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_sockets_are_taken() {
        assert_eq!(
            socket_path("unix:///run/docker.sock"),
            Ok("/run/docker.sock")
        );
        for url in [
            "tcp://1.2.3.4:2375",
            "ssh://ops@host",
            "unix://docker.sock",
            "",
        ] {
            assert!(socket_path(url).is_err(), "{url}");
        }
        let problem = socket_path("ssh://ops@host").unwrap_err();
        assert!(
            problem.contains("not supported yet by this build"),
            "{problem}"
        );
    }
}
