//! What the node and other sources say.
//!
//! - Reads: the local RPC, and public ones.
//! - Returns: facts, each of which may be missing: what cannot be seen is not made up.
//! - Never: calls a method that changes something, but the one that lets the node vote.

use std::time::Duration;

use pospool_conflux_rpc::quantity::field_u64;
use pospool_conflux_rpc::{Call, Rpc, RpcError};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

use pospool_model::guard::PosRound;
use pospool_model::safety::plain_pos_address;

use crate::round::PosBlock;

/// A question to the PoS loop that takes longer hangs.
const LOOP_TIME: Duration = Duration::from_secs(5);
/// A source that takes longer has not answered.
const SOURCE_TIME: Duration = Duration::from_secs(5);
/// A peer that nothing was read from for longer is none.
const LIVE_PEER: Duration = Duration::from_mins(1);
/// Most blocks of PoS that are asked for at once.
pub(crate) const MOST_BLOCKS: u64 = 40;

/// Two heads that are at most so many blocks of PoS apart stand at the same height: they were not asked at one moment.
pub(crate) const SAME_HEIGHT: u64 = 2;

/// How far PoS is at one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PosHead {
    pub(crate) epoch: u64,
    /// Height of the newest committed block.
    pub(crate) height: u64,
}

/// Whether the node votes, as far as its PoS loop says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VotingFlag {
    On,
    Off,
    /// PoS has not started yet.
    NotStarted,
    /// The task of PoS is dead, though the node answers.
    Dead,
    /// It gives no answer, or none that says anything.
    Unknown,
}

/// What came of letting the node vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartedVoting {
    Yes,
    /// It said no; why.
    Refused(String),
    /// No answer: it may still take effect.
    Unknown(String),
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalView {
    /// Phase of the synchronisation, such as `NormalSyncPhase`.
    pub(crate) phase: String,
    /// Time of its newest block of PoW, in seconds since 1970.
    pub(crate) head_time: Option<u64>,
    /// Newest epoch of PoW.
    pub(crate) epoch: Option<u64>,
    /// Peers that it has a session with, and those from which something was read lately.
    pub(crate) sessions: usize,
    pub(crate) live_peers: usize,
    pub(crate) pos: Option<PosHead>,
    /// The epoch of the committee, and whether our key is in it.
    pub(crate) committee: Option<(u64, bool)>,
    /// Whether our key is elected for a term that has not begun.
    pub(crate) coming: bool,
    pub(crate) flag: VotingFlag,
    /// Chain id, by which sources of another network are told.
    pub(crate) chain_id: Option<u64>,
}

impl LocalView {
    /// Whether it has caught up with its chain.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.phase == "NormalSyncPhase"
    }
}

/// The node in this container.
#[derive(Clone, Debug)]
pub(crate) struct LocalNode {
    port: u16,
    rpc: Rpc,
}

impl LocalNode {
    pub(crate) fn new(port: u16) -> Result<Self, RpcError> {
        let rpc = Rpc::new(&[format!("http://127.0.0.1:{port}")])?;
        Ok(Self { port, rpc })
    }

    /// Whether anybody listens: a node that opens its databases does not yet, for minutes.
    pub(crate) async fn listens(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
    }

    /// PoS address of its key; `None` while it does not answer.
    pub(crate) async fn pos_address(&self) -> Option<String> {
        let answer = self
            .rpc
            .call("test_posRegister", json!(["0x1", null]))
            .await
            .ok()?;
        let address = answer.get(1)?.as_str()?;
        Some(plain_pos_address(address))
    }

