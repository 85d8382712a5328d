//! The model as tests hold it: made from a seed, disturbed, calmed, and asked what really happened.
//!
//! - Reads: a seed, accounts, and what the client's journal says.
//! - Returns: events of the branch that stayed; what the client did that it must never do.
//! - Never: decides whether a run was right as a whole; the tests compare that with the spec.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ethers_core::utils::hex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::abi::{self, ContractFunction};
use crate::amounts::CFX;
use crate::bridge::BridgeStorage;
use crate::contract::{Contract, PoolStorage};
use crate::crash::{CrashPoint, Moment};
use crate::ledger::{ChainEvent, ModelLedger};
use crate::network::{ModelNetwork, Retirement};
use crate::node::ModelNode;
use crate::pool::EPOCH_BOUND;
use crate::random::Random;
use crate::rpc::NodeQuestion;
use crate::transaction::{Account, Transaction};
use crate::weather::Weather;

/// Says whether the bytes with this hash are in the client's journal, as it would survive a power cut.
pub type Journalled = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// How the model begins.
pub struct ModelGenesis {
    /// Decides everything.
    pub seed: u64,
    /// Chain id of Core Space.
    pub chain_id: u32,
    /// Hosts of the endpoints; each is a node of its own.
    pub hosts: Vec<String>,
    /// Accounts with money; somebody else has their keys too.
    pub accounts: Vec<Account>,
    /// Before value goes somewhere the code there must be: finalised, else confirmed.
    pub value_needs_finality: bool,
}

/// A chain in memory.
pub struct ModelChain {
    inner: Mutex<ModelState>,
    pub(crate) requests: AtomicU64,
    crash: Mutex<Option<CrashPoint>>,
    dying: Notify,
}

impl fmt::Debug for ModelChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelChain").finish_non_exhaustive()
    }
}

/// Everything behind the lock.
pub(crate) struct ModelState {
    pub(crate) network: ModelNetwork,
    violations: Vec<String>,
    journalled: Option<Journalled>,
    value_needs_finality: bool,
    /// What was handed in for each nonce.
    meant: BTreeMap<(Account, u64), Vec<Meant>>,
    /// Virtual time of one epoch in milliseconds, and since when it is counted.
    epoch_time: u64,
    since: Option<Instant>,
    passed: u64,
}

/// What a transaction was meant to do, and how long and at which price it may be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Meant {
    does: (Option<Account>, u128, Vec<u8>),
    epoch_height: u64,
    max_fee: u128,
}

