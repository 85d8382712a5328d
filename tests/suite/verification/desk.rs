//! Contracts on a chain in memory, an explorer that really compiles, and the provider between them.
//!
//! The code on the chain is what the compiler made of the stand-ins; no network and no Docker are needed, but `npm`,
//! `node` and a registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use pospool_chain::{ChainProvider, ChainSettings};
use pospool_explorer::{
    Cache, Explorer, ExplorerConfig, ExplorerSpace, Tools, Workshop, shared_cache,
};
use pospool_model::plan::{Action, Effect};
use pospool_model::provider::{
    ChangeRequest, Facts, Observation, ObserveContext, Observed, PlanContext, Progress, Target,
    Ticket,
};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, Provider, ProviderError, SecretRef, Value};
use pospool_source::SourceProvider;
use pospool_tests::stand_ins;

use super::chain::{FIRST_BLOCK, FakeChain};

pub(super) const POOL: &str = "contracts/PoSPool.sol:PoSPool";
pub(super) const ESPACE_POOL: &str = "contracts/eSpace/eSpacePoSPool.sol:ESpacePoSPool";
const PROXY: &str = "Proxy1967";

type Map = BTreeMap<Address, Attributes>;

/// Compilers are loaded into it once, and stay.
fn cache() -> Cache {
    shared_cache(Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer-cache"))
}

/// Compiled contracts of a folder, as a `source` gives them out.
pub(super) async fn compiled(folder: &Path) -> Attributes {
    let address: Address = "source.pool".parse().unwrap();
    let wanted = Attributes::from([("path".to_owned(), Value::from(folder.to_str().unwrap()))]);
    let used = [POOL, ESPACE_POOL].map(ToOwned::to_owned).into();
    let target = Target {
        address: &address,
        wanted: Some(&wanted),
        recorded: None,
        used: &used,
    };
    let nothing = Map::new();
    let scene = ObserveContext {
        lineage: "l",
        accounts: &BTreeMap::new(),
        wanted: &nothing,
        outputs: &nothing,
    };
    let found = SourceProvider::new(cache())
        .observe(&[target], &scene)
        .await
        .unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    match &found.objects[&address] {
        Observed::Present { outputs, .. } => outputs.clone(),
        Observed::Absent => panic!("nothing was compiled"),
    }
}

/// A field of a compiled contract; code without `0x`.
fn field(source: &Attributes, contract: &str, name: &str) -> String {
    let text = source[contract].as_map().unwrap()[name].as_text().unwrap();
    text.trim_start_matches("0x").to_owned()
}

/// A pool with its proxy on the chain.
pub(super) struct Placed {
    pub(super) space: ExplorerSpace,
    pub(super) proxy: String,
    pub(super) implementation: String,
}

/// One operator's desk.
pub(super) struct Desk {
    pub(super) chain: FakeChain,
    pub(super) explorer: Explorer,
    provider: ChainProvider,
    pub(super) placed: Placed,
    wanted: Map,
    pub(super) outputs: Map,
    folder: tempfile::TempDir,
}

impl Desk {
    /// A pool on the chain, and its verification at an explorer.
    pub(super) async fn new(space: ExplorerSpace) -> Self {
        Self::waiting(space, Duration::from_mins(1)).await
    }

    /// The same with another patience.
    pub(super) async fn waiting(space: ExplorerSpace, wait: Duration) -> Self {
        let chain = FakeChain::start().await;
        let mut config = ExplorerConfig::new(chain.url(), chain.url(), cache());
        config.workshop = std::sync::Arc::new(Workshop::new(cache(), Tools::default()));
        config.rate_limit = true;
        let explorer = Explorer::start(config).await.unwrap();
        let source = compiled(&stand_ins::stand_ins_folder()).await;
        let placed = place(&chain, &source, space);
        let poll = Duration::from_millis(20);
        let mut desk = Self {
            wanted: wanted(&chain, &explorer),
            outputs: Map::new(),
            folder: tempfile::tempdir().unwrap(),
            provider: ChainProvider::new(ChainSettings { wait, poll }),
            chain,
            explorer,
            placed,
        };
        desk.provider.configure(&desk.wanted);
        std::fs::write(desk.folder.path().join("api-key"), "any").unwrap();
        desk.outputs = outputs(&desk.placed);
        desk.take_source(source);
        desk
    }

    /// Names another source in the spec.
    pub(super) fn take_source(&mut self, source: Attributes) {
        let (name, contract) = match self.placed.space {
            ExplorerSpace::Core => ("core_contract.pool", POOL),
            ExplorerSpace::Espace => ("espace_contract.pool", ESPACE_POOL),
        };
        let whole = source[contract].as_map().unwrap();
        let code = ["contract", "digest"].map(|name| (name.to_owned(), whole[name].clone()));
        let code = Value::Map(code.into());
        let wanted = [
            ("code".to_owned(), code.clone()),
            ("proxy".to_owned(), Value::Bool(true)),
        ];
        self.wanted.insert(name.parse().unwrap(), wanted.into());
        let outputs = self.outputs.get_mut(&name.parse().unwrap()).unwrap();
        outputs.insert("code".to_owned(), code);
        self.outputs.insert("source.pool".parse().unwrap(), source);
    }

    /// The key of the explorer's API, which any text is for this one.
    pub(super) fn api_key(&self) -> SecretRef {
        SecretRef::File(self.folder.path().join("api-key"))
    }

    fn verification(&self) -> Attributes {
        let contract = self
            .wanted
            .keys()
            .find(|name| name.kind().ends_with("_contract"));
        let pairs = [
            (
                "contract".to_owned(),
                Value::Resource(contract.unwrap().clone()),
            ),
            ("api_key".to_owned(), Value::Secret(self.api_key())),
            (
                "explorer".to_owned(),
                self.wanted[&"chain.main".parse().unwrap()]["explorer"].clone(),
            ),
        ];
        self.provider
            .normalise("verification", pairs.into())
            .unwrap()
    }

    /// The steps that verify the pool.
    pub(super) fn steps(&self) -> Result<Vec<Effect>, Vec<Problem>> {
        let (address, wanted) = (address(), self.verification());
        let task = ChangeRequest {
            address: &address,
            action: Action::Create,
            wanted: &wanted,
            observed: &Observed::Absent,
            recorded: None,
            changed: &[],
            delete_by_name: false,
        };
        let world = PlanContext {
            lineage: "l",
            facts: &Facts::default(),
            wanted: &self.wanted,
            recorded: &BTreeMap::new(),
            outputs: &self.outputs,
            effects: &BTreeMap::new(),
        };
        Ok(self.provider.planner().design(&task, &world)?.effects)
    }

    /// Carries one step out.
    pub(super) async fn carry_out(&self, effect: &Effect) -> Result<Attributes, ProviderError> {
        let ticket = self.provider.prepare(effect, &Attributes::new()).await?;
        self.provider.commit(&ticket, &Heard::default()).await
    }

    /// Carries out all steps.
    pub(super) async fn verify(&self) -> Result<Attributes, ProviderError> {
        let mut outputs = Attributes::new();
        for effect in &self.steps().unwrap() {
            outputs.extend(self.carry_out(effect).await?);
        }
        Ok(outputs)
    }

    /// Commits the ticket of a step in another process than the one that prepared it.
    pub(super) async fn settle(&self, effect: &Effect) -> Result<Attributes, ProviderError> {
        let ticket = self.provider.prepare(effect, &Attributes::new()).await?;
        let text = serde_json::to_string(&ticket).unwrap();
        let ticket: Ticket = serde_json::from_str(&text).unwrap();
        let other = ChainProvider::new(ChainSettings::default());
        other.configure(&self.wanted);
        other.commit(&ticket, &Heard::default()).await
    }

    /// What a plan sees; `complete` is `None` before the first run.
    pub(super) async fn look(&self, complete: Option<bool>) -> Observation {
        let (address, verification) = (address(), self.verification());
        let recorded = complete.map(|complete| Recorded {
            attributes: verification.clone(),
            complete,
            ..Recorded::default()
        });
        let mut wanted = self.wanted.clone();
        wanted.insert(address.clone(), verification);
        let target = Target {
            address: &address,
            wanted: wanted.get(&address),
            recorded: recorded.as_ref(),
            used: &BTreeSet::new(),
        };
        let scene = ObserveContext {
            lineage: "l",
            accounts: &BTreeMap::new(),
            wanted: &wanted,
            outputs: &self.outputs,
        };
        self.provider.observe(&[target], &scene).await.unwrap()
    }

    /// The attribute that a plan compares, and the output `local`.
    pub(super) async fn seen(&self) -> (Value, Value) {
        let mut found = self.look(Some(true)).await;
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        match found.objects.remove(&address()) {
            Some(Observed::Present {
                mut attributes,
                mut outputs,
            }) => {
                let taken = |map: &mut Attributes, name| map.remove(name).unwrap();
                (
                    taken(&mut attributes, "verified"),
                    taken(&mut outputs, "local"),
                )
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn address() -> Address {
    "verification.pool".parse().unwrap()
}

/// Puts implementation and proxy on the chain, as the provider would.
fn place(chain: &FakeChain, source: &Attributes, space: ExplorerSpace) -> Placed {
    let pool = if space == ExplorerSpace::Core {
        POOL
    } else {
        ESPACE_POOL
    };
    let [runtime, bytecode] = ["runtime", "bytecode"].map(|name| field(source, pool, name));
    let implementation = chain.deploy(space, &runtime, Some(&bytecode));
    let [runtime, bytecode] = ["runtime", "bytecode"].map(|name| field(source, PROXY, name));
    // (address, bytes): the address, where the bytes begin, their length, `initialize()`.
    let arguments = format!(
        "{:0>64}{:0>64}{:0>64}{:0<64}",
        super::chain::digits(&implementation),
        "40",
        "4",
        "8129fc1c"
    );
    let proxy = chain.deploy(space, &runtime, Some(&format!("{bytecode}{arguments}")));
    chain.point(space, &proxy, &implementation);
    Placed {
        space,
        proxy,
        implementation,
    }
}

fn wanted(chain: &FakeChain, explorer: &Explorer) -> Map {
    let text = |text: String| Value::Text(text);
    let sites = [
        ("core", explorer.core_url()),
        ("espace", explorer.espace_url()),
    ];
    let sites = sites.map(|(name, url)| (name.to_owned(), text(url)));
    let attributes = [
        ("network", Value::from("devnet")),
        ("core_rpc", Value::List(vec![text(chain.url())])),
        ("espace_rpc", Value::List(vec![text(chain.url())])),
        ("explorer", Value::Map(sites.into())),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    Map::from([("chain.main".parse().unwrap(), attributes.into())])
}

fn outputs(placed: &Placed) -> Map {
    let name = match placed.space {
        ExplorerSpace::Core => "core_contract.pool",
        ExplorerSpace::Espace => "espace_contract.pool",
    };
    let pair = |name: &str, text: &str| (name.to_owned(), Value::from(text));
    let contract = [
        pair("address", &placed.proxy),
        pair("implementation", &placed.implementation),
    ];
    let chain = [
        ("core_chain_id".to_owned(), Value::Integer(4242)),
        ("espace_chain_id".to_owned(), Value::Integer(4243)),
        ("genesis_hash".to_owned(), Value::from(FIRST_BLOCK)),
    ];
    Map::from([
        (name.parse().unwrap(), contract.into()),
        ("chain.main".parse().unwrap(), chain.into()),
    ])
}

/// Hears what a step says.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

#[async_trait]
impl Progress for Heard {
    fn sent(&self) {}

    fn waiting(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }

    fn cancelled(&self) -> bool {
        false
    }

    async fn amend(&self, _: &Ticket) -> Result<(), ProviderError> {
        Ok(())
    }
}
