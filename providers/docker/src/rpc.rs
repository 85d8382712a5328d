//! Questions to a node, asked from inside its container.
//!
//! - Reads: the port that only the container itself can reach, through `bash` in the container.
//! - Returns: answers, or that there is none yet.
//! - Never: sends a secret: the text of a question can be seen in the list of processes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use pospool_model::{Address, OwnNode, ProviderError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Engine;
use crate::codes;
use crate::errors::TOO_LARGE;
use crate::names::{self, Name};
use crate::render::layout::LOCAL_PORT;

/// Longest time for one question.
const LIMIT: Duration = Duration::from_secs(12);
/// The same inside the container, so that nothing is left behind there.
const INNER_SECONDS: &str = "10";
/// Opens the port, writes the request, and reads an answer up to a byte more than a command may print.
const SCRIPT: &str = "exec 3<>/dev/tcp/127.0.0.1/$1 && printf %s \"$2\" >&3 && head -c 1048577 <&3";
/// Selector of `register(bytes32,uint64,bytes,bytes,bytes[2])`.
const REGISTER: &str = "0xe335b451";

/// One question: method and parameters.
pub(crate) type RpcQuery = (&'static str, Value);

/// Public data about a node's PoS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeIdentity {
    /// PoS address, 0x and 64 hex digits.
    pub(crate) pos_address: String,
    /// Call data that registers the key with one vote.
    pub(crate) register_data: String,
    /// What the node says of its version.
    pub(crate) client_version: String,
}

/// How far a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeProgress {
    /// Phase of the synchronisation, such as `NormalSyncPhase`.
    pub(crate) phase: String,
    /// Newest epoch.
    pub(crate) epoch: Option<u64>,
    /// Nodes that it is connected to.
    pub(crate) peers: usize,
    /// Epoch of PoS; `None` while PoS has not started.
    pub(crate) pos_epoch: Option<u64>,
    /// Age of its newest block by this machine's clock, in seconds; less than nothing for a block of the future.
    pub(crate) age: Option<i64>,
}

/// Most that a block may be in the future: PoS takes no proposal that is more, and blocks of the chain wait.
const FUTURE: i64 = 300;

/// Largest age of the newest block of a node that follows its chain: a block comes each second or faster.
const FRESH: i64 = 60;

impl NodeProgress {
    /// Whether it follows its chain.
    ///
    /// The phase alone does not say so: a young or private network has its nodes in the normal phase while they
    /// still read old blocks.
    pub(crate) fn is_ready(&self) -> bool {
        self.phase == "NormalSyncPhase"
            && self.pos_epoch.is_some()
            && self.age.is_some_and(|age| (-FUTURE..=FRESH).contains(&age))
    }

    /// What is wrong with this machine's clock, as far as the chain's blocks tell; `before` is an earlier answer.
    pub(crate) fn clock(&self, before: &Self) -> Option<String> {
        /// A new block is this much older or younger than the last one was, by the same clock.
        const STEADY: i64 = 3;
        let age = self.age?;
        if age < -FUTURE {
            return Some(format!(
                "this machine's clock is about {} s behind the chain: set it (chrony, NTP)",
                -age
            ));
        }
        // A node that reads old blocks gets younger ones all the time. One whose blocks come and stay as old follows,
        // by another clock than ours.
        let follows = self.phase == "NormalSyncPhase" && self.epoch > before.epoch;
        let steady = before
            .age
            .is_some_and(|before| (age - before).abs() <= STEADY);
        (age > FRESH && follows && before.epoch.is_some() && steady).then(|| {
            format!(
                "this machine's clock seems to be {age} s ahead of the chain: set it (chrony, NTP)"
            )
        })
    }

    /// One line for a person.
    pub(crate) fn line(&self) -> String {
        let number = |value: Option<u64>| value.map_or("none yet".to_owned(), |n| n.to_string());
        format!(
            "{}, epoch {}, newest block {} s old, {} peers, PoS epoch {}",
            if self.phase.is_empty() {
                "starting"
            } else {
                &self.phase
            },
            number(self.epoch),
            self.age.map_or("?".to_owned(), |age| age.to_string()),
            self.peers,
            number(self.pos_epoch),
        )
    }
}

