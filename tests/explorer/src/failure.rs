//! How a submission ends that is not verified.
//!
//! - Reads: nothing.
//! - Returns: [`VerifyFailure`]: the code of Sourcify and a message.
//! - Never: stands for a submission that was not taken; that is a refusal.

use std::fmt;

/// Why a contract is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerifyFailure {
    code: &'static str,
    message: String,
}

impl VerifyFailure {
    /// A failure by the codes of Sourcify.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    /// The code of the chain and that of the compiler differ.
    pub(crate) fn no_match(message: impl Into<String>) -> Self {
        Self::new("no_match", message)
    }
}

impl fmt::Display for VerifyFailure {
    /// Writes the two the way ConfluxScan does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.code, self.message)
    }
}
