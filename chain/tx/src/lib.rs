//! Transactions of Conflux in flight: what they may cost, how they are sent, and when they have ended.
//!
//! - Reads: a signed transaction, and what endpoints show of it.
//! - Returns: where it was executed; or why it never will be; or that nobody knows yet.
//! - Never: sends what the caller has not journalled, or signs twice for one nonce but at a higher price.
//!
//! ```text
//! SignedWork --> send --look--> Sight --flight (the table)--> Row { next, why }
//!                  ^                                            |
//!                  +------ wait, broadcast, fee_bump, done <----+
//! ```

mod answer;
mod chain_ref;
pub mod codes;
mod fee_bump;
mod fees;
mod flight;
pub mod gas;
mod identity;
mod look;
pub mod number_text;
mod pace;
pub mod pending;
mod proof;
mod send;
mod signed;
mod signer;
#[cfg(test)]
mod testing;
mod wait_level;
mod ways;

pub use crate::chain_ref::{ChainRef, rpc_attribute};
pub use crate::fees::{AskedFees, Fees, ask_fees, read_fees};
pub use crate::flight::{History, transactions_page};
pub use crate::identity::{AskedIdentity, ask_identity};
pub use crate::pace::{Pace, SAY_EVERY};
pub use crate::proof::{ProvenTransaction, SpecTerms, prove_signed};
pub use crate::send::{TicketForm, carry_out};
pub use crate::signed::{EPOCH_BOUND, PriceForm, SignedForm, SignedWork};
pub use crate::signer::{KeyRef, KeystoreRef, read_account_key};
pub use crate::wait_level::WaitLevel;
