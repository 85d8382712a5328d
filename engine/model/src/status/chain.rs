//! How chains, accounts and registered keys are.

use serde::Serialize;

use super::Figure;
use crate::{Address, Drip};

/// How a chain is, as its RPC says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainStatus {
    /// Its name in the spec.
    pub address: Address,
    /// Newest epoch of PoW.
    pub epoch: Figure<u64>,
    /// Epoch of PoS.
    pub pos_epoch: Figure<u64>,
    /// Height of PoS.
    pub pos_height: Figure<u64>,
    /// For how long PoS stands there.
    pub pos_stands_seconds: Figure<u64>,
}

impl ChainStatus {
    /// A chain of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            epoch: Figure::default(),
            pos_epoch: Figure::default(),
            pos_height: Figure::default(),
            pos_stands_seconds: Figure::default(),
        }
    }
}

/// How an account is in one space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountStatus {
    /// Its name in the spec.
    pub address: Address,
    /// `core` or `espace`.
    pub space: String,
    /// Its address on the chain.
    pub account: String,
    /// Whether it signs in this space; one that does not pays nothing there.
    pub signs: bool,
    /// What it has.
    pub balance_drip: Figure<Drip>,
    /// How many usual calls it can pay for at the price of now.
    pub calls_left: Figure<u64>,
}

/// Votes that change at one view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuedVotes {
    /// The view.
    pub view: u64,
    /// How many.
    pub votes: u64,
    /// Seconds until it is likely to come, where that can be told.
    pub in_seconds: Option<u64>,
}

/// What PoS counts for a key. Views are blocks of PoS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Votes {
    /// The view at which it was asked.
    pub view: u64,
    /// Votes that can be elected.
    pub working: u64,
    /// Votes that work and cannot leave yet.
    pub locking: Vec<QueuedVotes>,
    /// Votes that may leave.
    pub locked: u64,
    /// Votes that do not work any more, and when their stake is free.
    pub leaving: Vec<QueuedVotes>,
    /// Votes that ever became free.
    pub unlocked: u64,
    /// The view at which PoS retired the key, while that bars new stake.
    pub retired_at: Option<u64>,
    /// Votes that were taken for good.
    pub forfeited: u64,
    /// Whether they are held for longer than any way out that is no penalty.
    pub disputed: bool,
}

/// How often a key had no vote in the last blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MissedVotes {
    /// Blocks of PoS that were looked at, the newest ones.
    pub blocks: u64,
    /// How many of them have no vote of the key.
    pub missed: u64,
    /// How many of the newest in a row have none.
    pub in_a_row: u64,
}

/// How a registered key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyStatus {
    /// Name of its registration in the spec.
    pub address: Address,
    /// The node that the spec has for it.
    pub node: Option<Address>,
    /// Its PoS address.
    pub key: Figure<String>,
    /// What PoS counts for it.
    pub votes: Figure<Votes>,
    /// Whether it is in the committee.
    pub elected: Figure<bool>,
    /// The last view up to which it is elected, as far as that is known.
    pub elected_until_view: Figure<Option<u64>>,
    /// How often it had no vote lately.
    pub missed: Figure<MissedVotes>,
    /// Votes that have left and can be staked again now.
    pub restake_due: Figure<u64>,
}

impl KeyStatus {
    /// A key of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            node: None,
            key: Figure::default(),
            votes: Figure::default(),
            elected: Figure::default(),
            elected_until_view: Figure::default(),
            missed: Figure::default(),
            restake_due: Figure::default(),
        }
    }
}
