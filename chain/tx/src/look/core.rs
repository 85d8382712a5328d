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

use pospool_conflux::Space;
use pospool_conflux_rpc::quantity::{field_u64, quantity_text};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use serde_json::{Value as Json, json};

use super::parts::{AskedForms, Closeness, LookAnswer, TransactionLook};
use crate::fees::{AskedFees, ask_fees, read_fees};
use crate::flight::{Executed, Heads, Receipt, Sight};
use crate::signed::SignedWork;

/// Questions of one look.
pub(super) struct CoreQuestions {
    forms: AskedForms,
    nonce: Slot,
    final_nonce: Slot,
    status: Slot,
    genesis: Slot,
    shown: Option<Slot>,
    close: Option<CloseQuestions>,
}

struct CloseQuestions {
    made: Option<Slot>,
    pending: Slot,
    fees: AskedFees,
}

/// Asks.
pub(super) fn ask_core(
    batch: &mut Batch,
    signed: &SignedWork,
    closeness: Closeness,
) -> CoreQuestions {
    let receipt = "cfx_getTransactionReceipt";
    CoreQuestions {
        forms: AskedForms::ask(batch, signed, receipt, "cfx_getTransactionByHash"),
        nonce: batch.nonce(signed.from, At::LatestState),
        final_nonce: batch.nonce(signed.from, At::LatestFinalised),
        status: batch.ask("cfx_getStatus", json!([])),
        genesis: batch.ask("cfx_getBlockByEpochNumber", json!(["0x0", false])),
        shown: signed
            .creates
            .map(|address| batch.code(address, At::LatestState)),
        close: (closeness == Closeness::Close).then(|| CloseQuestions {
            made: signed
                .creates
                .map(|address| batch.code(address, At::LatestFinalised)),
            pending: batch.ask(
                "cfx_getAccountPendingTransactions",
                json!([
                    signed.from.to_string(),
                    quantity_text(signed.nonce.into()),
                    "0x1"
                ]),
            ),
            fees: ask_fees(batch, Space::Core),
        }),
    }
}

/// Reads the answers.
pub(super) fn read_core(
    asked: &CoreQuestions,
    signed: &SignedWork,
    answers: &BatchAnswers,
) -> LookAnswer {
    let genesis = answers
        .get(asked.genesis)
        .and_then(|block| block.get("hash"))
        .and_then(Json::as_str);
    if genesis.is_some_and(|hash| hash != signed.chain.genesis_hash) {
        return LookAnswer::Foreign;
    }
    let Some(sight) = sight(asked, signed, answers) else {
        return LookAnswer::Nothing;
    };
    let close = asked.close.as_ref();
    let fees = close.and_then(|close| read_fees(&close.fees, answers));
    LookAnswer::Seen(TransactionLook { sight, fees })
}

fn sight(asked: &CoreQuestions, signed: &SignedWork, answers: &BatchAnswers) -> Option<Sight> {
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
        receipt: asked.forms.receipt(answers, read_core_receipt),
        pool: asked.forms.pool(signed, pending, answers),
        next_nonce: answers.u64(asked.nonce)?,
        final_nonce: answers.u64(asked.final_nonce),
        shown: there(asked.shown).unwrap_or(true),
        made: there(close.and_then(|close| close.made)).unwrap_or(false),
    })
}

pub(super) fn read_core_receipt(json: &Json) -> Option<Executed> {
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
