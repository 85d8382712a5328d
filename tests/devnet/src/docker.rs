//! The few Docker calls a devnet needs, behind one small struct.
//!
//! - Reads: containers, networks, volumes and images of the local engine.
//! - Returns: plain values; what is absent is `None` or `false`, not an error.
//! - Never: finds an object to remove by its name or a part of it, only by id or by our labels.

use std::collections::HashMap;

use bollard::{
    Docker,
    container::LogOutput,
    errors::Error as EngineError,
    exec::StartExecResults,
    models::{ContainerCreateBody, ExecConfig, HostConfigLogConfig},
    query_parameters::{
        CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, LogsOptionsBuilder,
        RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    },
};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use crate::{
    archive::{self, ArchiveEntry},
    error::{DevnetError, Result},
    rpc,
    settings::LOCAL_PORT,
};

/// A connection to Docker Engine.
#[derive(Clone, Debug)]
pub struct DevnetEngine {
    pub(crate) client: Docker,
}

impl DevnetEngine {
    /// Connects to the engine that `DOCKER_HOST` names, or to the local socket.
    pub async fn connect() -> Result<Self> {
        let client = Docker::connect_with_defaults()
            .map_err(DevnetError::docker("connect to Docker Engine"))?;
        client
            .ping()
            .await
            .map_err(DevnetError::docker("reach Docker Engine"))?;
        Ok(Self { client })
    }

    /// Creates a container and returns its id.
    pub(crate) async fn create(
        &self,
        name: Option<&str>,
        body: ContainerCreateBody,
    ) -> Result<String> {
        let options = name.map(|name| CreateContainerOptionsBuilder::new().name(name).build());
        let made = self.client.create_container(options, body).await;
        let what = format!("create container `{}`", name.unwrap_or("(unnamed)"));
        Ok(made.map_err(DevnetError::docker(what))?.id)
    }

    /// Starts a container.
    pub(crate) async fn start(&self, id: &str) -> Result<()> {
        let started = self
            .client
            .start_container(id, None::<bollard::query_parameters::StartContainerOptions>);
        started.await.map_err(DevnetError::docker(format!(
            "start container {}",
            short_id(id)
        )))
    }

    /// Writes files into a container, running or not.
    pub(crate) async fn upload(
        &self,
        id: &str,
        folder: &str,
        files: &[ArchiveEntry],
    ) -> Result<()> {
        let bytes = archive::pack_archive(files)?;
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        self.client
            .upload_to_container(id, Some(options), bollard::body_full(bytes.into()))
            .await
            .map_err(DevnetError::docker(format!(
                "write files into container {}",
                short_id(id)
            )))
    }

    /// Reads one file of a container, if it is there.
    pub(crate) async fn download(&self, id: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let chunks: Result<Vec<_>, _> = self
            .client
            .download_from_container(id, Some(options))
            .try_collect()
            .await;
        match chunks {
            Ok(chunks) => archive::first_file(&chunks.concat()).map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(DevnetError::docker(format!(
                "read `{path}` of container {}",
                short_id(id)
            ))(error)),
        }
    }

    /// Returns the end of what a container has printed.
    pub(crate) async fn last_words(&self, id: &str) -> String {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail("20")
            .build();
        let lines: Vec<_> = self.client.logs(id, Some(options)).collect().await;
        let text: String = lines
            .into_iter()
            .filter_map(Result::ok)
            .map(|line| line.to_string())
            .collect();
        text.trim().to_owned()
    }

    /// Fails when a container is not running any more, with its last words.
    pub(crate) async fn expect_running(&self, id: &str) -> Result<()> {
        let found = self
            .client
            .inspect_container(
                id,
                None::<bollard::query_parameters::InspectContainerOptions>,
            )
            .await
            .map_err(DevnetError::docker(format!(
                "inspect container {}",
                short_id(id)
            )))?;
        if found
            .state
            .and_then(|state| state.running)
            .unwrap_or_default()
        {
            return Ok(());
        }
        let name = found.name.unwrap_or_else(|| short_id(id).to_owned());
        Err(DevnetError::Died {
            name,
            log: self.last_words(id).await,
        })
    }

