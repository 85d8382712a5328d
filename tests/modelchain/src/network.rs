//! All nodes together, and the passing of epochs.
//!
//! - Reads: the weather, and what clients hand in.
//! - Returns: a chain that grows; pools that tell each other; branches that change.
//! - Never: lets a finalised epoch go, or packs a nonce twice on one branch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::chain::{ChainBranch, Packed};
use crate::ledger::{Fate, ModelLedger};
use crate::node::ModelNode;
use crate::pool::{self, LEAST_PRICE, TransactionPool};
use crate::random::Random;
use crate::shut::Shut;
use crate::transaction::{Account, Transaction};
use crate::weather::{Depth, Weather};

/// Most transactions that somebody else sends in one story.
const FOREIGN: u64 = 4;

/// How fast things settle on this chain, in epochs.
#[derive(Clone, Debug)]
pub(crate) struct Pulse {
    pub(crate) confirmed_after: u64,
    pub(crate) finalised_after: u64,
    /// Finality comes in steps.
    pub(crate) finalised_every: u64,
    /// First epoch at which anything is finalised.
    pub(crate) finality_from: u64,
    /// Epochs of 1,000 with a block of ours in it.
    pub(crate) packs: u64,
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct ModelNetwork {
    pub(crate) chain: ChainBranch,
    pub(crate) nodes: Vec<ModelNode>,
    /// The pool that the miners pack from.
    pub(crate) miner: TransactionPool,
    pub(crate) random: Random,
    pub(crate) weather: Weather,
    pub(crate) pulse: Pulse,
    pub(crate) chain_id: u32,
    /// Accounts whose key somebody else has too.
    pub(crate) shared: Vec<Account>,
    /// The endpoint that is shut for ever.
    pub(crate) shut: Option<(usize, Shut)>,
    /// Bytes on their way: when they arrive, at which node.
    pub(crate) late: Vec<(u64, usize, Arc<Transaction>)>,
    /// The newest epoch that was ever called confirmed.
    pub(crate) most_confirmed: u64,
    /// Keys that PoS has retired.
    pub(crate) retired: BTreeMap<[u8; 32], Retirement>,
    /// What happened, for the reader of a story that went wrong.
    pub(crate) log: Vec<String>,
    surge_until: u64,
    foreign: u64,
    /// Somebody else's transactions that nobody hands in again, by their hashes, each with the one of ours whose place it
    /// took: the branch without the one has the other.
    fleeting: BTreeMap<[u8; 32], Arc<Transaction>>,
    /// When the branch with a fleeting one loses, and from which epoch on.
    losing: Vec<(u64, u64)>,
}

/// What PoS did with the votes of a key that it retired; its views are finalised epochs here.
#[derive(Clone, Debug)]
pub(crate) struct Retirement {
    pub(crate) at: u64,
    /// Until which view it bars new stake.
    pub(crate) until: u64,
    /// When how many votes are free.
    pub(crate) leaving: Vec<(u64, u64)>,
}

impl Retirement {
    pub(crate) fn all(&self) -> u64 {
        self.leaving.iter().map(|(_, votes)| votes).sum()
    }

    /// Votes that are free at a view.
    pub(crate) fn free(&self, view: u64) -> u64 {
        let free = self.leaving.iter().filter(|(end, _)| *end <= view);
        free.map(|(_, votes)| votes).sum()
    }
}

impl ModelNetwork {
    pub(crate) fn new(
        genesis: ModelLedger,
        nodes: Vec<ModelNode>,
        chain_id: u32,
        mut random: Random,
    ) -> Self {
        let pulse = Pulse {
            confirmed_after: random.between(8, 25),
            finalised_after: random.between(30, 90),
            finalised_every: random.between(1, 20),
            finality_from: if random.chance(200) {
                random.between(150, 300)
            } else {
                1
            },
            packs: random.between(200, 900),
        };
        let mut network = Self {
            chain: ChainBranch::new(genesis, LEAST_PRICE),
            nodes,
            miner: TransactionPool::default(),
            random,
            weather: Weather::calm(),
            pulse,
            chain_id,
            shared: Vec::new(),
            shut: None,
            late: Vec::new(),
            most_confirmed: 0,
            retired: BTreeMap::new(),
            log: Vec::new(),
            surge_until: 0,
            foreign: 0,
            fleeting: BTreeMap::new(),
            losing: Vec::new(),
        };
        network.pass(120);
        network
    }

