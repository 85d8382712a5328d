//! A stub of a node: a small HTTP server that speaks JSON-RPC and answers what a test tells it to.

pub mod espace;
mod multicall;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub use self::multicall::answer_multicall;

/// What the server says to one call.
pub enum StubAnswer {
    /// A result.
    Result(Json),
    /// An error.
    Error(Json),
    /// Closes the connection after the request was read.
    Hang,
}

impl StubAnswer {
    /// An error with these parts.
    #[must_use]
    pub fn refuse(code: i64, message: &str, data: Option<&str>) -> Self {
        Self::Error(json!({ "code": code, "message": message, "data": data }))
    }
}

/// A server that lives as long as the test's runtime.
pub struct StubNode {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl StubNode {
    /// Starts one on a free port.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str, &Json) -> StubAnswer + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port of this machine");
        let port = listener.local_addr().expect("it is bound").port();
        let requests = Arc::new(AtomicUsize::new(0));
        let (answer, counter) = (Arc::new(answer), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&counter)));
            }
        });
        Self { port, requests }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many HTTP requests came in.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve<F>(mut stream: TcpStream, answer: Arc<F>, requests: Arc<AtomicUsize>)
where
    F: Fn(&str, &Json) -> StubAnswer + Send + Sync + 'static,
{
    while let Some(body) = read_request(&mut stream).await {
        requests.fetch_add(1, Ordering::SeqCst);
        let Some(reply) = reply(&body, &*answer) else {
            return;
        };
        let text = reply.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        let sent = stream.write_all(format!("{head}{text}").as_bytes()).await;
        if sent.is_err() {
            return;
        }
    }
}

fn reply(body: &Json, answer: &dyn Fn(&str, &Json) -> StubAnswer) -> Option<Json> {
    let one = |call: &Json| {
        let id = call["id"].clone();
        match answer(call["method"].as_str().unwrap_or_default(), &call["params"]) {
            StubAnswer::Result(result) => {
                Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            }
            StubAnswer::Error(error) => Some(json!({ "jsonrpc": "2.0", "id": id, "error": error })),
            StubAnswer::Hang => None,
        }
    };
    match body.as_array() {
        // In reverse, since the order of a batch's answers is free.
        Some(calls) => calls
            .iter()
            .rev()
            .map(one)
            .collect::<Option<Vec<_>>>()
            .map(Json::Array),
        None => one(body),
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Json> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))?
                .trim()
                .parse()
                .ok()?;
            if bytes.len() >= end + 4 + length {
                return serde_json::from_slice(&bytes[end + 4..end + 4 + length]).ok();
            }
        }
        let read = stream.read(&mut part).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&part[..read]);
    }
}
