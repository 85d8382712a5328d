//! Questions that go to a node together, and their answers.
//!
//! - Reads: nothing.
//! - Returns: [`Batch`] to collect calls, [`BatchAnswers`] to take results out by [`Slot`].
//! - Never: mixes answers up; a slot belongs to the batch that gave it.

use pospool_conflux::hex::{hex_bytes, hex_text, hex_word};
use pospool_conflux::{ChainAddress, Space};
use serde_json::{Value as Json, json};

use crate::call::{Call, REVERTED, Refusal, RpcError};
use crate::client::Rpc;
use crate::quantity::read_quantity;

/// Code hash of an account without code: keccak256 of nothing.
pub const NO_CODE: &str = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
/// Where a proxy keeps its implementation (EIP-1967).
pub const IMPLEMENTATION_SLOT: &str =
    "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
/// Calls in the making.
#[derive(Debug, Default)]
pub struct Batch {
    calls: Vec<Call>,
}

/// Place of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Slot(usize);

/// The state at which a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// That of one epoch, which in eSpace is a block.
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
    pub fn ask(&mut self, method: &'static str, params: Json) -> Slot {
        self.calls.push(Call { method, params });
        Slot(self.calls.len() - 1)
    }

    /// Asks what a contract answers.
    pub fn view(&mut self, to: impl Into<ChainAddress>, data: &[u8], at: At) -> Slot {
        let to = to.into();
        let request = json!({ "to": to.to_string(), "data": hex_text(data) });
        let method = by_space(to, "cfx_call", "eth_call");
        self.ask(method, json!([request, at.json(to.space())]))
    }

    /// Asks whether there is code. Core Space answers with an account, which is small; eSpace with the code itself.
    pub fn code(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getAccount", "eth_getCode", address.into(), at)
    }

    /// Asks for the code itself.
    pub fn whole_code(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getCode", "eth_getCode", address.into(), at)
    }

    /// Asks what a proxy points at.
    pub fn implementation(&mut self, proxy: impl Into<ChainAddress>, at: At) -> Slot {
        self.storage(proxy, IMPLEMENTATION_SLOT, at)
    }

    /// Asks for one entry of a contract's storage.
    pub fn storage(&mut self, of: impl Into<ChainAddress>, slot: &str, at: At) -> Slot {
        let of = of.into();
        let method = by_space(of, "cfx_getStorageAt", "eth_getStorageAt");
        self.ask(method, json!([of.to_string(), slot, at.json(of.space())]))
    }

    /// Asks for the balance.
    pub fn balance(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
        self.of_account("cfx_getBalance", "eth_getBalance", address.into(), at)
    }

    /// Asks how many transactions of an account were executed.
    pub fn nonce(&mut self, address: impl Into<ChainAddress>, at: At) -> Slot {
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
    pub fn views_from(&self, first: usize) -> impl Iterator<Item = usize> {
        let calls = self.calls.iter().enumerate().skip(first);
        calls
            .filter(|(_, call)| call.method == "cfx_call")
            .map(|(slot, _)| slot)
    }

    /// The calls, in the order of their slots.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Sends the calls.
    pub async fn send(&self, rpc: &Rpc) -> Result<BatchAnswers, RpcError> {
        Ok(BatchAnswers(rpc.batch(&self.calls).await?))
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
pub struct BatchAnswers(Vec<Result<Json, Refusal>>);

impl BatchAnswers {
    /// Answers to all calls of a batch, in their order, from wherever they came.
    #[must_use]
    pub fn of(results: Vec<Result<Json, Refusal>>) -> Self {
        Self(results)
    }

    /// Returns the result, or the node's refusal.
    pub fn result(&self, slot: Slot) -> Result<&Json, &Refusal> {
        self.0[slot.0].as_ref()
    }

    /// The refusal, unless it tells something of the chain: a result does, and so does the revert of a call. Any other
    /// refusal must not be taken for "it is not there".
    #[must_use]
    pub fn silence(&self, slot: Slot) -> Option<&Refusal> {
        let refusal = self.result(slot).err();
        refusal.filter(|refusal| !REVERTED.contains(&refusal.code))
    }

    /// The first refusal of named questions that is not that of a method which the node does not have: then it is no node of
    /// Conflux, and must not be taken for one in trouble.
    #[must_use]
    pub fn first_trouble(
        &self,
        questions: &[(&'static str, Slot)],
    ) -> Option<(&'static str, &Refusal)> {
        let mut refusals = questions
            .iter()
            .filter_map(|(what, slot)| Some((*what, self.result(*slot).err()?)));
        refusals.find(|(_, refusal)| !refusal.is_no_such_method())
    }

    /// Returns a result that is not null.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&Json> {
        self.result(slot).ok().filter(|result| !result.is_null())
    }

    /// Returns a number.
    pub fn number(&self, slot: Slot) -> Option<u128> {
        self.get(slot).and_then(read_quantity)
    }

    /// Returns a number of 64 bits.
    #[must_use]
    pub fn u64(&self, slot: Slot) -> Option<u64> {
        self.number(slot)?.try_into().ok()
    }

    /// Returns bytes.
    pub fn bytes(&self, slot: Slot) -> Option<Vec<u8>> {
        self.get(slot)?.as_str().and_then(hex_bytes)
    }

    /// Whether the account of [`Batch::code`] has code; `None` if the node did not say.
    #[must_use]
    pub fn has_code(&self, slot: Slot) -> Option<bool> {
        let answer = self.get(slot)?;
        if let Some(code) = answer.as_str() {
            return Some(!hex_bytes(code)?.is_empty());
        }
        let hash = answer.get("codeHash")?.as_str()?;
        Some(hash != NO_CODE)
    }

    /// Returns what the proxy of [`Batch::implementation`] points at.
    pub fn pointed_at(&self, slot: Slot) -> Option<[u8; 20]> {
        let word = self.get(slot)?.as_str().and_then(hex_word)?;
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&word[12..]);
        (bytes != [0; 20]).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_rpcstub::{StubAnswer, StubNode};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_node_that_is_behind_is_asked_again() {
        let asked = AtomicUsize::new(0);
        let server = StubNode::start(move |_, _| {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                let reason = "Specified epoch 9 is not executed, the latest state epoch is 8";
                return StubAnswer::refuse(-32602, "Invalid params", Some(reason));
            }
            StubAnswer::Result(json!("0x1"))
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
        let answers = BatchAnswers(vec![
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
