//! The plug between a chain and the pool's own node: whoever may reach into its container carries questions there.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::Address;

/// Carries questions to nodes that are managed here.
#[async_trait]
pub trait OwnNode: Send + Sync {
    /// Sends one JSON-RPC batch to the node that a state of this lineage made for an address, on the engine at this URL.
    /// `None` where no such node answers, or the batch is too large to be carried.
    ///
    /// The text of a batch can be seen in the list of processes: nothing in it may be secret.
    async fn ask(&self, docker: &str, lineage: &str, node: &Address, batch: &Json) -> Option<Json>;
}
