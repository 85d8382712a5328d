//! The way back of a pool whose key PoS has retired: what is free is staked again, and never what users have asked back.
//!
//! - Reads: what PoS, the register and the pool say of the votes.
//! - Returns: what is due, looks and designs in the modules below.
//! - Never: stakes while PoS bars it, or twice.

pub(crate) mod design;
pub(crate) mod due;
pub(crate) mod observe;

use pospool_conflux::abi::{self, Argument};

/// The attribute that shows what is due.
pub(crate) const RESTAKE_DUE: &str = "restake_due";

/// Asks the register for all votes that were ever registered for a key, and for those that came free again.
pub(crate) fn ask_registered(identifier: [u8; 32]) -> Vec<u8> {
    abi::encode_call("getVotes(bytes32)", &[Argument::Word(identifier)])
}

/// Asks a pool for the votes that its users have not asked back.
pub(crate) fn ask_available() -> Vec<u8> {
    abi::function_selector("poolSummary()").to_vec()
}

/// What a pool's manager calls to have its votes work again.
pub(crate) fn restake_call(votes: u64) -> Vec<u8> {
    abi::encode_call("_restakePosVote(uint64)", &[Argument::Number(votes.into())])
}

#[cfg(test)]
mod tests;
