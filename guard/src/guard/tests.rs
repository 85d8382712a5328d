//! A guard before a stub of a node, look by look.

use std::sync::{Arc, Mutex};

use pospool_model::guard::GuardReport;
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::{Value as Json, json};

use super::*;
use crate::settings::report_file;

const KEY: &str = "0xab";

/// The chain and the node, as the stub answers.
#[derive(Clone, Debug)]
struct Chain {
    height: u64,
    /// Whether the key is in the committee, and whether it will be.
    elected: bool,
    coming: bool,
    voting: bool,
    /// Heights of blocks with a signature of the key.
    signed: Vec<u64>,
    peers: usize,
}

impl Chain {
    fn answer(&mut self, method: &str, params: &Json) -> StubAnswer {
        let epoch = 7;
        StubAnswer::Result(match method {
            "debug_currentSyncPhase" => json!("NormalSyncPhase"),
            "cfx_getBlockByEpochNumber" => json!({ "timestamp": format!("{:#x}", seconds()) }),
            "debug_getNetSessions" => {
                let peer = json!({ "status": "communicating (9s)", "lastRead": "1s" });
                vec![peer; self.peers].into()
            }
            "pos_getStatus" => {
                json!({ "epoch": epoch_text(epoch), "latestCommitted": format!("{:#x}", self.height) })
            }
            "pos_getCommittee" => {
                let nodes = |there: bool| {
                    if there {
                        json!([{ "address": KEY }])
                    } else {
                        json!([])
                    }
                };
                json!({
                    "currentCommittee": { "epochNumber": epoch_text(epoch), "nodes": nodes(self.elected) },
                    "elections": [{ "topElectingNodes": nodes(self.coming) }],
                })
            }
            "test_posRegister" => json!(["0xe335b451", KEY]),
            "test_posVotingStatus" => json!(self.voting),
            "test_posStartVoting" => {
                self.voting = true;
                Json::Null
            }
            "pos_getBlockByNumber" => {
                let text = params[0].as_str().unwrap().trim_start_matches("0x");
                let height = u64::from_str_radix(text, 16).unwrap();
                let mut signatures = vec![json!({ "account": "0xcd", "votes": "0x1" })];
                if self.signed.contains(&height) {
                    signatures.push(json!({ "account": KEY, "votes": "0x1" }));
                }
                json!({
                    "height": format!("{height:#x}"), "epoch": epoch_text(epoch), "round": format!("{height:#x}"),
                    "timestamp": format!("{:#x}", (seconds() - self.height + height) * 1_000_000),
                    "signatures": signatures,
                })
            }
            _ => return StubAnswer::refuse(-32601, "no such method", None),
        })
    }
}

fn epoch_text(epoch: u64) -> String {
    format!("{epoch:#x}")
}

struct World {
    chain: Arc<Mutex<Chain>>,
    node: StubNode,
    folder: tempfile::TempDir,
    settings: GuardSettings,
}

impl World {
    async fn new() -> Self {
        let chain = Arc::new(Mutex::new(Chain {
            height: 100,
            elected: false,
            coming: false,
            voting: false,
            signed: Vec::new(),
            peers: 3,
        }));
        let answers = Arc::clone(&chain);
        let node =
            StubNode::start(move |method, params| answers.lock().unwrap().answer(method, params))
                .await;
        let folder = tempfile::tempdir().unwrap();
        let port = node.url().rsplit(':').next().unwrap().parse().unwrap();
        let settings = GuardSettings {
            local_port: port,
            rounds_per_epoch: 12,
            ..crate::volume::tests::settings(folder.path())
        };
        let world = Self {
            chain,
            node,
            folder,
            settings,
        };
        std::fs::create_dir_all(world.folder.path().join("pos_db")).unwrap();
        world.signs(0);
        world
    }

    fn change(&self, change: impl FnOnce(&mut Chain)) {
        change(&mut self.chain.lock().unwrap());
    }

    /// What the safety file says that the node has signed.
    fn signs(&self, round: u64) {
        let text = json!({
            "owner_account": { "value": KEY.trim_start_matches("0x") },
            "safety_data": { "value": { "epoch": 7, "last_voted_round": round } },
        });
        let path = safety_file(&self.settings);
        std::fs::write(path, text.to_string()).unwrap();
    }

