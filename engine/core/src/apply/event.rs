//! What happens during an apply, for whoever wants to hear it.

use pospool_model::plan::EffectId;
use pospool_model::{Address, ProviderError};

/// Something that a person may want to hear of while it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// An effect is begun.
    Started {
        /// Which.
        id: &'a EffectId,
        /// The plan's words for it.
        summary: &'a str,
    },
    /// An effect goes on.
    Waiting {
        /// Which.
        id: &'a EffectId,
        /// What is waited for, and how far it is.
        what: &'a str,
        /// For how long.
        seconds: u64,
    },
    /// An effect ended well.
    Ended {
        /// Which.
        id: &'a EffectId,
        /// After how long.
        seconds: u64,
        /// Effects that have ended so far.
        done: usize,
        /// Effects of the whole plan.
        total: usize,
    },
    /// An effect did not end well.
    Failed {
        /// Which.
        id: &'a EffectId,
        /// Why.
        error: &'a ProviderError,
    },
    /// A resource is as the plan wanted it.
    Recorded {
        /// Which.
        address: &'a Address,
    },
}

/// Hears events.
pub trait Listener: Sync {
    /// Called for each event, in order.
    fn hear(&self, event: &Event<'_>);
}
