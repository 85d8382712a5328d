//! What gas costs: the questions, and how their answers are read.

use pospool_conflux::Space;
use pospool_conflux_rpc::quantity::read_quantity;
use pospool_conflux_rpc::{Batch, BatchAnswers, Refusal, Slot};
use serde_json::json;

/// What gas costs now, in drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Price that the node proposes.
    pub gas_price: u128,
    /// Base fee of the newest block; `None` on a node from before CIP-1559.
    pub base: Option<u128>,
    /// What the node proposes for the miner.
    pub priority: u128,
}

/// Questions about fees.
pub struct AskedFees {
    gas_price: Slot,
    newest: Slot,
}

/// Asks what gas costs in a space.
///
/// Never `maxPriorityFeePerGas` or `feeHistory`, in neither space: conflux-rust 3 locks its consensus for reading twice
/// there (`common.rs`, `eth.rs`: `fee_history`), and where a block arrives in between, all of the node's RPC stands still
/// until it is restarted.
pub fn ask_fees(batch: &mut Batch, space: Space) -> AskedFees {
    let (gas_price, block, newest) = match space {
        Space::Core => (
            "cfx_gasPrice",
            "cfx_getBlockByEpochNumber",
            json!(["latest_state", false]),
        ),
        Space::Espace => (
            "eth_gasPrice",
            "eth_getBlockByNumber",
            json!(["latest", false]),
        ),
    };
    AskedFees {
        gas_price: batch.ask(gas_price, json!([])),
        newest: batch.ask(block, newest),
    }
}

/// Reads what gas costs.
pub fn read_fees(asked: &AskedFees, answers: &BatchAnswers) -> Option<Fees> {
    let newest = answers.get(asked.newest)?;
    let gas_price = answers.number(asked.gas_price)?;
    let base = newest.get("baseFeePerGas").and_then(read_quantity);
    Some(Fees {
        gas_price,
        base,
        priority: priority(gas_price, base.unwrap_or_default()),
    })
}

/// What miners are paid beside the base fee, in drip: what the node's price is above it, and a hundredth of it at least.
fn priority(gas_price: u128, base: u128) -> u128 {
    gas_price.saturating_sub(base).max(base / 100)
}

impl AskedFees {
    /// The first question that the node refused.
    #[must_use]
    pub fn trouble<'a>(&self, answers: &'a BatchAnswers) -> Option<(&'static str, &'a Refusal)> {
        let slots = [
            ("a question about fees", self.gas_price),
            ("a question about the newest block", self.newest),
        ];
        answers.first_trouble(&slots)
    }
}
