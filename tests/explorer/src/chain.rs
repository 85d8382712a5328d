//! What the explorer sees of a chain.
//!
//! - Reads: code and slots, by JSON-RPC, in the words of either space.
//! - Returns: bytes, or why there are none.
//! - Never: sends a transaction.

use ethers_core::utils::{hex, keccak256};
use pospool_conflux_rpc::{Rpc, RpcError};
use serde_json::{Value as Json, json};

use crate::ExplorerSpace;
use crate::address::{ContractAddress, SpaceNetwork};

/// A look at the chain that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("`{method}` was answered with {found}")]
    Answer { method: &'static str, found: String },
}

/// One space of a chain.
#[derive(Debug)]
pub(crate) struct ChainSpace {
    pub(crate) rpc: Rpc,
    pub(crate) network: SpaceNetwork,
}

impl ChainSpace {
    /// Connects to a node and asks for the number of its network.
    pub(crate) async fn connect(space: ExplorerSpace, url: &str) -> Result<Self, ChainError> {
        let rpc = Rpc::new(&[url.to_owned()])?;
        let (method, found) = match space {
            ExplorerSpace::Core => {
                let status = rpc.call("cfx_getStatus", json!([])).await?;
                ("cfx_getStatus", status["networkId"].clone())
            }
            ExplorerSpace::Espace => ("eth_chainId", rpc.call("eth_chainId", json!([])).await?),
        };
        let id = parse_number(&found).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| wrong_answer(method, &found))?;
        let network = SpaceNetwork { space, id };
        Ok(Self { rpc, network })
    }

    /// Returns the code of a contract; it is empty where there is none.
    pub(crate) async fn code(&self, address: ContractAddress) -> Result<Vec<u8>, ChainError> {
        let (method, tag) = match self.network.space {
            ExplorerSpace::Core => ("cfx_getCode", "latest_state"),
            ExplorerSpace::Espace => ("eth_getCode", "latest"),
        };
        let answer = self
            .rpc
            .call(method, json!([self.network.text(address), tag]))
            .await?;
        parse_bytes(&answer).ok_or_else(|| wrong_answer(method, &answer))
    }

    /// Returns where a proxy points now, by the slots that the original looks into.
    pub(crate) async fn implementation(
        &self,
        proxy: ContractAddress,
    ) -> Result<Option<ContractAddress>, ChainError> {
        for slot in slots() {
            let found = self.slot(proxy, slot).await?;
            let mut address = [0; 20];
            address.copy_from_slice(&found[12..]);
            if address != [0; 20] {
                return Ok(Some(ContractAddress(address)));
            }
        }
        Ok(None)
    }

    async fn slot(&self, address: ContractAddress, slot: [u8; 32]) -> Result<[u8; 32], ChainError> {
        let (method, tag) = match self.network.space {
            ExplorerSpace::Core => ("cfx_getStorageAt", "latest_state"),
            ExplorerSpace::Espace => ("eth_getStorageAt", "latest"),
        };
        let position = hex::encode_prefixed(slot);
        let parameters = json!([self.network.text(address), position, tag]);
        let answer = self.rpc.call(method, parameters).await?;
        // Core says null for a slot that was never written.
        if answer.is_null() {
            return Ok([0; 32]);
        }
        let found = parse_bytes(&answer).and_then(|bytes| bytes.try_into().ok());
        found.ok_or_else(|| wrong_answer(method, &answer))
    }
}

/// Slots that name an implementation: of `ZeppelinOS`, EIP-1822 and EIP-1967. Beacons are left out.
fn slots() -> [[u8; 32]; 3] {
    let mut latest = keccak256("eip1967.proxy.implementation");
    // Minus one; the last byte is not zero.
    latest[31] -= 1;
    [
        keccak256("org.zeppelinos.proxy.implementation"),
        keccak256("PROXIABLE"),
        latest,
    ]
}

/// Reads hex with `0x`.
pub(crate) fn parse_bytes(answer: &Json) -> Option<Vec<u8>> {
    hex::decode(answer.as_str()?.strip_prefix("0x")?).ok()
}

/// Reads a number such as `"0x1f"`.
pub(crate) fn parse_number(answer: &Json) -> Option<u64> {
    u64::from_str_radix(answer.as_str()?.strip_prefix("0x")?, 16).ok()
}

pub(crate) fn wrong_answer(method: &'static str, answer: &Json) -> ChainError {
    let found = answer.to_string().chars().take(80).collect();
    ChainError::Answer { method, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_of_eip_1967_is_the_known_one() {
        assert_eq!(
            hex::encode(slots()[2]),
            "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
        );
    }
}
