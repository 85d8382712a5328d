//! What became of a ticket of another run, which anybody may have written who can write the journal (decision 35).
//!
//! - Reads: the signatures in its bytes, the current spec with its keys, the chain.
//! - Returns: how a transaction of one of the spec's accounts ended; that the next look shows what is there; or that
//!   nothing proves it.
//! - Never: believes a field of the ticket that the bytes or the spec say, or sends what no account of the spec signed.

use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{ChainAddress, PublicKey};
use pospool_conflux_rpc::{At, Batch, CountingTransport, Rpc};
use pospool_conflux_tx::{
    ChainRef, History, KeyRef, Pace, ProvenTransaction, SignedWork, SpecTerms, carry_out,
    prove_signed,
};
use pospool_model::provider::{Progress, Settlement, Ticket};
use pospool_model::{Address, Attributes, ProviderError, Value};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::chains::{ChainCheck, Chains};
use crate::contract::CodeName;
use crate::contract::creation::PROXY_ARGUMENTS;
use crate::work::TicketAttempt;
use crate::{account, chain, codes, observe, prepare};

/// What a ticket says that it does, where it is no transaction: it changes nothing outside, or can be done again.
const CLOSED: [&str; 5] = [
    "await_code",
    "await_votes",
    "await_free",
    "check_code",
    "verify",
];

/// Where tickets are carried out, and how long is waited for one.
pub(crate) struct TicketWay<'a> {
    pub(crate) link: &'a CountingTransport,
    pub(crate) chains: &'a Chains,
    pub(crate) pace: Pace,
}

impl TicketWay<'_> {
    /// Sends what was signed, or finds it sent; the outputs say at which epoch it was executed, since the state must not be
    /// compared with an older chain later.
    pub(crate) async fn send(
        &self,
        signed: SignedWork,
        history: History,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        let mut outputs = signed.outputs.clone();
        let (link, pace, form) = (self.link, self.pace, prepare::ticket_of);
        let epoch = carry_out(link, pace, signed, history, form, progress).await?;
        outputs.extend(observe::known_at(epoch));
        Ok(outputs)
    }
}

pub(crate) async fn settle_ticket(
    way: &TicketWay<'_>,
    ticket: &Ticket,
    progress: &dyn Progress,
) -> Result<Settlement, ProviderError> {
    let named = ticket.payload.get("do").and_then(Json::as_str);
    if named.is_some_and(|named| CLOSED.contains(&named)) {
        return Ok(Settlement::Closed);
    }
    let signed = match serde_json::from_value(ticket.payload.clone()) {
        Ok(TicketAttempt::Transaction(signed)) => *signed,
        // It may be one of a newer version.
        _ => return Ok(foreign("it is not of this version")),
    };
    match trust(way, &signed, progress).await? {
        Ok(trusted) => {
            let ended = way.send(trusted, History::Unsure, progress);
            ended.await.map(Settlement::Ended)
        }
        Err(why) if is_over(way, &signed).await => {
            tracing::info!(key = ticket.key, why, "its nonce is final: closed");
            Ok(Settlement::Closed)
        }
        Err(why) => Ok(foreign(&format!(
            "{why}; {} sends nothing there until its nonce {} is final",
            signed.from, signed.nonce
        ))),
    }
}

fn foreign(why: &str) -> Settlement {
    Settlement::Foreign(why.to_owned())
}

