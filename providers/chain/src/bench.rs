//! Hand-made facts and a world around a design, for tests.

use std::collections::BTreeMap;

use ethers_core::abi::{Token, encode};
use ethers_core::types::U256;
use ethers_core::utils::keccak256;
use pospool_conflux::abi;
use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress};
use pospool_conflux_tx::{ChainRef, Fees, WaitLevel};
use pospool_model::plan::{Action, Effect, EffectId};
use pospool_model::provider::{self, ChangeRequest, Design, Observed, PlanContext, Planner};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Endpoint, Problem, SecretRef, Value};

use crate::facts::{AccountFacts, ChainFacts, ChainProviderFacts, ContractFacts};
use crate::provider::ChainPlanner;
use crate::work::{EffectWork, TransactionWork};

pub(crate) const NETWORK: u32 = 1234;
pub(crate) const ESPACE_ID: u32 = 1235;
pub(crate) const GENESIS: &str = "0x01";
/// The pool of [`Bench::want_pool`].
pub(crate) const POOL: &str = "core_contract.pool";
/// Init codes of the bench's source.
pub(crate) const POOL_CODE: &[u8] = &[0x60, 1, 2, 3];
pub(crate) const PROXY_CODE: &[u8] = &[0x60, 9];
const INITIALIZE: &str = r#"[{"type":"function","name":"initialize","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;

pub(crate) fn name(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn core(byte: u8) -> CoreAddress {
    CoreAddress::new([byte; 20], NETWORK)
}

pub(crate) fn espace(byte: u8) -> ChainAddress {
    EspaceAddress::new([byte; 20]).into()
}

pub(crate) fn text(address: CoreAddress) -> Value {
    Value::Text(address.to_string())
}

pub(crate) fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(crate) fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Map(attributes(pairs))
}

pub(crate) fn resource(text: &str) -> Value {
    Value::Resource(name(text))
}

pub(crate) fn code(contract: &str) -> Value {
    map([
        ("contract", Value::from(contract)),
        ("digest", Value::from(format!("0x{contract}"))),
    ])
}

pub(crate) fn chain_ref(urls: &[&str]) -> ChainRef {
    let endpoints = urls.iter().map(|url| Endpoint::parse(url).unwrap());
    ChainRef {
        address: Some(name("chain.conflux")),
        endpoints: endpoints.collect(),
        network: NETWORK,
        genesis_hash: GENESIS.to_owned(),
    }
}

/// A world to design in: accounts `operator` (address 0x01…, nonce 5, in eSpace 8) and `other` (0x02…, nonce 0), a source.
pub(crate) struct Bench {
    pub(crate) facts: ChainProviderFacts,
    pub(crate) wanted: BTreeMap<Address, Attributes>,
    pub(crate) recorded: BTreeMap<Address, Recorded>,
    pub(crate) outputs: BTreeMap<Address, Attributes>,
    pub(crate) effects: BTreeMap<Address, Vec<EffectId>>,
    pub(crate) planner: ChainPlanner,
}

/// One chain, and both accounts in both of its spaces.
fn facts() -> ChainProviderFacts {
    let fees = Fees {
        gas_price: 1_000_000_000,
        base: Some(1_000_000_000),
        priority: 5,
    };
    let chain = ChainFacts {
        reference: chain_ref(&["http://127.0.0.1:1"]),
        network: NETWORK,
        fees,
        ceiling: 100_000_000_000,
        level: WaitLevel::Confirmed,
    };
    let espace_chain = ChainFacts {
        reference: ChainRef {
            network: ESPACE_ID,
            ..chain_ref(&["http://127.0.0.1:2"])
        },
        ..chain.clone()
    };
    let account = |byte, nonce| AccountFacts {
        address: core(byte).into(),
        chain: name("chain.conflux"),
        key: Some(SecretRef::Env(format!("KEY_{byte}")).into()),
        nonce,
        executed: nonce,
        balance: 5_000 * 1_000_000_000_000_000_000,
    };
    let espace_account = |byte, nonce| AccountFacts {
        address: espace(byte),
        balance: 3 * 1_000_000_000_000_000_000,
        ..account(byte, nonce)
    };
    let (operator, other) = (name("account.operator"), name("account.other"));
    ChainProviderFacts {
        chains: [(name("chain.conflux"), chain)].into(),
        accounts: [
            (operator.clone(), account(1, 5)),
            (other.clone(), account(2, 0)),
        ]
        .into(),
        espace_chains: [(name("chain.conflux"), espace_chain)].into(),
        espace_accounts: [
            (operator, espace_account(1, 8)),
            (other, espace_account(2, 0)),
        ]
        .into(),
        ..ChainProviderFacts::default()
    }
}

/// What the bench's source compiles to.
fn source() -> Attributes {
    let artifact = |contract: &str, init: &[u8], abi: &str| {
        let mut artifact = code(contract);
        if let Value::Map(map) = &mut artifact {
            map.insert("bytecode".to_owned(), Value::Text(hex_text(init)));
            map.insert("runtime".to_owned(), Value::from("0x00"));
            map.insert("abi".to_owned(), Value::from(abi));
        }
        (contract.to_owned(), artifact)
    };
    Attributes::from([
        artifact("PoSPool", POOL_CODE, INITIALIZE),
        artifact("PoolManager", &[0x61], "[]"),
        artifact("CoreBridge", &[0x62], "[]"),
        artifact("ESpacePoSPool", &[0x63], INITIALIZE),
        artifact("Proxy1967", PROXY_CODE, "[]"),
    ])
}

