//! What a node of the chain answers.
//!
//! - Reads: two bytes that choose what is done (a look, a design, one of the effects of a plan), then JSON: an object
//!   is the node's answer by method, a list of them is given out in turn; anything else is the raw answer to
//!   every request.
//! - Checks: no panic; looking, designing, preparing and committing end, whatever the node says; a look and a
//!   design give the same twice; bindings and outputs can be written down and read again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use std::{env, fs, process};

use async_trait::async_trait;
use pospool_chain::{ChainProvider, ChainSettings};
use pospool_conflux::CoreAddress;
use pospool_conflux_rpc::{Transport, TransportError};
use pospool_model::plan::{Action, Effect, EffectId};
use pospool_model::provider::{
    ChangeRequest, Facts, NoProgress, Observation, ObserveContext, Observed, PlanContext, Target,
    Ticket,
};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Provider};
use serde_json::{Value as Json, json};
use tokio::runtime::{Builder, Runtime};

/// Network id of the chain that is played here.
const NETWORK: u32 = 1234;
/// What a healthy node says.
const GOOD: &str = include_str!("../good_node.json");
/// A key that anybody may know.
const KEY: &str = include_str!("../key");

/// A file with it that nobody else can read, as keys have to be.
fn key_file() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = format!(
            "{}/pospool-fuzz-{}.key",
            env::temp_dir().display(),
            process::id()
        );
        let mut file = fs::OpenOptions::new();
        let file = file
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(KEY.as_bytes()))
            .expect("the folder for temporary files can be written");
        path
    })
}

/// A node that gives prepared answers.
#[derive(Default)]
struct PreparedNode(Mutex<PreparedAnswers>);

#[derive(Default)]
struct PreparedAnswers {
    answers: Json,
    given: BTreeMap<String, usize>,
}

impl PreparedNode {
    fn set(&self, answers: Json) {
        let given = BTreeMap::new();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = PreparedAnswers { answers, given };
    }
}

impl PreparedAnswers {
    fn answer(&mut self, request: &Json) -> Json {
        if !self.answers.is_object() {
            return self.answers.clone();
        }
        match request.as_array() {
            Some(calls) => calls.iter().map(|call| self.one(call)).collect(),
            None => self.one(request),
        }
    }

    fn one(&mut self, call: &Json) -> Json {
        let method = call["method"].as_str().unwrap_or_default();
        let said = match &self.answers[method] {
            Json::Array(list) if !list.is_empty() => {
                let turn = self.given.entry(method.to_owned()).or_default();
                *turn += 1;
                &list[(*turn - 1) % list.len()]
            }
            said => said,
        };
        let key = if said.get("code").is_some() {
            "error"
        } else {
            "result"
        };
        json!({ "jsonrpc": "2.0", "id": call["id"], key: said })
    }
}

#[async_trait]
impl Transport for PreparedNode {
    async fn post(&self, _: &str, request: &Json) -> Result<Json, TransportError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(request))
    }
}

type BlockMap = BTreeMap<Address, Attributes>;

/// A project on a chain, and what a plan of it would do.
struct Bench {
    node: Arc<PreparedNode>,
    provider: ChainProvider,
    wanted: BlockMap,
    recorded: BTreeMap<Address, Recorded>,
    outputs: BlockMap,
    used: BTreeSet<String>,
    effects: Vec<Effect>,
    inputs: Attributes,
    tickets: Vec<Ticket>,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| runtime().block_on(Bench::new()))
}

/// Its time is virtual: a pause of the provider costs nothing.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a timer is all that it needs")
}

fn core(byte: u8) -> String {
    CoreAddress::new([byte; 20], NETWORK).to_string()
}

fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).expect("written by hand in this file")
}

