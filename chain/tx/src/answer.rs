//! What a node's refusal of signed bytes means.
//!
//! - Reads: code and text of the refusal.
//! - Returns: an [`Answer`].
//! - Never: decides what follows from it.
//!
//! Nearly all refusals have code -32602 and differ by their text only; some texts are the debug form of an error
//! (conflux-rust `transaction_pool/error.rs`, `primitives/src/transaction/mod.rs`, `cfx_handler.rs`). eSpace has the
//! words of Ethereum's nodes instead, and codes that say nothing (`rpc-utils/src/error/errors.rs`).

use pospool_conflux_rpc::{NO_SUCH_METHOD, Refusal};

use crate::flight::Answer;

/// Code with which a node refuses what it has looked at (conflux-rust `error_codes.rs`).
const INVALID_PARAMETERS: i64 = -32602;

/// Parts of texts in lower case, in their order of precedence.
const TEXTS: &[(&str, Answer)] = &[
    ("already exist", Answer::Known),
    ("alreadyimported", Answer::Known),
    ("too stale nonce", Answer::NonceUsed),
    ("same nonce", Answer::NonceTaken),
    ("too distant future", Answer::NonceTooFar),
    ("is full", Answer::Full),
    ("out of balance", Answer::TooPoor),
    ("gas price", Answer::TooCheap),
    ("gasprice", Answer::TooCheap),
    ("epochheight", Answer::TooOld),
    ("epoch height", Answer::TooOld),
    ("chainid", Answer::OtherChain),
    ("chain id", Answer::OtherChain),
    // eSpace.
    ("already known", Answer::Known),
    ("nonce too low", Answer::NonceUsed),
    ("nonce too high", Answer::NonceTooFar),
    // Also said of bytes that are there already: the next look finds them.
    ("replacement transaction underpriced", Answer::NonceTaken),
    ("underpriced", Answer::TooCheap),
    ("fee per gas less than block base fee", Answer::TooCheap),
    ("insufficient funds", Answer::TooPoor),
    ("exceeds block gas limit", Answer::Invalid),
    ("intrinsic gas too", Answer::Invalid),
    ("gas uint64 overflow", Answer::Invalid),
    ("initcode size exceeded", Answer::Invalid),
    ("transaction type not supported", Answer::Invalid),
    ("priority fee per gas higher than", Answer::Invalid),
];

/// Reads a refusal.
pub(crate) fn read_answer(refusal: &Refusal) -> Answer {
    if refusal.is_busy() {
        return Answer::Busy;
    }
    known(refusal).unwrap_or(Answer::Invalid)
}

fn known(refusal: &Refusal) -> Option<Answer> {
    let text = words(refusal);
    let found = TEXTS.iter().find(|(part, _)| text.contains(part));
    found.map(|(_, answer)| *answer)
}

/// Whether the node itself refused. Any other failure may be that of a gate before it, which broke down after it had
/// passed the bytes on.
pub(crate) fn is_certain(refusal: &Refusal) -> bool {
    refusal.is_busy()
        || known(refusal).is_some()
        || matches!(refusal.code, INVALID_PARAMETERS | NO_SUCH_METHOD)
}

/// The price that the pool asks for instead of what it has with the same nonce.
pub(crate) fn demanded_price(refusal: &Refusal) -> Option<u128> {
    let text = words(refusal);
    let (_, rest) = text.split_once("gas price >")?;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn words(refusal: &Refusal) -> String {
    let data = refusal.data.as_deref().unwrap_or_default();
    format!("{} {data}", refusal.message).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Refusal {
        Refusal {
            code: -32602,
            message: "Invalid parameters: tx".to_owned(),
            data: Some(text.to_owned()),
        }
    }

    #[test]
    fn a_gate_that_broke_down_has_not_refused() {
        let of = |code, text: &str| {
            is_certain(&Refusal {
                code,
                ..refusal(text)
            })
        };
        assert!(of(-32602, "NotEnoughBaseGas") && of(-32601, "") && of(-32077, ""));
        assert!(of(
            -32000,
            "Transaction is discarded due to a too stale nonce"
        ));
        assert!(!of(-32603, "Internal error") && !of(-32000, "upstream timed out"));
    }

    #[test]
    fn refusals_are_read_by_their_text() {
        for (text, expected) in [
            ("\"tx already exist\"", Answer::Known),
            (
                "Transaction 0x1 is discarded due to a too stale nonce",
                Answer::NonceUsed,
            ),
            (
                "Transaction 0x1 is discarded due to in too distant future",
                Answer::NonceTooFar,
            ),
            (
                "Tx with same nonce already inserted. To replace it, you need to specify a gas price > 5",
                Answer::NonceTaken,
            ),
            ("txpool is full", Answer::Full),
            (
                "Transaction 0x1 is discarded due to out of balance, needs 2 but account balance is 1",
                Answer::TooPoor,
            ),
            (
                "transaction gas price 1 less than the minimum value 2",
                Answer::TooCheap,
            ),
            ("ZeroGasPrice", Answer::TooCheap),
            (
                "EpochHeightOutOfBound { block_height: 9, set: 1, transaction_epoch_bound: 2 }",
                Answer::TooOld,
            ),
            (
                "ChainIdMismatch { expected: 1, got: 2 }",
                Answer::OtherChain,
            ),
            ("NotEnoughBaseGas { required: 2, got: 1 }", Answer::Invalid),
        ] {
            assert_eq!(read_answer(&refusal(text)), expected, "{text}");
        }
    }

    /// As conflux-rust says them, with the codes that it gives.
    #[test]
    fn the_refusals_of_espace_are_read_too() {
        for (code, text, expected) in [
            (-32603, "already known", Answer::Known),
            (-32003, "nonce too low", Answer::NonceUsed),
            (-32003, "nonce too high", Answer::NonceTooFar),
            (
                -32603,
                "replacement transaction underpriced",
                Answer::NonceTaken,
            ),
            (-32603, "transaction underpriced", Answer::TooCheap),
            (-32603, "txpool is full", Answer::Full),
            (-32003, "insufficient funds for transfer", Answer::TooPoor),
            (-32000, "invalid chain ID", Answer::OtherChain),
            (-32000, "intrinsic gas too low", Answer::Invalid),
            (-32603, "exceeds block gas limit", Answer::Invalid),
        ] {
            let refusal = Refusal {
                code,
                message: text.to_owned(),
                data: None,
            };
            assert_eq!(read_answer(&refusal), expected, "{text}");
            assert!(is_certain(&refusal), "{text}");
        }
    }

    #[test]
    fn a_node_that_catches_up_or_throttles_is_busy() {
        for code in [-32077, -32072] {
            let busy = Refusal {
                code,
                message: "no".to_owned(),
                data: None,
            };
            assert_eq!(read_answer(&busy), Answer::Busy);
        }
    }

    #[test]
    fn the_demanded_price_is_read() {
        let text = "Tx with same nonce already inserted. To replace it, you need to specify a gas price > 1020000000";
        assert_eq!(demanded_price(&refusal(text)), Some(1_020_000_000));
        assert_eq!(demanded_price(&refusal("txpool is full")), None);
    }
}