impl ModelChain {
    /// Makes a chain, calm and some epochs old.
    #[must_use]
    pub fn new(genesis: &ModelGenesis) -> Self {
        let mut random = Random::new(genesis.seed);
        let mut ledger = ModelLedger::default();
        for account in &genesis.accounts {
            ledger.give(*account, 20_000 * CFX);
        }
        let hosts = genesis.hosts.iter();
        let nodes = hosts
            .map(|host| ModelNode::new(host, random.chance(700)))
            .collect();
        let epoch_time = random.between(50, 600);
        let mut network = ModelNetwork::new(ledger, nodes, genesis.chain_id, random.branch());
        network.shared.clone_from(&genesis.accounts);
        let inner = ModelState {
            network,
            violations: Vec::new(),
            journalled: None,
            value_needs_finality: genesis.value_needs_finality,
            meant: BTreeMap::new(),
            epoch_time,
            since: None,
            passed: 0,
        };
        Self {
            inner: Mutex::new(inner),
            requests: AtomicU64::new(0),
            crash: Mutex::new(None),
            dying: Notify::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ModelState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets who is asked whether bytes were written down before they were handed in.
    pub fn set_journalled(&self, journalled: Journalled) {
        self.lock().journalled = Some(journalled);
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        let mut inner = self.lock();
        let network = &mut inner.network;
        let nodes = network.nodes.len();
        let at = |number| usize::try_from(number).unwrap_or_default() % nodes;
        network.shut = weather.shut.map(|(number, how)| (at(number), how));
        // There must be another one.
        network.shut = network.shut.filter(|_| nodes > 1);
        network.weather = weather;
    }

    /// The storm is over: all nodes agree and hear of everything; then some epochs pass.
    pub fn calm_down(&self) {
        let mut inner = self.lock();
        inner.network.calm_down();
        inner.network.pass(150);
    }

    /// How many transactions of somebody else still wait for their nonce. Once it comes, they take it, in whatever weather.
    pub fn strangers(&self) -> usize {
        let inner = self.lock();
        let network = &inner.network;
        let ledger = network.chain.ledger(network.chain.executed());
        let pools = network.nodes.iter().map(|node| &node.pool);
        let pools: Vec<_> = pools.chain([&network.miner]).collect();
        let waiting = network.shared.iter().flat_map(|account| {
            let next = ledger.nonce(*account);
            let there = pools.iter().flat_map(|pool| pool.of(*account));
            there.filter(move |it| it.foreign && it.nonce >= next)
        });
        let hashes: BTreeSet<_> = waiting.map(|it| it.hash).collect();
        hashes.len()
    }

    /// Lets epochs pass.
    pub fn pass(&self, epochs: u64) {
        self.lock().network.pass(epochs);
    }

    /// Lets more than a day pass, if the weather is so: what was signed before is too old then.
    pub fn rest(&self) {
        let mut inner = self.lock();
        let network = &mut inner.network;
        if network.random.chance(network.weather.leaps) {
            network.leap();
        }
        let epochs = network.random.below(100);
        network.pass(epochs);
    }

    /// Begins a run that ends at a request, or does not.
    pub fn begin_run(&self, crash: Option<CrashPoint>) {
        self.requests.store(0, Ordering::Relaxed);
        *self.crash.lock().unwrap_or_else(PoisonError::into_inner) = crash;
    }

    /// Returns when the run is to end.
    pub async fn dying(&self) {
        self.dying.notified().await;
    }

    pub(crate) fn crash_at(&self, request: u64) -> Option<Moment> {
        let crash = *self.crash.lock().unwrap_or_else(PoisonError::into_inner);
        crash
            .filter(|crash| crash.request == request)
            .map(|crash| crash.moment)
    }

    /// Says that the run ends here, and goes on no more.
    pub(crate) async fn die(&self) {
        self.dying.notify_one();
        std::future::pending::<()>().await;
    }

    /// How many requests this run made.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What the client did that it must never do.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// All deeds on the branch that stays, up to its newest executed epoch.
    #[must_use]
    pub fn events(&self) -> Vec<ChainEvent> {
        self.read(|ledger| ledger.events.clone())
    }

    /// How many transactions of an account were executed, and how many of them somebody else made.
    #[must_use]
    pub fn executed(&self, account: Account) -> (u64, u64) {
        self.read(|ledger| {
            let foreign = ledger
                .events
                .iter()
                .filter(|event| event.foreign && event.sender == account);
            let foreign = u64::try_from(foreign.count()).unwrap_or(u64::MAX);
            (ledger.nonce(account), foreign)
        })
    }

    /// The pool at an address, and the code behind its proxy.
    #[must_use]
    pub fn pool(&self, at: Account) -> Option<(PoolStorage, Option<Account>)> {
        self.read(|ledger| match ledger.contracts.get(&at)? {
            Contract::Pool(pool) => Some((pool.clone(), None)),
            Contract::Proxy {
                implementation,
                pool,
            } => Some((pool.clone(), Some(*implementation))),
            Contract::Manager(_) | Contract::Bridge(_) => None,
        })
    }

    /// Puts a bridge there, before anything has happened.
    pub fn place_bridge(&self, at: Account, owner: Account) {
        let mut inner = self.lock();
        inner.network.chain.change_genesis(|ledger| {
            let bridge = Contract::Bridge(BridgeStorage::new(owner));
            ledger.contracts.insert(at, bridge);
        });
    }

    /// Somebody buys votes in eSpace.
    pub fn buy_votes(&self, by: Account, bridge: Account, votes: u64) {
        self.somebody_calls(by, bridge, ContractFunction::BuyVotes, votes);
    }

    /// PoS pays interest for the bridge's stake, in drip.
    pub fn pay_interest(&self, by: Account, bridge: Account, drip: u64) {
        self.somebody_calls(by, bridge, ContractFunction::PayInterest, drip);
    }

    fn somebody_calls(
        &self,
        by: Account,
        bridge: Account,
        function: ContractFunction,
        number: u64,
    ) {
        let mut inner = self.lock();
        inner.catch_up();
        let data = abi::call_with_number(function, number);
        inner.network.somebody_calls(by, bridge, data);
    }

    /// Users stake so many votes in a pool, or ask for them back.
    pub fn stake(&self, by: Account, pool: Account, votes: u64) {
        self.somebody_calls(by, pool, ContractFunction::Stake, votes);
    }

    /// Users ask for so many votes back.
    pub fn ask_back(&self, by: Account, pool: Account, votes: u64) {
        self.somebody_calls(by, pool, ContractFunction::AskBack, votes);
    }

    /// PoS retires a key: so many of its votes are free after so many views each, and for some views new stake is barred.
    pub fn retire(&self, identifier: [u8; 32], waves: &[(u64, u64)], bar: u64) {
        let mut inner = self.lock();
        let at = inner.network.finalised();
        let leaving = waves.iter().map(|(after, votes)| (at + after, *votes));
        let retirement = Retirement {
            at,
            until: at + bar,
            leaving: leaving.collect(),
        };
        inner.network.retired.insert(identifier, retirement);
    }

    /// The newest view of PoS.
    #[must_use]
    pub fn view(&self) -> u64 {
        self.lock().network.finalised()
    }

    /// Time of one epoch.
    #[must_use]
    pub fn epoch_time(&self) -> Duration {
        Duration::from_millis(self.lock().epoch_time)
    }

    /// The pools in the list at an address.
    #[must_use]
    pub fn pools(&self, at: Account) -> Option<Vec<Account>> {
        self.read(|ledger| match ledger.contracts.get(&at)? {
            Contract::Manager(list) => Some(list.pools.clone()),
            _ => None,
        })
    }

    /// What a pool has staked, in drip.
    #[must_use]
    pub fn staked(&self, at: Account) -> u128 {
        self.read(|ledger| ledger.staked(at))
    }

    /// Votes that PoS counts for a key.
    #[must_use]
    pub fn votes(&self, identifier: &str) -> u64 {
        let mut word = [0; 32];
        if hex::decode_to_slice(identifier.trim_start_matches("0x"), &mut word).is_err() {
            return 0;
        }
        NodeQuestion::at(&self.lock().network, 0).votes(&word)
    }

    /// What happened, one line each, with the epoch before it.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lock().network.log.clone()
    }

    /// What happened, and how far each account has come: for the reader of a story that went wrong.
    #[must_use]
    pub fn picture(&self) -> String {
        let inner = self.lock();
        let network = &inner.network;
        let mut lines = network.log.clone();
        let (executed, finalised) = (network.chain.executed(), network.finalised());
        for event in &network.chain.ledger(executed).events {
            let at = hex::encode(event.at);
            lines.push(format!(
                "{:>6} executed: {:?} at {at}",
                event.epoch, event.deed
            ));
        }
        for account in &network.shared {
            let nonce = |epoch| network.chain.ledger(epoch).nonce(*account);
            let of = |pool: &crate::pool::TransactionPool| {
                pool.of(*account)
                    .map(|there| there.nonce)
                    .collect::<Vec<_>>()
            };
            let pools: Vec<_> = network.nodes.iter().map(|node| of(&node.pool)).collect();
            lines.push(format!(
                "{}: next nonce {} (finalised {}), miners have {:?}, nodes have {pools:?}",
                hex::encode(account),
                nonce(executed),
                nonce(finalised),
                of(&network.miner)
            ));
        }
        lines.join("\n")
    }

    fn read<T>(&self, read: impl FnOnce(&ModelLedger) -> T) -> T {
        let inner = self.lock();
        let chain = &inner.network.chain;
        read(chain.ledger(chain.executed()))
    }
}

impl ModelState {
    /// Lets as many epochs pass as belong to the time since the last request.
    pub(crate) fn catch_up(&mut self) {
        let since = *self.since.get_or_insert_with(Instant::now);
        let elapsed = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = elapsed / self.epoch_time;
        self.network.pass(due.saturating_sub(self.passed));
        self.passed = due;
    }