    fn guard(&self) -> Guard<'_> {
        let mut guard = Guard::begin(&self.settings, &[self.node.url()]).unwrap();
        self.change(|chain| chain.voting = false);
        guard.started();
        guard
    }

    /// A new process of conflux under the same guard.
    fn restarts(&self, guard: &mut Guard<'_>) {
        guard.ended("a test");
        self.change(|chain| chain.voting = false);
        guard.started();
    }

    /// So many blocks, each followed by a look; returns the first order.
    async fn blocks(&self, guard: &mut Guard<'_>, blocks: u64) -> Option<Order> {
        for _ in 0..blocks {
            self.change(|chain| chain.height += 1);
            // Blocks are far apart; here no time passes between them.
            guard.process.witnessed = None;
            let order = guard.tick().await;
            if order.is_some() {
                return order;
            }
        }
        None
    }

    fn is_voting(&self) -> bool {
        self.chain.lock().unwrap().voting
    }

    fn report(&self) -> GuardReport {
        crate::report::read_report(&report_file(&self.settings)).unwrap()
    }

    fn hold(&self) -> Option<String> {
        self.report().hold
    }

    /// Another program asks for a start.
    fn asks_for_a_start(&self) {
        std::fs::write(start_file(&self.settings.runtime), "").unwrap();
    }
}

/// A guard whose key was watched and votes.
async fn voter(world: &World) -> Guard<'_> {
    world.change(|chain| chain.elected = true);
    let mut guard = world.guard();
    assert_eq!(world.blocks(&mut guard, 20).await, None);
    assert!(world.is_voting());
    guard
}

#[tokio::test]
async fn a_new_key_stands_for_election_and_is_watched_before_its_first_vote() {
    let world = World::new().await;
    let mut guard = world.guard();
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    assert!(!world.is_voting(), "two blocks come first");
    assert_eq!(world.blocks(&mut guard, 3).await, None);
    assert!(world.is_voting(), "as a candidate");
    world.change(|chain| chain.coming = true);
    let order = world.blocks(&mut guard, 1).await;
    assert!(matches!(order, Some(Order::Silence(_))), "{order:?}");
    world.restarts(&mut guard);
    // However many blocks pass: it is watched where it is elected, and nowhere else.
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert!(!world.is_voting());
    assert_eq!(world.hold().as_deref(), Some("watching"));
    world.change(|chain| chain.elected = true);
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    assert!(!world.is_voting(), "the window has two blocks at least");
    assert_eq!(world.blocks(&mut guard, 6).await, None);
    assert!(world.is_voting());
}

#[tokio::test]
async fn a_restart_that_is_accounted_for_needs_no_window() {
    let world = World::new().await;
    let mut guard = voter(&world).await;
    // It signs, and is killed.
    world.change(|chain| chain.signed = vec![chain.height + 1, chain.height + 2]);
    world.signs(world.chain.lock().unwrap().height + 2);
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    world.restarts(&mut guard);
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    assert!(!world.is_voting(), "two blocks come first");
    assert_eq!(world.blocks(&mut guard, 2).await, None);
    assert!(world.is_voting());
    // The same with another guard: the container was restarted.
    drop(guard);
    world.signs(world.chain.lock().unwrap().height);
    let mut guard = world.guard();
    assert_eq!(world.blocks(&mut guard, 3).await, None);
    assert!(world.is_voting());
}

#[tokio::test]
async fn case_two_voters_a_signature_that_is_not_ours_shuts_the_door() {
    let mut world = World::new().await;
    // A window of four blocks at least.
    world.settings.rounds_per_epoch = 24;
    let mut guard = voter(&world).await;
    world.restarts(&mut guard);
    // Somebody else signs while this node is down.
    world.change(|chain| chain.signed = vec![chain.height + 1]);
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    assert!(!world.is_voting());
    assert_eq!(world.hold().as_deref(), Some("two-blocks"));
    assert_eq!(world.blocks(&mut guard, 2).await, None);
    assert_eq!(world.hold().as_deref(), Some("other-voter"));
    // It may have been our own last vote: the key is silent for a window.
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert!(world.is_voting());
}

#[tokio::test]
async fn case_two_voters_a_node_that_saw_another_one_vote_waits_for_a_person() {
    let world = World::new().await;
    let mut guard = voter(&world).await;
    world.restarts(&mut guard);
    world.change(|chain| chain.signed.extend(chain.height + 1..chain.height + 8));
    assert_eq!(world.blocks(&mut guard, 7).await, None);
    // However long the other one is silent afterwards: it may be cut off.
    assert_eq!(world.blocks(&mut guard, 40).await, None);
    assert_eq!(world.hold().as_deref(), Some("held"));
    drop(guard);
    let mut guard = world.guard();
    assert_eq!(world.blocks(&mut guard, 40).await, None);
    assert!(!world.is_voting());
    std::fs::write(clearance_file(&world.settings.runtime), "").unwrap();
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert!(world.is_voting());
}