impl Bench {
    pub(crate) fn new() -> Self {
        let account = |byte| attributes([("address", text(core(byte)))]);
        Self {
            facts: facts(),
            wanted: BTreeMap::new(),
            recorded: BTreeMap::new(),
            outputs: BTreeMap::from([
                (name("source.reference"), source()),
                (name("account.operator"), account(1)),
                (name("account.other"), account(2)),
            ]),
            effects: BTreeMap::new(),
            planner: ChainPlanner::default(),
        }
    }

    /// Wants a pool of the operator's.
    pub(crate) fn want_pool(&mut self, proxy: bool, settings: Value) {
        let pool = attributes([
            ("code", code("PoSPool")),
            ("owner", resource("account.operator")),
            ("proxy", Value::Bool(proxy)),
            ("settings", settings),
            ("chain", resource("chain.conflux")),
        ]);
        self.wanted.insert(name(POOL), pool);
    }

    /// The pool was made by an earlier run, at 0x80…, and this is known of it.
    pub(crate) fn pool_is_there(&mut self, known: ContractFacts) {
        let recorded = Recorded {
            outputs: attributes([("address", text(core(0x80)))]),
            complete: true,
            ..Recorded::default()
        };
        self.recorded.insert(name(POOL), recorded);
        self.facts.contracts.insert(name(POOL), known);
    }

    /// Wants a pool in eSpace, behind a proxy.
    pub(crate) fn want_espace_pool(&mut self, settings: &[(&str, Value)]) {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let pool = attributes([
            ("code", code("ESpacePoSPool")),
            ("owner", resource("account.operator")),
            ("proxy", Value::Bool(true)),
            ("settings", Value::Map(settings.collect())),
        ]);
        self.wanted.insert(name("espace_contract.pool"), pool);
    }

    /// Designs one change the way the planner does, and remembers what came of it.
    pub(crate) fn design(
        &mut self,
        address: &str,
        action: Action,
        observed: &Observed,
        changed: &[&str],
    ) -> Result<Design, Vec<Problem>> {
        let address = name(address);
        let changed: Vec<String> = changed.iter().map(|path| (*path).to_owned()).collect();
        let wanted = self.wanted.get(&address).cloned().unwrap_or_default();
        let task = ChangeRequest {
            address: &address,
            action,
            wanted: &wanted,
            observed,
            recorded: self.recorded.get(&address),
            changed: &changed,
            delete_by_name: false,
        };
        let facts = provider::Facts::new(self.facts.clone());
        let world = PlanContext {
            lineage: "bench",
            facts: &facts,
            wanted: &self.wanted,
            recorded: &self.recorded,
            outputs: &self.outputs,
            effects: &self.effects,
        };
        let design = self.planner.design(&task, &world)?;
        let short = self.planner.shortfalls();
        if !short.is_empty() {
            return Err(short.into_iter().map(|(_, problem)| problem).collect());
        }
        let ids = design.effects.iter().map(|effect| EffectId {
            address: address.clone(),
            name: effect.name.clone(),
        });
        self.effects.insert(address.clone(), ids.collect());
        self.outputs
            .entry(address)
            .or_default()
            .extend(design.outputs.clone());
        Ok(design)
    }

    /// The code of the only problem of a design.
    pub(crate) fn problem(
        &mut self,
        address: &str,
        action: Action,
        observed: &Observed,
        changed: &[&str],
    ) -> pospool_model::Code {
        let problems = self.design(address, action, observed, changed).unwrap_err();
        assert_eq!(problems.len(), 1);
        problems[0].code
    }
}

pub(crate) fn names(design: &Design) -> Vec<&str> {
    design
        .effects
        .iter()
        .map(|effect| effect.name.as_str())
        .collect()
}

pub(crate) fn needs(effect: &Effect) -> Vec<String> {
    effect
        .needs
        .iter()
        .map(|need| format!("{} {:?}", need.effect, need.level))
        .collect()
}

pub(crate) fn transaction(effect: &Effect) -> TransactionWork {
    match serde_json::from_value(effect.payload.clone()).unwrap() {
        EffectWork::Transaction(work) => *work,
        other => panic!("{other:?}"),
    }
}

/// Call data as a node makes it, with keys of our own choice.
pub(crate) fn forged_registration(
    votes: u64,
    bls: &[u8],
    vrf: &[u8],
    identifier: [u8; 32],
) -> Vec<u8> {
    let tokens = [
        Token::FixedBytes(identifier.to_vec()),
        Token::Uint(U256::from(votes)),
        Token::Bytes(bls.to_vec()),
        Token::Bytes(vrf.to_vec()),
        Token::FixedArray(vec![Token::Bytes(vec![3; 48]), Token::Bytes(vec![4; 32])]),
    ];
    [&abi::function_selector(abi::REGISTER)[..], &encode(&tokens)].concat()
}

/// Good call data and its identifier.
pub(crate) fn good_registration() -> (String, [u8; 32]) {
    let (bls, vrf) = ([1; 48], [2; 33]);
    let identifier = keccak256([&bls[..], &vrf].concat());
    (
        hex_text(&forged_registration(1, &bls, &vrf, identifier)),
        identifier,
    )
}
