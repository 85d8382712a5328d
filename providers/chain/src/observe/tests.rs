//! Both looks against a small node: what is found, and in how many round trips.

mod chain;

use std::collections::{BTreeMap, BTreeSet};

use pospool_conflux::hex::hex_text;
use pospool_model::plan::Action;
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::state::Recorded;
use pospool_model::{
    Address, Attributes, Blocks, Problem, Provider, ProviderError, SecretRef, Value,
};
use pospool_rpcstub::StubNode;

use self::chain::{Chain, KEY, USUAL, operator};
use crate::bench::good_registration;
use crate::bench::{attributes, code, core, map, name, resource, text};
use crate::codes;
use crate::{ChainProvider, ChainSettings};

/// A spec with its state, and the provider that looks.
struct Spec {
    provider: ChainProvider,
    wanted: BTreeMap<Address, Attributes>,
    recorded: BTreeMap<Address, Recorded>,
    outputs: BTreeMap<Address, Attributes>,
    _key: tempfile::TempDir,
}

fn contract(contract: &str, proxy: bool, settings: Value) -> Attributes {
    attributes([
        ("code", code(contract)),
        ("owner", resource("account.operator")),
        ("proxy", Value::Bool(proxy)),
        ("settings", settings),
    ])
}

/// A contract that nobody of the spec made, and that its block names.
fn stated(mut contract: Attributes, address: u8) -> Attributes {
    contract.insert("address".to_owned(), text(core(address)));
    contract
}

fn wanted(network: Attributes, key: SecretRef) -> BTreeMap<Address, Attributes> {
    let settings = map([
        ("name", Value::from("x")),
        ("lock_period", Value::Blocks(Blocks(1))),
    ]);
    let pools = Value::List(vec![resource("core_contract.pool"), text(core(0x85))]);
    let registration = attributes([
        ("pool", resource("core_contract.pool")),
        ("node", resource("node.main")),
    ]);
    BTreeMap::from([
        (name("chain.conflux"), network),
        (
            name("account.operator"),
            attributes([("private_key", Value::Secret(key))]),
        ),
        (
            name("core_contract.pool"),
            stated(contract("PoSPool", true, settings), 0x80),
        ),
        (
            name("core_contract.manager"),
            stated(
                contract("PoolManager", false, map([("pools", pools)])),
                0x84,
            ),
        ),
        (name("pos_registration.main"), registration),
    ])
}