    pub(crate) fn note(&mut self, what: impl fmt::Display) {
        self.log.push(format!("{:>6} {what}", self.chain.newest));
    }

    pub(crate) fn finalised(&self) -> u64 {
        self.chain.trusted(self.chain.newest).1
    }

    /// Lets epochs pass.
    pub(crate) fn pass(&mut self, epochs: u64) {
        for _ in 0..epochs {
            self.epoch();
        }
    }

    /// The storm is over: all nodes agree, and hear of everything.
    pub(crate) fn calm_down(&mut self) {
        self.weather = Weather::calm();
        self.surge_until = 0;
        self.losing.clear();
        self.fleeting.clear();
        self.chain.set_base_fee(LEAST_PRICE);
        for node in &mut self.nodes {
            node.recover();
        }
    }

    /// A long silence: so many empty epochs that what was signed before is too old.
    pub(crate) fn leap(&mut self) {
        self.chain.leap(pool::EPOCH_BOUND + 500);
        self.note("100,500 empty epochs have passed");
    }

    fn epoch(&mut self) {
        self.change_fee();
        self.deliver_late();
        if !self.random.chance(self.weather.silent) {
            self.gossip();
        }
        self.drop_some();
        self.somebody_else();
        let block = self.pack();
        for skipped in self.chain.grow(block) {
            // A skipped one goes back to the pool.
            let _ = self.miner.replace(&skipped);
        }
        self.settle_trust();
        if self.random.chance(self.weather.reorganised) {
            self.reorganise();
        }
        self.lose();
        self.wander();
        self.forget_executed();
    }

    fn settle_trust(&mut self) {
        let (newest, executed) = (self.chain.newest, self.chain.executed());
        let jitter = self.random.below(5);
        let confirmed = newest
            .saturating_sub(self.pulse.confirmed_after + jitter)
            .min(executed);
        let mut finalised = self.finalised();
        if newest >= self.pulse.finality_from && newest.is_multiple_of(self.pulse.finalised_every) {
            finalised = finalised.max(newest.saturating_sub(self.pulse.finalised_after));
        }
        self.most_confirmed = self.most_confirmed.max(confirmed);
        self.chain.trust(confirmed, finalised);
    }

    fn change_fee(&mut self) {
        let newest = self.chain.newest;
        if self.random.chance(self.weather.surges) {
            self.surge_until = newest + self.random.between(20, 150);
            let factor = u128::from(self.random.between(3, 30));
            self.chain.set_base_fee(LEAST_PRICE * factor);
            let until = self.surge_until;
            self.note(format_args!("the base fee is {factor} Gdrip until {until}"));
        } else if newest >= self.surge_until && newest.is_multiple_of(16) {
            let more = u128::from(self.random.below(500)) * LEAST_PRICE / 1000;
            self.chain.set_base_fee(LEAST_PRICE + more);
        }
    }

    fn deliver_late(&mut self) {
        let newest = self.chain.newest;
        let due: Vec<_> = self
            .late
            .extract_if(.., |(when, _, _)| *when <= newest)
            .collect();
        for (_, node, transaction) in due {
            let _ = self.take(node, &transaction, false);
        }
    }

    /// Hands a transaction to a node.
    pub(crate) fn take(
        &mut self,
        node: usize,
        new: &Arc<Transaction>,
        full: bool,
    ) -> Result<(), String> {
        let view = self.nodes[node].view(&self.chain);
        let known = view.known(new, self.chain_id.into(), full);
        self.nodes[node].pool.insert(new, known)
    }

