//! The pool's contracts as far as their settings go, and what a source gives of them.
//!
//! - Reads: init code and call data.
//! - Returns: contracts that keep what their setters are given.
//! - Never: has any rule of a pool: what a contract refuses is the model chain's matter, and that of the real contracts.

use std::collections::BTreeMap;

use ethers_core::utils::{hex, keccak256};
use pospool_conflux::RegisterData;
use pospool_conflux::abi::{self, Argument};
use pospool_model::{Attributes, Value};
use pospool_modelchain::{Account, Hash};

/// Name, bytes of code that stay, and whether it has `initialize()`. Lengths are about those of the compiled reference, so
/// that what a plan says of gas and collateral is of the right size.
const CODES: &[(&str, usize, bool)] = &[
    ("PoSPool", 20_000, true),
    ("PoolManager", 4_500, false),
    ("CoreBridge", 15_000, true),
    ("VotingEscrow", 13_000, true),
    ("ESpacePoSPool", 18_000, true),
    ("EVotingEscrow", 11_000, true),
    (PROXY, 1_200, false),
];
const PROXY: &str = "Proxy1967";
const PROXY_ABI: &str = r#"[{"type":"constructor","inputs":[{"name":"logic","type":"address"},{"name":"data","type":"bytes"}]}]"#;
const INITIALIZE: &str = r#"[{"type":"function","name":"initialize","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;
/// Of the variable that no function of its contract answers.
const LAYOUT: &str = r#"{"storage":[{"label":"_bridgeAddress","slot":"1","offset":0,"type":"t_address"}],"types":{"t_address":{"encoding":"inplace","label":"address","numberOfBytes":"20"}}}"#;

/// Setters, and the getters that answer with what they were given.
const SETTERS: &[(&str, &str)] = &[
    ("setPoolName(string)", "poolName()"),
    ("setPoolUserShareRatio(uint64)", "poolUserShareRatio()"),
    ("setLockPeriod(uint64)", "_poolLockPeriod()"),
    ("setUnlockPeriod(uint64)", "_poolUnlockPeriod()"),
    ("setVotingEscrow(address)", "votingEscrow()"),
    ("setManager(address)", "manager()"),
    ("transferOwnership(address)", "owner()"),
    ("setPoolAddress(address)", "poolAddress()"),
    ("setESpacePoolAddress(address)", "eSpacePoolAddress()"),
    ("setESpaceVotingEscrow(address)", "eSpaceVotingEscrow()"),
    ("setPosPool(address)", "posPool()"),
    ("setESpaceBridge(address)", "eSpaceBridge()"),
    ("setCoreSpaceInfoOracle(address)", "coreSpaceInfo()"),
];

/// Getters that not every contract has, and those that have them: the others answer nothing.
const GETTERS: &[(&str, &[&str])] = &[
    ("poolName()", &["PoSPool", "ESpacePoSPool"]),
    ("poolUserShareRatio()", &["PoSPool", "ESpacePoSPool"]),
    ("_poolLockPeriod()", &["PoSPool", "ESpacePoSPool"]),
    ("_poolUnlockPeriod()", &["PoSPool", "ESpacePoSPool"]),
    ("votingEscrow()", &["PoSPool", "ESpacePoSPool"]),
    ("manager()", &["PoSPool"]),
    ("getPoolAddresses()", &["PoolManager"]),
    ("eSpacePoolAddresses(address)", &["PoolManager"]),
    ("poolAddress()", &["CoreBridge"]),
    ("eSpacePoolAddress()", &["CoreBridge"]),
    ("eSpaceVotingEscrow()", &["CoreBridge"]),
    ("posPool()", &["VotingEscrow", "EVotingEscrow"]),
    ("eSpaceBridge()", &["VotingEscrow"]),
    ("coreSpaceInfo()", &["EVotingEscrow"]),
];

/// A contract that is there.
#[derive(Clone, Debug)]
pub(super) struct StubContract {
    /// Name of the code that runs in it.
    pub(super) code: &'static str,
    /// Name of the code that answers: behind a proxy, that of its implementation.
    pub(super) running: &'static str,
    /// Where a proxy points.
    pub(super) implementation: Option<Account>,
    /// The word behind `setBridge`.
    pub(super) bridge: Option<Account>,
    /// Answers by selector.
    values: BTreeMap<[u8; 4], Vec<u8>>,
    pools: Vec<Account>,
    pairs: BTreeMap<Account, Account>,
    /// The key that it has registered.
    key: Option<Hash>,
}

/// Code that stays: as long as it says, and another one for each name.
fn runtime_of(name: &str, length: usize) -> Vec<u8> {
    keccak256(name).into_iter().cycle().take(length).collect()
}

/// Code that makes the code that stays.
fn init_of(name: &str, length: usize) -> Vec<u8> {
    [&[0x60, 0x80][..], &runtime_of(name, length)].concat()
}

