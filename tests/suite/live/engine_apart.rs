//! A Docker Engine for one test alone, which may be killed: no container of another test is on it.
//!
//! It has its own containerd, as the packages install it, its own data and its own bridge, and leaves the firewall alone: the
//! bench's engine has that, and one rule lets the two engines' containers talk to each other.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// An engine starts within seconds, and waits for what lived on when it was killed.
const LIMIT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);
/// Time that it has to end.
const AT_END: Duration = Duration::from_secs(30);

/// A running engine.
pub(super) struct EngineApart {
    folder: TempDir,
    containerd: Child,
    engine: Child,
    bridge: String,
}

impl EngineApart {
    /// Starts one; says why it cannot.
    pub(super) fn start() -> Result<Self, String> {
        if ran("id", &["-u"])? != "0" {
            return Err("only root may start an engine".to_owned());
        }
        for tool in ["dockerd", "containerd", "iptables", "ip"] {
            let version = if tool == "ip" { "-V" } else { "--version" };
            ran(tool, &[version])?;
        }
        let folder = tempfile::Builder::new().prefix("pospool-engine-").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let arguments = [
            "--root",
            &path("containerd"),
            "--state",
            &path("state"),
            "--address",
            &path("containerd.sock"),
        ];
        let containerd = spawn(
            "containerd",
            &arguments,
            &folder.path().join("containerd.log"),
        )?;
        await_that("containerd has a socket", || {
            Path::new(&path("containerd.sock")).exists()
        });
        let bridge = format!("apart{}", std::process::id() % 1_000_000);
        // With no bridge of its own an engine takes away `docker0`, which is the bench's.
        let default = default_bridge(&bridge);
        ran("ip", &["link", "add", &default, "type", "bridge"])?;
        ran("ip", &["address", "add", DEFAULT_NETWORK, "dev", &default])?;
        ran("ip", &["link", "set", &default, "up"])?;
        let engine = spawn_engine(folder.path(), &bridge)?;
        let apart = Self {
            folder,
            containerd,
            engine,
            bridge,
        };
        apart.await_answer();
        let named = format!("com.docker.network.bridge.name={}", apart.bridge);
        apart.docker(&["network", "create", "--opt", &named, NETWORK]);
        apart.firewall("-I");
        Ok(apart)
    }

    /// As a host of a spec names it.
    pub(super) fn url(&self) -> String {
        format!(
            "unix://{}",
            self.folder.path().join("docker.sock").display()
        )
    }

    /// Runs the Docker client on it.
    pub(super) fn docker(&self, arguments: &[&str]) -> String {
        let url = self.url();
        super::project::docker(&[&["--host", &url], arguments].concat())
    }

    /// Takes an image from the bench's engine.
    pub(super) fn take_image(&self, image: &str) {
        let file = self.folder.path().join("image.tar");
        let file = file.to_str().unwrap();
        super::project::docker(&["save", "--output", file, image]);
        self.docker(&["load", "--input", file]);
        std::fs::remove_file(file).unwrap();
    }

    /// Where a volume's files are on this machine.
    pub(super) fn volume(&self, name: &str) -> PathBuf {
        self.folder
            .path()
            .join("data/volumes")
            .join(name)
            .join("_data")
    }

    /// SIGKILL: the engine can do nothing more, and its containers live on.
    pub(super) fn kill(&mut self) {
        self.engine.kill().unwrap();
        self.engine.wait().unwrap();
    }

    /// Starts it again, and returns when it answers.
    pub(super) fn start_again(&mut self) {
        self.engine = spawn_engine(self.folder.path(), &self.bridge).unwrap();
        self.await_answer();
    }

    fn await_answer(&self) {
        let url = self.url();
        await_that("the engine answers", || {
            let asked = Command::new("docker")
                .args(["--host", &url, "info"])
                .output();
            asked.is_ok_and(|asked| asked.status.success())
        });
    }

    /// Lets packets pass between its containers and those of the bench, or not any more.
    fn firewall(&self, change: &str) {
        for side in ["-i", "-o"] {
            let rule = [change, "DOCKER-USER", side, &self.bridge, "-j", "ACCEPT"];
            // Where the bench's engine has no firewall there is nothing to let through.
            let _ = ran("iptables", &rule);
        }
    }
}

/// The network of its containers.
pub(super) const NETWORK: &str = "apart";
/// The address in the network that containers are in which are in no other one: what builds images.
const DEFAULT_NETWORK: &str = "10.213.77.1/24";

impl Drop for EngineApart {
    fn drop(&mut self) {
        self.firewall("-D");
        let url = self.url();
        let client = |arguments: &[&str]| {
            let all = [&["--host", &url], arguments].concat();
            Command::new("docker").args(all).output()
        };
        if let Ok(all) = client(&["ps", "--all", "--quiet"]) {
            for id in String::from_utf8_lossy(&all.stdout).lines() {
                let _ = client(&["rm", "--force", id]);
            }
        }
        let _ = client(&["network", "rm", NETWORK]);
        for process in [&mut self.engine, &mut self.containerd] {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            end_within(process, AT_END);
        }
        unmount_below(self.folder.path());
        let _ = ran("ip", &["link", "delete", &default_bridge(&self.bridge)]);
    }
}

/// Waits for the end of a process that was asked to, and kills it when that takes too long.
fn end_within(process: &mut Child, limit: Duration) {
    let begun = Instant::now();
    while matches!(process.try_wait(), Ok(None)) {
        if begun.elapsed() > limit {
            let _ = process.kill();
            let _ = process.wait();
            return;
        }
        std::thread::sleep(POLL);
    }
}

/// An engine that was killed leaves mounts behind, and its folder mounted on itself.
fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut ours: Vec<&str> = places
        .filter(|place| Path::new(place).starts_with(folder))
        .collect();
    ours.reverse();
    for place in ours {
        let _ = Command::new("umount").args(["--lazy", place]).status();
    }
}

fn default_bridge(bridge: &str) -> String {
    format!("{bridge}-0")
}

fn spawn_engine(folder: &Path, bridge: &str) -> Result<Child, String> {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let host = format!("unix://{}", path("docker.sock"));
    // A killed one leaves its number behind.
    let _ = std::fs::remove_file(path("pid"));
    let arguments = [
        "--containerd",
        &path("containerd.sock"),
        "--data-root",
        &path("data"),
        "--exec-root",
        &path("exec"),
        "--pidfile",
        &path("pid"),
        "--host",
        &host,
        "--bridge",
        &default_bridge(bridge),
        "--iptables=false",
    ];
    spawn("dockerd", &arguments, &folder.join("dockerd.log"))
}

fn spawn(program: &str, arguments: &[&str], log: &Path) -> Result<Child, String> {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log);
    let log = log.map_err(|error| error.to_string())?;
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    spawned.map_err(|error| format!("{program}: {error}"))
}

fn ran(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn await_that(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < LIMIT,
            "{what}: not in {} s",
            LIMIT.as_secs()
        );
        std::thread::sleep(POLL);
    }
}
