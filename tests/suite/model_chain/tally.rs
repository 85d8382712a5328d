//! What happened in all stories together: a fault that never comes tests nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use pospool_tests::pool_world::PoolRunEnd;

/// Counts by words.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    fn add(&self, what: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Counts how a run ended, and the codes of its failures.
    pub(super) fn run(&self, ended: &PoolRunEnd, heard: &[String]) {
        self.add(match ended {
            PoolRunEnd::Whole(outcome) if outcome.cancelled => "run: stopped by the user",
            PoolRunEnd::Whole(outcome) if outcome.failures.is_empty() => "run: whole",
            PoolRunEnd::Whole(_) => "run: with failures",
            PoolRunEnd::Problems(_) => "run: refused by the plan",
            PoolRunEnd::Outside(_) => "run: nobody answers",
            PoolRunEnd::Unsettled(_) => "run: not settled yet",
            PoolRunEnd::State(_) => "run: without its state",
            PoolRunEnd::Died => "run: died",
        });
        // `address/effect: code: words`
        for code in heard.iter().filter_map(|line| line.split(": ").nth(1)) {
            if code.contains('/') {
                self.add(&format!("failure: {code}"));
            }
        }
    }

    /// Counts what happened on the chain, without the numbers in it.
    pub(super) fn log(&self, lines: &[String]) {
        for line in lines {
            let line = line.split(" 0x").next().unwrap_or_default();
            let words = line.split(|letter: char| letter.is_ascii_digit() || letter == '"');
            let words: Vec<_> = words
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect();
            let words = words.join(" # ");
            let short: String = words.chars().take(60).collect();
            self.add(&format!("chain: {short}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, count) in counts.iter() {
            writeln!(f, "{count:>7} {what}")?;
        }
        Ok(())
    }
}
