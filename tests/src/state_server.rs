//! Servers of the HTTP state protocol, as small as they can be, in the two ways in which real ones differ.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::small_http::{ReceivedRequest, write_answer};

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// LOCK and UNLOCK at the state's address; a taken lock is answered with 423 and the holder's words.
    Plain,
    /// POST and DELETE at `…/lock`; a taken lock is answered with 409 and the asker's words, in
    /// which only the lock's name is the holder's; each write needs a serial of its own.
    GitLab,
}

#[derive(Debug, Default)]
struct ServedState {
    document: Option<Vec<u8>>,
    lock: Option<Json>,
    serials: Vec<Json>,
}

/// A running server. It ends with the process.
#[derive(Clone, Debug)]
pub struct StateServer {
    url: String,
    kept: Arc<Mutex<ServedState>>,
}

/// The user and the password that the server wants, as `Basic` wants them.
const USER: &str = "Basic cG9vbDpodW50ZXIy";

impl StateServer {
    /// Starts one. It wants the user `pool` with the password `hunter2`.
    ///
    /// # Panics
    /// When the system gives no port.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let path = match manner {
            Manner::Plain => "/states/harbour",
            Manner::GitLab => "/api/v4/projects/7/terraform/state/harbour",
        };
        let server = Self {
            url: format!("http://127.0.0.1:{port}{path}"),
            kept: Arc::default(),
        };
        let kept = Arc::clone(&server.kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A connection that ends early is the asker's affair.
                let _ = serve(&stream, manner, &kept);
            }
        });
        server
    }

    /// The address of the state.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts another program's lock on the state.
    pub fn lock(&self, lock: Json) {
        self.kept().lock = Some(lock);
    }

    /// The lock; null if there is none.
    #[must_use]
    pub fn held(&self) -> Json {
        self.kept().lock.clone().unwrap_or_default()
    }

    /// Puts something else in the place of the document, as somebody does who has the server.
    pub fn replace_document(&self, bytes: &[u8]) {
        self.kept().document = Some(bytes.to_owned());
    }

    /// The document; null if there is none.
    ///
    /// # Panics
    /// When it is no JSON.
    #[must_use]
    pub fn document(&self) -> Json {
        let kept = self.kept();
        let read = kept
            .document
            .as_ref()
            .map(|bytes| serde_json::from_slice(bytes));
        read.transpose().expect("JSON").unwrap_or_default()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, ServedState> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: &TcpStream, manner: Manner, kept: &Mutex<ServedState>) -> io::Result<()> {
    let request = ReceivedRequest::read(stream)?;
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if request.header("authorization") != Some(USER) {
        return write_answer(stream, "401 Unauthorized", b"");
    }
    let is_lock = request.target.ends_with("/lock");
    match (manner, request.method.as_str()) {
        (_, "GET") => match &kept.document {
            Some(document) => write_answer(stream, "200 OK", document),
            None => write_answer(stream, "204 No Content", b""),
        },
        (Manner::Plain, "LOCK") => lock(stream, &request, manner, &mut kept),
        (Manner::GitLab, "POST") if is_lock => lock(stream, &request, manner, &mut kept),
        (Manner::Plain, "UNLOCK") => unlock(stream, &request, &mut kept),
        (Manner::GitLab, "DELETE") if is_lock => unlock(stream, &request, &mut kept),
        (_, "POST") => write(stream, request, manner, &mut kept),
        _ => write_answer(stream, "405 Method Not Allowed", b""),
    }
}

fn lock(
    stream: &TcpStream,
    request: &ReceivedRequest,
    manner: Manner,
    kept: &mut ServedState,
) -> io::Result<()> {
    let mut asked: Json = serde_json::from_slice(&request.body)?;
    match (&kept.lock, manner) {
        (None, _) => {
            kept.lock = Some(asked);
            write_answer(stream, "200 OK", b"")
        }
        (Some(held), Manner::Plain) => {
            write_answer(stream, "423 Locked", held.to_string().as_bytes())
        }
        (Some(held), Manner::GitLab) => {
            asked["ID"] = held["ID"].clone();
            asked["Who"] = json!("somebody");
            write_answer(stream, "409 Conflict", asked.to_string().as_bytes())
        }
    }
}

fn unlock(stream: &TcpStream, request: &ReceivedRequest, kept: &mut ServedState) -> io::Result<()> {
    let asked: Json = serde_json::from_slice(&request.body)?;
    match &kept.lock {
        Some(held) if held["ID"] != asked["ID"] => write_answer(stream, "409 Conflict", b""),
        _ => {
            kept.lock = None;
            write_answer(stream, "200 OK", b"")
        }
    }
}

fn write(
    stream: &TcpStream,
    request: ReceivedRequest,
    manner: Manner,
    kept: &mut ServedState,
) -> io::Result<()> {
    let given = request.target.split_once("?ID=").map(|(_, id)| id);
    let held = kept.lock.as_ref().and_then(|lock| lock["ID"].as_str());
    if held != given {
        return write_answer(stream, "423 Locked", b"");
    }
    let document: Json = serde_json::from_slice(&request.body)?;
    let serial = document["serial"].clone();
    if manner == Manner::GitLab && (!serial.is_u64() || kept.serials.contains(&serial)) {
        return write_answer(stream, "422 Unprocessable Entity", b"");
    }
    kept.serials.push(serial);
    kept.document = Some(request.body);
    write_answer(stream, "200 OK", b"")
}