/// The ticket with what its bytes and the spec say in the place of what it says; or why it does not count.
async fn trust(
    way: &TicketWay<'_>,
    claimed: &SignedWork,
    progress: &dyn Progress,
) -> Result<Result<SignedWork, String>, ProviderError> {
    let proven = match prove_signed(claimed) {
        Ok(proven) => proven,
        Err(why) => return Ok(Err(why.to_owned())),
    };
    let (account, key) = match find_signer(way, &proven.signer) {
        Signer::Account(account, key) => (account, key),
        Signer::Stranger => {
            return Ok(Err(format!(
                "no account of the spec signed it, but {}",
                proven.from
            )));
        }
        Signer::Unknown(what) => {
            return Err(ProviderError::OutcomeUnknown {
                code: codes::NO_KEY,
                what: format!("who signed it can only be told with all keys of the spec: {what}"),
                source: None,
            });
        }
    };
    let mut place = claimed.chain.clone();
    let reached = way.chains.reach_in_time(
        way.link,
        way.pace,
        Instant::now(),
        (&mut place, claimed.space(), ChainCheck::Now),
        progress,
    );
    let found = match reached.await {
        Ok(found) => found,
        Err(error) if error.code() == codes::NO_CHAIN => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let wanted = way.chains.wanted(&found).unwrap_or_default();
    if account.1 != found {
        return Ok(Err(format!(
            "`{}` is not an account of `{found}`",
            account.0
        )));
    }
    let terms = SpecTerms {
        key,
        ceiling: chain::gas_price_ceiling(&wanted),
        level: chain::wait_level(&wanted),
    };
    let outputs = proven_outputs(&claimed.outputs, &proven);
    let claimed = SignedWork {
        chain: ChainRef {
            address: Some(found),
            ..place
        },
        ..claimed.clone()
    };
    Ok(Ok(proven.trusted(claimed, terms, outputs)))
}

/// Whose signature it is.
enum Signer {
    /// An account of the spec, with its chain and its key.
    Account((Address, Address), KeyRef),
    Stranger,
    /// A key of the spec cannot be read, and none of the others is it.
    Unknown(String),
}

fn find_signer(way: &TicketWay<'_>, signer: &PublicKey) -> Signer {
    let mut unread = None;
    for (address, wanted) in way.chains.accounts() {
        let place = wanted.get("chain").and_then(Value::as_resource).cloned();
        let (Some(place), Some(key)) = (place, account::key_of(&wanted)) else {
            continue;
        };
        match account::public_key(&wanted) {
            Ok(found) if found == *signer => return Signer::Account((address, place), key),
            Ok(_) => {}
            Err(problem) => _ = unread.get_or_insert(problem.summary),
        }
    }
    unread.map_or(Signer::Stranger, Signer::Unknown)
}

/// What a transaction leaves behind, as far as its bytes say it. Which code it was made from is a hint: whoever uses it looks
/// at the code on the chain.
fn proven_outputs(claimed: &Attributes, proven: &ProvenTransaction) -> Attributes {
    let created = proven.creates().map(|address| address.to_string());
    let Some(created) = created else {
        return Attributes::new();
    };
    let is_proven = |name: &str, value: &Value| {
        let text = value.as_text();
        let is_place = text == Some(created.as_str());
        let is_code = name == "code" && CodeName::read(value).is_some();
        let is_end = || {
            let end = text.and_then(hex_bytes);
            end.is_some_and(|end| proven.unsigned.data().ends_with(&end))
        };
        is_place || is_code || (name == PROXY_ARGUMENTS && is_end())
    };
    let outputs = claimed.iter();
    outputs
        .filter(|(name, value)| is_proven(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether the nonce that it claims is used for good, so that it takes effect never again.
async fn is_over(way: &TicketWay<'_>, claimed: &SignedWork) -> bool {
    let mut place = claimed.chain.clone();
    let (from, space) = (claimed.from, claimed.space());
    let reached = way
        .chains
        .reach(way.link, &mut place, space, ChainCheck::Now);
    if reached.await.is_err() || !is_of(from, place.network) {
        return false;
    }
    let Ok(rpc) = Rpc::over(way.link, &place.endpoints) else {
        return false;
    };
    let mut batch = Batch::default();
    let nonce = batch.nonce(from, At::LatestFinalised);
    let answers = batch.send(&rpc).await.ok();
    let final_nonce = answers.and_then(|answers| answers.u64(nonce));
    final_nonce.is_some_and(|next| claimed.nonce < next)
}

fn is_of(from: ChainAddress, network: u32) -> bool {
    match from {
        ChainAddress::Core(core) => core.network() == network,
        ChainAddress::Espace(_) => true,
    }
}

#[cfg(test)]
mod tests;
