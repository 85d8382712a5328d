//! A call without a receiver that asks many views: read the way a node would run it.

use pospool_conflux::hex::{hex_bytes, hex_text};

/// The bytes of an answer, or those of a revert.
type ViewAnswer = Result<Vec<u8>, Vec<u8>>;

fn word(number: u64) -> Vec<u8> {
    let mut word = vec![0; 24];
    word.extend(number.to_be_bytes());
    word
}

/// What a node answers to the code of a call: reads the views back out of it and asks them in `block`.
///
/// # Panics
///
/// If the code is not what a client of many views in one call makes.
pub fn answer_multicall(
    code: &str,
    block: u64,
    mut ask: impl FnMut([u8; 20], &[u8]) -> ViewAnswer,
) -> String {
    let code = hex_bytes(code).expect("code in hex");
    let number = |at: usize| usize::from(u16::from_be_bytes([code[at], code[at + 1]]));
    let (mut at, mut answers) = (6, word(block + 1));
    while code[at] == 0x61 {
        let (length, data) = (number(at + 1), number(at + 4));
        let to = code[at + 17..at + 37].try_into().expect("20 bytes");
        at += 43 + 21;
        let (went_well, bytes) = match ask(to, &code[data..data + length]) {
            Ok(bytes) => (1, bytes),
            Err(bytes) => (0, bytes),
        };
        answers.extend(word(went_well));
        answers.extend(word(bytes.len() as u64));
        answers.extend(bytes);
    }
    assert_eq!(code[at..at + 3], [0x60, 0, 0xf3]);
    hex_text(&answers)
}
