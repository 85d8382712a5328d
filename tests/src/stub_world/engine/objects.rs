//! What the engine has, and what it answers of that.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::call::EngineCall;
use crate::small_http::ReceivedRequest;
use crate::stub_world::inside;

const STARTED: &str = "2026-11-22T10:00:00Z";
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Everything that the engine has.
#[derive(Debug, Default)]
pub(super) struct EngineObjects {
    /// Requests that change something.
    pub(super) changes: usize,
    /// By id.
    pub(super) containers: BTreeMap<String, StubContainer>,
    /// Labels by name.
    pub(super) volumes: BTreeMap<String, Json>,
    pub(super) networks: BTreeMap<String, Json>,
    /// By reference.
    images: BTreeMap<String, StubImage>,
    /// Commands that were made ready, with the name of their container.
    commands: Vec<(String, Vec<String>)>,
    made: u64,
}

#[derive(Clone, Debug, Default)]
struct StubImage {
    id: String,
    labels: Json,
    /// What it starts, as its Dockerfile says.
    entrypoint: Json,
}

#[derive(Clone, Debug)]
pub(super) struct StubContainer {
    pub(super) name: String,
    pub(super) request: Json,
    image: StubImage,
    pub(super) state: &'static str,
    starts: u64,
}

/// Status, and the body.
type StubReply = (&'static str, Json);

const DONE: StubReply = ("204 No Content", Json::Null);

fn absent() -> StubReply {
    ("404 Not Found", json!({ "message": "no such object" }))
}

impl EngineObjects {
    pub(super) fn answer(&mut self, request: &ReceivedRequest, call: &EngineCall) -> StubReply {
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let parts = call.parts();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["info"]) => ("200 OK", engine_info()),
            ("GET", ["version"]) => (
                "200 OK",
                json!({ "Version": "27.5.1", "ApiVersion": "1.47" }),
            ),
            (method, ["volumes" | "networks", ..]) => self.place(method, &parts, &body),
            (method, ["images" | "build", ..]) => self.image(method, &parts, call, &request.body),
            ("GET", ["containers", "json"]) => ("200 OK", self.list()),
            ("POST", ["containers", "create"]) => self.create(call, body),
            (_, ["containers", container, rest @ ..]) => {
                self.container(&request.method, container, rest, call, &body)
            }
            ("GET", ["exec", id, "json"]) => {
                let code = self.run(id).1;
                ("200 OK", json!({ "ID": id, "ExitCode": code }))
            }
            (method, _) => panic!("the engine's stub does not know {method} {}", call.path),
        }
    }

    fn next_id(&mut self) -> String {
        self.made += 1;
        format!(
            "{:012x}{:052x}",
            0x00c0_ffee_0000_u64 + self.made,
            self.made
        )
    }

    fn place(&mut self, method: &str, parts: &[&str], body: &Json) -> StubReply {
        let is_volume = parts[0] == "volumes";
        let known = if is_volume {
            &mut self.volumes
        } else {
            &mut self.networks
        };
        let shown = |name: &str, labels: &Json| {
            json!({
                "Name": name,
                "Id": format!("{name}-id"),
                "Driver": "local",
                "Scope": "local",
                "Options": {},
                "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
                "Labels": labels,
            })
        };
        match (method, parts) {
            ("GET", [_]) => {
                let all: Vec<_> = known
                    .iter()
                    .map(|(name, labels)| shown(name, labels))
                    .collect();
                ("200 OK", json!({ "Volumes": all, "Warnings": [] }))
            }
            ("POST", [_, "create"]) => {
                let name = body["Name"].as_str().unwrap_or_default();
                known.insert(name.to_owned(), body["Labels"].clone());
                let mut made = shown(name, &body["Labels"]);
                made["Warning"] = json!("");
                ("201 Created", made)
            }
            ("GET", [_, name]) => match known.get(*name) {
                Some(labels) => ("200 OK", shown(name, labels)),
                None => absent(),
            },
            ("DELETE", [_, name]) => match known.remove(*name) {
                Some(_) => DONE,
                None => absent(),
            },
            // Which container is in which network follows from the request that made it.
            ("POST", [_, _, "connect" | "disconnect"]) => ("200 OK", json!({})),
            (method, parts) => panic!("the engine's stub does not know {method} {parts:?}"),
        }
    }

    fn image(
        &mut self,
        method: &str,
        parts: &[&str],
        call: &EngineCall,
        archive: &[u8],
    ) -> StubReply {
        let id = |made: &str| format!("sha256:{made}");
        match (method, parts) {
            ("GET", ["images", name, "json"]) => match self.images.get(*name) {
                Some(image) => {
                    let config = json!({ "Labels": image.labels });
                    let shown = json!({ "Id": image.id, "RepoDigests": [], "Config": config });
                    ("200 OK", shown)
                }
                None => absent(),
            },
            ("POST", ["images", "create"]) => {
                let name = format!("{}:{}", call.query("fromImage"), call.query("tag"));
                let image = StubImage {
                    id: id(&self.next_id()),
                    ..StubImage::default()
                };
                self.images.insert(name, image);
                ("200 OK", json!({ "status": "pulled" }))
            }
            ("POST", ["build"]) => {
                let image = StubImage {
                    id: id(&self.next_id()),
                    labels: serde_json::from_str(call.query("labels")).unwrap_or_default(),
                    entrypoint: entrypoint_of(archive),
                };
                self.images.insert(call.query("t").to_owned(), image);
                ("200 OK", json!({ "stream": "built\n" }))
            }
            ("DELETE", ["images", name]) => {
                self.images.remove(*name);
                ("200 OK", json!([]))
            }
            (method, parts) => panic!("the engine's stub does not know {method} {parts:?}"),
        }
    }

    fn create(&mut self, call: &EngineCall, request: Json) -> StubReply {
        let id = self.next_id();
        let image = request["Image"].as_str().unwrap_or_default();
        let Some(image) = self.images.get(image) else {
            return absent();
        };
        let container = StubContainer {
            name: call.query("name").to_owned(),
            image: image.clone(),
            request,
            state: "created",
            starts: 0,
        };
        self.containers.insert(id.clone(), container);
        ("201 Created", json!({ "Id": id, "Warnings": [] }))
    }

    /// By id or by name.
    fn find(&self, container: &str) -> Option<String> {
        let mut all = self.containers.iter();
        let found = all.find(|(id, it)| *id == container || it.name == container);
        found.map(|(id, _)| id.clone())
    }

    fn list(&self) -> Json {
        let all = self.containers.iter().map(|(id, it)| {
            json!({
                "Id": id,
                "Names": [format!("/{}", it.name)],
                "Labels": it.request["Labels"],
                "State": it.state,
                "Mounts": it.mounts(),
                "Ports": [],
            })
        });
        all.collect()
    }

    fn container(
        &mut self,
        method: &str,
        container: &str,
        rest: &[&str],
        call: &EngineCall,
        body: &Json,
    ) -> StubReply {
        let Some(id) = self.find(container) else {
            return absent();
        };
        if let ("DELETE", []) = (method, rest) {
            self.containers.remove(&id);
            return DONE;
        }
        if let ("POST", ["exec"]) = (method, rest) {
            let words = body["Cmd"].as_array().into_iter().flatten();
            let words = words.filter_map(Json::as_str).map(str::to_owned).collect();
            let name = self.containers[&id].name.clone();
            self.commands.push((name, words));
            return (
                "201 Created",
                json!({ "Id": (self.commands.len() - 1).to_string() }),
            );
        }
        let Some(it) = self.containers.get_mut(&id) else {
            return absent();
        };
        match (method, rest) {
            ("GET", ["json"]) => return ("200 OK", it.shown(&id)),
            ("POST", ["start"]) => {
                it.state = "running";
                it.starts += 1;
            }
            ("POST", ["kill"]) => it.state = "exited",
            ("POST", ["rename"]) => call.query("name").clone_into(&mut it.name),
            ("POST", ["update"]) => {
                for (name, value) in body.as_object().into_iter().flatten() {
                    it.request["HostConfig"][name] = value.clone();
                }
                return ("200 OK", json!({ "Warnings": [] }));
            }
            ("GET", ["logs"]) => return ("200 OK", Json::Null),
            (method, rest) => panic!("the engine's stub does not know {method} {rest:?}"),
        }
        DONE
    }

    /// What a command in a container says, and its exit code.
    pub(super) fn run(&self, id: &str) -> (String, i64) {
        let at: usize = id.parse().unwrap_or(usize::MAX);
        match self.commands.get(at) {
            Some((container, words)) => inside::run_command(container, words),
            None => (String::new(), 1),
        }
    }
}

