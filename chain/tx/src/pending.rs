//! Which nonces of an account are free: neither executed nor waited for in the pool.
//!
//! - Reads: the account's transactions in the node's pool, with their epoch heights.
//! - Returns: the first free nonce, or whether a certain one is free.
//! - Never: takes a node in trouble for one that does not offer a method; counts what is too old to be executed. A pool keeps that, and lets a new transaction take its place
//!   (conflux-rust `transaction_pool/nonce_pool/mod.rs`, `should_replace`); a nonce behind it would wait for ever.

use std::collections::BTreeSet;

use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::quantity::field_u64;
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Refusal, Slot};
use serde_json::{Value as Json, json};

use crate::signed::EPOCH_BOUND;

/// Questions about an account's nonces.
#[derive(Clone, Copy, Debug)]
pub struct AskedNonces {
    executed: Slot,
    waiting: Slot,
    pooled: Slot,
    newest: Option<Slot>,
}

/// The nonces of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonces {
    /// First one that is not executed.
    pub executed: u64,
    waiting: WaitingNonces,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum WaitingNonces {
    These(BTreeSet<u64>),
    /// All below this one: the node only tells a number.
    Below(u64),
}

/// Asks about an account's nonces.
pub fn ask_nonces(batch: &mut Batch, address: ChainAddress) -> AskedNonces {
    let account = || json!([address.to_string()]);
    let executed = batch.nonce(address, At::LatestState);
    match address.space() {
        Space::Core => AskedNonces {
            executed,
            waiting: batch.ask("cfx_getAccountPendingTransactions", account()),
            pooled: batch.ask("txpool_nextNonce", account()),
            newest: Some(batch.ask("cfx_epochNumber", json!(["latest_mined"]))),
        },
        // Nothing ages there.
        Space::Espace => AskedNonces {
            executed,
            waiting: batch.ask("eth_getAccountPendingTransactions", account()),
            pooled: batch.ask(
                "eth_getTransactionCount",
                json!([address.to_string(), "pending"]),
            ),
            newest: None,
        },
    }
}

impl AskedNonces {
    /// Why the answers do not tell the nonces, though the node knows them: it is in trouble. A nonce that was chosen then
    /// could lie behind one that is never used, and wait for ever.
    #[must_use]
    pub fn trouble(self, answers: &BatchAnswers) -> Option<&Refusal> {
        let needed = [Some(self.executed), self.newest].into_iter().flatten();
        let mut silent = needed.filter_map(|slot| answers.silence(slot));
        silent.next().or_else(|| {
            let refusal = answers.silence(self.waiting)?;
            if refusal.is_no_such_method() {
                let number = answers.silence(self.pooled)?;
                return (!number.is_no_such_method()).then_some(number);
            }
            Some(refusal)
        })
    }
}

/// Reads an account's nonces; `None` if the node did not say. Public endpoints may not offer the pool's methods; then
/// only executed transactions count.
#[must_use]
pub fn read_nonces(asked: AskedNonces, answers: &BatchAnswers) -> Option<Nonces> {
    let executed = answers.u64(asked.executed)?;
    let newest = asked.newest.and_then(|slot| answers.u64(slot));
    let newest = newest.unwrap_or_default();
    let listed = answers
        .get(asked.waiting)
        .and_then(|waiting| waiting.get("pendingTransactions")?.as_array());
    let waiting = match listed {
        Some(listed) => WaitingNonces::These(alive(listed, newest)),
        None => WaitingNonces::Below(answers.u64(asked.pooled).unwrap_or(executed)),
    };
    Some(Nonces { executed, waiting })
}

/// Nonces of those that may still be executed after an epoch.
fn alive(listed: &[Json], newest: u64) -> BTreeSet<u64> {
    let is_old = |transaction: &Json| {
        let height = field_u64(transaction, "epochHeight");
        height.is_some_and(|height| height.saturating_add(EPOCH_BOUND) < newest)
    };
    let alive = listed.iter().filter(|transaction| !is_old(transaction));
    alive
        .filter_map(|transaction| field_u64(transaction, "nonce"))
        .collect()
}

