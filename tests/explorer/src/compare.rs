//! Compiled code against the code of the chain.
//!
//! - Reads: code of the compiler with its holes and its metadata; code of the chain.
//! - Returns: how far they agree, by the names that Sourcify gives it.
//! - Never: takes a place for metadata only because it looks like it, in the middle of the code.

use std::fmt;
use std::ops::Range;

/// How far the code of the compiler and that of the chain agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// But for the metadata: other comments, names or paths, the same instructions. Sourcify: `match`.
    Partial,
    /// In every byte that the compiler writes. Sourcify: `exact_match`.
    Exact,
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partial => "match",
            Self::Exact => "exact_match",
        })
    }
}

/// Code of the compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ComparedCode {
    pub(crate) bytes: Vec<u8>,
    /// Places that are filled in later: immutables, libraries, a library's own address.
    pub(crate) holes: Vec<Range<usize>>,
    /// Places of the metadata.
    pub(crate) metadata: Vec<Range<usize>>,
}

impl ComparedCode {
    /// Prepares code whose metadata lies at its end; a hole at the start of a library is found too.
    pub(crate) fn new(bytes: Vec<u8>, mut holes: Vec<Range<usize>>) -> Self {
        const OWN_ADDRESS: [u8; 21] = {
            let mut push = [0; 21];
            push[0] = 0x73;
            push
        };
        if bytes.starts_with(&OWN_ADDRESS) {
            holes.push(1..21);
        }
        let metadata = trailing(&bytes).into_iter().collect();
        Self {
            bytes,
            holes,
            metadata,
        }
    }

    /// Is there something in the middle that looks like the metadata of a contract inside?
    pub(crate) fn has_marks(&self) -> bool {
        self.marks().next().is_some()
    }

    /// Adds the metadata of contracts inside: what looks like it, and changed together with a blank in the sources.
    pub(crate) fn find_metadata(&mut self, edited: &Self) {
        let changed = |place: &Range<usize>| {
            let other = edited.bytes.get(place.clone());
            other.is_some_and(|other| other != &self.bytes[place.clone()])
        };
        let found: Vec<_> = self.marks().filter(changed).collect();
        self.metadata.extend(found);
    }

    fn marks(&self) -> impl Iterator<Item = Range<usize>> {
        // A CBOR map of two: "ipfs" with 34 bytes that start with the hash's kind.
        const MARK: &[u8] = b"\xa2\x64ipfs\x58\x22\x12\x20";
        // The hash, "solc" with three bytes, and the length of it all.
        const LENGTH: usize = 53;
        let windows = self.bytes.windows(LENGTH).enumerate();
        let places = windows.filter(|(_, window)| window.starts_with(MARK));
        places
            .map(|(at, _)| at..at + LENGTH)
            .filter(|place| !self.metadata.contains(place))
    }

    /// Does the chain's code, which must be as long, agree?
    pub(crate) fn agrees(&self, chain: &[u8]) -> Option<Match> {
        if chain.len() != self.bytes.len() {
            return None;
        }
        let filled = fill(self.bytes.clone(), &self.holes, chain)?;
        if filled == chain {
            let hashed = |place: &Range<usize>| has_hash(&self.bytes[place.clone()]);
            let exact = !self.metadata.is_empty() && self.metadata.iter().all(hashed);
            return Some(if exact { Match::Exact } else { Match::Partial });
        }
        let is_metadata =
            |place: &Range<usize>| trailing(&chain[..place.end]) == Some(place.clone());
        if !self.metadata.iter().all(is_metadata) {
            return None;
        }
        (fill(filled, &self.metadata, chain)? == chain).then_some(Match::Partial)
    }

    /// Does the chain's code start with this one? Returns how far they agree, and the rest.
    pub(crate) fn begins<'a>(&self, chain: &'a [u8]) -> Option<(Match, &'a [u8])> {
        let (start, rest) = chain.split_at_checked(self.bytes.len())?;
        Some((self.agrees(start)?, rest))
    }
}

/// Copies places of the chain's code.
fn fill(mut bytes: Vec<u8>, places: &[Range<usize>], chain: &[u8]) -> Option<Vec<u8>> {
    for place in places {
        bytes
            .get_mut(place.clone())?
            .copy_from_slice(chain.get(place.clone())?);
    }
    Some(bytes)
}