/// Asks for the node's identity; `None` while it does not answer.
pub(crate) async fn query_identity(
    engine: &Engine,
    container: &Name,
) -> Result<Option<NodeIdentity>, ProviderError> {
    let questions = [
        ("test_posRegister", json!(["0x1", null])),
        ("cfx_clientVersion", json!([])),
    ];
    match ask(engine, container, &questions).await? {
        Some(answers) => read_identity(&answers),
        None => Ok(None),
    }
}

/// Reads the answers to the questions for the identity.
pub(crate) fn read_identity(
    answers: &[Option<Value>],
) -> Result<Option<NodeIdentity>, ProviderError> {
    let [Some(register), Some(version)] = answers else {
        return Ok(None);
    };
    let text = |value: Option<&Value>| {
        value
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase()
    };
    let register_data = with_prefix(&text(register.get(0)));
    let pos_address = with_prefix(&text(register.get(1)));
    if !is_registration(&register_data, &pos_address) {
        return Err(ProviderError::refused(
            codes::BAD_IDENTITY,
            "the node's answer to test_posRegister is not a registration of its own key",
        ));
    }
    Ok(Some(NodeIdentity {
        pos_address,
        register_data,
        client_version: version.as_str().unwrap_or_default().to_owned(),
    }))
}

/// Asks for the newest epoch alone; `None` while there is no answer, or a wrong one.
pub(crate) async fn query_epoch(engine: &Engine, container: &Name) -> Option<u64> {
    let questions = [("cfx_getStatus", json!([]))];
    let answers = ask(engine, container, &questions).await.ok()??;
    quantity(answers.first()?.as_ref()?.get("epochNumber")?)
}

/// What a node says of PoS, for the budget of its key.
#[derive(Clone, Debug)]
pub(crate) struct PosAnswers {
    pub(crate) status: Value,
    pub(crate) committee: Value,
    /// The newest block, and one some blocks before.
    pub(crate) blocks: Vec<Value>,
}

impl PosAnswers {
    /// Seconds between two blocks, as it was lately.
    pub(crate) fn gap(&self) -> Option<u64> {
        let [new, old] = &self.blocks[..] else {
            return None;
        };
        let of = |block: &Value, name: &str| quantity(block.get(name)?);
        let time = of(new, "timestamp")?.checked_sub(of(old, "timestamp")?)?;
        let blocks = of(new, "height")?.checked_sub(of(old, "height")?)?;
        // Microseconds in a block of PoS.
        Some((time / 1_000_000).checked_div(blocks)?.max(1))
    }
}

/// Asks about PoS; `None` where the node does not say it.
pub(crate) async fn query_pos(engine: &Engine, container: &Name) -> Option<PosAnswers> {
    /// So many blocks tell how far they are apart.
    const APART: u64 = 10;
    let questions = [
        ("pos_getStatus", json!([])),
        ("pos_getCommittee", json!([])),
    ];
    let answers = ask(engine, container, &questions).await.ok()??;
    let [Some(status), Some(committee)] = &answers[..] else {
        return None;
    };
    let newest = quantity(status.get("latestCommitted")?)?;
    let block = |height: u64| ("pos_getBlockByNumber", json!([format!("{height:#x}")]));
    let questions = [block(newest), block(newest.saturating_sub(APART).max(1))];
    let blocks = ask(engine, container, &questions).await.ok().flatten();
    Some(PosAnswers {
        status: status.clone(),
        committee: committee.clone(),
        blocks: blocks.into_iter().flatten().flatten().collect(),
    })
}

