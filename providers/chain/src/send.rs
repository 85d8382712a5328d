//! Carrying a signed transaction out, or finding it carried out.
//!
//! - Reads: the ticket's bytes and hash; receipt, pool, nonce and epochs of the chain.
//! - Returns: the effect's outputs; or how far it got.
//! - Never: signs. The same bytes take effect at most once, since their nonce is in them; so a look comes first, and
//!   where the node knows nothing of them, they are handed in again.

use std::time::Duration;

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::batch::{At, Batch};
use crate::outcome::{self, Look, Next, Ours, SendRefusal};
use crate::revert;
use crate::rpc::{Rpc, RpcError, Sent};
use crate::text::field_u64;
use crate::wire::Link;
use crate::work::SignedWork;

/// How often the reason of a long wait is asked for.
const ASK_WHY_EVERY: u32 = 20;

/// Time between two words about how far a wait is.
pub(crate) const SAY_EVERY: Duration = Duration::from_secs(2);

/// How long and how often to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) wait: Duration,
    pub(crate) poll: Duration,
}

/// Carries one ticket out.
pub(crate) async fn commit(
    link: &Link,
    pace: Pace,
    signed: &SignedWork,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let rpc = Rpc::over(link, &signed.chain.endpoints);
    let rpc = rpc.map_err(|error| unknown(signed, Some(error)))?;
    let mut run = Run {
        rpc,
        signed,
        progress,
        said_sent: false,
        said: String::new(),
        said_at: None,
        stale: 0,
        looks: 0,
    };
    let started = Instant::now();
    loop {
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        let trouble = match run.step().await {
            Ok(Some(outputs)) => return Ok(outputs),
            Ok(None) => None,
            Err(Step::Over(error)) => return Err(error),
            Err(Step::Trouble(error)) => Some(error),
        };
        if started.elapsed() >= pace.wait {
            return Err(unknown(signed, trouble));
        }
        tokio::time::sleep(pace.poll).await;
    }
}

fn unknown(signed: &SignedWork, trouble: Option<RpcError>) -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: "chain/outcome-unknown",
        what: format!(
            "transaction {} with nonce {} of {}",
            signed.hash, signed.nonce, signed.from
        ),
        source: trouble.map(|error| Box::new(error).into()),
    }
}

/// Why a step did not end well.
enum Step {
    /// For good.
    Over(ProviderError),
    /// For now.
    Trouble(RpcError),
}

impl From<RpcError> for Step {
    fn from(error: RpcError) -> Self {
        Self::Trouble(error)
    }
}

struct Run<'a> {
    rpc: Rpc,
    signed: &'a SignedWork,
    progress: &'a dyn Progress,
    said_sent: bool,
    said: String,
    said_at: Option<Instant>,
    stale: u32,
    looks: u32,
}