fn wanted() -> Json {
    let code = |name: &str| json!({ "contract": name, "digest": format!("0x{name}") });
    let resource = |name: &str| json!({ "$resource": name });
    json!({
        "chain.c": { "network": "devnet", "core_rpc": ["http://127.0.0.1:1"], "max_gas_price": { "$drip": "100000000000" } },
        "account.o": { "chain": resource("chain.c"), "private_key": { "$secret": format!("file:{}", key_file()) } },
        "core_contract.pool": {
            "chain": resource("chain.c"), "code": code("PoSPool"), "owner": resource("account.o"), "proxy": true,
            "settings": { "name": "a", "user_share_ratio": "90%", "lock_period": { "$blocks": 5 }, "voting_escrow": core(0x86) },
        },
        "core_contract.list": {
            "chain": resource("chain.c"), "code": code("PoolManager"), "owner": resource("account.o"),
            "settings": { "pools": [resource("core_contract.pool"), core(0x85)] },
        },
        "pos_registration.main": {
            "chain": resource("chain.c"), "pool": resource("core_contract.pool"), "node": resource("node.main"),
            "deposit": { "$drip": "1000000000000000000000" },
        },
    })
}

fn outputs() -> Json {
    let abi = r#"[{"type":"function","name":"initialize","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;
    let code = |name: &str| json!({ "contract": name, "digest": format!("0x{name}"), "bytecode": "0x6001", "runtime": "0x00", "abi": abi });
    let data = include_str!("../register_data.hex").trim();
    json!({
        "chain.c": { "core_chain_id": NETWORK, "genesis_hash": "0x01", "epoch": 100 },
        "core_contract.pool": { "address": core(0x80), "implementation": core(0x81) },
        "core_contract.list": { "address": core(0x84) },
        "node.main": { "pos_address": format!("0x{}", &data[10..74]), "register_data": data },
        "source.s": { "PoSPool": code("PoSPool"), "PoolManager": code("PoolManager"), "Proxy1967": code("Proxy1967") },
    })
}

impl Bench {
    /// Plans the project on a healthy chain, and prepares every effect.
    async fn new() -> Self {
        let node = Arc::new(PreparedNode::default());
        let settings = ChainSettings {
            wait: Duration::ZERO,
            poll: Duration::ZERO,
        };
        let outputs: BlockMap = read(outputs());
        let recorded = |outputs: &Attributes| Recorded {
            outputs: outputs.clone(),
            ..Recorded::default()
        };
        let contracts = outputs
            .iter()
            .filter(|(address, _)| address.kind() == "core_contract");
        let mut bench = Self {
            provider: ChainProvider::over(settings, node.clone()),
            node,
            wanted: read(wanted()),
            recorded: contracts
                .map(|(address, outputs)| (address.clone(), recorded(outputs)))
                .collect(),
            inputs: outputs[&read::<Address>(json!("node.main"))].clone(),
            outputs,
            used: BTreeSet::from(["balance".to_owned()]),
            effects: Vec::new(),
            tickets: Vec::new(),
        };
        bench.provider.configure(&bench.wanted);
        bench
            .node
            .set(read(serde_json::from_str(GOOD).expect("written by hand")));
        let given = bench.look(true).await.expect("the node is healthy");
        assert!(given.problems.is_empty(), "{:?}", given.problems);
        for (address, object) in given.objects {
            if let Observed::Present { outputs, .. } = object {
                bench.outputs.entry(address).or_default().extend(outputs);
            }
        }
        let made = bench.look(false).await.expect("the node is healthy");
        bench.effects = bench.design(&made, |_| Action::Create);
        assert!(bench.effects.len() > 6, "{:?}", made.problems);
        for effect in &bench.effects {
            if let Ok(ticket) = bench.provider.prepare(effect, &bench.inputs).await {
                bench.tickets.push(ticket);
            }
        }
        assert!(bench.tickets.len() > 2);
        bench
    }

    /// One look at what is given, or at what is made.
    async fn look(&self, given: bool) -> Option<Observation> {
        let is_given = |address: &Address| matches!(address.kind(), "chain" | "account");
        let targets: Vec<Target<'_>> = self
            .wanted
            .iter()
            .filter(|(address, _)| is_given(address) == given)
            .map(|(address, wanted)| Target {
                address,
                wanted: Some(wanted),
                recorded: self.recorded.get(address),
                used: &self.used,
            })
            .collect();
        let scene = ObserveContext {
            lineage: "fuzz",
            accounts: &BTreeMap::new(),
            wanted: &self.wanted,
            outputs: &self.outputs,
        };
        self.provider.observe(&targets, &scene).await.ok()
    }

