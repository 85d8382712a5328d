//! Questions that go to a node together, and their answers.
//!
//! - Reads: nothing.
//! - Returns: [`Batch`] to collect calls, [`Answers`] to take results out by [`Slot`].
//! - Never: mixes answers up; a slot belongs to the batch that gave it.

use serde_json::{Value as Json, json};

use crate::chain_address::{ChainAddress, Space};
use crate::own_node::{self, Node};
use crate::rpc::{Call, REVERTED, Refusal, Rpc, RpcError};
use crate::text::{hex_bytes, hex_text, hex_word, read_quantity};

/// Code hash of an account without code: keccak256 of nothing.
pub(crate) const NO_CODE: &str =
    "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
/// Where a proxy keeps its implementation (EIP-1967).
pub(crate) const IMPLEMENTATION_SLOT: &str =
    "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
/// Calls in the making.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    calls: Vec<Call>,
}

/// Place of one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot(usize);

/// The state at which a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Epoch(u64),
    /// The newest that was executed.
    LatestState,
    /// The newest that PoS has finalised.
    LatestFinalised,
}

impl At {
    /// Blocks of eSpace have the numbers of their epochs (conflux-rust `rpc-eth-types/src/block_number.rs`).
    fn json(self, space: Space) -> Json {
        match (self, space) {
            (Self::Epoch(number), _) => json!(format!("{number:#x}")),
            (Self::LatestState, Space::Core) => json!("latest_state"),
            (Self::LatestState, Space::Espace) => json!("latest"),
            (Self::LatestFinalised, Space::Core) => json!("latest_finalized"),
            (Self::LatestFinalised, Space::Espace) => json!("finalized"),
        }
    }
}

impl Batch {
    /// Adds a call.
    pub(crate) fn ask(&mut self, method: &'static str, params: Json) -> Slot {
        self.calls.push(Call { method, params });
        Slot(self.calls.len() - 1)
    }

    /// Asks what a contract answers.
    pub(crate) fn view(&mut self, to: impl Into<ChainAddress>, data: &[u8], at: At) -> Slot {
        let to = to.into();
        let request = json!({ "to": to.to_string(), "data": hex_text(data) });
        let method = by_space(to, "cfx_call", "eth_call");
        self.ask(method, json!([request, at.json(to.space())]))
    }

    /// Asks whether there is code. Core Space answers with an account, which is small; eSpace with the code itself.
    pub(crate) fn code(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getAccount", "eth_getCode", address.into(), at)
    }

    /// Asks for the code itself.
    pub(crate) fn whole_code(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getCode", "eth_getCode", address.into(), at)
    }

    /// Asks what a proxy points at.
    pub(crate) fn implementation(&mut self, proxy: impl Into<ChainAddress>, at: At) -> Slot {
        self.storage(proxy, IMPLEMENTATION_SLOT, at)
    }

    /// Asks for one entry of a contract's storage.
    pub(crate) fn storage(&mut self, of: impl Into<ChainAddress>, slot: &str, at: At) -> Slot {
        let of = of.into();
        let method = by_space(of, "cfx_getStorageAt", "eth_getStorageAt");
        self.ask(method, json!([of.to_string(), slot, at.json(of.space())]))
    }

    /// Asks for the balance.
    pub(crate) fn balance(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getBalance", "eth_getBalance", address.into(), at)
    }

    /// Asks how many transactions of an account were executed.
    pub(crate) fn nonce(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        let address = address.into();
        self.of_account("cfx_getNextNonce", "eth_getTransactionCount", address, at)
    }

    fn of_account(
        &mut self,
        core: &'static str,
        espace: &'static str,
        address: ChainAddress,
        at: At,
    ) -> Slot {
        let params = json!([address.to_string(), at.json(address.space())]);
        self.ask(by_space(address, core, espace), params)
    }

    /// Views of contracts among the calls from this one on.
    pub(crate) fn views_from(&self, first: usize) -> impl Iterator<Item = usize> {
        let calls = self.calls.iter().enumerate().skip(first);
        calls
            .filter(|(_, call)| call.method == "cfx_call")
            .map(|(slot, _)| slot)
    }

