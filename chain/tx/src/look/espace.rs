//! The look in eSpace.
//!
//! - Reads: receipts and pool by hash, nonces, the numbers of the newest, the safe and the finalised block, the chain's
//!   id and genesis, the code that a creation makes.
//! - Returns: questions, and what their answers say.
//! - Never: sends anything itself.
//!
//! Of conflux-rust (`rpc-eth-impl/src/eth.rs`, `rpc-eth-types/src/block_number.rs`): a block has the number of its epoch;
//! "latest" is the newest executed one, "safe" the newest confirmed, "finalized" the newest finalised. A transaction that
//! a block skipped has no receipt. Nothing ages: a transaction waits until its nonce is used.

use pospool_conflux::Space;
use pospool_conflux_rpc::quantity::{field_u64, quantity_text};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use serde_json::{Value as Json, json};

use super::parts::{AskedForms, Closeness, LookAnswer, TransactionLook};
use crate::fees::{AskedFees, ask_fees, read_fees};
use crate::flight::{Executed, Heads, Receipt, Sight};
use crate::identity::{AskedIdentity, ask_identity};
use crate::signed::SignedWork;

/// Questions of one look.
pub(super) struct EspaceQuestions {
    forms: AskedForms,
    nonce: Slot,
    final_nonce: Slot,
    identity: AskedIdentity,
    newest: Slot,
    confirmed: Slot,
    finalised: Slot,
    shown: Option<Slot>,
    close: Option<CloseEspaceQuestions>,
}

struct CloseEspaceQuestions {
    made: Option<Slot>,
    pending: Slot,
    fees: AskedFees,
}

/// Asks.
pub(super) fn ask_espace(
    batch: &mut Batch,
    signed: &SignedWork,
    closeness: Closeness,
) -> EspaceQuestions {
    let receipt = "eth_getTransactionReceipt";
    let block = |tag: &str| json!([tag, false]);
    EspaceQuestions {
        forms: AskedForms::ask(batch, signed, receipt, "eth_getTransactionByHash"),
        nonce: batch.nonce(signed.from, At::LatestState),
        final_nonce: batch.nonce(signed.from, At::LatestFinalised),
        identity: ask_identity(batch),
        newest: batch.ask("eth_blockNumber", json!([])),
        confirmed: batch.ask("eth_getBlockByNumber", block("safe")),
        finalised: batch.ask("eth_getBlockByNumber", block("finalized")),
        shown: signed
            .creates
            .map(|address| batch.code(address, At::LatestState)),
        close: (closeness == Closeness::Close).then(|| CloseEspaceQuestions {
            made: signed
                .creates
                .map(|address| batch.code(address, At::LatestFinalised)),
            pending: batch.ask(
                "eth_getAccountPendingTransactions",
                json!([
                    signed.from.to_string(),
                    quantity_text(signed.nonce.into()),
                    "0x1"
                ]),
            ),
            fees: ask_fees(batch, Space::Espace),
        }),
    }
}

/// Reads the answers.
pub(super) fn read_espace(
    asked: &EspaceQuestions,
    signed: &SignedWork,
    answers: &BatchAnswers,
) -> LookAnswer {
    if asked.identity.is_on(&signed.chain, answers) == Some(false) {
        return LookAnswer::Foreign;
    }
    let Some(sight) = sight(asked, signed, answers) else {
        return LookAnswer::Nothing;
    };
    let close = asked.close.as_ref();
    let fees = close.and_then(|close| read_fees(&close.fees, answers));
    LookAnswer::Seen(TransactionLook { sight, fees })
}

fn sight(asked: &EspaceQuestions, signed: &SignedWork, answers: &BatchAnswers) -> Option<Sight> {
    if !asked.forms.are_told(answers) {
        return None;
    }
    let number = |slot: Slot| field_u64(answers.get(slot)?, "number");
    let there = |slot: Option<Slot>| slot.map(|slot| answers.has_code(slot) == Some(true));
    let close = asked.close.as_ref();
    let pending = close.and_then(|close| answers.get(close.pending));
    Some(Sight {
        heads: Heads {
            newest: answers.u64(asked.newest)?,
            confirmed: number(asked.confirmed).unwrap_or_default(),
            finalised: number(asked.finalised).unwrap_or_default(),
        },
        receipt: asked.forms.receipt(answers, read_espace_receipt),
        pool: asked.forms.pool(signed, pending, answers),
        next_nonce: answers.u64(asked.nonce)?,
        final_nonce: answers.u64(asked.final_nonce),
        shown: there(asked.shown).unwrap_or(true),
        made: there(close.and_then(|close| close.made)).unwrap_or(false),
    })
}

/// The outcome has the numbers of Ethereum: the inverse of those of Core Space.
fn read_espace_receipt(json: &Json) -> Option<Executed> {
    let outcome = match field_u64(json, "status")? {
        1 => Receipt::Succeeded,
        0 => Receipt::Failed,
        _ => return None,
    };
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(ToOwned::to_owned);
    Some(Executed {
        outcome,
        height: field_u64(json, "blockNumber"),
        reason: text("txExecErrorMsg"),
        created: text("contractAddress"),
    })
}
