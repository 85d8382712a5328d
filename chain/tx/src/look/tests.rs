//! What a node's JSON becomes.

use pospool_model::{Attributes, SecretRef};

use serde_json::{Value as Json, json};

use super::core::read_core_receipt;
use super::parts::{best_receipt, pool_reason};
use super::*;
use crate::flight::{Pool, Receipt};
use crate::signed::{PriceForm, SignedForm};
use crate::testing::{chain_ref, core};
use crate::wait_level::WaitLevel;

fn of(outcome: &str) -> Json {
    json!({ "outcomeStatus": outcome, "epochNumber": "0x10", "txExecErrorMsg": null, "contractCreated": null })
}

#[test]
fn the_executed_form_counts_and_not_the_skipped_one() {
    let [skipped, done, unread] = [of("0x2"), of("0x0"), of("?")];
    let best = |receipts: &[&Json]| {
        best_receipt(receipts.iter().filter_map(|json| read_core_receipt(json)))
    };
    let outcome = |receipts: &[&Json]| best(receipts).map(|receipt| receipt.outcome);
    assert_eq!(outcome(&[&skipped, &done]), Some(Receipt::Succeeded));
    assert_eq!(outcome(&[&done, &skipped]), Some(Receipt::Succeeded));
    assert_eq!(outcome(&[&skipped]), Some(Receipt::Skipped));
    assert_eq!(outcome(&[&unread]), None);
    assert_eq!(best(&[&of("0x1")]).unwrap().height, Some(16));
}

fn signed() -> SignedWork {
    let form = |hash: &str| SignedForm {
        raw: "0x00".to_owned(),
        hash: hash.to_owned(),
        price: PriceForm::Legacy { gas_price: 1 },
    };
    SignedWork {
        chain: chain_ref(&[]),
        from: core(0x11).into(),
        key: SecretRef::Env("unset".to_owned()).into(),
        nonce: 5,
        epoch_height: Some(1000),
        first: form("0xaa"),
        raised: vec![form("0xbb")],
        ceiling: 1,
        creates: None,
        level: WaitLevel::Executed,
        outputs: Attributes::new(),
    }
}

/// The pool tells the reason of the first transaction from a nonce on, which is another one where ours is missing.
#[test]
fn the_reason_of_another_transaction_is_not_ours() {
    let pending = |hash: &str, status: Json| {
        let pending = json!({ "pendingTransactions": [{ "hash": hash }], "firstTxStatus": status });
        pool_reason(&pending, &signed())
    };
    let kept = |why: &str| json!({ "pending": why });
    for (why, pool) in [
        ("futureNonce", Some(Pool::FutureNonce)),
        ("notEnoughCash", Some(Pool::NotEnoughCash)),
        ("oldEpochHeight", Some(Pool::OldEpochHeight)),
        ("outdatedStatus", Some(Pool::OutdatedStatus)),
        ("something new", None),
    ] {
        assert_eq!(pending("0xaa", kept(why)), pool);
        assert_eq!(pending("0xbb", kept(why)), pool);
        assert_eq!(pending("0xcc", kept(why)), None);
    }
    assert_eq!(pending("0xaa", json!("ready")), None);
    assert_eq!(
        pool_reason(&json!({ "pendingTransactions": [] }), &signed()),
        None
    );
}
