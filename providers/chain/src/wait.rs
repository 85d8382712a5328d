//! Waits that change nothing: for code to be final, for PoS to count a vote, for votes to be free.
//!
//! - Reads: the chain, again and again, for as long as a wait may last.
//! - Returns: outputs when it is so; [`ProviderError::Converging`] when the time is over.
//! - Never: takes silence of the node for an answer.

use std::time::{SystemTime, UNIX_EPOCH};

use pospool_conflux_rpc::quantity::field_u64;
use pospool_conflux_rpc::{At, Batch, CountingTransport, Rpc, RpcError};
use pospool_conflux_tx::{ChainRef, Pace, SAY_EVERY};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::codes;
use crate::registration::observe::{ask_votes, votes_value};
use crate::registration::votes::{PosVotes, VotesSeen, time_of};
use crate::work::{AwaitCode, AwaitFree, AwaitVotes};

/// What one look at a wait found.
enum WaitResult {
    Yes(Attributes),
    /// How far it is.
    NotYet(String),
    /// Nothing more to wait for in this run: what is next is another plan's.
    Over(String),
}

/// Waits until all code is there in a finalised epoch, so that PoS is at work too.
pub(crate) async fn await_code(
    link: &CountingTransport,
    pace: Pace,
    work: &AwaitCode,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    repeat(link, pace, &work.chain, progress, Awaited::Code(work)).await
}

async fn look_for_code(rpc: &Rpc, work: &AwaitCode) -> Result<WaitResult, RpcError> {
    let mut batch = Batch::default();
    let status = batch.ask("cfx_getStatus", json!([]));
    let code = |at| work.contracts.iter().map(move |address| (*address, at));
    let finalised: Vec<_> = code(At::LatestFinalised)
        .map(|(address, at)| batch.code(address, at))
        .collect();
    let now: Vec<_> = code(At::LatestState)
        .map(|(address, at)| batch.code(address, at))
        .collect();
    let answers = batch.send(rpc).await?;
    let there = |slots: &[_]| {
        slots
            .iter()
            .all(|slot| answers.has_code(*slot) == Some(true))
    };
    let epoch = |name: &str| {
        let status = answers.get(status)?;
        field_u64(status, name)
    };
    // Seen on v3.0.2: PoS takes over nothing from the epochs before its first decision. A
    // registration in one of them is executed, its stake is locked, and no vote is ever counted.
    if epoch("latestFinalized").is_none_or(|finalised| finalised == 0) {
        return Ok(WaitResult::NotYet(
            "PoS has finalised nothing on this chain yet, so it would not count a vote".to_owned(),
        ));
    }
    if there(&finalised) {
        return Ok(WaitResult::Yes(Attributes::new()));
    }
    let progress = match (epoch("latestFinalized"), epoch("latestState")) {
        (Some(finalised), Some(newest)) => format!("finalised epoch {finalised} of {newest}"),
        _ => "the node tells no epochs".to_owned(),
    };
    Ok(WaitResult::NotYet(if there(&now) {
        format!("the code is there and waits until PoS has finalised it: {progress}")
    } else {
        format!("the code is not there yet: {progress}")
    }))
}

/// Waits until PoS counts a vote of a key.
pub(crate) async fn await_votes(
    link: &CountingTransport,
    pace: Pace,
    work: &AwaitVotes,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let Some(pos_address) = &work.pos_address else {
        return Err(ProviderError::refused(
            codes::BAD_PAYLOAD,
            "a wait for votes names no key",
        ));
    };
    let awaited = Awaited::Votes(pos_address, work.at_least.unwrap_or(1));
    repeat(link, pace, &work.chain, progress, awaited).await
}

async fn look_for_votes(
    rpc: &Rpc,
    pos_address: &str,
    at_least: u64,
) -> Result<WaitResult, RpcError> {
    let mut batch = Batch::default();
    let account = ask_votes(&mut batch, pos_address);
    let status = batch.ask("cfx_getStatus", json!([]));
    let pos = batch.ask("pos_getStatus", json!([]));
    let answers = batch.send(rpc).await?;
    let votes = answers.get(account).and_then(PosVotes::read);
    let working = votes.map_or(0, |votes| votes.working);
    if working >= at_least {
        let text = || Value::from(pos_address);
        return Ok(WaitResult::Yes(Attributes::from([
            ("votes".to_owned(), votes_value(working)),
            ("pos_address".to_owned(), text()),
            ("identifier".to_owned(), text()),
        ])));
    }
    let counts = match working {
        0 => "no vote yet".to_owned(),
        working => format!("{working} votes of {at_least}"),
    };
    let number = |answer: Option<&Json>, name: &str| {
        answer
            .and_then(|answer| field_u64(answer, name))
            .unwrap_or_default()
    };
    Ok(WaitResult::NotYet(format!(
        "PoS has finalised epoch {} of {} (PoS epoch {}) and counts {counts}",
        number(answers.get(status), "latestFinalized"),
        number(answers.get(status), "latestState"),
        number(answers.get(pos), "epoch"),
    )))
}

/// Waits until votes that left can be staked again. How many that are is what a look says then, so this never ends well.
pub(crate) async fn await_free(
    link: &CountingTransport,
    pace: Pace,
    work: &AwaitFree,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let until = Instant::now() + pace.wait;
    let awaited = Awaited::Free(work, until);
    repeat(link, pace, &work.chain, progress, awaited).await
}

