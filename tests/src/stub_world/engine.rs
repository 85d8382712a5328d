//! A Docker Engine behind a socket that keeps everything in memory and runs nothing.
//!
//! - Reads: requests of the Engine API, as far as a whole life of a pool needs them.
//! - Returns: what an engine would answer of containers that work at once.
//! - Never: starts a process, or knows what pospool expects: what it says of a container is the request that made it.

mod call;
mod objects;

use std::io::{self, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use self::call::EngineCall;
use self::objects::{EngineObjects, StubContainer};
use super::inside;
use crate::small_http::{ReceivedRequest, write_answer};

/// What a look for a file gets: name, size and mode of one, in base64.
const FILE_STAT: &str = "eyJuYW1lIjoicG9zX2tleSIsInNpemUiOjEsIm1vZGUiOjM4NCwibXRpbWUiOiIyMDI2LTExLTIyVDEwOjAwOjAwWiIsImxpbmtUYXJnZXQiOiIifQ==";

/// An engine that lives as long as the process.
#[derive(Clone, Debug, Default)]
pub struct StubEngine(Arc<Mutex<EngineObjects>>);

impl StubEngine {
    /// Starts one that listens on a socket.
    pub fn listen(socket: &Path) -> io::Result<Self> {
        let engine = Self::default();
        let listener = UnixListener::bind(socket)?;
        let serving = engine.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let engine = serving.clone();
                // A client that leaves early is no fault of the engine's.
                std::thread::spawn(move || engine.serve(&stream));
            }
        });
        Ok(engine)
    }

    fn objects(&self) -> MutexGuard<'_, EngineObjects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody stops a container by hand.
    ///
    /// # Panics
    /// When there is none whose name ends so.
    pub fn stop(&self, name: &str) {
        self.by_name(name, |container| container.state = "exited");
    }

    /// Somebody changes a setting of a container by hand.
    ///
    /// # Panics
    /// When there is none whose name ends so.
    pub fn change_setting(&self, name: &str, setting: &str, value: Json) {
        self.by_name(name, |container| {
            container.request["HostConfig"][setting] = value;
        });
    }

    /// Somebody makes a container anew with another label.
    ///
    /// # Panics
    /// When there is none whose name ends so.
    pub fn change_label(&self, name: &str, label: &str, value: &str) {
        self.by_name(name, |container| {
            container.request["Labels"][label] = json!(value);
        });
    }

    /// Somebody puts the key of another node into a container.
    ///
    /// # Panics
    /// When there is none whose name ends so.
    pub fn exchange_key(&self, name: &str) {
        let mut whole = String::new();
        self.by_name(name, |container| whole.clone_from(&container.name));
        self.objects().exchanged_keys.insert(whole);
    }

    fn by_name(&self, name: &str, act: impl FnOnce(&mut StubContainer)) {
        let mut objects = self.objects();
        let mut containers = objects.containers.values_mut();
        let found = containers.find(|container| container.name.ends_with(name));
        act(found.expect("a container of that name"));
    }

    /// A network that others made.
    pub fn add_network(&self, name: &str) {
        self.objects().networks.insert(name.to_owned(), json!({}));
    }

    /// A volume that others made.
    pub fn add_volume(&self, name: &str) {
        self.objects().volumes.insert(name.to_owned(), json!({}));
    }

    /// Whether a volume is there.
    #[must_use]
    pub fn has_volume(&self, name: &str) -> bool {
        self.objects().volumes.contains_key(name)
    }

    /// Names of all containers and networks.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let objects = self.objects();
        let containers = objects.containers.values().map(|it| it.name.clone());
        containers.chain(objects.networks.keys().cloned()).collect()
    }

    /// A container and a network of one name that a run left.
    pub fn leave(&self, name: &str, labels: &Json) {
        let mut objects = self.objects();
        objects.leave(name, labels);
        objects.networks.insert(name.to_owned(), labels.clone());
    }

    /// From now on, containers stay on networks that they are taken off.
    pub fn keep_networks(&self) {
        self.objects().keeps_networks = true;
    }

    /// Of each container that was told to build: the request that made it, and whether it had left its network by then.
    #[must_use]
    pub fn builds(&self) -> Vec<(Json, bool)> {
        self.objects().builds.clone()
    }

    /// What a label of all images says that somebody else made, or an earlier program.
    pub fn label_images(&self, label: &str, value: &str) {
        for image in self.objects().images.values_mut() {
            image.labels[label] = json!(value);
        }
    }

    /// Names of the images that were built, one after the other.
    #[must_use]
    pub fn images_built(&self) -> Vec<String> {
        self.objects().images_built.clone()
    }

    /// How many requests it had that change something; a question to a container is none.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.objects().changes
    }

    fn serve(&self, stream: &UnixStream) -> io::Result<()> {
        let request = ReceivedRequest::read(stream)?;
        let call = EngineCall::read(&request);
        let is_question = call.parts().contains(&"exec");
        if !matches!(request.method.as_str(), "GET" | "HEAD") && !is_question {
            self.objects().changes += 1;
        }
        match (request.method.as_str(), call.parts().as_slice()) {
            ("POST", ["containers", _, "attach"]) => {
                upgrade(stream)?;
                io::copy(&mut &*stream, &mut io::sink()).map(drop)
            }
            ("POST", ["exec", id, "start"]) => {
                let said = self.objects().run(id).0;
                upgrade(stream)?;
                let length = u32::try_from(said.len()).unwrap_or(u32::MAX);
                let head = [&[1, 0, 0, 0], &length.to_be_bytes()[..]].concat();
                (&*stream).write_all(&head)?;
                (&*stream).write_all(said.as_bytes())
            }
            ("GET", ["containers", _, "archive"]) => {
                write_answer(stream, "200 OK", &inside::built_page())
            }
            ("PUT", ["containers", container, "archive"]) => {
                self.objects().unpack(container, &request.body);
                write_answer(stream, "200 OK", b"")
            }
            ("HEAD", ["containers", _, "archive"]) => {
                // Of all files that are looked for, the key and the packages of a page alone are there.
                let path = call.query("path");
                let found = path.ends_with("pos_key") || path == "/build/installed";
                let status = if found { "200 OK" } else { "404 Not Found" };
                write!(
                    &*stream,
                    "HTTP/1.1 {status}\r\nX-Docker-Container-Path-Stat: {FILE_STAT}\r\nContent-Length: 0\r\n\r\n"
                )
            }
            _ => {
                let (status, body) = self.objects().answer(&request, &call);
                let body = match body {
                    Json::Null => String::new(),
                    body => body.to_string(),
                };
                write_answer(stream, status, body.as_bytes())
            }
        }
    }
}

fn upgrade(mut stream: &UnixStream) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\
          Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    )
}
