//! A node's whole life on a real Docker Engine, on a real private network.
//!
//! Runs when `POSPOOL_DEVNET_DIR` names a folder that `devnet up` wrote; otherwise it does nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use pospool_docker::{DockerProvider, DockerSettings};
use pospool_model::plan::Action;
use pospool_model::provider::{Facts, Observed, Progress, Provider, Scene, Target, Task, World};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, ProviderError, SecretRef, Value};

/// Says what is waited for.
struct Loud;

impl Progress for Loud {
    fn sent(&self) {}

    fn waiting(&self, what: &str) {
        eprintln!("    … {what}");
    }

    fn cancelled(&self) -> bool {
        false
    }
}

/// The least of an engine: one state, one spec, one provider.
struct Project {
    provider: DockerProvider,
    lineage: String,
    wanted: BTreeMap<Address, Attributes>,
    recorded: BTreeMap<Address, Recorded>,
    hosts: BTreeMap<Address, Attributes>,
    facts: Facts,
    problems: Vec<(Address, Problem)>,
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn resource(text: &str) -> Value {
    Value::Resource(address(text))
}

fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().unwrap();
    assert!(
        out.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

impl Project {
    fn new(lineage: &str) -> Self {
        Self {
            provider: DockerProvider::new(DockerSettings {
                wait: Duration::from_mins(3),
            }),
            lineage: lineage.to_owned(),
            wanted: BTreeMap::new(),
            recorded: BTreeMap::new(),
            hosts: BTreeMap::new(),
            facts: Facts::default(),
            problems: Vec::new(),
        }
    }

    fn want(&mut self, name: &str, attributes: &[(&str, Value)]) {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect();
        let address = address(name);
        let normal = self.provider.normalise(address.kind(), attributes).unwrap();
        self.wanted.insert(address, normal);
    }

    async fn observe(&mut self) -> BTreeMap<Address, Observed> {
        let used = BTreeSet::new();
        let known: BTreeSet<Address> = self
            .wanted
            .keys()
            .chain(self.recorded.keys())
            .cloned()
            .collect();
        let targets: Vec<Target<'_>> = known
            .iter()
            .filter(|address| address.kind() != "chain")
            .map(|address| Target {
                address,
                wanted: self.wanted.get(address),
                recorded: self.recorded.get(address),
                used: &used,
            })
            .collect();
        let (given, managed): (Vec<_>, Vec<_>) = targets
            .into_iter()
            .partition(|target| target.address.kind() == "host");
        let nothing = BTreeMap::new();
        let scene = Scene {
            lineage: &self.lineage,
            wanted: &self.wanted,
            outputs: &nothing,
        };
        let first = self.provider.observe(&given, &scene).await.unwrap();
        assert_eq!(first.problems, []);
        for (address, found) in first.objects {
            let Observed::Present { outputs, .. } = found else {
                panic!("{address} is absent")
            };
            self.hosts.insert(address, outputs);
        }
        let scene = Scene {
            lineage: &self.lineage,
            wanted: &self.wanted,
            outputs: &self.hosts,
        };
        let begin = Instant::now();
        let second = self.provider.observe(&managed, &scene).await.unwrap();
        eprintln!("  observed in {:?}: {:?}", begin.elapsed(), second.bindings);
        self.facts = second.facts;
        self.problems = second.problems;
        second.objects
    }

    /// Plans one change and carries it out, each effect twice.
    async fn apply(&mut self, name: &str, action: Action) -> Result<(), ProviderError> {
        let observed = self.observe().await;
        assert_eq!(self.problems, []);
        let address = address(name);
        let nothing = Attributes::new();
        let design = {
            let task = Task {
                address: &address,
                action,
                wanted: self.wanted.get(&address).unwrap_or(&nothing),
                observed: observed.get(&address).unwrap_or(&Observed::Absent),
                recorded: self.recorded.get(&address),
                changed: &[],
                delete_by_name: true,
            };
            let (mut counters, mut lanes) = (BTreeMap::new(), BTreeMap::new());
            let mut world = World {
                lineage: &self.lineage,
                facts: &self.facts,
                wanted: &self.wanted,
                recorded: &self.recorded,
                outputs: &self.hosts,
                effects: &BTreeMap::new(),
                counters: &mut counters,
                lanes: &mut lanes,
            };
            self.provider.design(&task, &mut world).unwrap()
        };
        let mut outputs = self
            .recorded
            .get(&address)
            .map(|r| r.outputs.clone())
            .unwrap_or_default();
        outputs.extend(design.outputs.clone());
        for note in &design.notes {
            eprintln!("  note: {note}");
        }
        for effect in &design.effects {
            let text = serde_json::to_string(effect).unwrap();
            assert!(!text.contains("correct horse"), "a secret in the plan");
            let effect = serde_json::from_str(&text).unwrap();
            let begin = Instant::now();
            let ticket = self.provider.prepare(&effect, &Attributes::new()).await?;
            let made = self.provider.commit(&ticket, &Loud).await?;
            eprintln!(
                "  {}/{} done in {:?}: {:?}",
                name,
                effect.name,
                begin.elapsed(),
                made.keys()
            );
            // A ticket that is carried out already is found carried out.
            self.provider.commit(&ticket, &Loud).await?;
            outputs.extend(made);
        }
        if action == Action::Delete {
            self.recorded.remove(&address);
        } else {
            let attributes = self.wanted[&address].clone();
            let recorded = Recorded {
                attributes,
                outputs,
                complete: true,
                ..Recorded::default()
            };
            self.recorded.insert(address, recorded);
        }
        Ok(())
    }

    async fn seen(&mut self, name: &str) -> Attributes {
        match self.observe().await.remove(&address(name)) {
            Some(Observed::Present { attributes, .. }) => attributes,
            _ => Attributes::new(),
        }
    }

    fn output(&self, name: &str, output: &str) -> String {
        self.recorded[&address(name)].outputs[output]
            .as_text()
            .unwrap_or("?")
            .to_owned()
    }
}

fn node(image: &str, network: &str, state: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("host", resource("host.main")),
        ("chain", resource("chain.net")),
        ("image", image.into()),
        ("data", resource("volume.main")),
        (
            "pos_key_password",
            Value::Secret(SecretRef::File(password_file())),
        ),
        ("docker_network", network.into()),
        ("state", state.into()),
        ("memory", "3g".into()),
    ]
}

fn password_file() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("pospool-docker-live-{}", std::process::id()));
    std::fs::write(&path, "correct horse\n").unwrap();
    path
}

