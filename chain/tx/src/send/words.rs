//! What a person hears of a transaction in flight.
//!
//! - Reads: what is said, and when the last word was.
//! - Returns: errors in words; speaks through [`Progress`].
//! - Never: says the same wait more often than a person wants to read it.

use pospool_conflux_rpc::RpcError;
use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::Instant;

use crate::chain_ref::rpc_attribute;
use crate::codes;
use crate::flight::{Executed, Pool, Sight};
use crate::pace::SAY_EVERY;
use crate::signed::SignedWork;
use crate::wait_level::WaitLevel;
use crate::ways::EndpointPool;

/// The last words.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    said: String,
    at: Option<Instant>,
}

impl LastWords {
    /// Tells a person; how far the same wait has come only once in a while.
    pub(super) fn say(&mut self, what: &str, progress: &dyn Progress) {
        let same_wait = self.said.split(';').next() == what.split(';').next();
        let lately = self.at.is_some_and(|at| at.elapsed() < SAY_EVERY);
        if self.said != what && !(same_wait && lately) {
            what.clone_into(&mut self.said);
            self.at = Some(Instant::now());
            progress.waiting(what);
        }
    }

    /// What was said last.
    pub(super) fn last(&self) -> &str {
        if self.said.is_empty() {
            "no node answered"
        } else {
            &self.said
        }
    }
}

/// How far it is, and who was left out.
pub(super) fn wait_details(signed: &SignedWork, sight: &Sight, ways: &EndpointPool) -> String {
    let mut details = match (&sight.receipt, sight.pool) {
        (Some(receipt), _) => depth(receipt, signed.level, sight),
        (None, Pool::NotEnoughCash) => format!("; its account is {}", signed.from),
        (None, Pool::OldEpochHeight) => format!("; finalised epoch {}", sight.heads.finalised),
        _ => String::new(),
    };
    if let Some(names) = ways.foreign() {
        details = format!("{details}; left out, as on another chain: {names}");
    }
    details
}

fn depth(receipt: &Executed, level: WaitLevel, sight: &Sight) -> String {
    let (word, head) = match level {
        WaitLevel::Executed => ("newest", sight.heads.newest),
        WaitLevel::Confirmed => ("confirmed", sight.heads.confirmed),
        WaitLevel::Finalised => ("finalised", sight.heads.finalised),
    };
    match receipt.height {
        Some(height) => format!("; executed in epoch {height}, {word} is epoch {head}"),
        None => "; the node does not tell its epoch".to_owned(),
    }
}

/// The time to wait is over.
pub(super) fn outcome_unknown(
    signed: &SignedWork,
    last: &str,
    trouble: Option<RpcError>,
) -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: codes::OUTCOME_UNKNOWN,
        what: format!(
            "transaction {} with nonce {} of {} ({last})",
            signed.newest().hash,
            signed.nonce,
            signed.from
        ),
        source: trouble.map(|error| Box::new(error).into()),
    }
}

/// No endpoint is on its chain any more.
pub(super) fn other_chain(signed: &SignedWork) -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: codes::WRONG_NETWORK,
        what: format!(
            "transaction {}: the node at `{}` is on another chain now",
            signed.newest().hash,
            rpc_attribute(signed.space())
        ),
        source: None,
    }
}
