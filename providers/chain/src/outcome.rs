//! What to do next about a signed transaction: a pure decision on one look at the chain.
//!
//! - Reads: what the node says of the transaction, of its nonce, and of the epochs.
//! - Returns: [`Next`].
//! - Never: asks or sends.
//!
//! The life of a Core transaction: pool, block, executed after 5 epochs (the receipt), confirmed after about 50,
//! finalised by PoS after about 400. It can only be packed within 100,000 epochs of its epoch height.

use serde_json::Value as Json;

use crate::text::field_u64;

/// A transaction is packed within so many epochs of its epoch height (conflux-rust `TRANSACTION_DEFAULT_EPOCH_BOUND`).
const EPOCH_BOUND: u64 = 100_000;
/// And a while later every node knows of every block of that time.
const EPOCH_SLACK: u64 = 200;
/// How often in a row a foreign transaction must be seen in the place of ours before ours is given up: receipts of a
/// public endpoint may come from a node that is behind.
pub(crate) const STALE_LOOKS: u32 = 20;

/// One look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Look {
    /// The receipt, once executed.
    pub(crate) receipt: Option<Json>,
    /// The node knows the transaction: in its pool or in a block.
    pub(crate) known: bool,
    /// First nonce of the account that is not executed.
    pub(crate) next_nonce: u64,
    pub(crate) newest_epoch: u64,
    pub(crate) confirmed_epoch: u64,
}

/// What the transaction is to the looker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) nonce: u64,
    pub(crate) epoch_height: u64,
    pub(crate) confirm: bool,
    /// Looks in a row that saw a foreign transaction in its place.
    pub(crate) stale: u32,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It did what it should; check that and end.
    Done,
    /// It was executed and failed: the contract's reason.
    Failed(Option<String>),
    /// Look again later; what for.
    Wait(String),
    /// The node does not know it: hand the same bytes in.
    Send,
    /// Another transaction seems to have its nonce; look again.
    Stale,
    /// Another transaction has its nonce for certain.
    Replaced,
    /// It can never be packed any more.
    Expired,
}

/// Decides.
pub(crate) fn next(look: &Look, ours: Ours) -> Next {
    let status = look
        .receipt
        .as_ref()
        .and_then(|receipt| field_u64(receipt, "outcomeStatus"));
    match (&look.receipt, status) {
        (Some(receipt), Some(0)) => return executed(look, receipt, ours),
        (Some(receipt), Some(1)) => {
            let message = receipt.get("txExecErrorMsg").and_then(Json::as_str);
            return Next::Failed(message.map(ToOwned::to_owned));
        }
        // 2 is "skipped": in a block, and not executed. As good as not sent.
        _ => {}
    }
    if look.known && status.is_none() {
        return Next::Wait("sent; it is executed 5 epochs after it is in a block".to_owned());
    }
    if look.next_nonce > ours.nonce {
        return if ours.stale >= STALE_LOOKS {
            Next::Replaced
        } else {
            Next::Stale
        };
    }
    if look.newest_epoch > ours.epoch_height + EPOCH_BOUND + EPOCH_SLACK {
        return Next::Expired;
    }
    Next::Send
}

fn executed(look: &Look, receipt: &Json, ours: Ours) -> Next {
    if !ours.confirm {
        return Next::Done;
    }
    match field_u64(receipt, "epochNumber") {
        Some(epoch) if epoch <= look.confirmed_epoch => Next::Done,
        Some(epoch) => Next::Wait(format!(
            "executed in epoch {epoch}; the chain has confirmed epoch {}",
            look.confirmed_epoch
        )),
        None => Next::Wait("executed; waiting for its epoch".to_owned()),
    }
}

