//! Compiled code against the code of the chain.
//!
//! - Reads: the compiler's runtime code with the places of its immutables; the code of the chain.
//! - Returns: how far they are alike, and the first place where they are not.
//! - Never: masks more than the 32 bytes of a hash of sources, in a place where the compiler wrote one.

use serde::{Deserialize, Serialize};

/// What stands before each hash of sources (CBOR: "ipfs", then 34 bytes that begin with the kind of hash).
const HASH_MARK: &[u8] = b"\x64ipfs\x58\x22\x12\x20";
const HASH_LENGTH: usize = 32;

/// A place in the code that the constructor fills: an immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hole {
    /// The compiler's number of the variable.
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// How far two codes are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// In every byte that the compiler writes.
    Exact,
    /// But for the hash of the sources: other comments, names or paths, the same instructions.
    ButForMetadata,
    /// Not the same.
    Different {
        /// First byte that differs, from 0.
        at: usize,
        /// Bytes of code on the chain.
        length: usize,
    },
}

/// Compares code; what is masked never counts.
pub(crate) fn compare_code(compiled: &[u8], holes: &[Hole], chain: &[u8]) -> Likeness {
    let hashes = hashes(compiled);
    let in_hole = |at: usize| {
        let mut holes = holes.iter();
        holes.any(|hole| (hole.start..hole.start.saturating_add(hole.length)).contains(&at))
    };
    let mut same_sources = true;
    for (at, (ours, theirs)) in compiled.iter().zip(chain).enumerate() {
        if ours == theirs || in_hole(at) {
            continue;
        }
        if !hashes
            .iter()
            .any(|start| (*start..start + HASH_LENGTH).contains(&at))
        {
            let length = chain.len();
            return Likeness::Different { at, length };
        }
        same_sources = false;
    }
    if compiled.len() != chain.len() {
        let (at, length) = (compiled.len().min(chain.len()), chain.len());
        return Likeness::Different { at, length };
    }
    if same_sources {
        Likeness::Exact
    } else {
        Likeness::ButForMetadata
    }
}

/// Where hashes of sources begin: of the contract itself, and of contracts that it makes.
fn hashes(code: &[u8]) -> Vec<usize> {
    let windows = code.windows(HASH_MARK.len() + HASH_LENGTH).enumerate();
    windows
        .filter(|(at, window)| {
            // A map of one to four entries begins right before it.
            let map = at.checked_sub(1).map(|before| code[before]);
            window.starts_with(HASH_MARK) && matches!(map, Some(0xa1..=0xa4))
        })
        .map(|(at, _)| at + HASH_MARK.len())
        .collect()
}

/// What the chain has in the holes, in words: `immutable 42 = 0x…`; each variable once.
pub(super) fn filled_holes(holes: &[Hole], chain: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for hole in holes {
        let bytes = chain.get(hole.start..hole.start.saturating_add(hole.length));
        let value = pospool_conflux::hex::hex_text(bytes.unwrap_or_default());
        let word = format!("immutable {} = {value}", hole.name);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with a hash of one letter.
    fn metadata(letter: u8) -> Vec<u8> {
        let hash = [letter; 32];
        let parts: [&[u8]; 4] = [
            b"\xa2",
            HASH_MARK,
            &hash,
            b"\x64solc\x43\x00\x08\x04\x00\x33",
        ];
        parts.concat()
    }

    fn code(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn only_the_hash_of_the_sources_is_masked() {
        let ours = code(&[b"instructions", &metadata(1)]);
        let against = |chain: &[u8]| compare_code(&ours, &[], chain);
        assert_eq!(against(&ours), Likeness::Exact);
        assert_eq!(
            against(&code(&[b"instructions", &metadata(2)])),
            Likeness::ButForMetadata
        );
        let mut version = ours.clone();
        let last = version.len() - 3;
        version[last] = 5;
        let length = ours.len();
        assert_eq!(against(&version), Likeness::Different { at: last, length });
        let mut byte = ours.clone();
        byte[3] ^= 1;
        assert_eq!(against(&byte), Likeness::Different { at: 3, length });
    }

    #[test]
    fn a_hash_of_a_contract_inside_is_masked_and_a_constant_beside_it_is_not() {
        let ours = code(&[b"new ", &metadata(1), b" end ", &metadata(1)]);
        let inner = code(&[b"new ", &metadata(2), b" end ", &metadata(3)]);
        assert_eq!(compare_code(&ours, &[], &inner), Likeness::ButForMetadata);
        let constant = code(&[b"new ", HASH_MARK, &[7; 32]]);
        let other = code(&[b"new ", HASH_MARK, &[8; 32]]);
        let at = 4 + HASH_MARK.len();
        assert_eq!(
            compare_code(&constant, &[], &other),
            Likeness::Different {
                at,
                length: other.len()
            }
        );
    }

    #[test]
    fn another_length_differs_where_the_shorter_one_ends() {
        assert_eq!(
            compare_code(b"abc", &[], b"ab"),
            Likeness::Different { at: 2, length: 2 }
        );
        assert_eq!(
            compare_code(b"abc", &[], b"abcd"),
            Likeness::Different { at: 3, length: 4 }
        );
        assert_eq!(
            compare_code(b"abc", &[], b""),
            Likeness::Different { at: 0, length: 0 }
        );
    }

    #[test]
    fn immutables_are_masked_and_told() {
        let hole = |start| Hole {
            name: "7".to_owned(),
            start,
            length: 2,
        };
        let holes = [hole(5), hole(12)];
        let chain = b"push 42 and 42.";
        assert_eq!(
            compare_code(b"push 00 and 00.", &holes, chain),
            Likeness::Exact
        );
        assert_eq!(filled_holes(&holes, chain), ["immutable 7 = 0x3432"]);
        assert_eq!(
            compare_code(b"push 00 and 00.", &holes, b"push 42 or  42."),
            Likeness::Different { at: 8, length: 15 }
        );
    }
}
