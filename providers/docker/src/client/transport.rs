//! The way to an engine and back, bounded in bytes.
//!
//! - Reads: the answers of one engine behind a local socket; a connection for each request.
//! - Returns: a client of bollard's over this way.
//! - Never: takes more bytes of an answer than its kind may have: bollard itself collects whatever comes.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bollard::errors::Error as EngineError;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tracing::debug;

/// Most bytes of an answer that is collected as a whole. A container takes 3 KB in a list.
const ANSWER_LIMIT: usize = 64 << 20;
/// Most bytes of an answer that is read on the way: the words of a pull or a build, logs, output.
const STREAM_LIMIT: usize = 512 << 20;
/// Answers that are read on the way, by how their path ends.
const STREAMS: &[&str] = &[
    "/images/create",
    "/build",
    "/logs",
    "/start",
    "/attach",
    "/archive",
];

/// Makes a client; nothing is sent yet.
pub(super) fn connect_socket(socket: &str) -> Result<Docker, EngineError> {
    let socket = PathBuf::from(socket);
    let transport = move |request: BollardRequest| {
        let socket = socket.clone();
        async move { exchange(&socket, request).await }
    };
    let address = Some("http://docker");
    Docker::connect_with_custom_transport(transport, address, LONG.as_secs(), API_DEFAULT_VERSION)
}

/// Carries one request and logs it: what is done to what, without its query and body.
async fn exchange(
    socket: &Path,
    request: BollardRequest,
) -> Result<Response<Incoming>, EngineError> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let answer = carry(socket, request).await;
    let seconds = begun.elapsed().as_secs_f64();
    match &answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            debug!(%method, path, status, seconds, "Docker request");
        }
        Err(error) => debug!(%method, path, %error, seconds, "Docker request without an answer"),
    }
    answer
}

async fn carry(
    socket: &Path,
    mut request: BollardRequest,
) -> Result<Response<Incoming>, EngineError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|source| EngineError::from(io::Error::new(source.kind(), NotConnected(source))))?;
    let left = limit(request.uri().path());
    let bounded = Bounded { stream, left };
    let (mut sender, connection) = http1::handshake(TokioIo::new(bounded)).await?;
    // It ends with the answer, or with whoever reads the answer; its error comes with the answer too.
    tokio::spawn(connection.with_upgrades());
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = path.into();
    }
    let host = HeaderValue::from_static("docker");
    request.headers_mut().insert(HOST, host);
    Ok(sender.send_request(request).await?)
}

fn limit(path: &str) -> usize {
    if STREAMS.iter().any(|end| path.ends_with(end)) {
        STREAM_LIMIT
    } else {
        ANSWER_LIMIT
    }
}

/// Nothing reached the engine.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to its socket")]
struct NotConnected(#[source] io::Error);

/// The engine said more than its answer may have.
#[derive(Debug, thiserror::Error)]
#[error("its answer is larger than pospool reads")]
struct TooLarge;

/// Whether a request surely did not reach the engine.
pub(crate) fn is_unsent(error: &EngineError) -> bool {
    has_cause::<NotConnected>(error)
}

/// Whether an answer was cut for its size.
pub(crate) fn is_too_large(error: &EngineError) -> bool {
    has_cause::<TooLarge>(error)
}

/// Looks for our own mark among the causes; it is inside of an I/O error.
fn has_cause<T: StdError + 'static>(error: &EngineError) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(one) = cause {
        let inner = match one.downcast_ref::<EngineError>() {
            Some(EngineError::IOError { err }) => err.get_ref(),
            _ => one.downcast_ref::<io::Error>().and_then(io::Error::get_ref),
        };
        if inner.is_some_and(<dyn StdError + Send + Sync>::is::<T>) {
            return true;
        }
        cause = one.source();
    }
    false
}

/// A connection that gives so many bytes and not more.
struct Bounded {
    stream: UnixStream,
    left: usize,
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let came = into.filled().len() - before;
        match self.left.checked_sub(came) {
            Some(left) => {
                self.left = left;
                read
            }
            None => Poll::Ready(Err(io::Error::other(TooLarge))),
        }
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Longest time for a call that moves data, such as a build.
pub(crate) const LONG: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use bollard::models::ContainerCreateBody;
    use pospool_model::ProviderError;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use crate::client::Engine;
    use crate::names::Name;

    /// An engine that answers every request with these bytes, and then with blanks for ever.
    fn endless(start: &'static [u8]) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(start).await;
                    let blanks = vec![b' '; 1 << 16];
                    while stream.write_all(&blanks).await.is_ok() {}
                });
            }
        });
        (folder, format!("unix://{}", path.display()))
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_with_a_code() {
        let (_keep, url) = endless(b"HTTP/1.1 200 OK\r\n\r\n[");
        let engine = Engine::connect(&url).unwrap();
        let error = engine.containers().await.unwrap_err();
        assert_eq!(error.code(), "docker/answer-too-large");
        assert!(error.to_string().contains("list containers"), "{error}");
        let name = Name::new("a").unwrap();
        // What came of a change is not known then.
        let error = engine.start(&name).await;
        assert!(error.is_ok(), "the status says enough: {error:?}");
        let error = engine
            .create(&name, ContainerCreateBody::default())
            .await
            .unwrap_err();
        assert!(matches!(error, ProviderError::OutcomeUnknown { .. }));
        assert_eq!(error.code(), "docker/answer-too-large");
    }

    #[tokio::test]
    async fn a_head_without_end_is_cut_too() {
        let (_keep, url) = endless(b"HTTP/1.1 200 OK\r\nx: ");
        let error = Engine::connect(&url)
            .unwrap()
            .containers()
            .await
            .unwrap_err();
        assert!(
            matches!(error, ProviderError::Unreachable { .. }),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_change_that_reached_nobody_did_not_happen() {
        let engine = Engine::connect("unix:///nowhere/docker.sock").unwrap();
        let error = engine.start(&Name::new("a").unwrap()).await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Unreachable { .. }),
            "{error:?}"
        );
    }
}
