//! What the looks of both spaces share: questions by hash, and what a look comes to.

use pospool_conflux_rpc::{Batch, BatchAnswers, Slot};
use serde_json::Value as Json;

use crate::fees::Fees;
use crate::flight::{Executed, Pool, Receipt, Sight};
use crate::signed::SignedWork;

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closeness {
    /// What changes from look to look.
    Brief,
    /// Also fees, the pool's reason, and what is final of the code.
    Close,
}

/// What one look found.
#[derive(Clone, Debug)]
pub(crate) struct TransactionLook {
    pub(crate) sight: Sight,
    pub(crate) fees: Option<Fees>,
}

/// What the answers to one look say.
pub(super) enum LookAnswer {
    /// The node is on another chain.
    Foreign,
    /// What matters was not answered.
    Nothing,
    Seen(TransactionLook),
}

/// Questions about all forms of a transaction by their hashes.
pub(super) struct AskedForms {
    receipts: Vec<Slot>,
    forms: Vec<Slot>,
}

impl AskedForms {
    pub(super) fn ask(
        batch: &mut Batch,
        signed: &SignedWork,
        receipt: &'static str,
        form: &'static str,
    ) -> Self {
        let mut by_hash = |method| -> Vec<Slot> {
            let hashes = signed.forms().map(|form| serde_json::json!([form.hash]));
            hashes.map(|hash| batch.ask(method, hash)).collect()
        };
        Self {
            receipts: by_hash(receipt),
            forms: by_hash(form),
        }
    }

    /// Whether the node answered each of them. Null is an answer; a refusal is not, and must not be taken for "unknown".
    pub(super) fn are_told(&self, answers: &BatchAnswers) -> bool {
        let mut slots = self.receipts.iter().chain(&self.forms);
        slots.all(|slot| answers.result(*slot).is_ok())
    }

    /// The receipt that counts.
    pub(super) fn receipt(
        &self,
        answers: &BatchAnswers,
        read: impl Fn(&Json) -> Option<Executed>,
    ) -> Option<Executed> {
        let receipts = self.receipts.iter().filter_map(|slot| answers.get(*slot));
        best_receipt(receipts.filter_map(read))
    }

    /// What the pool says of them; `pending` holds its reason, if that was asked.
    pub(super) fn pool(
        &self,
        signed: &SignedWork,
        pending: Option<&Json>,
        answers: &BatchAnswers,
    ) -> Pool {
        let forms = self.forms.iter().filter_map(|slot| answers.get(*slot));
        let forms: Vec<&Json> = forms.collect();
        let in_block = |form: &&Json| form.get("blockHash").is_some_and(|hash| !hash.is_null());
        if forms.is_empty() {
            return Pool::Unknown;
        }
        if forms.iter().any(in_block) {
            return Pool::InBlock;
        }
        pending
            .and_then(|pending| pool_reason(pending, signed))
            .unwrap_or(Pool::Ready)
    }
}

/// One form at most was executed; others may be in blocks that skipped them.
pub(super) fn best_receipt(receipts: impl Iterator<Item = Executed>) -> Option<Executed> {
    receipts.min_by_key(|receipt| receipt.outcome == Receipt::Skipped)
}

/// Why the pool keeps it. The node tells that of the first transaction from a nonce on, which may be another one
/// (conflux-rust `transaction_status.rs`, `transaction_pool/mod.rs`).
pub(super) fn pool_reason(pending: &Json, signed: &SignedWork) -> Option<Pool> {
    let first = pending.get("pendingTransactions")?.get(0)?;
    let hash = first.get("hash")?.as_str()?;
    if signed.forms().all(|form| form.hash != hash) {
        return None;
    }
    match pending.get("firstTxStatus")?.get("pending")?.as_str()? {
        "futureNonce" => Some(Pool::FutureNonce),
        "notEnoughCash" => Some(Pool::NotEnoughCash),
        "oldEpochHeight" => Some(Pool::OldEpochHeight),
        "outdatedStatus" => Some(Pool::OutdatedStatus),
        _ => None,
    }
}