/// Metadata at the end: a small CBOR map and its length in two bytes.
fn trailing(bytes: &[u8]) -> Option<Range<usize>> {
    let (rest, length) = bytes.split_last_chunk::<2>()?;
    let start = rest
        .len()
        .checked_sub(usize::from(u16::from_be_bytes(*length)))?;
    let is_map = matches!(rest.get(start), Some(0xa1..=0xa4));
    is_map.then_some(start..bytes.len())
}

/// Is there a hash of the sources in the metadata?
fn has_hash(metadata: &[u8]) -> bool {
    let has = |name: &[u8]| metadata.windows(name.len()).any(|window| window == name);
    has(b"\x64ipfs") || has(b"\x65bzzr0") || has(b"\x65bzzr1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with a hash of one letter.
    fn metadata(letter: u8) -> Vec<u8> {
        let hash = [letter; 32];
        let parts: [&[u8]; 4] = [
            b"\xa2\x64ipfs\x58\x22\x12\x20",
            &hash,
            b"\x64solc\x43\x00\x08\x04",
            b"\x00\x33",
        ];
        parts.concat()
    }

    fn code(parts: &[&[u8]]) -> ComparedCode {
        ComparedCode::new(parts.concat(), Vec::new())
    }

    #[test]
    fn equal_code_is_exact_and_other_metadata_is_a_match() {
        let ours = code(&[b"instructions", &metadata(1)]);
        let agrees = |parts: &[&[u8]]| ours.agrees(&parts.concat());
        assert_eq!(agrees(&[b"instructions", &metadata(1)]), Some(Match::Exact));
        assert_eq!(
            agrees(&[b"instructions", &metadata(2)]),
            Some(Match::Partial)
        );
        assert_eq!(agrees(&[b"Instructions", &metadata(1)]), None);
        assert_eq!(agrees(&[b"instructions!", &metadata(1)]), None);
        assert_eq!(
            agrees(&[b"instructions", &[0; 53]]),
            None,
            "no metadata there"
        );
    }

    #[test]
    fn code_without_a_hash_is_never_exact() {
        let bare = code(&[b"instructions"]);
        assert_eq!(bare.agrees(b"instructions"), Some(Match::Partial));
        let version_only: &[u8] = b"\xa1\x64solc\x43\x00\x08\x04\x00\x0a";
        let unhashed = code(&[b"instructions", version_only]);
        assert_eq!(unhashed.metadata, vec![12..24]);
        let same = unhashed.bytes.clone();
        assert_eq!(unhashed.agrees(&same), Some(Match::Partial));
    }

    #[test]
    fn holes_take_what_the_chain_has() {
        let mut ours = code(&[b"push 00 and 00.", &metadata(1)]);
        ours.holes = vec![5..7, 12..14];
        let chain = [b"push 42 and 43.", &metadata(1)[..]].concat();
        assert_eq!(ours.agrees(&chain), Some(Match::Exact));
        let beside = [b"push 42 or  43.", &metadata(1)[..]].concat();
        assert_eq!(ours.agrees(&beside), None);
    }

    #[test]
    fn a_library_knows_its_own_address() {
        let zero = [&[0x73][..], &[0; 20], b"rest", &metadata(1)].concat();
        let own = [&[0x73][..], &[7; 20], b"rest", &metadata(1)].concat();
        assert_eq!(
            ComparedCode::new(zero, Vec::new()).agrees(&own),
            Some(Match::Exact)
        );
    }

    #[test]
    fn metadata_in_the_middle_must_have_changed_with_the_sources() {
        let parts = |inner: u8, constant: u8, outer: u8| {
            [
                b"new ",
                &metadata(inner)[..],
                b" constant ",
                &metadata(constant),
                b" end ",
                &metadata(outer),
            ]
            .concat()
        };
        let mut ours = ComparedCode::new(parts(1, 5, 1), Vec::new());
        assert!(ours.has_marks());
        ours.find_metadata(&ComparedCode::new(parts(2, 5, 2), Vec::new()));
        assert_eq!(ours.metadata.len(), 2);
        assert_eq!(ours.agrees(&parts(1, 5, 1)), Some(Match::Exact));
        assert_eq!(ours.agrees(&parts(3, 5, 3)), Some(Match::Partial));
        assert_eq!(ours.agrees(&parts(1, 6, 1)), None, "a constant is code");
    }

    #[test]
    fn the_rest_of_a_creation_is_its_arguments() {
        let ours = code(&[b"init", &metadata(1)]);
        let chain = [b"init", &metadata(2)[..], b"arguments"].concat();
        assert_eq!(
            ours.begins(&chain),
            Some((Match::Partial, &b"arguments"[..]))
        );
        assert_eq!(ours.begins(b"init"), None);
    }
}
