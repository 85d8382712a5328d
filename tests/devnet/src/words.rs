//! Calls of contracts as bytes: the part of the ABI in which everything is a word of 32 bytes.
//!
//! - Reads: signatures such as `setPoolAddress(address)`, and words.
//! - Returns: call data.
//! - Never: checks words against a signature.

use ethers_core::utils::keccak256;

/// A value of the ABI.
pub type Word = [u8; 32];

/// Returns a number, or an amount in drip.
#[must_use]
pub fn encode_number(value: u128) -> Word {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

/// Returns an address.
#[must_use]
pub fn encode_address(bytes: [u8; 20]) -> Word {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&bytes);
    word
}

/// Returns a `bytes20`, which begins its word, other than an address.
#[must_use]
pub fn encode_bytes20(bytes: [u8; 20]) -> Word {
    let mut word = [0; 32];
    word[..20].copy_from_slice(&bytes);
    word
}

/// Returns the data of a call.
#[must_use]
pub fn encode_call(signature: &str, words: &[Word]) -> Vec<u8> {
    [&keccak256(signature)[..4], &words.concat()].concat()
}

/// Returns constructor arguments of `Proxy1967`: the implementation, and a first call of `initialize()`.
#[must_use]
pub fn proxy_arguments(implementation: [u8; 20]) -> Vec<u8> {
    let first = encode_call("initialize()", &[]);
    let mut padded = [0; 32];
    padded[..first.len()].copy_from_slice(&first);
    // The bytes stand behind the two words of the arguments; their length is before them.
    [
        encode_address(implementation),
        encode_number(64),
        encode_number(4),
        padded,
    ]
    .concat()
}

/// Reads one word of an answer as a number; `None` when the answer is too short or the number too large.
#[must_use]
pub fn nth_number(answer: &[u8], nth: usize) -> Option<u128> {
    let word = answer.get(32 * nth..32 * (nth + 1))?;
    let (high, low) = word.split_at(16);
    let low = u128::from_be_bytes(low.try_into().ok()?);
    high.iter().all(|byte| *byte == 0).then_some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::encode_hex;

    #[test]
    fn a_call_has_its_well_known_bytes() {
        // transfer(address,uint256) of ERC-20.
        let data = encode_call(
            "transfer(address,uint256)",
            &[encode_address([0xab; 20]), encode_number(1)],
        );
        let wanted = format!("a9059cbb{}{}{:064x}", "0".repeat(24), "ab".repeat(20), 1);
        assert_eq!(encode_hex(&data), wanted);
    }

    #[test]
    fn a_proxy_initializes() {
        let data = encode_hex(&proxy_arguments([1; 20]));
        assert_eq!(&data[64..192], format!("{:064x}{:064x}", 64, 4));
        assert_eq!(&data[192..], format!("8129fc1c{}", "0".repeat(56)));
    }

    #[test]
    fn numbers_are_read_back() {
        let answer = [encode_number(7), [0xff; 32]].concat();
        assert_eq!(nth_number(&answer, 0), Some(7));
        assert_eq!(nth_number(&answer, 1), None);
        assert_eq!(nth_number(&answer, 2), None);
    }
}
