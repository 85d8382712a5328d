//! What a node's JSON becomes.

use super::*;

fn of(outcome: &str) -> Json {
    json!({ "outcomeStatus": outcome, "epochNumber": "0x10", "txExecErrorMsg": null, "contractCreated": null })
}

#[test]
fn the_executed_form_counts_and_not_the_skipped_one() {
    let [skipped, done, unread] = [of("0x2"), of("0x0"), of("?")];
    let outcome =
        |receipts: &[&Json]| best_receipt(receipts.iter().copied()).map(|receipt| receipt.outcome);
    assert_eq!(outcome(&[&skipped, &done]), Some(Receipt::Succeeded));
    assert_eq!(outcome(&[&done, &skipped]), Some(Receipt::Succeeded));
    assert_eq!(outcome(&[&skipped]), Some(Receipt::Skipped));
    assert_eq!(outcome(&[&unread]), None);
    assert_eq!(
        best_receipt([&of("0x1")].into_iter()).unwrap().height,
        Some(16)
    );
}
