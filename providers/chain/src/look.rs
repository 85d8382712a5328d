//! One look at a signed transaction of Core Space, in one round trip to one endpoint.
//!
//! - Reads: receipts and pool by the hashes of all its forms; nonces, epochs, genesis, the code that it creates.
//! - Returns: a [`Sight`]; a closer look also the fees and why the pool keeps it.
//! - Never: takes a refusal for an answer: "null" means unknown, an error means nothing.
//!
//! The life of a Core transaction: pool, block, executed after 5 epochs (the receipt), confirmed after about 50,
//! finalised by PoS after about 400. It can only be executed within 100,000 epochs of its epoch height, whatever the
//! height of its block (conflux-rust `fresh_executive.rs`). A node without `persist_tx_index` holds receipts in
//! memory only.

use serde_json::{Value as Json, json};

use crate::batch::{Answers, At, Batch, Slot};
use crate::chain::{self, AskedFees};
use crate::facts::Fees;
use crate::flight::{Executed, Heads, Ours, Pool, Receipt, Sight};
use crate::rpc::{Rpc, RpcError};
use crate::text::{field_u64, quantity};
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
        last: Some(signed.epoch_height.saturating_add(EPOCH_BOUND)),
        level: signed.level,
    }
}

struct Asked {
    receipts: Vec<Slot>,
    forms: Vec<Slot>,
    nonce: Slot,
    final_nonce: Slot,
    status: Slot,
    genesis: Slot,
    shown: Option<Slot>,
    close: Option<AskedClose>,
}

struct AskedClose {
    made: Option<Slot>,
    pending: Slot,
    fees: AskedFees,
}

/// Looks once.
pub(crate) async fn look(
    rpc: &Rpc,
    signed: &SignedWork,
    closeness: Closeness,
) -> Result<Look, Blind> {
    let mut batch = Batch::default();
    let asked = ask(&mut batch, signed, closeness);
    let answers = batch.send(rpc).await.map_err(Blind::Silent)?;
    let genesis = answers
        .get(asked.genesis)
        .and_then(|block| block.get("hash"))
        .and_then(Json::as_str);
    if genesis.is_some_and(|hash| hash != signed.chain.genesis_hash) {
        return Err(Blind::OtherChain);
    }
    let sight = read(&asked, signed, &answers).ok_or_else(|| {
        let what = format!(
            "{} does not answer what is asked of a transaction",
            rpc.names()
        );
        Blind::Silent(RpcError::Unreachable { tried: vec![what] })
    })?;
    let fees = asked
        .close
        .and_then(|close| chain::read_fees(&close.fees, &answers));
    Ok(Look { sight, fees })
}

fn ask(batch: &mut Batch, signed: &SignedWork, closeness: Closeness) -> Asked {
    let mut by_hash = |method| -> Vec<Slot> {
        let hashes = signed.forms().map(|form| json!([form.hash]));
        hashes.map(|hash| batch.ask(method, hash)).collect()
    };
    Asked {
        receipts: by_hash("cfx_getTransactionReceipt"),
        forms: by_hash("cfx_getTransactionByHash"),
        nonce: batch.nonce(signed.from, At::LatestState),
        final_nonce: batch.nonce(signed.from, At::LatestFinalised),
        status: batch.ask("cfx_getStatus", json!([])),
        genesis: batch.ask("cfx_getBlockByEpochNumber", json!(["0x0", false])),
        shown: signed
            .creates
            .map(|address| batch.code(address, At::LatestState)),
        close: (closeness == Closeness::Close).then(|| AskedClose {
            made: signed
                .creates
                .map(|address| batch.code(address, At::LatestFinalised)),
            pending: batch.ask(
                "cfx_getAccountPendingTransactions",
                json!([
                    signed.from.to_string(),
                    quantity(signed.nonce.into()),
                    "0x1"
                ]),
            ),
            fees: chain::ask_fees(batch),
        }),
    }
}

fn read(asked: &Asked, signed: &SignedWork, answers: &Answers) -> Option<Sight> {
    let status = answers.get(asked.status)?;
    let head = |name: &str| field_u64(status, name);
    let slots = asked.receipts.iter().chain(&asked.forms);
    // Null is an answer; a refusal is not, and must not be taken for "unknown".
    if slots.clone().any(|slot| answers.result(*slot).is_err()) {
        return None;
    }
    let receipts = asked.receipts.iter().filter_map(|slot| answers.get(*slot));
    let there = |slot: Option<Slot>| slot.map(|slot| answers.has_code(slot) == Some(true));
    let close = asked.close.as_ref();
    Some(Sight {
        heads: Heads {
            newest: head("epochNumber")?,
            confirmed: head("latestConfirmed").unwrap_or_default(),
            finalised: head("latestFinalized").unwrap_or_default(),
        },
        receipt: best_receipt(receipts),
        pool: pool(asked, signed, answers),
        next_nonce: answers.u64(asked.nonce)?,
        final_nonce: answers.u64(asked.final_nonce),
        shown: there(asked.shown).unwrap_or(true),
        made: there(close.and_then(|close| close.made)).unwrap_or(false),
    })
}

/// One form at most was executed; others may be in blocks that skipped them.
fn best_receipt<'a>(receipts: impl Iterator<Item = &'a Json>) -> Option<Executed> {
    let read = receipts.filter_map(receipt);
    read.min_by_key(|receipt| receipt.outcome == Receipt::Skipped)
}

fn receipt(json: &Json) -> Option<Executed> {
    let outcome = match field_u64(json, "outcomeStatus")? {
        0 => Receipt::Succeeded,
        1 => Receipt::Failed,
        2 => Receipt::Skipped,
        _ => return None,
    };
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(ToOwned::to_owned);
    Some(Executed {
        outcome,
        height: field_u64(json, "epochNumber"),
        reason: text("txExecErrorMsg"),
        created: text("contractCreated"),
    })
}

fn pool(asked: &Asked, signed: &SignedWork, answers: &Answers) -> Pool {
    let forms: Vec<&Json> = asked
        .forms
        .iter()
        .filter_map(|slot| answers.get(*slot))
        .collect();
    let in_block = |form: &&Json| form.get("blockHash").is_some_and(|hash| !hash.is_null());
    if forms.is_empty() {
        return Pool::Unknown;
    }
    if forms.iter().any(in_block) {
        return Pool::InBlock;
    }
    let pending = asked
        .close
        .as_ref()
        .and_then(|close| answers.get(close.pending));
    pending
        .and_then(|pending| reason(pending, signed))
        .unwrap_or(Pool::Ready)
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
