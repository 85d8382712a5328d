//! One node: its pool, and the part of the chain that it sees.
//!
//! - Reads: the branch that is followed by most, or the one that it is stuck on.
//! - Returns: a [`NodeView`]: what is newest, executed, confirmed and finalised for it.
//! - Never: sees beyond its view; but its pool may hold what nobody else knows.

use std::sync::Arc;

use crate::chain::ChainBranch;
use crate::pool::{self, AdmissionContext, TransactionPool};
use crate::transaction::{Account, Transaction};

/// One node behind one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct ModelNode {
    /// Host part of its endpoint.
    pub(crate) host: String,
    pub(crate) pool: TransactionPool,
    /// How many epochs it is behind.
    pub(crate) lag: u64,
    /// A branch that the others left, and until which epoch of theirs it follows that.
    pub(crate) stuck: Option<(Arc<ChainBranch>, u64)>,
    /// Until which epoch it takes no transactions.
    pub(crate) catching_up: u64,
    /// Whether it offers the methods of the pool.
    pub(crate) tells_pool: bool,
}

/// What a node sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeView<'a> {
    pub(crate) chain: &'a ChainBranch,
    pub(crate) newest: u64,
}

impl ModelNode {
    pub(crate) fn new(host: &str, tells_pool: bool) -> Self {
        Self {
            host: host.to_owned(),
            pool: TransactionPool::default(),
            lag: 0,
            stuck: None,
            catching_up: 0,
            tells_pool,
        }
    }

    pub(crate) fn view<'a>(&'a self, common: &'a ChainBranch) -> NodeView<'a> {
        let chain = self.stuck.as_ref().map_or(common, |(chain, _)| chain);
        let newest = chain
            .newest
            .saturating_sub(self.lag)
            .max(crate::chain::DEFERRED);
        NodeView { chain, newest }
    }

    /// Everything is as with the others again.
    pub(crate) fn recover(&mut self) {
        self.lag = 0;
        self.stuck = None;
        self.catching_up = 0;
    }
}

impl NodeView<'_> {
    pub(crate) fn executed(&self) -> u64 {
        self.newest - crate::chain::DEFERRED
    }

    pub(crate) fn confirmed(&self) -> u64 {
        self.chain.trusted(self.newest).0.min(self.executed())
    }

    pub(crate) fn finalised(&self) -> u64 {
        self.chain.trusted(self.newest).1.min(self.executed())
    }

    pub(crate) fn nonce(&self, account: Account) -> u64 {
        self.chain.ledger(self.executed()).nonce(account)
    }

    /// What counts when a transaction comes in.
    pub(crate) fn known(
        &self,
        transaction: &Transaction,
        chain_id: u64,
        full: bool,
    ) -> AdmissionContext {
        let sender = transaction.sender;
        let ledger = self.chain.ledger(self.executed());
        AdmissionContext {
            chain_id,
            newest: self.newest,
            nonce: ledger.nonce(sender),
            balance: ledger.balance(sender),
            packed: transaction.nonce < self.chain.next_packable(sender),
            full,
        }
    }

    /// Status of a transaction in the pool, or why it cannot be packed, as the node words it.
    pub(crate) fn status(&self, first: &Transaction) -> Result<&'static str, &'static str> {
        let ledger = self.chain.ledger(self.executed());
        if self.chain.packed_in(&first.hash, self.newest).is_some() {
            return Ok("packed");
        }
        if pool::is_old(first, self.newest) {
            return Err("oldEpochHeight");
        }
        if first.nonce > ledger.nonce(first.sender) {
            return Err("futureNonce");
        }
        if pool::transaction_cost(first) > ledger.balance(first.sender) {
            return Err("notEnoughCash");
        }
        Ok("ready")
    }
}