/// What a node's refusal of the bytes means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendRefusal {
    /// The node has it.
    Known,
    /// Not now: look and send again.
    Later(&'static str),
    /// Never: the code of the refusal.
    Never(&'static str),
}

/// Reads a refusal. All of these have code -32602 and differ by their text only (conflux-rust
/// `transaction_pool/error.rs`, `primitives/src/transaction/mod.rs`).
pub(crate) fn read_refusal(text: &str) -> SendRefusal {
    let text = text.to_lowercase();
    let has = |part: &str| text.contains(part);
    if has("already exist") {
        return SendRefusal::Known;
    }
    if has("too stale nonce") {
        return SendRefusal::Later("its nonce is used; looking for its receipt");
    }
    if has("same nonce") {
        return SendRefusal::Later("another transaction with its nonce is in the pool");
    }
    if has("too distant future") {
        return SendRefusal::Later("earlier transactions of the account are not in the pool yet");
    }
    if has("is full") {
        return SendRefusal::Later("the pool of the node is full");
    }
    if has("out of balance") {
        return SendRefusal::Never("chain/not-enough-balance");
    }
    if has("gas price") || has("gasprice") {
        return SendRefusal::Never("chain/gas-price");
    }
    if has("epochheight") || has("epoch height") {
        return SendRefusal::Never("chain/expired");
    }
    if has("chainid") || has("chain id") {
        return SendRefusal::Never("chain/wrong-network");
    }
    SendRefusal::Never("chain/rejected")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: Ours = Ours {
        nonce: 5,
        epoch_height: 1000,
        confirm: false,
        stale: 0,
    };

    fn look() -> Look {
        Look {
            next_nonce: 5,
            newest_epoch: 1010,
            confirmed_epoch: 960,
            ..Look::default()
        }
    }

    fn executed(status: &str) -> Look {
        let receipt = json!({ "outcomeStatus": status, "epochNumber": "0x3e9", "txExecErrorMsg": "Vm reverted, no" });
        Look {
            receipt: Some(receipt),
            known: true,
            next_nonce: 6,
            ..look()
        }
    }

    #[test]
    fn an_executed_one_is_done_or_failed() {
        assert_eq!(next(&executed("0x0"), OURS), Next::Done);
        assert_eq!(
            next(&executed("0x1"), OURS),
            Next::Failed(Some("Vm reverted, no".to_owned()))
        );
    }

    #[test]
    fn one_with_money_is_done_when_its_epoch_is_confirmed() {
        let ours = Ours {
            confirm: true,
            ..OURS
        };
        assert!(matches!(next(&executed("0x0"), ours), Next::Wait(_)));
        let confirmed = Look {
            confirmed_epoch: 1001,
            ..executed("0x0")
        };
        assert_eq!(next(&confirmed, ours), Next::Done);
    }

    #[test]
    fn an_unknown_one_is_sent_and_a_known_one_is_not() {
        assert_eq!(next(&look(), OURS), Next::Send);
        assert!(matches!(
            next(
                &Look {
                    known: true,
                    ..look()
                },
                OURS
            ),
            Next::Wait(_)
        ));
    }

    #[test]
    fn a_skipped_one_was_not_executed() {
        let skipped = Look {
            next_nonce: 5,
            ..executed("0x2")
        };
        assert_eq!(next(&skipped, OURS), Next::Send);
    }

    #[test]
    fn a_foreign_one_in_its_place_is_believed_after_a_while() {
        let foreign = Look {
            next_nonce: 6,
            ..look()
        };
        assert_eq!(next(&foreign, OURS), Next::Stale);
        assert_eq!(
            next(
                &foreign,
                Ours {
                    stale: STALE_LOOKS,
                    ..OURS
                }
            ),
            Next::Replaced
        );
    }

    #[test]
    fn an_old_one_expires_unless_it_is_known() {
        let late = Look {
            newest_epoch: 101_201,
            ..look()
        };
        assert_eq!(next(&late, OURS), Next::Expired);
        assert_eq!(
            next(
                &Look {
                    newest_epoch: 101_200,
                    ..look()
                },
                OURS
            ),
            Next::Send
        );
        assert!(matches!(
            next(
                &Look {
                    known: true,
                    ..late
                },
                OURS
            ),
            Next::Wait(_)
        ));
    }

    #[test]
    fn refusals_are_read_by_their_text() {
        use SendRefusal::{Known, Later, Never};
        for (text, expected) in [
            ("tx already exist", Known),
            (
                "Transaction 0x1 is discarded due to out of balance, needs 2 but account balance is 1",
                Never("chain/not-enough-balance"),
            ),
            (
                "transaction gas price 1 less than the minimum value 2",
                Never("chain/gas-price"),
            ),
            (
                "EpochHeight out of bound: current is 5",
                Never("chain/expired"),
            ),
            ("Chain id mismatch", Never("chain/wrong-network")),
            ("NotEnoughBaseGas", Never("chain/rejected")),
        ] {
            assert_eq!(read_refusal(text), expected, "{text}");
        }
        for text in [
            "Transaction 0x1 is discarded due to a too stale nonce",
            "Transaction 0x1 is discarded due to in too distant future",
            "Tx with same nonce already inserted. To replace it, you need to specify a gas price > 5",
            "txpool is full",
        ] {
            assert!(matches!(read_refusal(text), Later(_)), "{text}");
        }
    }
}
