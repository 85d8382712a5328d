//! A chain in memory that behaves like Core Space, for the real chain provider to work against.
//!
//! - Reads: JSON-RPC requests, over [`pospool_conflux_rpc::Transport`]; a seed.
//! - Returns: what nodes of conflux-rust would answer: pools, epochs, receipts, finality; and every way in which a
//!   network of them goes wrong. In the end: what really happened on the branch that stayed.
//! - Never: takes anything from the provider's own tables: selectors, rules and texts are written down here again.
//!
//! ```text
//! wire (faults, crashes) -> gateway (limits) -> rpc (answers of a node) -> node (view, pool) -> chain -> ledger -> contract
//!                           network (gossip, packing, reorganisations, somebody else's transactions)
//! ```

mod abi;
pub mod amounts;
pub mod artifact;
mod bridge;
mod called;
mod chain;
pub mod contract;
mod crash;
mod gateway;
pub mod ledger;
mod machine;
mod model;
mod network;
mod node;
mod pool;
pub mod random;
mod rpc;
mod shut;
mod transaction;
mod weather;
mod wire;

pub use crash::{CrashPoint, Moment};
pub use model::{Journalled, ModelChain, ModelGenesis};
pub use rpc::GENESIS;
pub use shut::Shut;
pub use transaction::{Account, Hash, Transaction, decode_transaction};
pub use weather::{Depth, Weather};