impl StubContainer {
    fn mounts(&self) -> Vec<Json> {
        let host = &self.request["HostConfig"];
        let list = |name: &str| host[name].as_array().cloned().unwrap_or_default();
        let volumes = list("Binds").into_iter().filter_map(|bind| {
            let (name, at) = bind.as_str()?.split_once(':')?;
            Some(json!({ "Type": "volume", "Name": name, "Destination": at, "RW": true }))
        });
        let folders = list("Mounts").into_iter().map(|mount| {
            json!({
                "Type": "bind",
                "Source": mount["Source"],
                "Destination": mount["Target"],
                "RW": mount["ReadOnly"] != true,
            })
        });
        volumes.chain(folders).collect()
    }

    fn shown(&self, id: &str) -> Json {
        let mut config = self.request.clone();
        let host = config["HostConfig"].take();
        if config["Entrypoint"].is_null() {
            config["Entrypoint"] = self.image.entrypoint.clone();
        }
        let network = host["NetworkMode"].as_str().unwrap_or("none").to_owned();
        let (running, begun) = (self.state == "running", self.starts > 0);
        json!({
            "Id": id,
            "Name": format!("/{}", self.name),
            "Image": self.image.id,
            "State": {
                "Status": self.state,
                "Running": running,
                "Paused": false,
                "Restarting": false,
                "Pid": if running { 7 } else { 0 },
                "ExitCode": 0,
                "StartedAt": if begun { STARTED } else { NEVER },
                "FinishedAt": if begun && !running { "2026-11-22T11:00:00Z" } else { NEVER },
            },
            "Config": config,
            "HostConfig": host,
            "Mounts": self.mounts(),
            "NetworkSettings": { "Networks": { network: {} } },
        })
    }
}

/// The words of the line in a Dockerfile, which is the first file of an archive.
fn entrypoint_of(archive: &[u8]) -> Json {
    let text = String::from_utf8_lossy(&archive[..archive.len().min(8192)]);
    let words = text
        .lines()
        .find_map(|line| line.strip_prefix("ENTRYPOINT "));
    words
        .and_then(|words| serde_json::from_str(words).ok())
        .unwrap_or_default()
}

fn engine_info() -> Json {
    json!({
        "ID": "STUB:ENGINE",
        "Architecture": "x86_64",
        "LiveRestoreEnabled": true,
        "DockerRootDir": "/var/lib/docker",
        "SecurityOptions": [],
    })
}