/// Asks how far the node is; `None` while it does not answer.
pub(crate) async fn query_progress(
    engine: &Engine,
    container: &Name,
) -> Result<Option<NodeProgress>, ProviderError> {
    let questions = [
        ("debug_currentSyncPhase", json!([])),
        ("cfx_getStatus", json!([])),
        ("pos_getStatus", json!([])),
        ("debug_getNetSessions", json!([null])),
        ("cfx_getBlockByEpochNumber", json!(["latest_mined", false])),
    ];
    let answers = ask(engine, container, &questions).await?;
    Ok(answers.and_then(|answers| read_progress(&answers)))
}

/// Reads the answers to the questions for the progress.
pub(crate) fn read_progress(answers: &[Option<Value>]) -> Option<NodeProgress> {
    let [phase, status, pos, sessions, block] = answers else {
        return None;
    };
    let of =
        |value: &Option<Value>, name: &str| value.as_ref().and_then(|v| quantity(v.get(name)?));
    Some(NodeProgress {
        phase: phase
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        epoch: of(status, "epochNumber"),
        peers: sessions
            .as_ref()
            .and_then(Value::as_array)
            .map_or(0, Vec::len),
        pos_epoch: of(pos, "epoch"),
        age: of(block, "timestamp").and_then(age),
    })
}

