//! Calls about containers.
//!
//! - Reads: one container, by a checked name or id.
//! - Returns: what the engine answered.
//! - Never: writes a secret anywhere but into a container's standard input.

use std::pin::Pin;
use std::time::Duration;

use bollard::exec::StartExecResults;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerUpdateBody, ExecConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, ContainerArchiveInfoOptionsBuilder,
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, InspectContainerOptions,
    KillContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    RenameContainerOptionsBuilder, StartContainerOptions, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use pospool_model::{ProviderError, Secret};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Engine, QUICK, bounded, bounded_look};
use crate::codes;
use crate::errors::{CallKind, call_failed, http_status, is_absent, timed_out, too_large};
use crate::names::Name;

/// Time for the start of a container: the engine mounts, links and runs it.
const START: Duration = Duration::from_mins(2);
/// Time for an archive that comes from far away.
const DAYS: Duration = Duration::from_hours(30 * 24);
/// Most bytes that are read from a command, or kept of a log.
pub(crate) const MAX_OUTPUT: usize = 1024 * 1024;

/// The standard input of a container, held open.
pub(crate) struct Stdin(Pin<Box<dyn AsyncWrite + Send>>);

/// What a command inside a container printed, and how it ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exec {
    /// Exit code; `None` when the container ended first.
    pub(crate) code: Option<i64>,
    /// Standard output.
    pub(crate) out: String,
}

impl Stdin {
    /// Writes one line and closes the input.
    pub(crate) async fn line(self, secret: &Secret) -> Result<(), ProviderError> {
        self.lines(std::slice::from_ref(secret)).await
    }

    /// Writes lines and closes the input.
    pub(crate) async fn lines(mut self, secrets: &[Secret]) -> Result<(), ProviderError> {
        let write = async {
            for secret in secrets {
                self.0.write_all(secret.expose().as_bytes()).await?;
                self.0.write_all(b"\n").await?;
            }
            self.0.flush().await?;
            self.0.shutdown().await
        };
        match tokio::time::timeout(QUICK, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(ProviderError::OutcomeUnknown {
                code: codes::OUTCOME_UNKNOWN,
                what: "the secrets were being passed to the container".to_owned(),
                source: Some(Box::new(source)),
            }),
            Err(_) => Err(timed_out(CallKind::Change, "take the secrets")),
        }
    }
}

impl Engine {
    /// Inspects one container.
    pub(crate) async fn inspect(
        &self,
        container: &Name,
    ) -> Result<Option<ContainerInspectResponse>, ProviderError> {
        let call = self
            .docker
            .inspect_container(container.as_str(), None::<InspectContainerOptions>);
        bounded_look(&format!("inspect container `{container}`"), call).await
    }

    /// Creates a container and returns its id.
    pub(crate) async fn create(
        &self,
        name: &Name,
        body: ContainerCreateBody,
    ) -> Result<Name, ProviderError> {
        let options = CreateContainerOptionsBuilder::new()
            .name(name.as_str())
            .build();
        let call = self.docker.create_container(Some(options), body);
        let what = format!("create container `{name}`");
        let created = bounded(CallKind::Change, &what, START, call).await?;
        Name::new(created.id)
            .map_err(|error| ProviderError::refused(codes::REFUSED, error.to_string()))
    }

    /// Starts a container; one that runs already is fine.
    pub(crate) async fn start(&self, container: &Name) -> Result<(), ProviderError> {
        let call = self
            .docker
            .start_container(container.as_str(), None::<StartContainerOptions>);
        bounded(
            CallKind::Change,
            &format!("start container `{container}`"),
            START,
            call,
        )
        .await
    }

    /// Opens the standard input of a container, running or not.
    pub(crate) async fn stdin(&self, container: &Name) -> Result<Stdin, ProviderError> {
        let options = AttachContainerOptionsBuilder::new()
            .stdin(true)
            .stream(true)
            .build();
        let call = self
            .docker
            .attach_container(container.as_str(), Some(options));
        let what = format!("attach to container `{container}`");
        // An attachment alone changes nothing: when it is lost, the container's
        // entrypoint sees the end of its input and stops.
        let attached = bounded(CallKind::Read, &what, QUICK, call).await?;
        Ok(Stdin(attached.input))
    }

