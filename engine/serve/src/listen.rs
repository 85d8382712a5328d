//! Connections: how many, how long, and how they end.
//!
//! - Reads: connections of one address, and the wish to stop.
//! - Does: answers requests and writes a line for each to standard output.
//! - Never: holds a connection longer than its time, or more of them than its number; logs a query or a header.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::answer::{HEALTH, SiteResponse, answer_request};
use crate::clients::Clients;
use crate::stall::Stall;
use crate::{ServeError, Site};

/// Most connections at a time: see [`Clients`] for who makes room for one more.
const CONNECTIONS: usize = 512;
/// Longest time in which a client may take nothing of an answer.
const STALL_TIME: Duration = Duration::from_secs(10);
/// Most bytes of a request's head.
const HEAD_LIMIT: usize = 16 << 10;
/// Most headers of a request.
const HEADERS: usize = 64;
/// Time for the head of a request, also of the next one on the same connection.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time for a whole connection; a browser opens another one.
const CONNECTION_TIME: Duration = Duration::from_mins(2);
/// Time for the connections that are open at a stop.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Most characters of a path in the log.
const SHOWN: usize = 200;

/// Serves a page until SIGTERM or SIGINT, then lets open requests end.
///
/// `ready` hears the address once connections are taken.
pub async fn serve_site(
    site: Site,
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    ready(listener.local_addr().map_err(failed)?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    accept(Arc::new(site), &listener, stop).await;
    Ok(())
}

/// Takes connections until `stop` ends.
async fn accept(site: Arc<Site>, listener: &TcpListener, stop: impl Future<Output = ()>) {
    let clients = Clients::new(CONNECTIONS);
    let (stopping, stopped) = watch::channel(false);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = connection(Arc::clone(&site), stream, stopped.clone());
                clients.run(address.ip(), connection);
            }
            // Out of file handles, or a client that left at once: neither ends the server.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    // Whoever listens is a connection that is still open.
    let _ = stopping.send(true);
    let ended = async {
        while !clients.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(STOP_TIME, ended).await;
}

async fn connection(site: Arc<Site>, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(logged(&site, &request)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(Stall::after(STALL_TIME, stream)), service);
    tokio::pin!(connection);
    // A client's error has been answered, or there is nobody to answer.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = told(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
        () = tokio::time::sleep(CONNECTION_TIME) => {}
    }
}

/// Ends when the server stops.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // A sender that is gone stops as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn logged(site: &Site, request: &Request<Incoming>) -> SiteResponse {
    let begin = Instant::now();
    let path = request.uri().path();
    let answer = answer_request(site, request.method(), path, request.headers());
    if path != HEALTH {
        let line = line(request.method().as_str(), path);
        let (status, time) = (answer.status().as_u16(), begin.elapsed().as_micros());
        // A log that nobody takes does not end the server.
        let _ = writeln!(std::io::stdout(), "{line} {status} {time}us");
    }
    answer
}

/// A path in the log: without its query, on one line, and not longer than it has to be.
fn line(method: &str, path: &str) -> String {
    let path: String = path
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_default)
        .collect();
    format!("{method} {path}")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A server on a port of its own, and its end.
    fn started() -> (SocketAddr, impl FnOnce()) {
        started_with("<p>page</p>")
    }

    fn started_with(page: &str) -> (SocketAddr, impl FnOnce()) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.html"), page).unwrap();
        let site = Arc::new(Site::load(folder.path(), &[]).unwrap());
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                accept(site, &listener, async { drop(stopped.await) }).await;
            });
        });
        let end = move || {
            drop(stop);
            server.join().unwrap();
        };
        (told.recv().unwrap(), end)
    }

    fn talk(address: SocketAddr, request: &str) -> String {
        said(std::net::TcpStream::connect(address).unwrap(), request)
    }

    /// The same from another address of this machine.
    fn talk_from(from: &str, address: SocketAddr, request: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket
                .bind(SocketAddr::new(from.parse().unwrap(), 0))
                .unwrap();
            socket.connect(address).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        said(stream, request)
    }

    fn said(mut stream: std::net::TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // What the server closes with unread bytes may end as a reset.
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn a_real_connection_is_served_probed_and_ended() {
        let (address, end) = started();
        let answer = talk(
            address,
            "GET /x?token=secret HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("<p>page</p>"), "{answer}");
        assert!(crate::probe_server(address).is_ok());
        // One that is open and says nothing does not keep the server from ending.
        let open = std::net::TcpStream::connect(address).unwrap();
        end();
        drop(open);
        assert_eq!(
            crate::probe_server(address).unwrap_err().code(),
            "serve/unwell"
        );
    }

    /// More sockets than there are places ask for a large file and read nothing.
    #[test]
    fn case_slow_readers_another_client_is_served() {
        let page = "x".repeat(3 << 20);
        let (address, end) = started_with(&page);
        let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let slow: Vec<_> = (0..CONNECTIONS + 50)
            .map(|_| {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                stream
            })
            .collect();
        let close = "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let answer = talk_from("127.0.0.2", address, close);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        // Also from the same address, as from behind one proxy: the oldest of them makes room.
        let answer = talk(address, close);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        drop(slow);
        end();
    }

    #[test]
    fn a_head_that_is_too_large_is_refused() {
        let (address, end) = started();
        let long = format!(
            "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
            "a".repeat(HEAD_LIMIT)
        );
        let answer = talk(address, &long);
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        let many = format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "x: 1\r\n".repeat(HEADERS)
        );
        let answer = talk(address, &many);
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        end();
    }

    #[test]
    fn a_line_of_the_log_is_one_line() {
        assert_eq!(line("GET", "/a\u{1b}[31m\n"), "GET /a\\u{1b}[31m\\n");
        assert!(line("GET", &"a".repeat(10_000)).len() < 250);
    }
}
