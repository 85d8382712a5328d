//! What one endpoint shows of one transaction, and its reduction to a situation.
//!
//! - Reads: numbers of one look.
//! - Returns: a [`Situation`].
//! - Never: keeps anything from an earlier look; what was seen before comes in as [`History`] and [`Price`].

use super::situation::{
    Age, Depth, Endpoints, History, Made, Nonce, Pool, Price, Receipt, Situation,
};
use crate::wait_level::WaitLevel;

/// How far a chain is: epochs of Core Space, blocks of eSpace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) newest: u64,
    pub(crate) confirmed: u64,
    pub(crate) finalised: u64,
}

/// A receipt of any form of the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executed {
    /// Never [`Receipt::None`].
    pub(crate) outcome: Receipt,
    /// Where it was executed; `None` while the node does not say.
    pub(crate) height: Option<u64>,
    /// The contract's reason for a failure, in the node's words.
    pub(crate) reason: Option<String>,
    /// Where it says that it created a contract.
    pub(crate) created: Option<String>,
}

/// One endpoint's look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) heads: Heads,
    pub(crate) receipt: Option<Executed>,
    pub(crate) pool: Pool,
    /// First nonce of the account that is not executed, at the newest state.
    pub(crate) next_nonce: u64,
    /// The same at the finalised state; `None` if the node cannot say.
    pub(crate) final_nonce: Option<u64>,
    /// What it creates is there at the newest state, or it creates nothing.
    pub(crate) shown: bool,
    /// What it creates is there at the finalised state.
    pub(crate) made: bool,
}

/// What the transaction is to the looker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) nonce: u64,
    /// The last height at which it can be executed; `None` if it does not age.
    pub(crate) last: Option<u64>,
    /// How deep its receipt must be.
    pub(crate) level: WaitLevel,
}

impl Sight {
    /// The receipt's outcome.
    pub(super) fn outcome(&self) -> Receipt {
        self.receipt
            .as_ref()
            .map_or(Receipt::None, |receipt| receipt.outcome)
    }

    /// Whether it shows that the transaction was executed, well or not.
    pub(crate) fn is_executed(&self) -> bool {
        matches!(self.outcome(), Receipt::Succeeded | Receipt::Failed)
    }

    pub(super) fn nonce(&self, ours: Ours) -> Nonce {
        if self.final_nonce.is_some_and(|next| next > ours.nonce) {
            Nonce::UsedFinally
        } else if self.next_nonce > ours.nonce {
            Nonce::Used
        } else if self.next_nonce == ours.nonce {
            Nonce::Next
        } else {
            Nonce::Missing
        }
    }

    pub(super) fn age(&self, ours: Ours) -> Age {
        match ours.last {
            Some(last) if self.heads.finalised > last => Age::Expired,
            Some(last) if self.heads.newest > last => Age::Old,
            _ => Age::Fresh,
        }
    }

    fn depth(&self, level: WaitLevel) -> Depth {
        let reached = |height: Option<u64>| match (level, height) {
            (WaitLevel::Executed, _) => true,
            (_, None) => false,
            (WaitLevel::Confirmed, Some(height)) => {
                height <= self.heads.confirmed.max(self.heads.finalised)
            }
            (WaitLevel::Finalised, Some(height)) => height <= self.heads.finalised,
        };
        match &self.receipt {
            Some(receipt) if self.is_executed() && reached(receipt.height) => Depth::Deep,
            _ => Depth::Shallow,
        }
    }

    /// Reduces a look to a situation.
    pub(crate) fn situation(
        &self,
        ours: Ours,
        price: Price,
        endpoints: Endpoints,
        history: History,
    ) -> Situation {
        Situation {
            receipt: self.outcome(),
            depth: self.depth(ours.level),
            pool: self.pool,
            nonce: self.nonce(ours),
            age: self.age(ours),
            price,
            made: if self.made { Made::Final } else { Made::Unseen },
            endpoints,
            history,
        }
    }
}