async fn look_for_free(
    rpc: &Rpc,
    work: &AwaitFree,
    until: Instant,
) -> Result<WaitResult, RpcError> {
    let mut batch = Batch::default();
    let account = ask_votes(&mut batch, &work.pos_address);
    let answers = batch.send(rpc).await?;
    let Some(votes) = answers.get(account).and_then(PosVotes::read) else {
        let what = format!("{}; PoS does not say now what it counts", work.what);
        return Ok(WaitResult::NotYet(what));
    };
    if work.view == 0 || (votes.retired_at.is_none() && votes.view >= work.view) {
        return Ok(WaitResult::Over(work.what.clone()));
    }
    let network = work.chain.network;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let place = VotesSeen {
        now: now.unwrap_or_default().as_secs(),
        network,
    };
    let bar = match votes.retired_at {
        Some(view) => format!(", and has the key as retired at view {view}"),
        None => String::new(),
    };
    let what = format!(
        "{}: PoS is at view {}{bar}; it can be from {} on",
        work.what,
        votes.view,
        place.describe_view(votes.view, work.view)
    );
    let left = time_of(work.view.saturating_sub(votes.view), network);
    let is_far = left.is_some_and(|left| {
        let then = Instant::now().checked_add(left);
        then.is_none_or(|then| then > until)
    });
    Ok(if is_far {
        WaitResult::Over(what)
    } else {
        WaitResult::NotYet(what)
    })
}

/// What is waited for.
#[derive(Clone, Copy)]
enum Awaited<'a> {
    Code(&'a AwaitCode),
    /// Of which key, and how many.
    Votes(&'a str, u64),
    /// What is free, and when the wait is over.
    Free(&'a AwaitFree, Instant),
}

impl Awaited<'_> {
    async fn look(self, rpc: &Rpc) -> Result<WaitResult, RpcError> {
        match self {
            Self::Code(work) => look_for_code(rpc, work).await,
            Self::Votes(pos_address, at_least) => look_for_votes(rpc, pos_address, at_least).await,
            Self::Free(work, until) => look_for_free(rpc, work, until).await,
        }
    }
}

async fn repeat(
    link: &CountingTransport,
    pace: Pace,
    chain: &ChainRef,
    progress: &dyn Progress,
    awaited: Awaited<'_>,
) -> Result<Attributes, ProviderError> {
    let unreachable = |error: RpcError| ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: "the Core Space RPC".to_owned(),
        source: Some(Box::new(error)),
    };
    let rpc = Rpc::over(link, &chain.endpoints).map_err(unreachable)?;
    let started = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        let over = started.elapsed() >= pace.wait;
        match awaited.look(&rpc).await {
            Ok(WaitResult::Yes(outputs)) => return Ok(outputs),
            Ok(WaitResult::NotYet(what)) if over => {
                return Err(ProviderError::Converging {
                    what: format!("{what}; run apply again to go on waiting"),
                });
            }
            Ok(WaitResult::Over(what)) => {
                return Err(ProviderError::Converging {
                    what: format!("{what}; run apply again then"),
                });
            }
            Ok(WaitResult::NotYet(what)) => {
                // Epochs go on with every look: once in a while is enough for a person.
                if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                    progress.waiting(&what);
                    said = Some(Instant::now());
                }
            }
            Err(error) if over => return Err(unreachable(error)),
            Err(_) => {}
        }
        tokio::time::sleep(pace.pause(started.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use pospool_conflux::CoreAddress;
    use pospool_rpcstub::{StubAnswer, StubNode};

    async fn look(finalised: &'static str, code: &'static str) -> WaitResult {
        let server = StubNode::start(move |method, params| match method {
            "cfx_getStatus" => StubAnswer::Result(json!({
                "latestFinalized": finalised, "latestConfirmed": "0x1", "latestState": "0x2"
            })),
            _ if params[1] == "latest_finalized" => StubAnswer::Result(json!({ "codeHash": code })),
            _ => StubAnswer::Result(json!({ "codeHash": "0x60" })),
        })
        .await;
        let rpc = Rpc::new(&[server.url()]).unwrap();
        let contracts = vec![CoreAddress::new([0x80; 20], 1234)];
        let chain = ChainRef {
            address: None,
            endpoints: Vec::new(),
            network: 1234,
            genesis_hash: "0x00".to_owned(),
        };
        let work = AwaitCode { chain, contracts };
        look_for_code(&rpc, &work).await.unwrap()
    }

    fn reason(found: WaitResult) -> String {
        match found {
            WaitResult::Yes(_) => "yes".to_owned(),
            WaitResult::NotYet(reason) | WaitResult::Over(reason) => reason,
        }
    }

    #[tokio::test]
    async fn money_waits_for_final_code_and_for_a_pos_that_counts() {
        assert_eq!(reason(look("0x3c", "0x60").await), "yes");
        let early = reason(look("0x0", "0x60").await);
        assert!(early.starts_with("PoS has finalised nothing"), "{early}");
        let recent = reason(look("0x3c", pospool_conflux_rpc::NO_CODE).await);
        assert!(
            recent.starts_with("the code is there and waits"),
            "{recent}"
        );
    }
}
