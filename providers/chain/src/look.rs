//! One look at a signed transaction, in one round trip to one endpoint.
//!
//! - Reads: receipts and pool by the hashes of all its forms; nonces, epochs, genesis, the code that it creates.
//! - Returns: a [`Sight`]; a closer look also the fees and why the pool keeps it.
//! - Never: takes a refusal for an answer: "null" means unknown, an error means nothing.
//!
//! What is asked, and how the answers are read, is a matter of the space: `core`, `espace`.

mod core;
mod espace;

use serde_json::Value as Json;

use crate::batch::{Answers, Batch, Slot};
use crate::chain_address::Space;
use crate::facts::Fees;
use crate::flight::{Executed, Ours, Pool, Receipt, Sight};
use crate::rpc::{Rpc, RpcError};
use crate::work::SignedWork;

/// A transaction is executed within so many epochs of its epoch height (conflux-rust `TRANSACTION_DEFAULT_EPOCH_BOUND`).
pub(crate) const EPOCH_BOUND: u64 = 100_000;

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
pub(crate) struct Look {
    pub(crate) sight: Sight,
    pub(crate) fees: Option<Fees>,
}

/// Why a look found nothing.
#[derive(Debug)]
pub(crate) enum Blind {
    /// The node is on another chain.
    OtherChain,
    /// No answer, or not to what matters.
    Silent(RpcError),
}

/// What the table must know of a transaction.
pub(crate) fn ours(signed: &SignedWork) -> Ours {
    Ours {
        nonce: signed.nonce,
        last: signed
            .epoch_height
            .map(|height| height.saturating_add(EPOCH_BOUND)),
        level: signed.level,
    }
}

/// What the answers to one look say.
enum Read {
    /// The node is on another chain.
    Foreign,
    /// What matters was not answered.
    Nothing,
    Seen(Look),
}

/// Looks once.
pub(crate) async fn look(
    rpc: &Rpc,
    signed: &SignedWork,
    closeness: Closeness,
) -> Result<Look, Blind> {
    let mut batch = Batch::default();
    let read = match signed.space() {
        Space::Core => {
            let asked = core::ask(&mut batch, signed, closeness);
            let answers = batch.send(rpc).await.map_err(Blind::Silent)?;
            core::read(&asked, signed, &answers)
        }
        Space::Espace => {
            let asked = espace::ask(&mut batch, signed, closeness);
            let answers = batch.send(rpc).await.map_err(Blind::Silent)?;
            espace::read(&asked, signed, &answers)
        }
    };
    match read {
        Read::Seen(look) => Ok(look),
        Read::Foreign => Err(Blind::OtherChain),
        Read::Nothing => {
            let what = format!(
                "{} does not answer what is asked of a transaction",
                rpc.names()
            );
            Err(Blind::Silent(RpcError::Unreachable { tried: vec![what] }))
        }
    }
}

/// Questions about all forms of a transaction by their hashes.
struct AskedForms {
    receipts: Vec<Slot>,
    forms: Vec<Slot>,
}

impl AskedForms {
    fn ask(
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
    fn are_told(&self, answers: &Answers) -> bool {
        let mut slots = self.receipts.iter().chain(&self.forms);
        slots.all(|slot| answers.result(*slot).is_ok())
    }

    /// The receipt that counts.
    fn receipt(
        &self,
        answers: &Answers,
        read: impl Fn(&Json) -> Option<Executed>,
    ) -> Option<Executed> {
        let receipts = self.receipts.iter().filter_map(|slot| answers.get(*slot));
        best_receipt(receipts.filter_map(read))
    }

    /// What the pool says of them; `pending` holds its reason, if that was asked.
    fn pool(&self, signed: &SignedWork, pending: Option<&Json>, answers: &Answers) -> Pool {
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
            .and_then(|pending| reason(pending, signed))
            .unwrap_or(Pool::Ready)
    }
}

/// One form at most was executed; others may be in blocks that skipped them.
fn best_receipt(receipts: impl Iterator<Item = Executed>) -> Option<Executed> {
    receipts.min_by_key(|receipt| receipt.outcome == Receipt::Skipped)
}

/// Why the pool keeps it. The node tells that of the first transaction from a nonce on, which may be another one
/// (conflux-rust `transaction_status.rs`, `transaction_pool/mod.rs`).
fn reason(pending: &Json, signed: &SignedWork) -> Option<Pool> {
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

#[cfg(test)]
mod tests;
