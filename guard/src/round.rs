//! A block of PoS, and what it says of one key.

use pospool_model::guard::PosRound;

/// A committed block of PoS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PosBlock {
    pub(crate) height: u64,
    pub(crate) at: PosRound,
    /// When it was made, in seconds since 1970.
    pub(crate) time: u64,
    /// Whether the signatures that the source knows hold one of our key.
    pub(crate) signed: bool,
    /// Whether the source knows any: a committed block has those of two thirds of the votes, so none means not known.
    pub(crate) has_signatures: bool,
}
