//! What a look found that no step of a plan mends by itself: what is wrong, what cannot be seen, and what is on its way.

use serde::Serialize;

use crate::{Address, Code};

/// How one finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// It is not as it should be: drift, though no attribute differs.
    Wrong,
    /// It cannot be seen. That is never taken for well.
    Unknown,
    /// It gets well by itself, and is not yet.
    Underway,
}

impl FindingKind {
    /// Whether nothing may be called well beside it.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        self != Self::Underway
    }
}

/// One finding about one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it counts.
    pub kind: FindingKind,
    /// Which resource.
    pub address: Address,
    /// Stable code: `docker/two-voters`.
    pub code: Code,
    /// What was seen, and why it counts: one sentence in lower case without a full stop.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// A finding whose remedy is that of its code.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        address: &Address,
        code: Code,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            address: address.clone(),
            code,
            reason: reason.into(),
            remedy: code.remedy().to_owned(),
        }
    }

    /// Puts what is to be done in this very case in the place of what the code's table says.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

/// How many findings there are of a kind.
#[must_use]
pub fn count_findings(findings: &[Finding], kind: FindingKind) -> usize {
    findings
        .iter()
        .filter(|finding| finding.kind == kind)
        .count()
}

/// Whether something is wrong, or cannot be seen.
#[must_use]
pub fn has_trouble(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.kind.is_trouble())
}
