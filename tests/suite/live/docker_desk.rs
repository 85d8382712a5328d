//! The least of an engine around the provider: one state, one spec, one look, one change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use pospool_docker::{DockerProvider, DockerSettings};
use pospool_model::plan::{Action, Effect};
use pospool_model::provider::{
    ChangeRequest, Design, Facts, ObserveContext, Observed, PlanContext, Progress, Provider,
    Target, Ticket,
};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, ProviderError, SecretRef, Value};
use pospool_tests::private_file::write_private;

/// Says what is waited for.
struct Loud;

#[async_trait::async_trait]
impl Progress for Loud {
    fn sent(&self) {}

    fn waiting(&self, what: &str) {
        eprintln!("    … {what}");
    }

    fn cancelled(&self) -> bool {
        false
    }

    async fn amend(&self, _: &Ticket) -> Result<(), ProviderError> {
        unreachable!("nothing in Docker is carried out in another form")
    }
}

/// The least of an engine: one state, one spec, one provider.
pub(crate) struct Project {
    provider: DockerProvider,
    lineage: String,
    pub(crate) wanted: BTreeMap<Address, Attributes>,
    pub(crate) recorded: BTreeMap<Address, Recorded>,
    pub(crate) hosts: BTreeMap<Address, Attributes>,
    facts: Facts,
    pub(crate) problems: Vec<(Address, Problem)>,
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn resource(text: &str) -> Value {
    Value::Resource(address(text))
}

/// The provider in this process; what it puts into images is the program under test.
pub(crate) fn docker_provider(settings: DockerSettings) -> DockerProvider {
    pospool_docker::use_program(super::project::binary());
    DockerProvider::new(settings)
}

impl Project {
    pub(crate) fn new(lineage: &str) -> Self {
        Self {
            provider: docker_provider(DockerSettings {
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

    /// A project with a host, a chain and a volume.
    pub(crate) fn on_devnet(name: &str, node_files: &str, bootnode: &str) -> Self {
        let mut project = Self::new(&format!("{name}{:04x}-test", std::process::id() % 0x10000));
        project.want("host.main", &[]);
        let chain = [
            ("network", Value::from("devnet")),
            ("node_files", node_files.into()),
            ("bootnodes", bootnode.into()),
        ];
        let chain = chain.map(|(name, value)| (name.to_owned(), value)).into();
        project.wanted.insert(address("chain.net"), chain);
        project.want("volume.main", &[("host", resource("host.main"))]);
        project
    }

    pub(crate) fn want(&mut self, name: &str, attributes: &[(&str, Value)]) {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect();
        let address = address(name);
        let normal = self.provider.normalise(address.kind(), attributes).unwrap();
        self.wanted.insert(address, normal);
    }

    pub(crate) async fn observe(&mut self) -> BTreeMap<Address, Observed> {
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
        let scene = ObserveContext {
            lineage: &self.lineage,
            accounts: &BTreeMap::new(),
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
        let scene = ObserveContext {
            lineage: &self.lineage,
            accounts: &BTreeMap::new(),
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

    fn design(
        &self,
        address: &Address,
        action: Action,
        observed: &BTreeMap<Address, Observed>,
    ) -> Design {
        let nothing = Attributes::new();
        let task = ChangeRequest {
            address,
            action,
            wanted: self.wanted.get(address).unwrap_or(&nothing),
            observed: observed.get(address).unwrap_or(&Observed::Absent),
            recorded: self.recorded.get(address),
            changed: &[],
            delete_by_name: true,
        };
        let world = PlanContext {
            lineage: &self.lineage,
            facts: &self.facts,
            wanted: &self.wanted,
            recorded: &self.recorded,
            outputs: &self.hosts,
            effects: &BTreeMap::new(),
        };
        self.provider.planner().design(&task, &world).unwrap()
    }

    /// Plans one change and carries it out, each effect twice.
    pub(crate) async fn apply(&mut self, name: &str, action: Action) -> Result<(), ProviderError> {
        self.apply_while(name, action, &|_| {}).await
    }

    /// The same, while something happens before each effect.
    pub(crate) async fn apply_while(
        &mut self,
        name: &str,
        action: Action,
        meanwhile: &(dyn Fn(&str) + Sync),
    ) -> Result<(), ProviderError> {
        let observed = self.observe().await;
        assert_eq!(self.problems, []);
        let address = address(name);
        let design = self.design(&address, action, &observed);
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
            let effect: Effect = serde_json::from_str(&text).unwrap();
            meanwhile(&effect.name);
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

    pub(crate) async fn seen(&mut self, name: &str) -> Attributes {
        match self.observe().await.remove(&address(name)) {
            Some(Observed::Present { attributes, .. }) => attributes,
            _ => Attributes::new(),
        }
    }

    pub(crate) fn output(&self, name: &str, output: &str) -> String {
        self.recorded[&address(name)].outputs[output]
            .as_text()
            .unwrap_or("?")
            .to_owned()
    }
}

pub(crate) fn node(image: &str, network: Option<&str>, state: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("host", resource("host.main")),
        ("chain", resource("chain.net")),
        ("image", image.into()),
        ("data", resource("volume.main")),
        (
            "pos_key_password",
            Value::Secret(SecretRef::File(password_file())),
        ),
        ("docker_network", network.map_or(Value::Null, Value::from)),
        ("state", state.into()),
        ("memory", "3g".into()),
    ]
}

pub(crate) fn password_file() -> std::path::PathBuf {
    // Written once: another test may be reading it.
    static WRITTEN: std::sync::Once = std::sync::Once::new();
    let path = std::env::temp_dir().join(format!("pospool-docker-live-{}", std::process::id()));
    WRITTEN.call_once(|| write_private(&path, "correct horse\n").unwrap());
    path
}

/// The network of the test, as `devnet up` would write it.
pub(crate) fn devnet() -> serde_json::Value {
    serde_json::to_value(super::project::network()).unwrap()
}
