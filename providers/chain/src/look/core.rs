//! The look in Core Space.
//!
//! - Reads: receipts and pool by hash, nonces, status, genesis, the code that a creation makes.
//! - Returns: questions, and what their answers say.
//! - Never: sends anything itself.
//!
//! The life of a Core transaction: pool, block, executed after 5 epochs (the receipt), confirmed after about 50,
//! finalised by PoS after about 400. It can only be executed within 100,000 epochs of its epoch height, whatever the
//! height of its block (conflux-rust `fresh_executive.rs`). A node without `persist_tx_index` holds receipts in
//! memory only.

use serde_json::{Value as Json, json};

use super::{AskedForms, Closeness, Look, Read};
use crate::batch::{Answers, At, Batch, Slot};
use crate::chain::{self, AskedFees};
use crate::chain_address::Space;
use crate::flight::{Executed, Heads, Receipt, Sight};
use crate::text::{field_u64, quantity};
use crate::work::SignedWork;

/// Questions of one look.
pub(super) struct Asked {
    forms: AskedForms,
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

/// Asks.
pub(super) fn ask(batch: &mut Batch, signed: &SignedWork, closeness: Closeness) -> Asked {
    let receipt = "cfx_getTransactionReceipt";
    Asked {
        forms: AskedForms::ask(batch, signed, receipt, "cfx_getTransactionByHash"),
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
            fees: chain::ask_fees(batch, Space::Core),
        }),
    }
}

/// Reads the answers.
pub(super) fn read(asked: &Asked, signed: &SignedWork, answers: &Answers) -> Read {
    let genesis = answers
        .get(asked.genesis)
        .and_then(|block| block.get("hash"))
        .and_then(Json::as_str);
    if genesis.is_some_and(|hash| hash != signed.chain.genesis_hash) {
        return Read::Foreign;
    }
    let Some(sight) = sight(asked, signed, answers) else {
        return Read::Nothing;
    };
    let close = asked.close.as_ref();
    let fees = close.and_then(|close| chain::read_fees(&close.fees, answers));
    Read::Seen(Look { sight, fees })
}

fn sight(asked: &Asked, signed: &SignedWork, answers: &Answers) -> Option<Sight> {
    let status = answers.get(asked.status)?;
    let head = |name: &str| field_u64(status, name);
    if !asked.forms.are_told(answers) {
        return None;
    }
    let there = |slot: Option<Slot>| slot.map(|slot| answers.has_code(slot) == Some(true));
    let close = asked.close.as_ref();
    let pending = close.and_then(|close| answers.get(close.pending));
    Some(Sight {
        heads: Heads {
            newest: head("epochNumber")?,
            confirmed: head("latestConfirmed").unwrap_or_default(),
            finalised: head("latestFinalized").unwrap_or_default(),
        },
        receipt: asked.forms.receipt(answers, receipt),
        pool: asked.forms.pool(signed, pending, answers),
        next_nonce: answers.u64(asked.nonce)?,
        final_nonce: answers.u64(asked.final_nonce),
        shown: there(asked.shown).unwrap_or(true),
        made: there(close.and_then(|close| close.made)).unwrap_or(false),
    })
}

pub(super) fn receipt(json: &Json) -> Option<Executed> {
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
