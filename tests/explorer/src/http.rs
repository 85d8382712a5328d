//! A small HTTP/1.1 server.
//!
//! - Reads: requests with a `content-length`, one after the other on a connection.
//! - Returns: what its handler answers; without an answer the connection is closed.
//! - Never: listens anywhere but on the one address that it was given, or outlives its [`Server`].

use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Most bytes of a request's head. A query may hold a long list.
const HEAD_LIMIT: usize = 64 << 10;
/// Most bytes of a body; what a dialect allows is less, and its own affair.
const BODY_LIMIT: usize = 64 << 20;

/// What a client asked.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path, as it was sent.
    pub path: String,
    /// What follows the question mark, as it was sent.
    pub query: String,
    /// Value of the header `content-type`, in lower case.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Value of the header `content-type`.
    pub content_type: &'static str,
    /// More headers: name and value.
    pub headers: &'static [(&'static str, &'static str)],
    /// Body.
    pub body: String,
}

impl Response {
    /// Answers with JSON and status 200.
    #[must_use]
    pub fn json(body: &serde_json::Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json; charset=utf-8",
            headers: &[],
            body: body.to_string(),
        }
    }

    /// Answers with a page.
    #[must_use]
    pub fn html(status: u16, body: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            headers: &[],
            body,
        }
    }

    /// Answers with words.
    #[must_use]
    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            headers: &[],
            body: body.to_owned(),
        }
    }
}

/// A server; it ends with this value.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts to listen on a port of 127.0.0.1; port 0 takes any that is free.
    pub async fn start<H, F>(port: u16, handler: H) -> io::Result<Self>
    where
        H: Fn(HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Response>> + Send + 'static,
    {
        Self::listen((Ipv4Addr::LOCALHOST, port).into(), handler).await
    }

    /// The same at an address of this machine that others may reach.
    pub async fn listen<H, F>(address: SocketAddr, handler: H) -> io::Result<Self>
    where
        H: Fn(HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Response>> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let handler = Arc::new(handler);
        let accepting = tokio::spawn(async move {
            // The connections end with this set, and the set with this task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                connections.spawn(serve(stream, Arc::clone(&handler)));
            }
        });
        Ok(Self { address, accepting })
    }

    /// Returns `http://`, the address and the port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address and the port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<H, F>(mut stream: TcpStream, handler: Arc<H>)
where
    H: Fn(HttpRequest) -> F,
    F: Future<Output = Option<Response>>,
{
    let mut buffer = Vec::new();
    loop {
        let (response, last) = match read(&mut stream, &mut buffer).await {
            Ok(request) => (handler(request).await, false),
            Err(Stop::Gone) => return,
            Err(Stop::Refused(status, words)) => (Some(Response::text(status, words)), true),
        };
        let Some(response) = response else { return };
        if stream.write_all(&bytes_of(&response)).await.is_err() || last {
            return;
        }
    }
}

/// Why there is no request.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// The client went away.
    Gone,
    /// It is not one that this server reads.
    Refused(u16, &'static str),
}

/// Reads one request; what was read of the next one stays in the buffer.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<HttpRequest, Stop> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > HEAD_LIMIT {
            return Err(Stop::Refused(431, "Request Header Fields Too Large"));
        }
        more(stream, buffer).await?;
    };
    let head = Head::read(&String::from_utf8_lossy(&buffer[..end]))?;
    if head.expects
        && stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .is_err()
    {
        return Err(Stop::Gone);
    }
    let whole = end + 4 + head.length;
    while buffer.len() < whole {
        more(stream, buffer).await?;
    }
    let mut request = head.request;
    request.body = buffer[end + 4..whole].to_vec();
    buffer.drain(..whole);
    Ok(request)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Stop> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => Err(Stop::Gone),
        Ok(_) => Ok(()),
    }
}

/// A request up to its body.
struct Head {
    request: HttpRequest,
    length: usize,
    /// The client waits for a word before it sends the body.
    expects: bool,
}

impl Head {
    fn read(text: &str) -> Result<Self, Stop> {
        let bad = Stop::Refused(400, "Bad Request");
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next())
        else {
            return Err(bad);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Self {
            request: HttpRequest {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                ..HttpRequest::default()
            },
            length: 0,
            expects: false,
        };
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => head.request.content_type = value.to_ascii_lowercase(),
                "content-length" => match value.parse() {
                    Ok(length) if length <= BODY_LIMIT => head.length = length,
                    Ok(_) => return Err(Stop::Refused(413, "Payload Too Large")),
                    Err(_) => return Err(bad),
                },
                "transfer-encoding" => return Err(Stop::Refused(411, "Length Required")),
                "expect" => head.expects = value.eq_ignore_ascii_case("100-continue"),
                _ => {}
            }
        }
        Ok(head)
    }
}

fn bytes_of(response: &Response) -> Vec<u8> {
    let reason = match response.status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        _ => "Refused",
    };
    let mut more = String::new();
    for (name, value) in response.headers {
        // Writing to a text cannot fail.
        let _ = write!(more, "{name}: {value}\r\n");
    }
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: {}\r\ncontent-length: {}\r\n{more}\r\n{}",
        response.status,
        response.content_type,
        response.body.len(),
        response.body
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_taken_apart() {
        let head = "POST /api?module=contract HTTP/1.1\r\nContent-Type: Application/JSON\r\n\
                    Content-Length: 12\r\nExpect: 100-continue";
        let head = Head::read(head).unwrap();
        assert_eq!(head.request.method, "POST");
        assert_eq!(head.request.path, "/api");
        assert_eq!(head.request.query, "module=contract");
        assert_eq!(head.request.content_type, "application/json");
        assert_eq!((head.length, head.expects), (12, true));
    }

    #[test]
    fn an_answer_has_its_headers_before_its_body() {
        let answer = Response {
            headers: &[("vary", "Origin"), ("allow", "POST")],
            ..Response::text(429, "slowly")
        };
        let text = String::from_utf8(bytes_of(&answer)).unwrap();
        assert_eq!(
            text,
            "HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: 6\r\nvary: Origin\r\nallow: POST\r\n\r\nslowly"
        );
    }

    #[test]
    fn what_this_server_does_not_read_is_refused() {
        let status = |head: &str| match Head::read(head).map(|_| ()) {
            Err(Stop::Refused(status, _)) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(status("nonsense"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\ncontent-length: many"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\ncontent-length: 99999999999"), 413);
        assert_eq!(status("GET / HTTP/1.1\r\ntransfer-encoding: chunked"), 411);
    }
}
