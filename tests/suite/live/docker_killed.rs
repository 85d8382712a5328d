//! A run that is killed inside of a swap: between the stop of the old container, its new name, the making and the start of the
//! one that replaces it, and the removal. Each next run goes on; there never are two that run, and one is left.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::project::{Operator, PASSWORD, Project, docker, network};
use super::state_mv::case_state_mv;

#[test]
fn live_killed_in_a_swap_leaves_one_container_and_one_key() {
    let desk = Desk::new();
    case_state_mv(&desk.project, "node.main", Some("docker/volume-in-use"));
    case_state_mv(&desk.project, "volume.main", None);
    let (name, old) = (desk.output("container_name"), desk.output("container_id"));
    let key = desk.output("pos_address");
    let aside = format!("{name}.old");
    desk.project.edit("\"3g\"", "\"2g\"");

    desk.killed_after("POST", &format!("/containers/{old}/kill"));
    has(&name, &[&name]);
    desk.killed_after("POST", &format!("/containers/{old}/rename"));
    has(&name, &[&aside]);
    desk.killed_after("POST", "/containers/create");
    has(&name, &[&name, &aside]);
    desk.killed_after("POST", "/start");
    has(&name, &[&name, &aside]);
    desk.killed_after("DELETE", &format!("/containers/{old}"));
    has(&name, &[&name]);

    desk.project.ok(&["apply", "--auto-approve"]);
    has(&name, &[&name]);
    desk.project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_eq!(desk.output("pos_address"), key);
    let new = desk.output("container_id");
    assert_ne!(new, old);
    let format = "{{.Id}} {{.State.Running}} {{.HostConfig.Memory}}";
    let seen = docker(&["inspect", "--format", format, &name]);
    assert_eq!(seen, format!("{new} true {}", 2_u64 << 30));
}

/// A node, whose engine is behind a socket of the test's own.
struct Desk {
    project: Project,
    gate: Gate,
}

impl Desk {
    fn new() -> Self {
        let network = network();
        let spec = format!(
            "chain \"net\" {{\n  network = \"devnet\"\n  core_rpc = \"CORE_RPC\"\n  node_files = \"{}\"\n  \
             bootnodes = \"{}\"\n}}\n\
             host \"main\" {{\n  docker = \"unix://SOCKET\"\n}}\n\
             volume \"main\" {{}}\n\
             node \"main\" {{\n  data = volume.main\n  image = \"{}\"\n  docker_network = \"{}\"\n  core_rpc = \"SOURCE_RPC\"\n  \
             pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n  memory = \"3g\"\n}}\n",
            network.node_files.display(),
            network.bootnode,
            network.image,
            network.docker_network,
        );
        let operator = Operator {
            account: network.accounts[5].clone(),
            password: PASSWORD.to_owned(),
            variables: Vec::new(),
        };
        let project = Project::bare(operator, &spec);
        let socket = project.path("docker.sock");
        project.edit("SOCKET", socket.to_str().unwrap());
        let gate = Gate::open(&socket);
        project.ok(&["apply", "--auto-approve"]);
        Self { project, gate }
    }

    fn output(&self, name: &str) -> String {
        let recorded = self.project.recorded("node.main");
        recorded["outputs"][name].as_str().unwrap().to_owned()
    }

    /// A run is killed when the engine has done a thing, and before the run hears of it.
    fn killed_after(&self, method: &'static str, path: &str) {
        let caught = self.gate.catch(method, path);
        let mut child = self.project.spawn(&["apply", "--auto-approve"]);
        while caught.recv_timeout(Duration::from_secs(1)).is_err() {
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "a run ended without {method} {path}");
        }
        // SIGKILL: the process can do nothing more.
        child.kill().unwrap();
        child.wait().unwrap();
        eprintln!("killed after {method} {path}");
    }
}

/// These containers are left, and at most one runs: never the one that stands aside.
fn has(name: &str, expected: &[&str]) {
    let filter = format!("name={name}");
    let names = |more: &[&str]| {
        let format = ["--filter", &filter, "--format", "{{.Names}}"];
        let names = docker(&[&["ps"], more, &format].concat());
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(names(&["--all"]), expected);
    let running = names(&[]);
    assert!(running.len() <= 1, "{running:?}");
    assert!(!running.contains(&format!("{name}.old")), "{running:?}");
}

/// A socket in front of the engine's, which holds an answer back.
struct Gate(Arc<Mutex<Option<Caught>>>);

/// A request whose answer is held back, and who hears that the engine has answered.
struct Caught {
    line: String,
    hit: Sender<()>,
}

impl Gate {
    /// Passes on what comes, for as long as the process lives. Each request has a connection of its own.
    fn open(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let caught = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&caught);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let caught = Arc::clone(&shared);
                std::thread::spawn(move || pass(client, &caught));
            }
        });
        Self(caught)
    }

    fn catch(&self, method: &str, path: &str) -> Receiver<()> {
        let (hit, hear) = channel();
        let line = format!("{method} {path}");
        *self.0.lock().unwrap() = Some(Caught { line, hit });
        hear
    }
}

/// Method and path of a request, without the version of the API and the query.
fn line_of(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = path.find("/containers").map_or(path, |at| &path[at..]);
    let path = path.split('?').next().unwrap_or_default();
    format!("{method} {path}")
}

impl Caught {
    /// A path that is caught is the begin of the real one, or its end.
    fn is(&self, line: &str) -> bool {
        let (method, end) = self.line.split_once(' ').unwrap();
        line.starts_with(&self.line) || (line.starts_with(method) && line.ends_with(end))
    }
}

fn pass(mut client: UnixStream, caught: &Mutex<Option<Caught>>) {
    let mut head = vec![0; 64 << 10];
    let Ok(read @ 1..) = client.read(&mut head) else {
        return;
    };
    let line = line_of(&head[..read]);
    let caught = caught.lock().unwrap().take_if(|it| it.is(&line));
    let mut engine = UnixStream::connect("/var/run/docker.sock").unwrap();
    if engine.write_all(&head[..read]).is_err() {
        return;
    }
    let there = copy(client.try_clone().unwrap(), engine.try_clone().unwrap());
    if let Some(caught) = caught {
        // The engine answers when it has done it.
        let _ = engine.read(&mut head);
        let _ = caught.hit.send(());
    } else {
        let _ = copy(engine, client).join();
    }
    let _ = there.join();
}

fn copy(mut from: UnixStream, mut to: UnixStream) -> JoinHandle<()> {
    std::thread::spawn(move || {
        // Whoever closes first ends this direction only: what follows a secret is still heard.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    })
}