    /// How it is; `None` while it does not answer.
    pub(crate) async fn view(&self, key: &str) -> Option<LocalView> {
        let call = |method, params| Call { method, params };
        let calls = [
            call("debug_currentSyncPhase", json!([])),
            call("cfx_getBlockByEpochNumber", json!(["latest_mined", false])),
            call("debug_getNetSessions", json!([null])),
            call("pos_getStatus", json!([])),
            call("pos_getCommittee", json!([])),
            call("cfx_getStatus", json!([])),
        ];
        let answers = self.rpc.batch(&calls).await.ok()?;
        let of = |slot: usize| answers.get(slot).and_then(|answer| answer.as_ref().ok());
        let sessions = of(2).and_then(Json::as_array);
        Some(LocalView {
            phase: of(0).and_then(Json::as_str).unwrap_or_default().to_owned(),
            head_time: of(1).and_then(|block| field_u64(block, "timestamp")),
            epoch: of(5).and_then(|status| field_u64(status, "epochNumber")),
            sessions: sessions.map_or(0, Vec::len),
            live_peers: sessions.map_or(0, |list| list.iter().filter(|it| is_live(it)).count()),
            pos: of(3).and_then(read_head),
            committee: of(4).and_then(|answer| read_committee(answer, key)),
            coming: of(4).is_some_and(|answer| is_elected(answer, key)),
            flag: self.flag().await,
            chain_id: of(5).and_then(|status| field_u64(status, "chainId")),
        })
    }

    async fn flag(&self) -> VotingFlag {
        let asked = self.rpc.call("test_posVotingStatus", json!([]));
        match tokio::time::timeout(LOOP_TIME, asked).await {
            Ok(Ok(Json::Bool(true))) => VotingFlag::On,
            Ok(Ok(Json::Bool(false))) => VotingFlag::Off,
            Ok(Err(RpcError::Refused { refusal, .. })) => read_refused_flag(&refusal.to_string()),
            Ok(_) | Err(_) => VotingFlag::Unknown,
        }
    }

    /// Lets the node vote from now on. An answer that does not come may still take effect.
    pub(crate) async fn start_voting(&self) -> StartedVoting {
        let asked = self.rpc.call("test_posStartVoting", json!([true]));
        match tokio::time::timeout(LOOP_TIME, asked).await {
            Ok(Ok(_)) => StartedVoting::Yes,
            Ok(Err(error @ RpcError::Refused { .. })) => StartedVoting::Refused(error.to_string()),
            Ok(Err(error)) => StartedVoting::Unknown(error.to_string()),
            Err(_) => StartedVoting::Unknown("no answer in 5 s".to_owned()),
        }
    }

    /// Committed blocks from a height on, in order.
    pub(crate) async fn blocks(&self, from: u64, to: u64, key: &str) -> Vec<PosBlock> {
        pos_blocks(&self.rpc, from, to, key)
            .await
            .unwrap_or_default()
    }
}

/// Another source of the chain.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    rpc: Rpc,
}

impl Source {
    /// One source for each endpoint.
    pub(crate) fn each(endpoints: &[String]) -> Result<Vec<Self>, RpcError> {
        let rpc = Rpc::new(endpoints)?;
        Ok(rpc.each().into_iter().map(|rpc| Self { rpc }).collect())
    }

    /// How far PoS is there; `None` if it does not say, or is of another chain.
    pub(crate) async fn head(&self, chain_id: Option<u64>) -> Option<PosHead> {
        let calls = ["pos_getStatus", "cfx_getStatus"].map(|method| Call {
            method,
            params: json!([]),
        });
        let asked = self.rpc.batch(&calls);
        let answers = tokio::time::timeout(SOURCE_TIME, asked).await.ok()?.ok()?;
        let [head, status] = answers.as_slice() else {
            return None;
        };
        let there = field_u64(status.as_ref().ok()?, "chainId");
        (there == chain_id)
            .then(|| read_head(head.as_ref().ok()?))
            .flatten()
    }

    /// Committed blocks from a height on, in order; `None` if it does not say.
    pub(crate) async fn blocks(&self, from: u64, to: u64, key: &str) -> Option<Vec<PosBlock>> {
        let asked = pos_blocks(&self.rpc, from, to, key);
        tokio::time::timeout(SOURCE_TIME, asked).await.ok()?
    }
}

async fn pos_blocks(rpc: &Rpc, from: u64, to: u64, key: &str) -> Option<Vec<PosBlock>> {
    let to = to.min(from.saturating_add(MOST_BLOCKS - 1));
    let calls: Vec<Call> = (from..=to)
        .map(|height| Call {
            method: "pos_getBlockByNumber",
            params: json!([format!("{height:#x}")]),
        })
        .collect();
    let answers = rpc.batch(&calls).await.ok()?;
    let mut blocks = Vec::new();
    for answer in answers {
        // Up to the first that is missing: none is passed over.
        match answer.ok().and_then(|block| read_block(&block, key)) {
            Some(block) => blocks.push(block),
            None => break,
        }
    }
    Some(blocks)
}

