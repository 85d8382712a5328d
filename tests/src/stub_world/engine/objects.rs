//! What the engine has, and what it answers of that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Containers that built a page: the request, and whether it had left its network.
    pub(super) builds: Vec<(Json, bool)>,
    /// Names of containers that have the key of another node.
    pub(super) exchanged_keys: BTreeSet<String>,
    /// Whether containers stay on networks that they are taken off.
    pub(super) keeps_networks: bool,
    /// Names of built images, in their order.
    pub(super) images_built: Vec<String>,
    /// By reference.
    pub(super) images: BTreeMap<String, StubImage>,
    /// Commands that were made ready, with the name of their container.
    commands: Vec<(String, Vec<String>)>,
    made: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct StubImage {
    id: String,
    pub(super) labels: Json,
    /// What it starts, as its Dockerfile says.
    entrypoint: Json,
    /// Whether it asks itself how it is, and then is well.
    is_asked: bool,
}

#[derive(Clone, Debug)]
pub(super) struct StubContainer {
    pub(super) name: String,
    pub(super) request: Json,
    image: StubImage,
    pub(super) state: &'static str,
    starts: u64,
    /// Whether it has left the network that it was made with.
    pub(super) is_apart: bool,
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
                let all = if is_volume {
                    json!({ "Volumes": all, "Warnings": [] })
                } else {
                    json!(all)
                };
                ("200 OK", all)
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
            ("POST", [_, name, "disconnect"]) => {
                let id = self.find(body["Container"].as_str().unwrap_or_default());
                let stays = self.keeps_networks;
                if let Some(it) = id.and_then(|id| self.containers.get_mut(&id)) {
                    it.is_apart |= it.request["HostConfig"]["NetworkMode"] == **name && !stays;
                }
                ("200 OK", json!({}))
            }
            // Which container is in which network follows from the request that made it.
            ("POST", [_, _, "connect"]) => ("200 OK", json!({})),
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
                    let digests: Vec<&str> = name
                        .contains("@sha256:")
                        .then_some(*name)
                        .into_iter()
                        .collect();
                    let shown = json!({ "Id": image.id, "RepoDigests": digests, "Config": config });
                    ("200 OK", shown)
                }
                None => absent(),
            },
            ("POST", ["images", "create"]) => {
                let tag = call.query("tag");
                let between = if tag.starts_with("sha256:") { '@' } else { ':' };
                let name = format!("{}{between}{tag}", call.query("fromImage"));
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
                    is_asked: head_of(archive).contains("\nHEALTHCHECK "),
                };
                let name = call.query("t").to_owned();
                self.images_built.push(name.clone());
                self.images.insert(name, image);
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
        let by_id = |image: &str| self.images.values().find(|known| known.id == image);
        let Some(image) = self.images.get(image).or_else(|| by_id(image)) else {
            return absent();
        };
        let container = StubContainer {
            name: call.query("name").to_owned(),
            image: image.clone(),
            request,
            state: "created",
            starts: 0,
            is_apart: false,
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
                "Ports": it.ports(),
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

    /// Files come into a container. One that is told that it has no network builds its page, and ends.
    pub(super) fn unpack(&mut self, container: &str, archive: &[u8]) {
        let it = self.find(container);
        let it = it.and_then(|id| self.containers.get_mut(&id));
        if let Some(it) = it.filter(|_| archive.starts_with(b"pospool-offline\0")) {
            it.state = "exited";
            self.builds.push((it.request.clone(), it.is_apart));
        }
    }

    /// A container that runs, made by nobody here.
    pub(super) fn leave(&mut self, name: &str, labels: &Json) {
        let container = StubContainer {
            name: name.to_owned(),
            request: json!({ "Labels": labels, "HostConfig": {} }),
            image: StubImage::default(),
            state: "running",
            starts: 1,
            is_apart: false,
        };
        let id = self.next_id();
        self.containers.insert(id, container);
    }

    /// What a command in a container says, and its exit code.
    pub(super) fn run(&self, id: &str) -> (String, i64) {
        let at: usize = id.parse().unwrap_or(usize::MAX);
        match self.commands.get(at) {
            Some((container, words)) => {
                let is_exchanged = self.exchanged_keys.contains(container);
                let holder = if is_exchanged { "another" } else { container };
                inside::run_command(holder, words)
            }
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

    /// Ports of the host that lead into it.
    fn ports(&self) -> Vec<Json> {
        let bindings = self.request["HostConfig"]["PortBindings"].as_object();
        let bindings = bindings.filter(|_| self.state == "running");
        let ports = bindings.into_iter().flatten().filter_map(|(inside, to)| {
            let (private, protocol) = inside.split_once('/')?;
            let public: u16 = to[0]["HostPort"].as_str()?.parse().ok()?;
            let private: u16 = private.parse().ok()?;
            Some(json!({ "PrivatePort": private, "PublicPort": public, "Type": protocol }))
        });
        ports.collect()
    }

    fn shown(&self, id: &str) -> Json {
        let mut config = self.request.clone();
        let host = config["HostConfig"].take();
        if config["Entrypoint"].is_null() {
            config["Entrypoint"] = self.image.entrypoint.clone();
        }
        let network = host["NetworkMode"].as_str().unwrap_or("none").to_owned();
        let networks = if self.is_apart {
            json!({})
        } else {
            json!({ network: {} })
        };
        let (running, begun) = (self.state == "running", self.starts > 0);
        let health = (running && self.image.is_asked).then(|| json!({ "Status": "healthy" }));
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
                "OOMKilled": false,
                "Health": health,
                "StartedAt": if begun { STARTED } else { NEVER },
                "FinishedAt": if begun && !running { "2026-11-22T11:00:00Z" } else { NEVER },
            },
            "Config": config,
            "HostConfig": host,
            "Mounts": self.mounts(),
            "NetworkSettings": { "Networks": networks },
        })
    }
}

/// The begin of an archive, whose first file is a Dockerfile.
fn head_of(archive: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&archive[..archive.len().min(8192)])
}

/// The words of the line in a Dockerfile.
fn entrypoint_of(archive: &[u8]) -> Json {
    let text = head_of(archive);
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
        "MemTotal": 34_359_738_368_i64,
        "MemoryLimit": true,
        "DockerRootDir": "/var/lib/docker",
        "SecurityOptions": [],
    })
}
