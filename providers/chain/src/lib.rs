//! Conflux, both its spaces: accounts, contracts with their settings, their verification, and the registration of a PoS
//! key.
//!
//! - Reads: the chain through JSON-RPC; private keys for the moment in which they sign.
//! - Returns: what a `Provider` must: looks, designs, tickets, outputs.
//! - Never: sends what is not journalled, or signs twice for one effect.
//!
//! The way of a change through the modules:
//!
//! ```text
//! kinds, settings ---> normalise (chain, contract, registration)
//! batch <--- observe (account, contract::observe, registration::observe) ---> facts
//! facts ---> contract::design, registration::design --draft--> effects (work)
//! work ---> prepare --preflight, key--> ticket ---> pospool-conflux-tx, wait
//! verification: parts --> check (the chain), submit (an explorer)
//! ```

mod account;
#[cfg(test)]
mod bench;
mod bridge;
mod call_words;
mod chain;
mod chains;
pub mod codes;
mod condition;
mod contract;
mod draft;
#[cfg(test)]
mod espace_node_tests;
mod estimate;
mod explore;
mod facts;
mod fresh;
mod funding;
#[doc(hidden)]
pub mod fuzzing;
mod internal;
mod kinds;
mod ledger;
mod observe;
mod own_node;
mod preflight;
mod prepare;
mod profit;
mod provider;
mod registration;
mod resolve;
mod restake;
mod rows;
mod settle;
mod verification;
mod wait;
mod work;

pub use pospool_conflux_tx::transactions_page;

pub use crate::provider::{ChainProvider, ChainSettings};
pub use crate::registration::registered_key;