    /// Designs every change on what a look found; a change that cannot be designed has no effects.
    fn design(&self, made: &Observation, action: impl Fn(&Observed) -> Action) -> Vec<Effect> {
        let mut done = BTreeMap::new();
        let absent = Observed::Absent;
        let changed =
            ["settings.name", "settings.lock_period", "settings.pools"].map(str::to_owned);
        let mut effects = Vec::new();
        let mut planner = self.provider.planner();
        for name in [
            "core_contract.pool",
            "core_contract.list",
            "pos_registration.main",
        ] {
            let address: Address = read(json!(name));
            let observed = made.objects.get(&address).unwrap_or(&absent);
            let task = ChangeRequest {
                address: &address,
                action: action(observed),
                wanted: &self.wanted[&address],
                observed,
                recorded: self.recorded.get(&address),
                changed: &changed,
                delete_by_name: false,
            };
            let world = PlanContext {
                lineage: "fuzz",
                facts: &made.facts,
                wanted: &self.wanted,
                recorded: &self.recorded,
                outputs: &self.outputs,
                effects: &done,
            };
            let Ok(design) = planner.design(&task, &world) else {
                continue;
            };
            let ids = design.effects.iter().map(|effect| EffectId {
                address: address.clone(),
                name: effect.name.clone(),
            });
            done.insert(address.clone(), ids.collect());
            effects.extend(design.effects);
        }
        effects
    }
}

/// One run.
pub fn fuzz_chain(bytes: &[u8]) {
    let Some((&[what, which], answers)) = bytes
        .split_at_checked(2)
        .and_then(|(head, rest)| Some((<&[u8; 2]>::try_from(head).ok()?, rest)))
    else {
        return;
    };
    let Ok(answers) = serde_json::from_slice::<Json>(answers) else {
        return;
    };
    let bench = bench();
    thread_local!(static RUNTIME: Runtime = runtime());
    RUNTIME.with(|runtime| runtime.block_on(play(bench, what, usize::from(which), answers)));
}

async fn play(bench: &Bench, what: u8, which: usize, answers: Json) {
    bench.node.set(answers.clone());
    match what {
        b'0' => {
            if let Some(found) = bench.look(true).await {
                written(&found);
            }
        }
        b'1' => {
            let Some(found) = bench.look(false).await else {
                return;
            };
            written(&found);
            let action = |observed: &Observed| match observed {
                Observed::Absent => Action::Create,
                Observed::Present { .. } => Action::Update,
            };
            let effects = bench.design(&found, action);
            bench.node.set(answers);
            let again = bench.look(false).await.expect("the same answers");
            assert_eq!(again.objects, found.objects);
            assert_eq!(again.bindings, found.bindings);
            assert_eq!(bench.design(&again, action), effects);
        }
        b'2' => {
            let effect = &bench.effects[which % bench.effects.len()];
            let _ = bench.provider.prepare(effect, &bench.inputs).await;
        }
        b'3' => {
            let ticket = &bench.tickets[which % bench.tickets.len()];
            if let Err(error) = bench.provider.commit(ticket, &NoProgress).await {
                assert!(!error.to_string().is_empty());
            }
        }
        _ => {}
    }
}

/// What was found goes into state and plan.
fn written(found: &Observation) {
    for object in found.objects.values() {
        if let Observed::Present {
            attributes,
            outputs,
        } = object
        {
            for part in [attributes, outputs] {
                let text = serde_json::to_string(part).expect("values have a JSON form");
                let again: Attributes = serde_json::from_str(&text).expect("and are read again");
                assert_eq!(again, *part);
            }
        }
    }
    for (_, problem) in &found.problems {
        assert!(!problem.summary.is_empty());
    }
    let _ = Facts::clone(&found.facts);
}