/// Asks several questions at once. An answer that is an error is `None`; the whole is
/// `None` while nobody listens.
async fn ask(
    engine: &Engine,
    container: &Name,
    questions: &[RpcQuery],
) -> Result<Option<Vec<Option<Value>>>, ProviderError> {
    let said = match carry(engine, container, &body(questions)).await {
        Ok(said) => said,
        // It would be as large the next time.
        Err(error) if error.code() == TOO_LARGE => return Err(error),
        // The container is stopping or has just stopped, or the node is too busy:
        // whoever waits looks at the container itself.
        Err(ProviderError::Refused { .. } | ProviderError::Unreachable { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(parse_answers(&said, questions.len()))
}

fn body(questions: &[RpcQuery]) -> String {
    let calls: Vec<Value> = questions
        .iter()
        .enumerate()
        .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        .collect();
    Value::Array(calls).to_string()
}

/// Carries one request to the node and returns all that it answers, with the head of HTTP.
async fn carry(engine: &Engine, container: &Name, body: &str) -> Result<String, ProviderError> {
    let port = LOCAL_PORT.to_string();
    let request = format!(
        "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let command = [
        "timeout",
        INNER_SECONDS,
        "bash",
        "-c",
        SCRIPT,
        "rpc",
        &port,
        &request,
    ];
    Ok(engine.exec(container, &command, LIMIT).await?.out)
}

/// Most bytes of a batch that is carried as it is: Linux takes 128 KB in one argument of a command.
const CARRIED: usize = 100_000;

/// Nodes of this provider, for whoever reads the chain.
pub(crate) struct DockerNodes;

#[async_trait]
impl OwnNode for DockerNodes {
    async fn ask(
        &self,
        docker: &str,
        lineage: &str,
        node: &Address,
        batch: &Value,
    ) -> Option<Value> {
        let body = batch.to_string();
        if body.len() > CARRIED {
            return None;
        }
        // The name is made here: a state that names another container leads nowhere.
        let container = names::object_name(lineage, node).ok()?;
        let engine = Engine::connect(docker).ok()?;
        let said = carry(&engine, &container, &body).await.ok()?;
        json_of(&said)
    }
}

/// The JSON in an answer, behind its head of HTTP.
fn json_of<T: DeserializeOwned>(said: &str) -> Option<T> {
    let (_, body) = said.split_once("\r\n\r\n")?;
    serde_json::from_str(body.trim()).ok()
}

/// Reads the answer to a batch, in the order of the questions.
pub(crate) fn parse_answers(text: &str, count: usize) -> Option<Vec<Option<Value>>> {
    let list: Vec<Value> = json_of(text)?;
    let mut answers = vec![None; count];
    for answer in list {
        let id = answer.get("id")?.as_u64()?;
        let slot = answers.get_mut(usize::try_from(id).ok()?)?;
        *slot = answer
            .get("result")
            .cloned()
            .filter(|result| !result.is_null());
    }
    Some(answers)
}

/// Seconds since a moment of the chain; the clocks of its miners may be a little ahead of ours.
fn age(timestamp: u64) -> Option<i64> {
    if timestamp == 0 {
        // The block at epoch 0 may have no time at all.
        return None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    i64::try_from(now)
        .ok()?
        .checked_sub(i64::try_from(timestamp).ok()?)
}

/// Reads a number as the node writes it: `0x1f`.
pub(crate) fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn with_prefix(hex: &str) -> String {
    format!("0x{}", hex.trim_start_matches("0x"))
}

/// Whether call data registers this very address: its first argument is the identifier.
fn is_registration(data: &str, pos_address: &str) -> bool {
    let identifier = data
        .strip_prefix(REGISTER)
        .and_then(|arguments| arguments.get(..64));
    let hex = data
        .get(2..)
        .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    hex && identifier.is_some_and(|identifier| pos_address == format!("0x{identifier}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_in_the_order_of_its_questions() {
        let text = "HTTP/1.0 200 OK\r\ncontent-length: 9\r\n\r\n\
            [{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"b\"},\
             {\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32078}}]\n";
        assert_eq!(parse_answers(text, 2), Some(vec![None, Some(json!("b"))]));
        assert_eq!(parse_answers("", 2), None);
        assert_eq!(parse_answers("HTTP/1.0 200 OK\r\n\r\n{\"id\":0}", 1), None);
    }

    #[test]
    fn a_registration_must_be_of_the_address_that_came_with_it() {
        let address = "ab".repeat(32);
        let data = format!("{REGISTER}{address}00");
        assert!(is_registration(&data, &format!("0x{address}")));
        assert!(!is_registration(&data, &format!("0x{}", "cd".repeat(32))));
        assert!(!is_registration("0xe335b451", "0x"));
        assert!(!is_registration("", ""));
    }

    #[test]
    fn a_clock_that_is_wrong_is_named_as_such() {
        let at = |epoch, age| NodeProgress {
            phase: "NormalSyncPhase".to_owned(),
            epoch: Some(epoch),
            peers: 2,
            pos_epoch: Some(1),
            age: Some(age),
        };
        let said = |now: NodeProgress, before: NodeProgress| now.clock(&before).unwrap_or_default();
        assert!(said(at(9, -400), at(8, -400)).contains("400 s behind the chain"));
        assert!(!at(9, -400).is_ready());
        assert!(said(at(9, 900), at(8, 899)).contains("900 s ahead of the chain"));
        // Old blocks that are read quickly, no new block, a fresh one, and the first look.
        assert_eq!(said(at(99, 500), at(8, 900)), "");
        assert_eq!(said(at(8, 901), at(8, 900)), "");
        assert_eq!(said(at(9, 2), at(8, 2)), "");
        assert_eq!(said(at(9, -2), at(8, 2)), "");
        assert_eq!(said(at(9, 900), NodeProgress::default()), "");
    }

    #[test]
    fn readiness_needs_the_normal_phase_pos_and_a_fresh_block() {
        let ready = NodeProgress {
            phase: "NormalSyncPhase".to_owned(),
            epoch: Some(9),
            peers: 2,
            pos_epoch: Some(1),
            age: Some(3),
        };
        assert!(ready.is_ready());
        assert_eq!(
            ready.line(),
            "NormalSyncPhase, epoch 9, newest block 3 s old, 2 peers, PoS epoch 1"
        );
        for behind in [
            NodeProgress {
                phase: "CatchUpSyncBlockHeaderPhase".to_owned(),
                ..ready.clone()
            },
            NodeProgress {
                pos_epoch: None,
                ..ready.clone()
            },
            NodeProgress {
                age: Some(61),
                ..ready.clone()
            },
            NodeProgress { age: None, ..ready },
        ] {
            assert!(!behind.is_ready(), "{behind:?}");
        }
    }
}