    pub(crate) fn violation(&mut self, what: String) {
        if !self.violations.contains(&what) {
            self.violations.push(what);
        }
    }

    /// Checks what a client hands in against what it must have done before.
    pub(crate) fn judge(&mut self, new: &Transaction) {
        let hash = hex::encode_prefixed(new.hash);
        if self
            .journalled
            .as_ref()
            .is_some_and(|journalled| !journalled(&hash))
        {
            self.violation(format!(
                "nonce {}: {hash} was handed in and is not in the journal",
                new.nonce
            ));
        }
        self.judge_value(new);
        self.judge_nonce(new);
    }

    /// Money goes to proven code only.
    fn judge_value(&mut self, new: &Transaction) {
        let Some(to) = new.to.filter(|_| new.value > 0) else {
            return;
        };
        let finalised = self.network.finalised();
        let proven = if self.value_needs_finality {
            finalised
        } else {
            finalised.max(self.network.most_confirmed)
        };
        let ledger = self.network.chain.ledger(proven);
        let there = match ledger.contracts.get(&to) {
            Some(Contract::Proxy { implementation, .. }) => {
                ledger.contracts.contains_key(implementation)
            }
            there => there.is_some(),
        };
        if !there {
            self.violation(format!(
                "nonce {}: value goes to {}, whose code is not proven",
                new.nonce,
                hex::encode(to)
            ));
        }
    }

    /// A nonce means one thing until what was meant first can never be executed any more.
    fn judge_nonce(&mut self, new: &Transaction) {
        let chain = &self.network.chain;
        let used = chain.ledger(self.network.finalised()).nonce(new.sender) > new.nonce;
        let newest = chain.newest;
        let meant = Meant {
            does: (new.to, new.value, new.data.clone()),
            epoch_height: new.epoch_height,
            max_fee: new.max_fee,
        };
        let before = self.meant.entry((new.sender, new.nonce)).or_default();
        if before.contains(&meant) {
            return;
        }
        let mut alive = before
            .iter()
            .filter(|meant| meant.epoch_height + EPOCH_BOUND >= newest);
        let other = alive.any(|there| there.does != meant.does);
        let dearer = before.iter().any(|there| there.max_fee < meant.max_fee);
        before.push(meant);
        if dearer {
            self.network
                .note(format_args!("nonce {} comes in a dearer form", new.nonce));
        }
        if other && !used {
            self.violation(format!(
                "nonce {} was handed in for two different things",
                new.nonce
            ));
        }
    }
}