/// What a source gives of all contracts.
pub(super) fn compiled_contracts() -> Attributes {
    let compiled = CODES.iter().map(|(name, length, initialize)| {
        let abi = match (*name, initialize) {
            (PROXY, _) => PROXY_ABI,
            (_, true) => INITIALIZE,
            (_, false) => "[]",
        };
        let init = init_of(name, *length);
        let texts = [
            ("abi", abi.to_owned()),
            ("bytecode", hex::encode_prefixed(&init)),
            ("contract", (*name).to_owned()),
            ("digest", hex::encode_prefixed(keccak256(&init))),
            ("file", format!("contracts/{name}.sol")),
            ("runtime", hex::encode_prefixed(runtime_of(name, *length))),
            ("storage_layout", LAYOUT.to_owned()),
        ];
        let map = texts.map(|(key, text)| (key.to_owned(), Value::from(text)));
        ((*name).to_owned(), Value::Map(map.into()))
    });
    compiled.collect()
}

/// The contract that some init code makes.
pub(super) fn built_contract(owner: Account, init: &[u8]) -> StubContract {
    let made = |(name, length, _): &(&'static str, usize, bool)| {
        let arguments = init.strip_prefix(&init_of(name, *length)[..])?;
        let implementation = arguments.get(12..32)?.try_into();
        Some((*name, implementation.ok()))
    };
    let plain = |(name, length, _): &(&'static str, usize, bool)| {
        (init == init_of(name, *length)).then_some((*name, None))
    };
    let mut codes = CODES.iter();
    let (code, implementation) = codes
        .find_map(|row| plain(row).or_else(|| made(row)))
        .expect("code of the stub's source");
    let mut contract = StubContract {
        code,
        running: code,
        implementation,
        bridge: None,
        values: BTreeMap::new(),
        pools: Vec::new(),
        pairs: BTreeMap::new(),
        key: None,
    };
    for getter in ["owner()", "manager()"] {
        contract.answer(getter, word_of(owner));
    }
    contract.answer(
        "poolName()",
        abi::encode_arguments(&[Argument::Text(String::new())]),
    );
    contract
}

fn word_of(account: Account) -> Vec<u8> {
    [&[0; 12][..], &account].concat()
}

/// The accounts in the first words of some arguments.
fn accounts_of(arguments: &[u8]) -> Vec<Account> {
    let words = arguments.chunks_exact(32);
    words
        .filter_map(|word| word[12..].try_into().ok())
        .collect()
}

impl StubContract {
    fn answer(&mut self, getter: &str, bytes: Vec<u8>) {
        self.values.insert(abi::function_selector(getter), bytes);
    }

    /// It says that somebody else owns it.
    pub(super) fn hand_over(&mut self, owner: Account) {
        self.answer("owner()", word_of(owner));
    }

    pub(super) fn runtime(&self) -> Vec<u8> {
        let of = |row: &&(&str, usize, bool)| row.0 == self.code;
        let found = CODES.iter().find(of);
        found
            .map(|(name, length, _)| runtime_of(name, *length))
            .unwrap_or_default()
    }

    /// What a function without effects answers.
    pub(super) fn view(&self, data: &[u8]) -> Vec<u8> {
        let Some((selector, arguments)) = data.split_first_chunk() else {
            return Vec::new();
        };
        let is = |signature: &str| *selector == abi::function_selector(signature);
        let running = self.running;
        if GETTERS
            .iter()
            .any(|(getter, of)| is(getter) && !of.contains(&running))
        {
            return Vec::new();
        }
        if is("getPoolAddresses()") {
            let count = u64::try_from(self.pools.len()).unwrap_or_default();
            let mut answer = [word(32), word(count)].concat();
            answer.extend(self.pools.iter().flat_map(|pool| word_of(*pool)));
            return answer;
        }
        if is("eSpacePoolAddresses(address)") {
            let pool = accounts_of(arguments)
                .first()
                .and_then(|pool| self.pairs.get(pool));
            return word_of(pool.copied().unwrap_or_default());
        }
        if is("_poolRegisted()") {
            return word(self.key.is_some().into());
        }
        self.values
            .get(selector)
            .cloned()
            .unwrap_or_else(|| word(0))
    }

    /// Carries a call out; returns the key that it registers.
    pub(super) fn change(&mut self, data: &[u8]) -> Option<Hash> {
        let (selector, arguments) = data.split_first_chunk()?;
        let is = |signature: &str| *selector == abi::function_selector(signature);
        let accounts = accounts_of(arguments);
        if let Some((_, getter)) = SETTERS.iter().find(|(setter, _)| is(setter)) {
            self.answer(getter, arguments.to_vec());
        } else if is("addPool(address)") {
            self.pools.extend(accounts.first());
        } else if is("removePool(address)") {
            self.pools.retain(|pool| Some(pool) != accounts.first());
        } else if is("setEspacePool(address,address)") {
            self.pairs.insert(accounts[0], accounts[1]);
        } else if is("setBridge(address)") {
            self.bridge = accounts.first().copied();
        } else if let Ok(registered) = RegisterData::read(&hex::encode_prefixed(data)) {
            self.key = Some(registered.identifier);
        } else {
            assert!(
                is("initialize()"),
                "no function of {}: {selector:x?}",
                self.code
            );
        }
        self.key
            .filter(|_| is("register(bytes32,uint64,bytes,bytes,bytes[2])"))
    }
}

fn word(number: u64) -> Vec<u8> {
    [&[0; 24][..], &number.to_be_bytes()].concat()
}
