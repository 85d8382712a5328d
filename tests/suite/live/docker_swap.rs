//! A node is replaced: what can be known is known before the one that works is stopped, and that one comes back where the
//! new one does not get there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pospool_model::plan::Action;
use pospool_model::{ProviderError, Value};

use super::docker_desk::{Project, address, devnet, node};
use super::project::docker;

/// A node that votes, and the files that it was made from.
struct Desk {
    project: Project,
    image: String,
    network: String,
    files: PathBuf,
    /// Its container and its process.
    before: String,
}

/// Ports of this machine, below those that the system gives to whoever connects somewhere.
const PORTS: [i64; 2] = [21_733, 21_734];

#[tokio::test]
async fn live_case_stop_before_proof() {
    let mut desk = Desk::new().await;
    desk.a_program_that_ends_at_once().await;
    desk.a_network_that_is_not_there().await;
    desk.a_port_that_is_taken().await;
    desk.a_port_that_is_taken_after_the_proof().await;
    desk.is_replaced_at_last().await;
    desk.goes().await;
}

fn process(container: &str) -> String {
    let format = "{{.Id}} {{.State.StartedAt}} {{.State.Running}} {{.RestartCount}}";
    docker(&["inspect", "--format", format, container])
}

impl Desk {
    async fn new() -> Self {
        let devnet = devnet();
        let text = |name: &str| devnet[name].as_str().unwrap().to_owned();
        let files =
            std::env::temp_dir().join(format!("pospool-docker-swap-{}", std::process::id()));
        copy(Path::new(&text("node_files")), &files);
        let project = Project::on_devnet("swap", files.to_str().unwrap(), &text("bootnode"));
        let mut desk = Self {
            project,
            image: text("image"),
            network: text("docker_network"),
            files,
            before: String::new(),
        };
        desk.want(&[]);
        desk.project
            .apply("volume.main", Action::Create)
            .await
            .unwrap();
        desk.project
            .apply("node.main", Action::Create)
            .await
            .unwrap();
        desk.before = process(&desk.name());
        desk
    }

    fn name(&self) -> String {
        self.project.output("node.main", "container_name")
    }

    fn want(&mut self, extra: &[(&'static str, Value)]) {
        let mut wanted = node(&self.image, Some(&self.network), "running");
        for (name, value) in extra {
            wanted.retain(|(other, _)| other != name);
            wanted.push((name, value.clone()));
        }
        self.project.want("node.main", &wanted);
    }

    /// Refused before anything was stopped, and nothing of the proof is left.
    async fn refused(&mut self, code: &str) -> ProviderError {
        let error = self
            .project
            .apply("node.main", Action::Replace)
            .await
            .unwrap_err();
        eprintln!("{error}");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains("was not stopped") || code == "docker/no-network");
        assert_eq!(process(&self.name()), self.before, "the node went on");
        assert_eq!(self.containers(), [self.name()]);
        error
    }

    /// Names of all containers of this project.
    fn containers(&self) -> Vec<String> {
        let filter = format!("name={}", self.name());
        let names = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    async fn a_program_that_ends_at_once(&mut self) {
        let config = self.files.join("pos_config.yaml");
        let good = fs::read_to_string(&config).unwrap();
        fs::write(&config, format!("{good}nonsense: 1\n")).unwrap();
        // A scratch volume has no name; those of other tests may come and go.
        let volumes = || {
            let all = docker(&["volume", "ls", "--quiet", "--filter", "dangling=true"]);
            let nameless = all.lines().filter(|name| name.len() == 64);
            nameless.map(str::to_owned).collect::<BTreeSet<String>>()
        };
        let before = volumes();
        self.refused("docker/pos-config").await;
        let after = volumes();
        assert!(after.is_subset(&before), "{after:?}, before {before:?}");
        fs::write(config, good).unwrap();
    }

    async fn a_network_that_is_not_there(&mut self) {
        self.want(&[("docker_network", "pospool-nowhere".into())]);
        self.refused("docker/no-network").await;
    }

    async fn a_port_that_is_taken(&mut self) {
        let port = PORTS[0];
        let holder = hold(&self.image, port);
        self.want(&[("publish_p2p", Value::Integer(port))]);
        self.refused("docker/port-taken").await;
        docker(&["rm", "--force", &holder]);
    }

    /// What nobody could know: the old container runs again, with its key and its password.
    async fn a_port_that_is_taken_after_the_proof(&mut self) {
        let port = PORTS[1];
        self.want(&[("publish_p2p", Value::Integer(port))]);
        let image = self.image.clone();
        let holder = std::sync::Mutex::new(None);
        let meanwhile = |effect: &str| {
            if effect == "container" {
                *holder.lock().unwrap() = Some(hold(&image, port));
            }
        };
        let applied = self
            .project
            .apply_while("node.main", Action::Replace, &meanwhile)
            .await;
        let error = applied.unwrap_err();
        eprintln!("{error}");
        assert_eq!(error.code(), "docker/port-taken");
        assert!(error.to_string().contains("runs again"), "{error}");
        let now = process(&self.name());
        let id = |process: &str| process.split(' ').next().unwrap().to_owned();
        assert_eq!(id(&now), id(&self.before), "the same container");
        assert_ne!(now, self.before, "it was stopped");
        assert!(now.contains(" true "), "{now}");
        assert_eq!(self.containers(), [self.name()]);
        docker(&["rm", "--force", &holder.into_inner().unwrap().unwrap()]);
        self.want(&[]);
        self.project
            .apply("node.main", Action::Update)
            .await
            .unwrap();
    }

    async fn is_replaced_at_last(&mut self) {
        let key = self.project.output("node.main", "pos_address");
        self.want(&[("memory", "2g".into())]);
        self.project
            .apply("node.main", Action::Replace)
            .await
            .unwrap();
        assert_eq!(self.project.output("node.main", "pos_address"), key);
        let seen = self.project.seen("node.main").await;
        assert_eq!(seen["hardening"], Value::from("as made"));
        assert_eq!(seen.get("runtime"), None);
        assert_eq!(self.containers(), [self.name()]);
    }

    async fn goes(mut self) {
        for name in ["node.main", "volume.main"] {
            self.project.wanted.remove(&address(name));
            self.project.apply(name, Action::Delete).await.unwrap();
        }
        assert!(self.project.observe().await.is_empty());
        fs::remove_dir_all(self.files).unwrap();
    }
}

/// A container of somebody else that has a port of the host.
fn hold(image: &str, port: i64) -> String {
    let publish = format!("{port}:{port}");
    let run = ["run", "--detach", "--publish", &publish];
    docker(&[&run[..], &["--entrypoint", "sleep", image, "600"]].concat())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