async fn spec(chain: Chain) -> Spec {
    let server = StubNode::start(move |method, params| chain.answer(method, params)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    let provider = ChainProvider::new(ChainSettings::default());
    let network = attributes([
        ("network", Value::from("devnet")),
        ("core_rpc", Value::Text(server.url())),
    ]);
    let network = provider.normalise("chain", network).unwrap();
    let recorded = |address| Recorded {
        outputs: attributes([("address", text(core(address)))]),
        ..Recorded::default()
    };
    let pos_address = Value::Text(hex_text(&good_registration().1));
    Spec {
        wanted: wanted(network, SecretRef::File(path)),
        recorded: BTreeMap::from([
            (name("core_contract.pool"), recorded(0x80)),
            (name("core_contract.manager"), recorded(0x84)),
        ]),
        outputs: BTreeMap::from([(
            name("node.main"),
            attributes([("pos_address", pos_address)]),
        )]),
        provider,
        _key: folder,
    }
}

impl Spec {
    async fn look(
        &self,
        given: bool,
        outputs: &BTreeMap<Address, Attributes>,
    ) -> Result<Observation, ProviderError> {
        let none = BTreeSet::new();
        let is_given = |address: &Address| matches!(address.kind(), "chain" | "account");
        let wanted = self
            .wanted
            .iter()
            .filter(|(address, _)| is_given(address) == given);
        let targets: Vec<_> = wanted
            .map(|(address, wanted)| Target {
                address,
                wanted: Some(wanted),
                recorded: self.recorded.get(address),
                used: &none,
            })
            .collect();
        let scene = ObserveContext {
            lineage: "test",
            accounts: &BTreeMap::new(),
            wanted: &self.wanted,
            outputs,
        };
        self.provider.observe(&targets, &scene).await
    }

    /// Both looks, as the engine does them.
    async fn observe(&self) -> (Observation, Observation) {
        let given = self.look(true, &self.outputs).await.unwrap();
        let mut outputs = self.outputs.clone();
        for (address, object) in &given.objects {
            if let Observed::Present { outputs: found, .. } = object {
                outputs.insert(address.clone(), found.clone());
            }
        }
        outputs.extend(
            self.recorded
                .iter()
                .map(|(address, recorded)| (address.clone(), recorded.outputs.clone())),
        );
        let made = self.look(false, &outputs).await.unwrap();
        (given, made)
    }
}

fn present(observation: &Observation, address: &str) -> (Attributes, Attributes) {
    match &observation.objects[&name(address)] {
        Observed::Present {
            attributes,
            outputs,
        } => (attributes.clone(), outputs.clone()),
        Observed::Absent => panic!("{address} is absent"),
    }
}

#[tokio::test]
async fn everything_is_seen_in_two_round_trips() {
    let spec = spec(USUAL).await;
    let (given, made) = spec.observe().await;
    assert_eq!(spec.provider.round_trips(), 2);
    assert!(given.problems.is_empty() && made.problems.is_empty());
    let (_, chain) = present(&given, "chain.conflux");
    assert_eq!(
        (&chain["core_chain_id"], &chain["epoch"]),
        (&Value::Integer(1234), &Value::Integer(100))
    );
    assert_eq!(given.chains[&name("chain.conflux")].espace_chain_id, 1235);
    let (_, account) = present(&given, "account.operator");
    assert_eq!(account["address"], text(operator()));
    // The pool's nonce is ahead of the state's: two transactions are under way.
    assert_eq!(made.bindings[&format!("nonce core {}", operator())], "7");
}

#[tokio::test]
async fn contracts_are_seen_in_their_normal_form() {
    let (_, made) = spec(USUAL).await.observe().await;
    let (pool, outputs) = present(&made, "core_contract.pool");
    assert_eq!(pool["owner"], resource("account.operator"));
    assert_eq!(pool["proxy"], Value::Bool(true));
    assert_eq!(pool["code"], code("PoSPool"));
    assert_eq!(
        pool["settings"],
        map([
            ("lock_period", Value::Blocks(Blocks(7))),
            ("name", Value::from("Harbour"))
        ])
    );
    assert_eq!(outputs["implementation"], text(core(0x81)));
    let (manager, _) = present(&made, "core_contract.manager");
    assert_eq!(manager["proxy"], Value::Bool(false));
    // The chain keeps a set; it is shown in the order of the spec.
    let pools = Value::List(vec![text(core(0x80)), text(core(0x85))]);
    assert_eq!(manager["settings"], map([("pools", pools)]));
}

/// What was not told is not "nothing": it would be made again.
#[tokio::test]
async fn a_node_that_does_not_tell_has_shown_nothing() {
    for broken in ["cfx_getAccount", "cfx_call", "cfx_getStorageAt"] {
        let (_, made) = spec(Chain { broken, ..USUAL }).await.observe().await;
        assert!(made.objects.is_empty(), "{broken}");
        assert!(!made.problems.is_empty(), "{broken}");
        let codes = made.problems.iter().map(|(_, problem)| problem.code);
        assert!(codes.into_iter().all(|code| code == codes::UNREACHABLE));
    }
}

/// Nothing of a chain that was not reached is absent, and the chain's own fault is the one to tell of.
#[tokio::test]
async fn case_one_fault_blocks_what_is_on_a_chain_that_was_not_reached() {
    let spec = spec(USUAL).await;
    let made = spec.look(false, &BTreeMap::new()).await.unwrap();
    assert!(made.objects.is_empty());
    let managed = |address: &&Address| !matches!(address.kind(), "chain" | "account");
    assert_eq!(
        made.problems.len(),
        spec.wanted.keys().filter(managed).count()
    );
    let chain = name("chain.conflux");
    let needs = |(_, problem): &(Address, Problem)| problem.needs() == Some(&chain);
    assert!(made.problems.iter().all(needs));
}

/// Without the key of the wanted owner nobody knows its address; the recorded one says that nothing changed.
#[tokio::test]
async fn case_one_fault_blocks_no_contract_for_the_key_of_its_owner() {
    let mut spec = spec(USUAL).await;
    let (_, made) = spec.observe().await;
    let (before, outputs) = present(&made, "core_contract.pool");
    let pool = spec.recorded.get_mut(&name("core_contract.pool")).unwrap();
    pool.outputs
        .insert("owner_address".to_owned(), outputs["owner_address"].clone());
    pool.attributes
        .insert("owner".to_owned(), before["owner"].clone());
    let missing = Value::Secret(SecretRef::Env("POSPOOL_NO_SUCH_KEY".to_owned()));
    spec.wanted.insert(
        name("account.operator"),
        attributes([("private_key", missing)]),
    );
    let (_, made) = spec.observe().await;
    assert_eq!(
        present(&made, "core_contract.pool").0["owner"],
        before["owner"]
    );
    let pool = spec.recorded.get_mut(&name("core_contract.pool")).unwrap();
    pool.outputs
        .insert("owner_address".to_owned(), text(core(0x99)));
    let (_, made) = spec.observe().await;
    let (now, outputs) = present(&made, "core_contract.pool");
    assert_eq!(now["owner"], outputs["owner_address"], "another one");
}

/// A node that is catching up shows an older chain: what was made since would be made again.
#[tokio::test]
async fn a_node_behind_the_state_is_not_believed() {
    let mut spec = spec(USUAL).await;
    for (epoch, believed) in [(100, true), (101, false)] {
        let pool = spec.recorded.get_mut(&name("core_contract.pool")).unwrap();
        pool.outputs
            .insert("epoch".to_owned(), Value::Integer(epoch));
        let (_, made) = spec.observe().await;
        let code = made.problems.first().map(|(_, problem)| problem.code);
        assert_eq!(code, (!believed).then_some(codes::BEHIND));
    }
}

#[tokio::test]
async fn a_contract_without_code_is_absent() {
    let (_, made) = spec(Chain {
        pool_there: false,
        ..USUAL
    })
    .await
    .observe()
    .await;
    assert_eq!(made.objects[&name("core_contract.pool")], Observed::Absent);
}

#[tokio::test]
async fn a_bond_is_found_although_no_state_knows_of_it() {
    let (_, made) = spec(Chain {
        bound_to: 0x80,
        pool_key: true,
        ..USUAL
    })
    .await
    .observe()
    .await;
    let (seen, outputs) = present(&made, "pos_registration.main");
    assert_eq!(outputs["votes"], Value::Integer(1));
    assert_eq!(
        outputs["pos_address"],
        Value::Text(hex_text(&good_registration().1))
    );
    assert_eq!(seen["node"], resource("node.main"));
}

/// A bond that the last run recorded for `node.main`, whose key is the registered one.
async fn bound_spec(chain: Chain) -> Spec {
    let mut spec = spec(Chain {
        bound_to: 0x80,
        pool_key: true,
        ..chain
    })
    .await;
    let key = Value::Text(hex_text(&good_registration().1));
    let bond = Recorded {
        attributes: spec.wanted[&name("pos_registration.main")].clone(),
        outputs: attributes([("pos_address", key)]),
        complete: true,
        ..Recorded::default()
    };
    spec.recorded.insert(name("pos_registration.main"), bond);
    let node = spec.outputs.get_mut(&name("node.main")).unwrap();
    node.insert("volume".to_owned(), Value::from("pospool-1-main"));
    spec
}

#[tokio::test]
async fn case_other_node_has_not_the_registered_key() {
    let problem = async |set: &dyn Fn(&mut Spec)| {
        let mut spec = bound_spec(USUAL).await;
        let bond = spec.wanted.get_mut(&name("pos_registration.main")).unwrap();
        bond.insert("node".to_owned(), resource("node.other"));
        let node = attributes([("data", resource("volume.other"))]);
        spec.wanted.insert(name("node.other"), node);
        set(&mut spec);
        let (_, made) = spec.observe().await;
        made.problems.first().map(|(_, problem)| problem.clone())
    };
    let output = |spec: &mut Spec, address: &str, output: &str, value: &str| {
        let outputs = spec.outputs.entry(name(address)).or_default();
        outputs.insert(output.to_owned(), Value::from(value));
    };
    // It runs, and has a key of its own.
    let other = problem(&|spec| output(spec, "node.other", "pos_address", "0xcd")).await;
    let other = other.unwrap();
    assert_eq!(other.code, codes::OTHER_KEY);
    assert!(other.summary.contains("0xcd"), "{}", other.summary);
    assert!(other.help.unwrap().contains("`node = node.main`"));
    // Neither it nor its volume is there yet.
    let unborn = problem(&|_| {}).await.unwrap();
    assert_eq!(unborn.code, codes::OTHER_KEY);
    // It takes over the volume with the key.
    let same = problem(&|spec| output(spec, "volume.other", "name", "pospool-1-main")).await;
    assert_eq!(same, None);
    let key = hex_text(&good_registration().1);
    let same = problem(&|spec| output(spec, "node.other", "pos_address", &key)).await;
    assert_eq!(same, None);
}

#[tokio::test]
async fn case_retired_is_a_finding_of_the_registration() {
    let (_, made) = bound_spec(USUAL).await.observe().await;
    assert_eq!(made.findings, []);
    let (_, made) = bound_spec(Chain {
        retired: true,
        ..USUAL
    })
    .await
    .observe()
    .await;
    let finding = &made.findings[0];
    assert_eq!(
        (finding.code, finding.address.as_str()),
        (codes::FORCE_RETIRED, "pos_registration.main")
    );
    let (_, outputs) = present(&made, "pos_registration.main");
    assert_eq!(outputs["votes"], Value::Integer(0));
    assert_eq!(outputs["votes_leaving"], Value::Integer(1));
    // A node without PoS does not say it.
    let (_, made) = bound_spec(Chain {
        broken: "pos_getAccount",
        ..USUAL
    })
    .await
    .observe()
    .await;
    assert_eq!(made.findings[0].code, codes::VOTES_NOT_SEEN);
    let (_, outputs) = present(&made, "pos_registration.main");
    assert_eq!(outputs.get("votes"), None);
}

#[tokio::test]
async fn a_bond_to_somebody_else_is_a_problem() {
    let (_, made) = spec(Chain {
        bound_to: 0x99,
        ..USUAL
    })
    .await
    .observe()
    .await;
    let (address, problem) = &made.problems[0];
    assert_eq!(
        (address, problem.code),
        (&name("pos_registration.main"), codes::ALREADY_REGISTERED)
    );
    assert!(problem.summary.contains(&core(0x99).to_string()));
    let (_, made) = spec(Chain {
        pool_key: true,
        ..USUAL
    })
    .await
    .observe()
    .await;
    assert_eq!(made.problems[0].1.code, "chain/pool-registered");
}

#[tokio::test]
async fn an_unbound_key_is_absent() {
    let (_, made) = spec(USUAL).await.observe().await;
    assert_eq!(
        made.objects[&name("pos_registration.main")],
        Observed::Absent
    );
}

#[tokio::test]
async fn a_devnet_spec_does_not_touch_mainnet() {
    let spec = spec(Chain {
        network: 1029,
        ..USUAL
    })
    .await;
    let given = spec.look(true, &spec.outputs).await.unwrap();
    assert_eq!(given.problems[0].1.code, "chain/wrong-network");
    assert!(given.objects.is_empty());
}

#[tokio::test]
async fn a_missing_key_is_a_problem_of_its_account() {
    let mut spec = spec(USUAL).await;
    let missing = Value::Secret(SecretRef::Env("POSPOOL_NO_SUCH_KEY".to_owned()));
    spec.wanted.insert(
        name("account.operator"),
        attributes([("private_key", missing)]),
    );
    let given = spec.look(true, &spec.outputs).await.unwrap();
    let (address, problem) = &given.problems[0];
    assert_eq!(
        (address, problem.code),
        (&name("account.operator"), codes::NO_KEY)
    );
}

#[tokio::test]
async fn an_unreachable_chain_names_itself() {
    let mut spec = spec(USUAL).await;
    let gone = Value::List(vec![Value::from("http://127.0.0.1:1")]);
    spec.wanted
        .get_mut(&name("chain.conflux"))
        .unwrap()
        .insert("core_rpc".to_owned(), gone);
    let address = name("chain.conflux");
    let none = BTreeSet::new();
    let target = Target {
        address: &address,
        wanted: spec.wanted.get(&address),
        recorded: None,
        used: &none,
    };
    let scene = ObserveContext {
        lineage: "test",
        accounts: &BTreeMap::new(),
        wanted: &spec.wanted,
        outputs: &spec.outputs,
    };
    let found = spec.provider.observe(&[target], &scene).await.unwrap();
    let (of, problem) = &found.problems[0];
    assert_eq!((of, problem.code), (&address, codes::UNREACHABLE));
    assert!(problem.summary.contains("chain.conflux"), "{problem:?}");
}

#[tokio::test]
async fn what_the_looks_found_is_enough_to_design() {
    let spec = spec(USUAL).await;
    let (_, made) = spec.observe().await;
    let address = name("core_contract.pool");
    let changed = ["settings.lock_period".to_owned()];
    let task = pospool_model::provider::ChangeRequest {
        address: &address,
        action: Action::Update,
        wanted: &spec.wanted[&address],
        observed: &made.objects[&address],
        recorded: spec.recorded.get(&address),
        changed: &changed,
        delete_by_name: false,
    };
    let bench = crate::bench::Bench::new();
    let world = pospool_model::provider::PlanContext {
        lineage: "test",
        facts: &made.facts,
        wanted: &spec.wanted,
        recorded: &spec.recorded,
        outputs: &spec.outputs,
        effects: &bench.effects,
    };
    // 16 drip do not pay for it; everything else was found.
    let mut planner = spec.provider.planner();
    planner.design(&task, &world).unwrap();
    assert_eq!(planner.shortfalls()[0].1.code, "chain/not-enough-balance");
}