    /// How many calls there are.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Sends the calls; those in the slots `views` may be answered by the pool's own node.
    pub(crate) async fn send_beside(
        &self,
        rpc: &Rpc,
        node: Option<Node<'_>>,
        views: &[usize],
    ) -> Result<Answers, RpcError> {
        Ok(Answers(
            own_node::batch(rpc, node, &self.calls, views).await?,
        ))
    }

    /// Sends the calls.
    pub(crate) async fn send(&self, rpc: &Rpc) -> Result<Answers, RpcError> {
        Ok(Answers(rpc.batch(&self.calls).await?))
    }
}

/// The method of the space that an address belongs to.
fn by_space(address: ChainAddress, core: &'static str, espace: &'static str) -> &'static str {
    match address.space() {
        Space::Core => core,
        Space::Espace => espace,
    }
}

/// Results in their slots.
#[derive(Debug)]
pub(crate) struct Answers(Vec<Result<Json, Refusal>>);

impl Answers {
    /// Returns the result, or the node's refusal.
    pub(crate) fn result(&self, slot: Slot) -> Result<&Json, &Refusal> {
        self.0[slot.0].as_ref()
    }

    /// The refusal, unless it tells something of the chain: a result does, and so does the revert of a call. Any other
    /// refusal must not be taken for "it is not there".
    pub(crate) fn silence(&self, slot: Slot) -> Option<&Refusal> {
        let refusal = self.result(slot).err();
        refusal.filter(|refusal| !REVERTED.contains(&refusal.code))
    }

    /// Returns a result that is not null.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Json> {
        self.result(slot).ok().filter(|result| !result.is_null())
    }

    /// Returns a number.
    pub(crate) fn number(&self, slot: Slot) -> Option<u128> {
        self.get(slot).and_then(read_quantity)
    }

    /// Returns a number of 64 bits.
    pub(crate) fn u64(&self, slot: Slot) -> Option<u64> {
        self.number(slot)?.try_into().ok()
    }

    /// Returns bytes.
    pub(crate) fn bytes(&self, slot: Slot) -> Option<Vec<u8>> {
        self.get(slot)?.as_str().and_then(hex_bytes)
    }

    /// Whether the account of [`Batch::code`] has code; `None` if the node did not say.
    pub(crate) fn has_code(&self, slot: Slot) -> Option<bool> {
        let answer = self.get(slot)?;
        if let Some(code) = answer.as_str() {
            return Some(!hex_bytes(code)?.is_empty());
        }
        let hash = answer.get("codeHash")?.as_str()?;
        Some(hash != NO_CODE)
    }

    /// Returns what the proxy of [`Batch::implementation`] points at.
    pub(crate) fn pointed_at(&self, slot: Slot) -> Option<[u8; 20]> {
        let word = self.get(slot)?.as_str().and_then(hex_word)?;
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&word[12..]);
        (bytes != [0; 20]).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Server};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_node_that_is_behind_is_asked_again() {
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |_, _| {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                let reason = "Specified epoch 9 is not executed, the latest state epoch is 8";
                return Answer::refuse(-32602, "Invalid params", Some(reason));
            }
            Answer::Result(json!("0x1"))
        })
        .await;
        let mut batch = Batch::default();
        let slot = batch.ask("cfx_a", json!([]));
        let answers = batch
            .send(&Rpc::new(&[server.url()]).unwrap())
            .await
            .unwrap();
        assert_eq!(answers.u64(slot), Some(1));
    }

    #[test]
    fn code_and_proxies_are_recognised() {
        let word = format!("0x{:064x}", 7);
        let answers = Answers(vec![
            Ok(json!({ "codeHash": NO_CODE })),
            Ok(json!({ "codeHash": "0x00" })),
            Ok(Json::Null),
            Ok(json!(word)),
            Ok(json!(format!("0x{:064x}", 0))),
        ]);
        let found: Vec<_> = (0..3).map(|slot| answers.has_code(Slot(slot))).collect();
        assert_eq!(found, [Some(false), Some(true), None]);
        assert_eq!(answers.pointed_at(Slot(3)).unwrap()[19], 7);
        assert_eq!(answers.pointed_at(Slot(4)), None);
    }
}