/// What the node says when it does not say whether it votes (conflux-rust `pos_handler.rs`, `epoch_manager.rs`).
fn read_refused_flag(words: &str) -> VotingFlag {
    // The end of the channel that leads to the PoS loop: before the question was taken, and after.
    const ENDED: [&str; 2] = ["Disconnected", "closed channel"];
    const BEFORE: [&str; 2] = ["not initialized", "not started"];
    let holds = |those: [&str; 2]| those.iter().any(|part| words.contains(part));
    if holds(ENDED) {
        VotingFlag::Dead
    } else if holds(BEFORE) {
        VotingFlag::NotStarted
    } else {
        VotingFlag::Unknown
    }
}

fn read_head(status: &Json) -> Option<PosHead> {
    Some(PosHead {
        epoch: field_u64(status, "epoch")?,
        height: field_u64(status, "latestCommitted")?,
    })
}

fn read_block(block: &Json, key: &str) -> Option<PosBlock> {
    let signatures = block.get("signatures")?.as_array()?;
    let ours = |signature: &&Json| is_key(signature.get("account"), key);
    Some(PosBlock {
        height: field_u64(block, "height")?,
        at: PosRound::new(field_u64(block, "epoch")?, field_u64(block, "round")?),
        // Microseconds in a block of PoS.
        time: field_u64(block, "timestamp")? / 1_000_000,
        signed: signatures.iter().any(|signature| ours(&signature)),
        has_signatures: !signatures.is_empty(),
    })
}

fn read_committee(answer: &Json, key: &str) -> Option<(u64, bool)> {
    let current = answer.get("currentCommittee")?;
    let epoch = field_u64(current, "epochNumber")?;
    Some((epoch, has_key(current.get("nodes"), key)))
}

/// Whether the key is among those that were, or will be, elected for a coming term.
fn is_elected(answer: &Json, key: &str) -> bool {
    let terms = answer.get("elections").and_then(Json::as_array);
    let mut nodes = terms
        .into_iter()
        .flatten()
        .map(|term| term.get("topElectingNodes"));
    nodes.any(|nodes| has_key(nodes, key))
}

fn has_key(nodes: Option<&Json>, key: &str) -> bool {
    let nodes = nodes.and_then(Json::as_array);
    let mut nodes = nodes.into_iter().flatten();
    nodes.any(|node| is_key(node.get("address"), key))
}

fn is_key(address: Option<&Json>, key: &str) -> bool {
    let address = address.and_then(Json::as_str);
    address.is_some_and(|address| address.eq_ignore_ascii_case(key))
}

/// Whether a session is one with a peer that lives: the node keeps those of dead ones for a while.
fn is_live(session: &Json) -> bool {
    let text = |name: &str| session.get(name).and_then(Json::as_str).unwrap_or_default();
    let read = parse_debug_duration(text("lastRead"));
    text("status").starts_with("communicating") && read.is_some_and(|age| age < LIVE_PEER)
}

