//! The transaction pool of one node, with conflux-rust's rules and texts.
//!
//! - Reads: a transaction, and the state that the node knows.
//! - Returns: taken, or the reason why not in the node's words (`transaction_pool/error.rs`).
//! - Never: packs.

use std::collections::BTreeMap;
use std::sync::Arc;

use ethers_core::utils::hex;

use crate::transaction::{Account, Hash, Transaction};

/// A transaction is packed within so many epochs of its epoch height.
pub(crate) const EPOCH_BOUND: u64 = 100_000;
/// How far ahead of the state a nonce may be.
const FURTHEST_NONCE: u64 = 2000;
/// Most gas of a Core transaction.
const MOST_GAS: u64 = 27_000_000;
/// Least price of a unit of gas.
pub(crate) const LEAST_PRICE: u128 = 1_000_000_000;

/// What a node knows when a transaction comes in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdmissionContext {
    pub(crate) chain_id: u64,
    pub(crate) newest: u64,
    pub(crate) nonce: u64,
    pub(crate) balance: u128,
    /// A transaction with its nonce is in a block already.
    pub(crate) packed: bool,
    /// The pool is full of other people's transactions.
    pub(crate) full: bool,
}

/// Transactions by sender and nonce.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionPool(BTreeMap<(Account, u64), Arc<Transaction>>);

impl TransactionPool {
    pub(crate) fn has(&self, hash: &Hash) -> bool {
        self.0.values().any(|transaction| transaction.hash == *hash)
    }

    pub(crate) fn at(&self, account: Account, nonce: u64) -> Option<&Arc<Transaction>> {
        self.0.get(&(account, nonce))
    }

    pub(crate) fn of(&self, account: Account) -> impl Iterator<Item = &Arc<Transaction>> {
        let range = self.0.range((account, 0)..=(account, u64::MAX));
        range.map(|(_, transaction)| transaction)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Transaction>> {
        self.0.values()
    }

    pub(crate) fn remove(&mut self, account: Account, nonce: u64) {
        self.0.remove(&(account, nonce));
    }

    /// Drops what some rule does not let live any more.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Transaction) -> bool) {
        self.0.retain(|_, transaction| keep(transaction));
    }

    /// First nonce from `from` on that is not in the pool.
    pub(crate) fn next_nonce(&self, account: Account, from: u64) -> u64 {
        let mut nonce = from;
        while self.at(account, nonce).is_some() {
            nonce += 1;
        }
        nonce
    }

    /// Takes a transaction that came from a client.
    pub(crate) fn insert(
        &mut self,
        new: &Arc<Transaction>,
        known: AdmissionContext,
    ) -> Result<(), String> {
        check_form(new, known)?;
        if self.has(&new.hash) {
            return Err("tx already exist".to_owned());
        }
        let hash = hex::encode_prefixed(new.hash);
        if new.nonce >= known.nonce + FURTHEST_NONCE {
            return Err(format!(
                "Transaction {hash} is discarded due to in too distant future"
            ));
        }
        if new.nonce < known.nonce || known.packed {
            return Err(format!(
                "Transaction {hash} is discarded due to a too stale nonce"
            ));
        }
        let need = transaction_cost(new);
        if need > known.balance {
            return Err(format!(
                "Transaction {hash} is discarded due to out of balance, needs {need} but account balance is {}",
                known.balance
            ));
        }
        if known.full {
            return Err("txpool is full".to_owned());
        }
        self.replace(new)
    }

    /// Takes a transaction that came from another node or out of a block that is gone.
    pub(crate) fn replace(&mut self, new: &Arc<Transaction>) -> Result<(), String> {
        let place = (new.sender, new.nonce);
        if let Some(old) = self.0.get(&place)
            && old.hash != new.hash
        {
            let too_old = new.epoch_height > old.epoch_height.saturating_add(EPOCH_BOUND);
            let expected = next_price(old.max_fee);
            if !too_old && new.max_fee < expected {
                return Err(format!(
                    "Tx with same nonce already inserted. To replace it, you need to specify a gas price > {expected}"
                ));
            }
        }
        self.0.insert(place, Arc::clone(new));
        Ok(())
    }
}

