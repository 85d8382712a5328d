//! Why a contract refused, in words, from the different ways in which nodes say it.
//!
//! - Reads: refusals of simulations, error messages of receipts.
//! - Returns: the contract's own reason where there is one, else the node's words.
//! - Never: asks anything.

use crate::call::Refusal;
use pospool_conflux::abi;
use pospool_conflux::hex::hex_bytes;

/// Longest reason that is shown: a contract may answer any text.
const LONGEST: usize = 300;

/// Reason of a refused simulation. `cfx_call` gives the bytes of the revert, `cfx_estimateGasAndCollateral` a text.
pub fn refusal_reason(refusal: &Refusal) -> String {
    let bytes = refusal
        .data
        .as_deref()
        .filter(|data| data.starts_with("0x"))
        .and_then(hex_bytes);
    let decoded = bytes.and_then(|bytes| abi::revert_reason(&bytes));
    shown(&decoded.unwrap_or_else(|| plain(&refusal.message).to_owned()))
}

/// Reason of a receipt's `txExecErrorMsg`.
#[must_use]
pub fn receipt_reason(message: Option<&str>) -> String {
    message.map_or_else(
        || "the node gives no reason".to_owned(),
        |message| shown(plain(message)),
    )
}

/// The contract's own words in the node's sentence, or else those of the innermost contract (conflux-rust
/// `cfx_handler.rs`, `estimation.rs`, `execution_outcome.rs`).
fn plain(message: &str) -> &str {
    if let Some(reason) = message.strip_prefix("Vm reverted, ") {
        return reason;
    }
    let Some((_, rest)) = message.split_once("transaction is reverted") else {
        return message;
    };
    let (own, innermost) = rest
        .split_once(" Innermost error is at ")
        .unwrap_or((rest, ""));
    let own = own.trim_start_matches(": ").trim_end_matches('.');
    if !own.is_empty() {
        return own;
    }
    // `NET1234:TYPE.BUILTIN:AAEJ…: what happened there`
    let there = innermost
        .split_once(": ")
        .map_or(innermost, |(_, what)| what);
    if there.is_empty() {
        "it gives no reason"
    } else {
        there.trim_end_matches('.')
    }
}

fn shown(text: &str) -> String {
    let printable = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    printable.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_conflux::abi::Argument;
    use pospool_conflux::hex::hex_text;

    fn refusal(message: &str, data: Option<String>) -> Refusal {
        Refusal {
            code: -32015,
            message: message.to_owned(),
            data,
        }
    }

    #[test]
    fn the_contract_s_own_words_are_found() {
        let data = abi::encode_call(
            "Error(string)",
            &[Argument::Text("not the manager".to_owned())],
        );
        assert_eq!(
            refusal_reason(&refusal("Transaction reverted", Some(hex_text(&data)))),
            "not the manager"
        );
        let text = "Estimation isn't accurate: transaction is reverted: not the manager. Innermost error is at cfx:a: Vm reverted.";
        assert_eq!(
            refusal_reason(&refusal(text, Some("cfx:a: Vm reverted".to_owned()))),
            "not the manager"
        );
        let text = "Estimation isn't accurate: transaction is reverted Innermost error is at NET1:TYPE.BUILTIN:AAEJ: InternalContract(\"Can not verify bls pubkey\").";
        assert_eq!(
            refusal_reason(&refusal(text, None)),
            "InternalContract(\"Can not verify bls pubkey\")"
        );
        let text = "Estimation isn't accurate: transaction is reverted";
        assert_eq!(refusal_reason(&refusal(text, None)), "it gives no reason");
        assert_eq!(
            receipt_reason(Some("Vm reverted, not the manager")),
            "not the manager"
        );
        assert_eq!(receipt_reason(Some("OutOfGas")), "OutOfGas");
    }

    #[test]
    fn a_reason_cannot_draw_on_the_terminal() {
        let shown = receipt_reason(Some("Vm reverted, \u{1b}[31mred"));
        assert_eq!(shown, " [31mred");
        assert!(receipt_reason(Some(&"a".repeat(999))).len() <= LONGEST);
    }
}