    /// Nodes tell the miners, and the miners tell the nodes.
    fn gossip(&mut self) {
        let newest = self.chain.newest;
        for node in &mut self.nodes {
            if node.catching_up > newest {
                continue;
            }
            let told: Vec<_> = node.pool.all().cloned().collect();
            for transaction in told {
                if self.random.chance(700) {
                    let _ = self.miner.replace(&transaction);
                }
            }
            let nonce = |account| node.view(&self.chain).nonce(account);
            let heard = self
                .miner
                .all()
                .filter(|transaction| transaction.nonce >= nonce(transaction.sender));
            let heard: Vec<_> = heard.cloned().collect();
            for transaction in heard {
                if self.random.chance(400) {
                    let _ = node.pool.replace(&transaction);
                }
            }
        }
    }

    fn drop_some(&mut self) {
        if !self.random.chance(self.weather.dropped) {
            return;
        }
        let which = self.random.position(self.nodes.len() + 1);
        let pool = match self.nodes.get_mut(which) {
            Some(node) => &mut node.pool,
            None => &mut self.miner,
        };
        let places: Vec<_> = pool
            .all()
            .filter(|transaction| !transaction.foreign)
            .map(|transaction| (transaction.sender, transaction.nonce))
            .collect();
        if !places.is_empty() {
            let (account, nonce) = places[self.random.position(places.len())];
            pool.remove(account, nonce);
            self.note(format_args!("pool {which} forgets nonce {nonce}"));
        }
    }

    /// Somebody else signs with a key that we use too.
    fn somebody_else(&mut self) {
        let next = self.random.chance(self.weather.foreign_next);
        let same = self.random.chance(self.weather.foreign_same);
        if self.shared.is_empty() || self.foreign >= FOREIGN || !(next || same) {
            return;
        }
        let account = self.shared[self.random.position(self.shared.len())];
        let packable = self.chain.next_packable(account);
        let pending: Vec<_> = self
            .miner
            .of(account)
            .filter(|there| there.nonce >= packable)
            .cloned()
            .collect();
        let (nonce, price, ours) = match pending.as_slice() {
            [] if same => return,
            pending if same => {
                let there = &pending[self.random.position(pending.len())];
                let ours = (!there.foreign).then(|| Arc::clone(there));
                (there.nonce, there.max_fee * 2, ours)
            }
            _ => {
                let next = self.miner.next_nonce(account, packable);
                (next, LEAST_PRICE * 100, None)
            }
        };
        self.foreign += 1;
        self.note(format_args!("somebody else signs nonce {nonce}"));
        let hash = self.random.word();
        // By its hash and not by a draw: other stories stay as they are.
        if let Some(ours) = ours
            && hash[0].is_multiple_of(2)
        {
            self.fleeting.insert(hash, ours);
        }
        let transaction = self.foreign_transaction(account, nonce, price, hash);
        let _ = self.miner.replace(&Arc::new(transaction));
    }

    /// Somebody calls a contract of the model; the miners have it at once.
    pub(crate) fn somebody_calls(&mut self, sender: Account, to: Account, data: Vec<u8>) {
        let nonce = self.chain.next_packable(sender);
        let nonce = self.miner.next_nonce(sender, nonce);
        let hash = self.random.word();
        let mut call = self.foreign_transaction(sender, nonce, LEAST_PRICE * 100, hash);
        (call.to, call.value, call.data, call.gas) = (Some(to), 0, data, 200_000);
        let _ = self.miner.replace(&Arc::new(call));
    }

    fn foreign_transaction(
        &self,
        sender: Account,
        nonce: u64,
        price: u128,
        hash: [u8; 32],
    ) -> Transaction {
        let mut somebody = [0x55; 20];
        somebody[0] = 0x15;
        Transaction {
            hash,
            sender,
            nonce,
            max_fee: price,
            priority: 0,
            gas: 21_000,
            to: Some(somebody),
            value: 1,
            storage_limit: 0,
            epoch_height: self.chain.newest,
            chain_id: self.chain_id.into(),
            data: Vec::new(),
            foreign: true,
        }
    }