/// A time as Rust writes it for programmers: `1.5s`, `20.1ms`, `3µs`, `7ns`.
fn parse_debug_duration(text: &str) -> Option<Duration> {
    const UNITS: &[(&str, f64)] = &[("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let seconds = number.parse::<f64>().ok()? * factor;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use pospool_rpcstub::{StubAnswer, StubNode};

    const KEY: &str = "0xab";

    /// A node in the committee that is well and in sync.
    pub(crate) fn synced_view(flag: VotingFlag) -> LocalView {
        LocalView {
            phase: "NormalSyncPhase".to_owned(),
            head_time: Some(1000),
            epoch: Some(500),
            sessions: 3,
            live_peers: 3,
            pos: Some(PosHead {
                epoch: 7,
                height: 100,
            }),
            committee: Some((7, true)),
            coming: false,
            flag,
            chain_id: Some(1029),
        }
    }

    #[test]
    fn times_of_sessions_are_read_in_every_unit() {
        for (text, milliseconds) in [("1.5s", 1500), ("20.1ms", 20), ("3µs", 0), ("61s", 61_000)] {
            let read = parse_debug_duration(text).unwrap();
            assert_eq!(read.as_millis(), milliseconds, "{text}");
        }
        for text in ["", "s", "1m", "-1s"] {
            assert_eq!(parse_debug_duration(text), None, "{text}");
        }
    }

    fn answer(method: &str) -> StubAnswer {
        StubAnswer::Result(match method {
            "debug_currentSyncPhase" => json!("NormalSyncPhase"),
            "cfx_getBlockByEpochNumber" => json!({ "timestamp": "0x64" }),
            "debug_getNetSessions" => json!([
                { "status": "communicating (9s)", "lastRead": "1.2s" },
                { "status": "communicating (9s)", "lastRead": "99s" },
                { "status": "handshaking (1s)", "lastRead": "1ms" },
            ]),
            "pos_getStatus" => json!({ "epoch": "0x7", "latestCommitted": "0x50" }),
            "cfx_getStatus" => json!({ "chainId": "0x405", "epochNumber": "0x2a" }),
            "pos_getCommittee" => json!({
                "currentCommittee": { "epochNumber": "0x7", "nodes": [{ "address": "0xcd" }] },
                "elections": [{ "topElectingNodes": [{ "address": "0xAB" }] }],
            }),
            "test_posRegister" => json!(["0xe335b451", "0xAB"]),
            "test_posVotingStatus" => {
                return StubAnswer::refuse(
                    -32016,
                    "recv: err=SendError { kind: Disconnected }",
                    None,
                );
            }
            "pos_getBlockByNumber" => json!({
                "height": "0x50", "epoch": "0x7", "round": "0x3", "timestamp": "0x5f5e100",
                "signatures": [{ "account": "0xAB", "votes": "0x1" }],
            }),
            _ => return StubAnswer::refuse(-32601, "no such method", None),
        })
    }

    #[tokio::test]
    async fn a_node_is_read_as_it_answers() {
        let node = StubNode::start(|method, _| answer(method)).await;
        let port = node.url().rsplit(':').next().unwrap().parse().unwrap();
        let local = LocalNode::new(port).unwrap();
        assert_eq!(local.pos_address().await.as_deref(), Some(KEY));
        let view = local.view(KEY).await.unwrap();
        let expected = LocalView {
            phase: "NormalSyncPhase".to_owned(),
            head_time: Some(100),
            epoch: Some(42),
            sessions: 3,
            live_peers: 1,
            pos: Some(PosHead {
                epoch: 7,
                height: 80,
            }),
            committee: Some((7, false)),
            coming: true,
            flag: VotingFlag::Dead,
            chain_id: Some(1029),
        };
        assert_eq!(view, expected);
        let block = local.blocks(80, 80, KEY).await[0];
        assert_eq!(block.at, PosRound::new(7, 3));
        assert!(block.signed && block.time == 100);
        let source = &Source::each(&[node.url()]).unwrap()[0];
        assert_eq!(source.head(Some(1029)).await, view.pos);
        assert_eq!(source.head(Some(1)).await, None, "it is of another chain");
        drop(node);
    }

    #[test]
    fn what_is_no_answer_is_told_from_a_loop_that_ended() {
        for (words, flag) in [
            (
                "try_send: err=SendError { kind: Disconnected } (code -32016)",
                VotingFlag::Dead,
            ),
            (
                "receiving on a closed channel (code -32016)",
                VotingFlag::Dead,
            ),
            ("Pos not initialized! (code -32016)", VotingFlag::NotStarted),
            (
                "RoundManager not started yet (code -32016)",
                VotingFlag::NotStarted,
            ),
            (
                "try_send: err=SendError { kind: Full } (code -32016)",
                VotingFlag::Unknown,
            ),
        ] {
            assert_eq!(read_refused_flag(words), flag, "{words}");
        }
    }

    #[tokio::test]
    async fn nobody_is_there_to_answer() {
        let local = LocalNode::new(9).unwrap();
        assert_eq!(local.pos_address().await, None);
        assert_eq!(local.view(KEY).await, None);
        assert_eq!(
            Source::each(&["http://127.0.0.1:9".to_owned()]).unwrap()[0]
                .head(None)
                .await,
            None
        );
    }
}
