//! One branch of the chain: epochs, what is in them, and how far each can be trusted.
//!
//! - Reads: blocks that were packed, and the fate of each transaction in them.
//! - Returns: ledgers and receipts by epoch; confirmed and finalised epochs as they were known at a time.
//! - Never: changes a finalised epoch.
//!
//! An epoch is executed when five more have followed it. Most epochs are empty and cost nothing here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::{Fate, ModelLedger, TransactionEnd};
use crate::transaction::{Account, Hash, Transaction};

/// An epoch is executed when so many have followed it.
pub(crate) const DEFERRED: u64 = 5;

/// A transaction in a block.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) fate: Fate,
}

/// What a node tells of an executed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelReceipt {
    pub(crate) epoch: u64,
    pub(crate) ended: TransactionEnd,
}

/// One branch.
#[derive(Clone, Debug)]
pub(crate) struct ChainBranch {
    /// Newest epoch.
    pub(crate) newest: u64,
    blocks: BTreeMap<u64, Vec<Packed>>,
    /// Ledgers after those epochs that changed something.
    ledgers: BTreeMap<u64, Arc<ModelLedger>>,
    receipts: BTreeMap<Hash, ModelReceipt>,
    /// Base fee from an epoch on.
    fees: BTreeMap<u64, u128>,
    /// What was known at an epoch: confirmed and finalised.
    trust: BTreeMap<u64, (u64, u64)>,
}

impl ChainBranch {
    pub(crate) fn new(genesis: ModelLedger, base_fee: u128) -> Self {
        Self {
            newest: DEFERRED,
            blocks: BTreeMap::new(),
            ledgers: [(0, Arc::new(genesis))].into(),
            receipts: BTreeMap::new(),
            fees: [(0, base_fee)].into(),
            trust: [(0, (0, 0))].into(),
        }
    }

    /// Newest executed epoch.
    pub(crate) fn executed(&self) -> u64 {
        self.newest.saturating_sub(DEFERRED)
    }

    /// The ledger after an epoch that is executed.
    pub(crate) fn ledger(&self, epoch: u64) -> &Arc<ModelLedger> {
        let (_, ledger) = self
            .ledgers
            .range(..=epoch)
            .next_back()
            .expect("epoch 0 always has a ledger");
        ledger
    }

    /// Changes what was there from the beginning on.
    pub(crate) fn change_genesis(&mut self, change: impl FnOnce(&mut ModelLedger)) {
        if let Some(ledger) = self.ledgers.get_mut(&0) {
            change(Arc::make_mut(ledger));
        }
    }

    pub(crate) fn base_fee(&self, epoch: u64) -> u128 {
        let fee = self.fees.range(..=epoch).next_back();
        fee.map(|(_, fee)| *fee).unwrap_or_default()
    }

    pub(crate) fn set_base_fee(&mut self, fee: u128) {
        self.fees.insert(self.newest + 1, fee);
    }

    /// Confirmed and finalised epochs as they were known when `newest` was the newest one.
    pub(crate) fn trusted(&self, newest: u64) -> (u64, u64) {
        let known = self.trust.range(..=newest).next_back();
        known.map(|(_, known)| *known).unwrap_or_default()
    }

    pub(crate) fn trust(&mut self, confirmed: u64, finalised: u64) {
        self.trust.insert(self.newest, (confirmed, finalised));
    }

    /// First epoch at which anything was finalised, with what was finalised then.
    pub(crate) fn first_finalised(&self) -> Option<u64> {
        let first = self.trust.values().find(|(_, finalised)| *finalised > 0);
        first.map(|(_, finalised)| *finalised)
    }

    /// The receipt of a transaction, if it is executed up to an epoch.
    pub(crate) fn receipt(&self, hash: &Hash, executed: u64) -> Option<&ModelReceipt> {
        self.receipts
            .get(hash)
            .filter(|receipt| receipt.epoch <= executed)
    }

    /// The epoch of the block that holds a transaction, up to an epoch.
    pub(crate) fn packed_in(&self, hash: &Hash, newest: u64) -> Option<u64> {
        let blocks = self.blocks.range(..=newest).rev();
        let mut holding = blocks.filter(|(_, block)| {
            let mut in_block = block.iter();
            in_block.any(|packed| packed.transaction.hash == *hash && packed.fate != Fate::Skipped)
        });
        holding.next().map(|(epoch, _)| *epoch)
    }

    /// The nonce that a miner packs next: executed ones and those in newer blocks are used.
    pub(crate) fn next_packable(&self, account: Account) -> u64 {
        let mut next = self.ledger(self.executed()).nonce(account);
        for packed in self
            .blocks
            .range(self.executed() + 1..)
            .flat_map(|(_, block)| block)
        {
            let transaction = &packed.transaction;
            if transaction.sender == account
                && transaction.nonce == next
                && packed.fate != Fate::Skipped
            {
                next += 1;
            }
        }
        next
    }

    /// One more epoch with these transactions. Returns what the newly executed epoch skipped.
    pub(crate) fn grow(&mut self, block: Vec<Packed>) -> Vec<Arc<Transaction>> {
        self.newest += 1;
        if !block.is_empty() {
            self.blocks.insert(self.newest, block);
        }
        self.execute(self.executed())
    }

    /// Many empty epochs at once.
    pub(crate) fn leap(&mut self, epochs: u64) {
        for _ in 0..DEFERRED {
            self.grow(Vec::new());
        }
        self.newest += epochs;
    }

    fn execute(&mut self, epoch: u64) -> Vec<Arc<Transaction>> {
        let Some(block) = self.blocks.get(&epoch) else {
            return Vec::new();
        };
        let mut ledger = ModelLedger::clone(self.ledger(epoch));
        let base_fee = self.base_fee(epoch);
        let mut skipped = Vec::new();
        for packed in block {
            let transaction = &packed.transaction;
            match ledger.execute(transaction, packed.fate, base_fee, epoch) {
                TransactionEnd::Skipped => skipped.push(Arc::clone(transaction)),
                ended => {
                    let receipt = ModelReceipt { epoch, ended };
                    self.receipts.insert(transaction.hash, receipt);
                }
            }
        }
        self.ledgers.insert(epoch, Arc::new(ledger));
        skipped
    }

    /// Another branch takes over from an epoch on, as long as the old one and empty. Returns what was in the blocks
    /// that are gone.
    pub(crate) fn fork(&mut self, from: u64) -> Vec<Arc<Transaction>> {
        let gone = self.blocks.split_off(&from);
        self.ledgers.split_off(&from.max(1));
        self.receipts.retain(|_, receipt| receipt.epoch < from);
        let transactions = gone.into_values().flatten();
        transactions.map(|packed| packed.transaction).collect()
    }
}
