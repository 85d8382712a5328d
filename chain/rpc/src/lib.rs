//! Asking Conflux nodes over JSON-RPC: several endpoints, batches, within what each endpoint allows.
//!
//! - Reads: answers of the nodes behind endpoints, bounded in size and time.
//! - Returns: results, or errors that say whether anything can have happened.
//! - Never: sends a transaction to a second endpoint on its own, or shows what may be a key in an endpoint's URL.
//!
//! ```text
//! Batch --calls--> Rpc --order of endpoints--> ask --pace, meter--> CountingTransport --> Transport (HTTP)
//! BatchAnswers <---------- results and refusals <------------------ JSON
//! ```

mod ask;
mod away;
mod batch;
mod call;
mod client;
mod echo;
mod endpoint;
mod http;
mod link;
mod log;
mod meter;
mod multicall;
pub mod networks;
mod pace;
pub mod quantity;
pub mod revert;
mod transport;

pub use crate::batch::{At, Batch, BatchAnswers, IMPLEMENTATION_SLOT, NO_CODE, Slot};
pub use crate::call::{
    Call, NO_SUCH_METHOD, REVERTED, Refusal, RpcError, Sent, call_json, is_lagging, read_result,
};
pub use crate::client::Rpc;
pub use crate::http::{HttpTransport, http_transport, innermost_cause};
pub use crate::link::CountingTransport;
pub use crate::multicall::{Multicall, MulticallAnswer};
pub use crate::transport::{Transport, TransportError};
