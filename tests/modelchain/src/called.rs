//! What a call of a contract leaves behind.

use crate::abi;
use crate::transaction::Account;

/// What a call left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// It only read.
    Answer(Vec<u8>),
    /// It wrote.
    Changed,
    /// It wants a key bound to the pool, with the money that came along.
    Register(abi::Registration),
    /// It wants so many more votes of its stake behind its key.
    Increase(u64),
}

pub(crate) type CallResult = Result<CallOutcome, String>;

pub(crate) fn require_sender(sender: Account, allowed: Account, who: &str) -> Result<(), String> {
    if sender == allowed {
        return Ok(());
    }
    Err(format!("pool: sender is not the {who}"))
}
