//! Whether a node of eSpace is on the chain that is meant.

use pospool_conflux_rpc::{Batch, BatchAnswers, Slot};
use serde_json::json;

use crate::chain_ref::ChainRef;

/// Questions that tell whether an eSpace node is on a chain.
pub struct AskedIdentity {
    chain_id: Slot,
    genesis: Slot,
}

/// Asks an eSpace node which chain it is on.
pub fn ask_identity(batch: &mut Batch) -> AskedIdentity {
    AskedIdentity {
        chain_id: batch.ask("eth_chainId", json!([])),
        genesis: batch.ask("eth_getBlockByNumber", json!(["0x0", false])),
    }
}

impl AskedIdentity {
    /// Both questions.
    #[must_use]
    pub fn slots(&self) -> [Slot; 2] {
        [self.chain_id, self.genesis]
    }

    /// Whether the node is on the chain: block 0 has the same hash in both spaces. `None` if it did not say.
    #[must_use]
    pub fn is_on(&self, chain: &ChainRef, answers: &BatchAnswers) -> Option<bool> {
        let chain_id = answers.u64(self.chain_id)?;
        let genesis = answers.get(self.genesis)?.get("hash")?.as_str()?;
        Some(chain_id == u64::from(chain.network) && genesis == chain.genesis_hash)
    }
}