    /// The transactions of the next block: in the order of their nonces, as long as the price is right.
    fn pack(&mut self) -> Vec<Packed> {
        if !self.random.chance(self.pulse.packs) {
            return Vec::new();
        }
        let (newest, fee) = (
            self.chain.newest,
            self.chain.base_fee(self.chain.newest + 1),
        );
        let senders: BTreeSet<Account> = self
            .miner
            .all()
            .map(|transaction| transaction.sender)
            .collect();
        let mut block = Vec::new();
        for sender in senders {
            let mut nonce = self.chain.next_packable(sender);
            while let Some(transaction) = self.miner.at(sender, nonce) {
                if transaction.max_fee < fee || pool::is_old(transaction, newest) {
                    break;
                }
                let transaction = Arc::clone(transaction);
                let fate = self.fate();
                if self.fleeting.contains_key(&transaction.hash) {
                    let lives = u64::from(transaction.hash[1] % 64);
                    self.losing.push((newest + 1 + lives, newest + 1));
                }
                block.push(Packed { transaction, fate });
                self.note(format_args!("nonce {nonce} is packed ({fate:?})"));
                nonce += 1;
                if fate == Fate::Skipped || !self.random.chance(800) {
                    break;
                }
            }
        }
        block
    }

    fn fate(&mut self) -> Fate {
        if self.random.chance(self.weather.skipped) {
            return Fate::Skipped;
        }
        if self.random.chance(self.weather.failed) {
            return Fate::Fails;
        }
        Fate::Executed
    }

    /// The newest epoch that stays.
    fn floor(&self) -> u64 {
        match self.weather.depth {
            Depth::Packed => self.chain.executed(),
            Depth::Unconfirmed => self.most_confirmed.max(self.finalised()),
            Depth::Unfinalised => self.finalised(),
        }
    }

    fn reorganise(&mut self) {
        let least = self.floor() + 1;
        let from = self.random.between(least, self.chain.newest.max(least));
        self.fork(from);
    }

    /// The branches with fleeting transactions lose, unless it is too late for that.
    fn lose(&mut self) {
        let newest = self.chain.newest;
        let due: Vec<_> = self
            .losing
            .extract_if(.., |(when, _)| *when <= newest)
            .collect();
        for (_, from) in due {
            if from > self.floor() {
                self.fork(from);
            }
        }
    }

    /// Another branch becomes the chain.
    fn fork(&mut self, from: u64) {
        let newest = self.chain.newest;
        let old = Arc::new(self.chain.clone());
        let gone = self.chain.fork(from);
        self.note(format_args!(
            "another branch from epoch {from}, without {} transactions",
            gone.len()
        ));
        for transaction in gone {
            // Whoever made a foreign one hands it in again, unless ours gets its place back.
            if let Some(ours) = self.fleeting.get(&transaction.hash).cloned() {
                let nonce = ours.nonce;
                self.note(format_args!("ours has its place back at nonce {nonce}"));
                let _ = self.miner.replace(&ours);
            } else if transaction.foreign || self.random.chance(800) {
                let _ = self.miner.replace(&transaction);
            }
        }
        for node in &mut self.nodes {
            if node.stuck.is_none() && self.random.chance(self.weather.stuck) {
                let until = newest + self.random.between(3, 40);
                node.stuck = Some((Arc::clone(&old), until));
            }
        }
    }

    /// Nodes fall behind and catch up.
    fn wander(&mut self) {
        let newest = self.chain.newest;
        for node in &mut self.nodes {
            if node
                .stuck
                .as_ref()
                .is_some_and(|(_, until)| *until <= newest)
            {
                node.stuck = None;
            }
            node.lag = node.lag.saturating_sub(self.random.below(2));
            if self.random.chance(self.weather.lagging) {
                node.lag = self.random.between(1, 60).min(newest / 2);
            }
            if self.random.chance(self.weather.catching_up) {
                node.catching_up = newest + self.random.between(5, 80);
            }
        }
    }

    /// Pools keep what was executed for a while.
    fn forget_executed(&mut self) {
        let ledger = Arc::clone(self.chain.ledger(self.chain.executed()));
        self.miner
            .retain(|transaction| transaction.nonce >= ledger.nonce(transaction.sender));
        for node in &mut self.nodes {
            let random = &mut self.random;
            node.pool.retain(|transaction| {
                transaction.nonce >= ledger.nonce(transaction.sender) || !random.chance(100)
            });
        }
    }
}