    /// Sends a signal; a container that does not run, or is gone, is fine.
    pub(crate) async fn signal(&self, container: &Name, signal: &str) -> Result<(), ProviderError> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let call = self
            .docker
            .kill_container(container.as_str(), Some(options));
        let what = format!("send {signal} to container `{container}`");
        match tokio::time::timeout(QUICK, call).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if matches!(http_status(&error), Some(404 | 409)) => Ok(()),
            Ok(Err(error)) => Err(call_failed(CallKind::Change, &what, error)),
            Err(_) => Err(timed_out(CallKind::Change, &what)),
        }
    }

    /// Lets a paused container go on; one that is not paused is fine.
    pub(crate) async fn unpause(&self, container: &Name) -> Result<(), ProviderError> {
        let call = self.docker.unpause_container(container.as_str());
        let what = format!("unpause container `{container}`");
        match tokio::time::timeout(QUICK, call).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if matches!(http_status(&error), Some(404 | 409 | 500)) => Ok(()),
            Ok(Err(error)) => Err(call_failed(CallKind::Change, &what, error)),
            Err(_) => Err(timed_out(CallKind::Change, &what)),
        }
    }

    /// Changes settings of a container, running or not.
    pub(crate) async fn update(
        &self,
        container: &Name,
        settings: ContainerUpdateBody,
    ) -> Result<(), ProviderError> {
        let call = self.docker.update_container(container.as_str(), settings);
        let what = format!("change settings of container `{container}`");
        bounded(CallKind::Change, &what, QUICK, call).await
    }

    /// Gives a container another name.
    pub(crate) async fn rename(&self, container: &Name, name: &Name) -> Result<(), ProviderError> {
        let options = RenameContainerOptionsBuilder::new()
            .name(name.as_str())
            .build();
        let call = self.docker.rename_container(container.as_str(), options);
        let what = format!("rename container `{container}` to `{name}`");
        bounded(CallKind::Change, &what, QUICK, call).await
    }

    /// Removes a stopped container; one that is gone is fine.
    pub(crate) async fn remove(&self, container: &Name) -> Result<(), ProviderError> {
        // Without force, so that the engine itself refuses to remove a running one. Scratch volumes without a name go
        // with it; one that has a name stays.
        let options = RemoveContainerOptionsBuilder::new()
            .force(false)
            .v(true)
            .build();
        let call = self
            .docker
            .remove_container(container.as_str(), Some(options));
        let what = format!("remove container `{container}`");
        match tokio::time::timeout(START, call).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if is_absent(&error) => Ok(()),
            Ok(Err(error)) => Err(call_failed(CallKind::Change, &what, error)),
            Err(_) => Err(timed_out(CallKind::Change, &what)),
        }
    }

    /// Whether a path is there inside a container, running or not.
    pub(crate) async fn has_file(
        &self,
        container: &Name,
        path: &str,
    ) -> Result<bool, ProviderError> {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let call = self
            .docker
            .get_container_archive_info(container.as_str(), Some(options));
        let what = format!("look for `{path}` in container `{container}`");
        Ok(bounded_look(&what, call).await?.is_some())
    }

    /// Writes the files of a tar archive into a container.
    pub(crate) async fn upload(
        &self,
        container: &Name,
        folder: &str,
        archive: Vec<u8>,
    ) -> Result<(), ProviderError> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = bollard::body_full(archive.into());
        let call = self
            .docker
            .upload_to_container(container.as_str(), Some(options), body);
        let what = format!("write files into container `{container}`");
        bounded(CallKind::Change, &what, START, call).await
    }

    /// Writes the files of a tar archive into a container as it comes, however long that takes.
    pub(crate) async fn upload_stream(
        &self,
        container: &Name,
        folder: &str,
        archive: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), ProviderError> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = bollard::body_try_stream(archive);
        let patient = self.docker.clone().with_timeout(DAYS);
        let call = patient.upload_to_container(container.as_str(), Some(options), body);
        let what = format!("unpack an archive in container `{container}`");
        call.await
            .map_err(|error| call_failed(CallKind::Change, &what, error))
    }

    /// Reads a folder of a container as a tar archive of at most `limit` bytes.
    pub(crate) async fn download(
        &self,
        container: &Name,
        path: &str,
        limit: usize,
    ) -> Result<Vec<u8>, ProviderError> {
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let mut stream = Box::pin(
            self.docker
                .download_from_container(container.as_str(), Some(options)),
        );
        let what = format!("read `{path}` of container `{container}`");
        let deadline = tokio::time::Instant::now() + START;
        let mut archive = Vec::new();
        loop {
            let Ok(next) = tokio::time::timeout_at(deadline, stream.next()).await else {
                return Err(timed_out(CallKind::Read, &what));
            };
            match next {
                None => return Ok(archive),
                Some(Err(error)) => return Err(call_failed(CallKind::Read, &what, error)),
                Some(Ok(part)) if archive.len() + part.len() > limit => {
                    return Err(too_large(CallKind::Read, &what));
                }
                Some(Ok(part)) => archive.extend_from_slice(&part),
            }
        }
    }

    /// Returns the last lines that a container printed.
    pub(crate) async fn last_lines(&self, container: &Name, lines: usize) -> Vec<String> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail(&lines.to_string())
            .build();
        let mut stream = self.docker.logs(container.as_str(), Some(options));
        let mut log = Vec::new();
        let deadline = tokio::time::Instant::now() + QUICK;
        while let Ok(Some(Ok(part))) = tokio::time::timeout_at(deadline, stream.next()).await {
            append(&mut log, part.as_ref());
        }
        let text = String::from_utf8_lossy(&log);
        let all: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        all[all.len().saturating_sub(lines)..]
            .iter()
            .map(|line| line.chars().take(400).collect())
            .collect()
    }

    /// Runs a command inside a running container, as the container's own user.
    pub(crate) async fn exec(
        &self,
        container: &Name,
        command: &[&str],
        limit: Duration,
    ) -> Result<Exec, ProviderError> {
        let what = format!("run a command in container `{container}`");
        let run = self.exec_unbounded(container, command);
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(Some(ended))) => Ok(ended),
            Ok(Ok(None)) => Err(too_large(CallKind::Read, &what)),
            Ok(Err(error)) => Err(call_failed(CallKind::Read, &what, error)),
            Err(_) => Err(timed_out(CallKind::Read, &what)),
        }
    }

    /// The same without a limit in time; `None` if it prints too much.
    async fn exec_unbounded(
        &self,
        container: &Name,
        command: &[&str],
    ) -> Result<Option<Exec>, bollard::errors::Error> {
        let config = ExecConfig {
            cmd: Some(command.iter().map(ToString::to_string).collect()),
            attach_stdout: Some(true),
            ..ExecConfig::default()
        };
        let exec = self.docker.create_exec(container.as_str(), config).await?;
        let mut out = Vec::new();
        if let StartExecResults::Attached { mut output, .. } =
            self.docker.start_exec(&exec.id, None).await?
        {
            while let Some(part) = output.next().await {
                out.extend_from_slice(part?.as_ref());
                if out.len() > MAX_OUTPUT {
                    return Ok(None);
                }
            }
        }
        let end = self.docker.inspect_exec(&exec.id).await?;
        Ok(Some(Exec {
            code: end.exit_code,
            out: String::from_utf8_lossy(&out).into_owned(),
        }))
    }
}

/// Adds to a log of which only the end is kept.
fn append(log: &mut Vec<u8>, part: &[u8]) {
    log.extend_from_slice(part);
    if log.len() > 2 * MAX_OUTPUT {
        log.drain(..log.len() - MAX_OUTPUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_log_is_kept() {
        let mut log = Vec::new();
        for number in 0..40_u8 {
            append(&mut log, &vec![number; MAX_OUTPUT / 4]);
            assert!(log.len() <= 2 * MAX_OUTPUT);
        }
        assert!(log.len() >= MAX_OUTPUT);
        assert_eq!(log.last(), Some(&39));
    }
}
