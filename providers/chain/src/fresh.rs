//! Tickets that nobody can have yet.
//!
//! - Reads: keys of tickets, as they are signed and committed.
//! - Returns: what is known of a ticket before the first look.
//! - Never: outlives the process: after a crash nobody knows whether bytes were sent, so all of them may have been.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pospool_conflux_tx::History;

/// Keys of tickets that this process signed and has not committed yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnsentTickets(Arc<Mutex<BTreeSet<String>>>);

impl UnsentTickets {
    /// Notes a ticket that was signed just now.
    pub(crate) fn signed(&self, key: &str) {
        self.keys().insert(key.to_owned());
    }

    /// What is known of a ticket that is about to be committed; the next time it is less.
    pub(crate) fn take(&self, key: &str) -> History {
        if self.keys().remove(key) {
            History::Unsent
        } else {
            History::Unsure
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A set of texts is whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::provider::Ticket;
    use pospool_model::{Provider, ProviderError};
    use serde_json::json;

    use super::*;
    use crate::{ChainProvider, ChainSettings};
    use pospool_model::provider::NoProgress;

    #[test]
    fn a_ticket_is_fresh_once() {
        let fresh = UnsentTickets::default();
        fresh.signed("0x01");
        assert_eq!(fresh.take("0x02"), History::Unsure);
        assert_eq!(fresh.take("0x01"), History::Unsent);
        assert_eq!(fresh.take("0x01"), History::Unsure);
    }

    #[tokio::test]
    async fn a_ticket_that_cannot_be_read_stays_open() {
        let provider = ChainProvider::new(ChainSettings::default());
        let ticket = Ticket {
            key: "0x01".to_owned(),
            payload: json!({ "do": "transaction", "raw": "0x00", "confirm": true }),
        };
        let error = provider.commit(&ticket, &NoProgress).await.unwrap_err();
        assert!(matches!(error, ProviderError::OutcomeUnknown { .. }));
        assert_eq!(error.code(), "chain/bad-ticket");
    }
}