impl Run<'_> {
    /// Looks once and does what follows from it; `None` means: look again later.
    async fn step(&mut self) -> Result<Option<Attributes>, Step> {
        let (look, created) = self.look().await?;
        self.looks += 1;
        if look.known || look.receipt.is_some() {
            self.sent();
        }
        let ours = Ours {
            nonce: self.signed.nonce,
            epoch_height: self.signed.epoch_height,
            confirm: self.signed.confirm,
            stale: self.stale,
        };
        let next = outcome::next(&look, ours);
        self.stale = if next == Next::Stale {
            self.stale + 1
        } else {
            0
        };
        match next {
            Next::Done => self.done(&look, created),
            Next::Failed(reason) => Err(Step::Over(self.failed(reason.as_deref()))),
            Next::Wait(what) => {
                self.say(&what);
                if self.looks.is_multiple_of(ASK_WHY_EVERY) && look.receipt.is_none() {
                    self.say_why().await;
                }
                Ok(None)
            }
            Next::Send => self.send().await,
            Next::Stale => {
                self.say("its nonce is used; looking for its receipt");
                Ok(None)
            }
            Next::Replaced => Err(Step::Over(self.refused(
                "chain/nonce-taken",
                "another transaction was executed with its nonce, so it never will be; somebody else signs with this key: plan again",
            ))),
            Next::Expired => Err(Step::Over(self.refused(
                "chain/expired",
                "it was in no block within 100,000 epochs of its signing and never will be: plan again",
            ))),
        }
    }

    /// One look, in one round trip; also whether the code that it creates is there.
    async fn look(&self) -> Result<(Look, bool), Step> {
        let signed = self.signed;
        let mut batch = Batch::default();
        let receipt = batch.ask("cfx_getTransactionReceipt", json!([signed.hash]));
        let known = batch.ask("cfx_getTransactionByHash", json!([signed.hash]));
        let nonce = batch.nonce(signed.from);
        let status = batch.ask("cfx_getStatus", json!([]));
        let genesis = batch.ask("cfx_getBlockByEpochNumber", json!(["0x0", false]));
        let code = signed
            .creates
            .map(|address| batch.code(address, At::LatestState));
        let answers = batch.send(&self.rpc).await?;
        let hash = answers
            .get(genesis)
            .and_then(|block| block.get("hash"))
            .and_then(Json::as_str);
        if hash.is_some_and(|hash| hash != signed.chain.genesis_hash) {
            return Err(Step::Over(ProviderError::OutcomeUnknown {
                code: "chain/wrong-network",
                what: format!(
                    "transaction {}: the node at `core_rpc` is on another chain now",
                    signed.hash
                ),
                source: None,
            }));
        }
        let (epochs, next_nonce) = (answers.result(status), answers.u64(nonce));
        let (Ok(epochs), Some(next_nonce)) = (epochs, next_nonce) else {
            return Err(Self::silent());
        };
        // Null is an answer; a refusal is not, and must not be taken for "unknown".
        let (Ok(_), Ok(_)) = (answers.result(receipt), answers.result(known)) else {
            return Err(Self::silent());
        };
        let epoch = |name: &str| field_u64(epochs, name).unwrap_or_default();
        let look = Look {
            receipt: answers.get(receipt).cloned(),
            known: answers.get(known).is_some(),
            next_nonce,
            newest_epoch: epoch("epochNumber"),
            confirmed_epoch: epoch("latestConfirmed"),
        };
        let created = code.is_none_or(|slot| answers.has_code(slot) == Some(true));
        Ok((look, created))
    }

    fn silent() -> Step {
        let what = "the node does not answer what is asked of a transaction".to_owned();
        Step::Trouble(RpcError::Unreachable { tried: vec![what] })
    }

    async fn send(&mut self) -> Result<Option<Attributes>, Step> {
        match self.rpc.send_raw(&self.signed.raw).await {
            Sent::Accepted => self.sent(),
            Sent::Refused(refusal) => {
                let text = format!(
                    "{} {}",
                    refusal.message,
                    refusal.data.clone().unwrap_or_default()
                );
                match outcome::read_refusal(&text) {
                    SendRefusal::Known => self.sent(),
                    SendRefusal::Later(why) => self.say(why),
                    // It was in a pool before: another node may still have it.
                    SendRefusal::Never(_) if self.said_sent => {
                        self.say("this node refuses it now; another one may have it");
                    }
                    SendRefusal::Never(code) => {
                        return Err(Step::Over(
                            self.refused(code, &format!("the node refuses it: {refusal}")),
                        ));
                    }
                }
            }
            Sent::Nowhere(tried) => {
                return Err(Step::Trouble(RpcError::Unreachable { tried }));
            }
            // The next look tells whether the node took it.
            Sent::Unknown => {}
        }
        Ok(None)
    }

    fn done(&mut self, look: &Look, created: bool) -> Result<Option<Attributes>, Step> {
        let Some(expected) = self.signed.creates else {
            return Ok(Some(self.signed.outputs.clone()));
        };
        let found = look
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.get("contractCreated"));
        let found = found.and_then(Json::as_str).unwrap_or("nowhere");
        if found.parse().ok() != Some(expected) {
            let what = format!("the contract was created at {found}, and the plan said {expected}");
            return Err(Step::Over(self.refused("chain/wrong-address", &what)));
        }
        if !created {
            self.say("executed; waiting until the node shows the code");
            return Ok(None);
        }
        Ok(Some(self.signed.outputs.clone()))
    }

    fn failed(&self, reason: Option<&str>) -> ProviderError {
        let what = format!(
            "it was executed and failed: {}",
            revert::receipt_reason(reason)
        );
        self.refused("chain/reverted", &what)
    }

    fn refused(&self, code: &'static str, what: &str) -> ProviderError {
        ProviderError::refused(code, format!("transaction {}: {what}", self.signed.hash))
    }

    fn sent(&mut self) {
        if !self.said_sent {
            self.said_sent = true;
            self.progress.sent();
        }
    }

    /// Tells a person; how far the same wait has come only once in a while.
    fn say(&mut self, what: &str) {
        let same_wait = self.said.split(';').next() == what.split(';').next();
        let lately = self.said_at.is_some_and(|at| at.elapsed() < SAY_EVERY);
        if self.said != what && !(same_wait && lately) {
            what.clone_into(&mut self.said);
            self.said_at = Some(Instant::now());
            self.progress.waiting(what);
        }
    }

    /// Tells why the pool does not let it go, as far as the node knows (conflux-rust `transaction_status.rs`).
    async fn say_why(&mut self) {
        let account = json!([self.signed.from.to_string()]);
        let Ok(pending) = self
            .rpc
            .call("cfx_getAccountPendingTransactions", account)
            .await
        else {
            return;
        };
        let reason = pending
            .get("firstTxStatus")
            .and_then(|status| status.get("pending"))
            .and_then(Json::as_str);
        let words = match reason {
            Some("futureNonce") => "an earlier transaction of the account is missing",
            Some("notEnoughCash") => "the account cannot pay for it: send CFX there",
            Some("oldEpochHeight") => "it is too old to be packed",
            Some("outdatedStatus") => {
                "the node must hear of the account again: any transaction of it will do"
            }
            _ => return,
        };
        self.say(&format!("in the pool of the node, which says: {words}"));
    }
}

#[cfg(test)]
mod tests;
