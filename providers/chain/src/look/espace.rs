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

use serde_json::{Value as Json, json};

use super::{AskedForms, Closeness, Look, Read};
use crate::batch::{Answers, At, Batch, Slot};
use crate::chain::{self, AskedFees, AskedIdentity};
use crate::chain_address::Space;
use crate::flight::{Executed, Heads, Receipt, Sight};
use crate::text::{field_u64, quantity};
use crate::work::SignedWork;

/// Questions of one look.
pub(super) struct Asked {
    forms: AskedForms,
    nonce: Slot,
    final_nonce: Slot,
    identity: AskedIdentity,
    newest: Slot,
    confirmed: Slot,
    finalised: Slot,
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
    let receipt = "eth_getTransactionReceipt";
    let block = |tag: &str| json!([tag, false]);
    Asked {
        forms: AskedForms::ask(batch, signed, receipt, "eth_getTransactionByHash"),
        nonce: batch.nonce(signed.from, At::LatestState),
        final_nonce: batch.nonce(signed.from, At::LatestFinalised),
        identity: chain::ask_identity(batch),
        newest: batch.ask("eth_blockNumber", json!([])),
        confirmed: batch.ask("eth_getBlockByNumber", block("safe")),
        finalised: batch.ask("eth_getBlockByNumber", block("finalized")),
        shown: signed
            .creates
            .map(|address| batch.code(address, At::LatestState)),
        close: (closeness == Closeness::Close).then(|| AskedClose {
            made: signed
                .creates
                .map(|address| batch.code(address, At::LatestFinalised)),
            pending: batch.ask(
                "eth_getAccountPendingTransactions",
                json!([
                    signed.from.to_string(),
                    quantity(signed.nonce.into()),
                    "0x1"
                ]),
            ),
            fees: chain::ask_fees(batch, Space::Espace),
        }),
    }
}

/// Reads the answers.
pub(super) fn read(asked: &Asked, signed: &SignedWork, answers: &Answers) -> Read {
    if asked.identity.is_on(&signed.chain, answers) == Some(false) {
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
        receipt: asked.forms.receipt(answers, receipt),
        pool: asked.forms.pool(signed, pending, answers),
        next_nonce: answers.u64(asked.nonce)?,
        final_nonce: answers.u64(asked.final_nonce),
        shown: there(asked.shown).unwrap_or(true),
        made: there(close.and_then(|close| close.made)).unwrap_or(false),
    })
}

/// The outcome has the numbers of Ethereum: the inverse of those of Core Space.
fn receipt(json: &Json) -> Option<Executed> {
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