#[tokio::test]
async fn a_copy_gets_a_network_identity_of_its_own() {
    let world = World::new().await;
    drop(world.guard());
    let key = network_key(&world.settings);
    std::fs::create_dir_all(key.parent().unwrap()).unwrap();
    std::fs::write(&key, "0x12").unwrap();
    drop(world.guard());
    assert!(key.exists(), "it is the same volume");
    let journal = own_folder(&world.settings).join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let name = text
        .split("\"volume\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    std::fs::write(&journal, text.replace(&name, "another")).unwrap();
    drop(world.guard());
    assert!(!key.exists());
}

#[tokio::test]
async fn a_vote_that_the_guard_did_not_allow_ends_the_process_and_one_that_was_stopped_by_hand_waits()
 {
    let world = World::new().await;
    let mut guard = world.guard();
    world.change(|chain| chain.voting = true);
    let order = world.blocks(&mut guard, 1).await;
    assert!(matches!(order, Some(Order::Kill(_))), "{order:?}");
    world.restarts(&mut guard);
    drop(guard);
    let mut guard = voter(&world).await;
    world.change(|chain| chain.voting = false);
    assert_eq!(
        world.blocks(&mut guard, 2).await,
        None,
        "an answer may be wrong"
    );
    assert!(world.blocks(&mut guard, 1).await.is_some());
    world.restarts(&mut guard);
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert_eq!(world.hold().as_deref(), Some("held"));
    // Another guard of this volume does not forget it.
    drop(guard);
    let mut guard = world.guard();
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert!(!world.is_voting());
    std::fs::write(clearance_file(&world.settings.runtime), "").unwrap();
    assert_eq!(world.blocks(&mut guard, 12).await, None);
    assert!(
        world.is_voting(),
        "a person has looked, and the key was watched anew"
    );
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let world = World::new().await;
    let mut guard = voter(&world).await;
    world.restarts(&mut guard);
    guard.journal = Journal::broken();
    assert_eq!(world.blocks(&mut guard, 9).await, None);
    assert!(!world.is_voting());
}

#[tokio::test]
async fn case_two_voters_a_vote_that_our_safety_file_does_not_know_ends_the_voting() {
    let world = World::new().await;
    let mut guard = voter(&world).await;
    let next = world.chain.lock().unwrap().height + 1;
    world.signs(next);
    world.change(|chain| chain.signed = vec![next, next + 1]);
    assert_eq!(world.blocks(&mut guard, 1).await, None, "its own");
    let order = world.blocks(&mut guard, 1).await;
    assert!(matches!(order, Some(Order::Kill(_))), "{order:?}");
    world.restarts(&mut guard);
    assert_eq!(world.blocks(&mut guard, 40).await, None);
    assert_eq!(world.hold().as_deref(), Some("held"));
    assert!(!world.is_voting());
}

#[tokio::test]
async fn a_gap_is_one_for_every_guard_until_the_key_was_watched() {
    let mut world = World::new().await;
    world.settings.rounds_per_epoch = 120;
    world.change(|chain| chain.elected = true);
    for _ in 0..3 {
        // Each of them is asked to end before the window is over, as a person does who waits for it.
        let mut guard = world.guard();
        assert_eq!(world.blocks(&mut guard, 12).await, None);
        assert!(!world.is_voting());
        assert_eq!(world.hold().as_deref(), Some("watching"));
    }
}

/// A guard whose key was seen with another voter, and that waits for a person.
async fn held(world: &World) -> Guard<'_> {
    let mut guard = voter(world).await;
    world.restarts(&mut guard);
    world.change(|chain| chain.signed.extend(chain.height + 1..chain.height + 8));
    assert_eq!(world.blocks(&mut guard, 7).await, None);
    assert_eq!(world.hold().as_deref(), Some("held"));
    guard
}

#[tokio::test]
async fn case_two_voters_a_start_of_what_was_given_up_releases_no_hold() {
    let world = World::new().await;
    let mut guard = held(&world).await;
    guard.ended("conflux ended too often");
    guard.given_up();
    let report = world.report();
    assert!(report.given_up && !report.waits_for_a_start(), "{report:?}");
    assert!(report.why.contains("guard --clear"), "{}", report.why);
    world.asks_for_a_start();
    assert!(!guard.take_start());
    guard.started();
    assert_eq!(
        world.hold().as_deref(),
        Some("held"),
        "before the first look"
    );
    assert_eq!(world.blocks(&mut guard, 40).await, None);
    assert!(!world.is_voting());
}

#[tokio::test]
async fn a_start_is_taken_once_and_only_of_the_end_that_it_is_for() {
    let world = World::new().await;
    let mut guard = world.guard();
    guard.ended("conflux ended too often");
    // Asked for while it still was started again without a word.
    world.asks_for_a_start();
    guard.given_up();
    assert!(world.report().waits_for_a_start());
    assert!(!guard.take_start());
    world.asks_for_a_start();
    assert!(guard.take_start());
    assert!(!guard.take_start());
}

#[tokio::test]
async fn a_hold_stays_where_its_release_cannot_be_written_down() {
    let world = World::new().await;
    let mut guard = held(&world).await;
    guard.journal = Journal::broken();
    std::fs::write(clearance_file(&world.settings.runtime), "").unwrap();
    assert!(!guard.take_clearance());
    assert_eq!(world.blocks(&mut guard, 1).await, None);
    assert_eq!(world.hold().as_deref(), Some("held"));
}