fn devnet() -> Option<serde_json::Value> {
    let dir = std::env::var("POSPOOL_DEVNET_DIR").ok()?;
    let text = std::fs::read_to_string(format!("{dir}/devnet.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn a_node_lives_and_is_taken_down() {
    let Some(devnet) = devnet() else { return };
    let text = |name: &str| devnet[name].as_str().unwrap().to_owned();
    let (image, network) = (text("image"), text("docker_network"));
    let lineage = format!("live{:04x}-test", std::process::id());
    let mut project = Project::new(&lineage);
    project.want("host.main", &[]);
    let chain = [
        ("network", Value::from("devnet")),
        ("node_files", text("node_files").into()),
        ("bootnodes", text("bootnode").into()),
    ];
    project.wanted.insert(
        address("chain.net"),
        chain.map(|(name, value)| (name.to_owned(), value)).into(),
    );
    project.want("volume.main", &[("host", resource("host.main"))]);
    let pinned = format!("{image}@{}", text("image_id"));
    project.want("node.main", &node(&pinned, &network, "running"));

    project.apply("volume.main", Action::Create).await.unwrap();
    project.apply("node.main", Action::Create).await.unwrap();
    let container = project.output("node.main", "container_name");
    let key = project.output("node.main", "pos_address");
    eprintln!(
        "{container}: {key}, {}",
        project.output("node.main", "client_version")
    );
    assert_eq!(docker(&["exec", &container, "id", "-u"]), "10001");
    assert!(!docker(&["inspect", &container]).contains("correct horse"));
    assert!(!docker(&["logs", &container]).contains("correct horse"));
    let seen = project.seen("node.main").await;
    assert_eq!(seen["state"], Value::from("running"));
    assert_eq!(seen["hardening"], Value::from("as made"));

    drift_is_seen(&mut project, &container).await;
    a_start_by_hand_waits_and_is_mended(&mut project, &container).await;

    project.want("node.main", &node(&pinned, &network, "stopped"));
    project.apply("node.main", Action::Update).await.unwrap();
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("stopped")
    );
    project.want("node.main", &node(&image, &network, "running"));
    project.apply("node.main", Action::Replace).await.unwrap();
    assert_eq!(
        project.output("node.main", "pos_address"),
        key,
        "the key stays on the volume"
    );
    assert_eq!(
        project.seen("node.main").await["hardening"],
        Value::from("as made")
    );

    project.wanted.remove(&address("node.main"));
    project.apply("node.main", Action::Delete).await.unwrap();
    project.wanted.remove(&address("volume.main"));
    project.apply("volume.main", Action::Delete).await.unwrap();
    assert!(project.observe().await.is_empty());
}

async fn drift_is_seen(project: &mut Project, container: &str) {
    docker(&[
        "update",
        "--memory",
        "2g",
        "--memory-swap",
        "2g",
        "--restart",
        "always",
        container,
    ]);
    let seen = project.seen("node.main").await;
    assert_eq!(
        seen["hardening"],
        Value::from("changed: memory, restart policy")
    );
    docker(&[
        "update",
        "--memory",
        "3g",
        "--memory-swap",
        "3g",
        "--restart",
        "no",
        container,
    ]);
    assert_eq!(
        project.seen("node.main").await["hardening"],
        Value::from("as made")
    );

    docker(&["network", "connect", "bridge", container]);
    assert_eq!(
        project.seen("node.main").await["hardening"],
        Value::from("changed: networks")
    );
    docker(&["network", "disconnect", "bridge", container]);

    let volume = project.output("volume.main", "name");
    let other = docker(&[
        "run",
        "-d",
        "--entrypoint",
        "sleep",
        "-v",
        &format!("{volume}:/x"),
        "pospool-devnet/conflux-rust:3.0.2",
        "60",
    ]);
    project.observe().await;
    assert_eq!(project.problems[0].1.code, "docker/volume-in-use");
    docker(&["rm", "-f", &other]);

    docker(&["kill", container]);
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("stopped")
    );
}

async fn a_start_by_hand_waits_and_is_mended(project: &mut Project, container: &str) {
    docker(&["start", container]);
    project.apply("node.main", Action::Update).await.unwrap();
    docker(&["kill", container]);
    project.apply("node.main", Action::Update).await.unwrap();
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("running")
    );
}