    /// Runs a command in a container and returns what it printed to its standard output.
    pub(crate) async fn exec(&self, id: &str, command: &[&str]) -> Result<String> {
        let what = || DevnetError::docker(format!("run a command in container {}", short_id(id)));
        let config = ExecConfig {
            cmd: Some(command.iter().map(ToString::to_string).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let exec = self.client.create_exec(id, config).await.map_err(what())?;
        let started = self
            .client
            .start_exec(&exec.id, None)
            .await
            .map_err(what())?;
        let StartExecResults::Attached { mut output, .. } = started else {
            return Err(DevnetError::malformed(
                "the engine's answer",
                "a command started detached",
            ));
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(part) = output.next().await {
            match part.map_err(what())? {
                LogOutput::StdErr { message } => err.extend_from_slice(&message),
                other => out.extend_from_slice(&other.into_bytes()),
            }
        }
        let end = self.client.inspect_exec(&exec.id).await.map_err(what())?;
        if end.exit_code.unwrap_or_default() == 0 {
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        let detail = String::from_utf8_lossy(&err).trim().to_owned();
        Err(DevnetError::Tool {
            program: command.join(" "),
            detail,
        })
    }

    /// Calls the Core RPC port that only the inside of a container can reach.
    pub async fn local_rpc(&self, id: &str, method: &str, params: &Value) -> Result<Value> {
        self.inside_rpc(id, LOCAL_PORT, method, params).await
    }

    /// Calls an RPC port from the inside of a container, through `bash`.
    pub(crate) async fn inside_rpc(
        &self,
        id: &str,
        port: u16,
        method: &str,
        params: &Value,
    ) -> Result<Value> {
        let body = rpc::encode_request(method, params).to_string();
        let http = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let script =
            format!("exec 3<>/dev/tcp/127.0.0.1/{port} && printf %s \"$1\" >&3 && cat <&3");
        let text = self
            .exec(id, &["bash", "-c", &script, "rpc", &http])
            .await?;
        let start = text.find("\r\n\r\n").map_or(0, |at| at + 4);
        let json = text[start..].find('{').map_or("", |at| &text[start + at..]);
        let json = json.rfind('}').map_or("", |end| &json[..=end]);
        let answer: Value = serde_json::from_str(json)
            .map_err(|err| DevnetError::malformed(format!("the answer of {method}"), err))?;
        rpc::take_result(method, answer)
    }

    /// Removes a container with its anonymous volumes, running or not; one that is absent is fine.
    pub(crate) async fn remove_container(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        absent_is_fine(
            self.client.remove_container(id, Some(options)).await,
            || format!("remove container {}", short_id(id)),
        )
    }

    /// Returns the labels of an image, if it is there.
    pub(crate) async fn image(&self, reference: &str) -> Result<Option<ImageInfo>> {
        match self.client.inspect_image(reference).await {
            Ok(found) => Ok(Some(ImageInfo {
                id: found.id.unwrap_or_default(),
                digests: found.repo_digests.unwrap_or_default(),
                labels: found
                    .config
                    .and_then(|config| config.labels)
                    .unwrap_or_default(),
            })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(DevnetError::docker(format!("inspect image `{reference}`"))(
                error,
            )),
        }
    }
}

/// What we ask about an image.
pub(crate) struct ImageInfo {
    /// Id, `sha256:…`.
    pub(crate) id: String,
    /// `name@sha256:…` of the registries it was pulled from.
    pub(crate) digests: Vec<String>,
    /// Its labels.
    pub(crate) labels: HashMap<String, String>,
}

/// Returns log settings that keep a container's log small.
pub(crate) fn bounded_log() -> HostConfigLogConfig {
    let limits = [("max-size", "10m"), ("max-file", "2")];
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(
            limits
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        ),
    }
}

/// Returns the first digits of an id, for messages.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Tells whether the engine said that there is no such object.
pub(crate) fn is_absent(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::DockerResponseServerError {
            status_code: 404,
            ..
        }
    )
}

/// Turns the answer of a removal into success when the object is already gone or going.
pub(crate) fn absent_is_fine(
    answer: Result<(), EngineError>,
    what: impl FnOnce() -> String,
) -> Result<()> {
    match answer {
        Err(error) if !is_absent(&error) && !is_going(&error) => {
            Err(DevnetError::docker(what())(error))
        }
        _ => Ok(()),
    }
}

fn is_going(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { status_code: 409, message } if message.contains("already in progress"))
}
