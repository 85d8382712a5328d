//! Places of a Docker Engine where a secret could lie.
//!
//! - Reads: what the engine says of its objects, their files, and its own files where this
//!   process may.
//! - Returns: nothing; the search knows what was found.
//! - Never: changes anything.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

use super::search::Search;
use crate::live::project::docker;

/// Where engines keep the state of running containers, and ours its log.
const STATE_FOLDERS: [&str; 3] = ["/run/pospool-engine", "/run/docker", "/run/containerd"];

/// Folders of an engine that show the files of other places again: the file system of a
/// running container, and layers, which `container` and `image` search.
const SHOWN_AGAIN: [&str; 3] = ["overlay2", "rootfs", "merged"];

/// Searches the lists and the descriptions of all objects, as they are now.
pub(super) fn descriptions(search: &mut Search) {
    search.look("docker ps", "all", &said(&["ps", "--all", "--no-trunc"]));
    for (kind, list) in [
        ("container", ["ps", "--all", "--quiet"]),
        ("network", ["network", "ls", "--quiet"]),
        ("volume", ["volume", "ls", "--quiet"]),
    ] {
        let list = said(&list);
        inspect(search, kind, &String::from_utf8_lossy(&list));
    }
}

/// Asks for all objects of a kind at once, since each start of the client costs time; if there is a secret, one by one,
/// so that its place has a name.
fn inspect(search: &mut Search, kind: &str, list: &str) {
    let ids: Vec<&str> = list.split_whitespace().collect();
    if ids.is_empty() {
        return;
    }
    let bytes = said(&[&[kind, "inspect"], &ids[..]].concat());
    if search.scanner.scan("", &bytes).is_empty() {
        search.look("docker inspect", &format!("each {kind}"), &bytes);
        return;
    }
    for id in ids {
        let bytes = said(&[kind, "inspect", id]);
        search.look("docker inspect", &format!("{kind} {id}"), &bytes);
    }
}

/// Searches what all containers have printed until now.
pub(super) fn logs(search: &mut Search) {
    for id in docker(&["ps", "--all", "--quiet"]).split_whitespace() {
        search.look("docker logs", id, &said(&["logs", id]));
    }
}

/// Searches the descriptions of all images, and all of their layers.
pub(super) fn images(search: &mut Search) {
    let list = docker(&["image", "ls", "--quiet", "--all"]);
    inspect(search, "image", &list);
    for id in list.split_whitespace() {
        search.look("docker history", id, &said(&["history", "--no-trunc", id]));
    }
}

/// Searches every file of one image, also those that a later layer removed.
pub(super) fn image(search: &mut Search, image: &str) {
    archive(search, "docker save", &["save", image], image);
}

/// Searches every file of a container, and of the volume that it has at `/data`.
pub(super) fn container(search: &mut Search, container: &str) {
    archive(search, "docker export", &["export", container], container);
    let data = format!("{container}:/data");
    archive(search, "volume", &["cp", &data, "-"], container);
}

/// Everything that happens on the engine from now on, with the arguments of each command
/// that is run inside a container. The engine itself remembers the last few events only.
pub(super) struct Events {
    client: Child,
    file: NamedTempFile,
}

impl Events {
    pub(super) fn listen() -> Self {
        let file = NamedTempFile::new().unwrap();
        let client = Command::new("docker")
            .args(["events", "--format", "{{json .}}"])
            .stdout(file.reopen().unwrap())
            .spawn()
            .unwrap();
        Self { client, file }
    }

    /// Searches them, and returns the containers that pospool made.
    pub(super) fn search(mut self, search: &mut Search) -> Vec<String> {
        self.stop();
        let text = std::fs::read_to_string(self.file.path()).unwrap();
        search.look("docker events", "all", text.as_bytes());
        let mut nodes = Vec::new();
        // The last line may be cut.
        for event in text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        {
            let labels = &event["Actor"]["Attributes"];
            if event["Action"] == "create" && !labels["pospool.lineage"].is_null() {
                nodes.extend(event["Actor"]["ID"].as_str().map(str::to_owned));
            }
        }
        nodes
    }

    fn stop(&mut self) {
        // It may have ended already.
        drop(self.client.kill());
        drop(self.client.wait());
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Searches the engine's own files, logs in JSON among them, if this process may.
pub(super) fn files(search: &mut Search) {
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    search.folder_without("engine's files", Path::new(&root), &SHOWN_AGAIN);
    for folder in STATE_FOLDERS {
        search.folder_without("engine's files", Path::new(folder), &SHOWN_AGAIN);
    }
}

/// What the client said, on both streams; objects may be gone meanwhile.
fn said(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    [output.stdout, output.stderr].concat()
}

fn archive(search: &mut Search, kind: &'static str, arguments: &[&str], name: &str) {
    let mut child = Command::new("docker")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = child.stdout.take().unwrap();
    search.archive(kind, name, &mut stream);
    // The client fails when nobody reads the padding after the last entry.
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success(), "docker {arguments:?}");
}