impl Nonces {
    /// First free nonce.
    #[must_use]
    pub fn next(&self) -> u64 {
        match &self.waiting {
            WaitingNonces::These(these) => {
                let mut from_executed = self.executed..=u64::MAX;
                let free = from_executed.find(|nonce| !these.contains(nonce));
                free.unwrap_or(u64::MAX)
            }
            // Not counted up to: the node may tell any number.
            WaitingNonces::Below(first) => self.executed.max(*first),
        }
    }

    /// Whether nothing that was executed or may be has a nonce.
    #[must_use]
    pub fn is_free(&self, nonce: u64) -> bool {
        let waits = match &self.waiting {
            WaitingNonces::These(these) => these.contains(&nonce),
            WaitingNonces::Below(first) => nonce < *first,
        };
        nonce >= self.executed && !waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_conflux::CoreAddress;
    use pospool_conflux_rpc::Rpc;
    use pospool_rpcstub::{StubAnswer, StubNode};

    async fn nonces(listed: Json) -> Nonces {
        let server = StubNode::start(move |method, _| {
            StubAnswer::Result(match method {
                "cfx_getNextNonce" => json!("0x5"),
                "cfx_getAccountPendingTransactions" => listed.clone(),
                "txpool_nextNonce" => json!("0x8"),
                _ => json!("0x186aa"),
            })
        })
        .await;
        let mut batch = Batch::default();
        let asked = ask_nonces(&mut batch, CoreAddress::new([1; 20], 1).into());
        let rpc = Rpc::new(&[server.url()]).unwrap();
        read_nonces(asked, &batch.send(&rpc).await.unwrap()).unwrap()
    }

    fn listed(pairs: &[(u64, u64)]) -> Json {
        let transactions = pairs.iter().map(|(nonce, height)| {
            json!({ "nonce": format!("{nonce:#x}"), "epochHeight": format!("{height:#x}") })
        });
        json!({ "pendingTransactions": transactions.collect::<Vec<_>>() })
    }

    /// The newest epoch is 100,010.
    #[tokio::test]
    async fn what_is_too_old_does_not_take_a_nonce() {
        let all_alive = nonces(listed(&[(5, 10), (6, 11), (8, 12)])).await;
        assert_eq!((all_alive.next(), all_alive.is_free(8)), (7, false));
        let first_is_old = nonces(listed(&[(5, 9), (6, 9), (7, 10)])).await;
        assert_eq!(first_is_old.next(), 5);
        assert!(first_is_old.is_free(6) && !first_is_old.is_free(7));
        assert!(!first_is_old.is_free(4), "it is executed");
        assert_eq!(nonces(Json::Null).await.next(), 8, "only a number is told");
    }

    #[test]
    fn the_next_nonce_is_found_at_once_whatever_the_node_tells() {
        let nonces = |executed, waiting| Nonces { executed, waiting };
        assert_eq!(nonces(5, WaitingNonces::Below(u64::MAX)).next(), u64::MAX);
        assert_eq!(nonces(5, WaitingNonces::Below(3)).next(), 5);
        let last = BTreeSet::from([u64::MAX]);
        assert_eq!(
            nonces(u64::MAX, WaitingNonces::These(last)).next(),
            u64::MAX
        );
    }

    #[tokio::test]
    async fn a_node_in_trouble_is_not_one_without_the_method() {
        let trouble = async |broken: &'static str, code| {
            let server = StubNode::start(move |method, _| {
                if method == broken {
                    return StubAnswer::refuse(code, "too much to do", None);
                }
                StubAnswer::Result(match method {
                    "cfx_getAccountPendingTransactions" => listed(&[]),
                    _ => json!("0x5"),
                })
            })
            .await;
            let mut batch = Batch::default();
            let asked = ask_nonces(&mut batch, CoreAddress::new([1; 20], 1).into());
            let rpc = Rpc::new(&[server.url()]).unwrap();
            let answers = batch.send(&rpc).await.unwrap();
            asked.trouble(&answers).is_some()
        };
        let list = "cfx_getAccountPendingTransactions";
        for method in ["cfx_getNextNonce", "cfx_epochNumber", list] {
            assert!(trouble(method, -32603).await, "{method}");
        }
        assert!(!trouble(list, -32601).await, "it is not offered");
        assert!(
            !trouble("txpool_nextNonce", -32603).await,
            "the list says more"
        );
        assert!(!trouble("", 0).await);
    }
}