/// Checks that do not need the pool.
fn check_form(new: &Transaction, known: AdmissionContext) -> Result<(), String> {
    if new.chain_id != known.chain_id {
        return Err(format!(
            "ChainIdMismatch {{ expected: {}, got: {}, space: Native }}",
            known.chain_id, new.chain_id
        ));
    }
    if is_old(new, known.newest) {
        return Err(format!(
            "EpochHeightOutOfBound {{ block_height: {}, set: {}, transaction_epoch_bound: {EPOCH_BOUND} }}",
            known.newest, new.epoch_height
        ));
    }
    if new.gas > MOST_GAS {
        return Err(format!(
            "transaction gas {} exceeds the maximum value {MOST_GAS}",
            new.gas
        ));
    }
    let least = 21_000.max(100 * u64::try_from(new.data.len()).unwrap_or(u64::MAX >> 8));
    if new.gas < least {
        return Err(format!(
            "NotEnoughBaseGas {{ required: {least}, got: {} }}",
            new.gas
        ));
    }
    if new.max_fee < LEAST_PRICE {
        return Err(format!(
            "transaction gas price {} less than the minimum value {LEAST_PRICE}",
            new.max_fee
        ));
    }
    Ok(())
}

/// Whether it is too old to be packed after an epoch.
pub(crate) fn is_old(transaction: &Transaction, newest: u64) -> bool {
    transaction.epoch_height + EPOCH_BOUND < newest
}

/// What the sender must have.
pub(crate) fn transaction_cost(transaction: &Transaction) -> u128 {
    let storage = u128::from(transaction.storage_limit) * (crate::amounts::CFX / 1024);
    transaction.value + storage + u128::from(transaction.gas) * transaction.max_fee
}

/// Least price that replaces another one (`nonce_pool/mod.rs`, `compute_next_price`).
fn next_price(price: u128) -> u128 {
    if price < 100 {
        price + 1
    } else {
        price + price / 100 * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: AdmissionContext = AdmissionContext {
        chain_id: 1,
        newest: 10,
        nonce: 5,
        balance: u128::MAX,
        packed: false,
        full: false,
    };

    fn transaction(nonce: u64, max_fee: u128) -> Arc<Transaction> {
        Arc::new(Transaction {
            hash: hash_of(nonce, max_fee),
            sender: [1; 20],
            nonce,
            max_fee,
            priority: 0,
            gas: 21_000,
            to: Some([2; 20]),
            value: 0,
            storage_limit: 0,
            epoch_height: 10,
            chain_id: 1,
            data: Vec::new(),
            foreign: false,
        })
    }

    fn hash_of(nonce: u64, max_fee: u128) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&nonce.to_be_bytes());
        hash[8..24].copy_from_slice(&max_fee.to_be_bytes());
        hash
    }

    fn says(result: Result<(), String>, words: &str) {
        let error = result.unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_pool_refuses_what_conflux_rust_refuses() {
        let mut pool = TransactionPool::default();
        let good = transaction(5, LEAST_PRICE);
        pool.insert(&good, KNOWN).unwrap();
        says(pool.insert(&good, KNOWN), "tx already exist");
        says(
            pool.insert(&transaction(4, LEAST_PRICE), KNOWN),
            "too stale nonce",
        );
        says(
            pool.insert(&transaction(2005, LEAST_PRICE), KNOWN),
            "too distant future",
        );
        says(
            pool.insert(&transaction(6, 1), KNOWN),
            "less than the minimum value",
        );
        says(
            pool.insert(&transaction(5, LEAST_PRICE + 1), KNOWN),
            "same nonce",
        );
        pool.insert(&transaction(5, LEAST_PRICE + LEAST_PRICE / 50), KNOWN)
            .unwrap();
        let late = AdmissionContext {
            newest: 100_011,
            ..KNOWN
        };
        says(
            pool.insert(&transaction(6, LEAST_PRICE), late),
            "EpochHeightOutOfBound",
        );
        let moneyless = AdmissionContext {
            balance: 1,
            ..KNOWN
        };
        says(
            pool.insert(&transaction(6, LEAST_PRICE), moneyless),
            "out of balance",
        );
        let full = AdmissionContext {
            full: true,
            ..KNOWN
        };
        says(pool.insert(&transaction(6, LEAST_PRICE), full), "is full");
        assert_eq!(pool.next_nonce([1; 20], 5), 6);
    }
}
