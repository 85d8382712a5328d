//! What went through an endpoint, counted.
//!
//! - Reads: calls, and what became of them.
//! - Returns: sums, and the difference of two moments.
//! - Never: keeps what was asked.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

/// Calls of one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that came, in whatever request.
    pub calls: u64,
    /// Of them, how many were refused.
    pub refused: u64,
}

/// What went through until some moment. A moment is marked by keeping the counts of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests over HTTP.
    pub requests: u64,
    /// Calls in them: each call of a batch is one.
    pub calls: u64,
    /// Calls that the gateway refused, alone or with the whole request.
    pub refused: u64,
    /// Calls that it let through and the node behind it left without an answer.
    pub lost: u64,
    /// The same by method, of calls that could be read.
    pub methods: BTreeMap<String, Tally>,
}

impl Counts {
    /// What came after a moment.
    #[must_use]
    pub fn since(&self, mark: &Self) -> Self {
        let before = |method: &str| mark.methods.get(method).copied().unwrap_or_default();
        let methods = self.methods.iter().map(|(method, tally)| {
            let before = before(method);
            let tally = Tally {
                calls: tally.calls - before.calls,
                refused: tally.refused - before.refused,
            };
            (method.clone(), tally)
        });
        Self {
            requests: self.requests - mark.requests,
            calls: self.calls - mark.calls,
            refused: self.refused - mark.refused,
            lost: self.lost - mark.lost,
            methods: methods.filter(|(_, tally)| tally.calls > 0).collect(),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.requests += other.requests;
        self.calls += other.calls;
        self.refused += other.refused;
        self.lost += other.lost;
        for (method, tally) in &other.methods {
            let mine = self.methods.entry(method.clone()).or_default();
            mine.calls += tally.calls;
            mine.refused += tally.refused;
        }
        self
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> Json {
        let methods = self.methods.iter().map(|(method, tally)| {
            let tally = json!({ "calls": tally.calls, "refused": tally.refused });
            (method.clone(), tally)
        });
        json!({
            "requests": self.requests,
            "calls": self.calls,
            "refused": self.refused,
            "lost": self.lost,
            "methods": methods.collect::<serde_json::Map<_, _>>(),
        })
    }

    pub(crate) fn note(&mut self, method: &str, refused: bool) {
        self.calls += 1;
        self.refused += u64::from(refused);
        let tally = self.methods.entry(method.to_owned()).or_default();
        tally.calls += 1;
        tally.refused += u64::from(refused);
    }
}

impl fmt::Display for Counts {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls in {} requests, {} refused, {} lost",
            self.calls, self.requests, self.refused, self.lost
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_leaves_what_came_after_it() {
        let mut counts = Counts::default();
        counts.note("cfx_call", false);
        counts.note("cfx_call", true);
        counts.note("cfx_gasPrice", false);
        let mark = counts.clone();
        counts.note("cfx_call", true);
        let after = counts.since(&mark);
        assert_eq!((after.calls, after.refused), (1, 1));
        let only = [(
            "cfx_call".to_owned(),
            Tally {
                calls: 1,
                refused: 1,
            },
        )];
        assert_eq!(after.methods, only.into());
        assert_eq!(mark.plus(&after), counts);
    }
}
