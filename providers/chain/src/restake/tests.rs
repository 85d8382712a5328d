//! The way back of a retired pool: what a look makes of it, what is planned, what is not signed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use pospool_conflux::abi;
use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_conflux_rpc::CountingTransport;
use pospool_model::plan::{Action, EffectId};
use pospool_model::provider::{Design, Observation, ObserveContext, Observed, Target};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, OwnNode, Value};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::{Value as Json, json};

use super::RESTAKE_DUE;
use super::observe::look_at_restakes;
use crate::bench::{
    Bench, POOL, attributes, chain_ref, core, map, name, names, needs, resource, transaction,
};
use crate::facts::{ContractFacts, RegistrationFacts};
use crate::own_node::OwnNodes;
use crate::registration::votes::PosVotes;
use crate::work::{AwaitFree, EffectWork, RestakeWork};

const MAIN: &str = "pos_registration.main";
const KEY: [u8; 32] = [7; 32];

/// A key of 14 votes that PoS has let go of, and a pool of which users have asked 2 back.
#[derive(Clone)]
struct Left {
    /// What PoS says of the key, at view 1,100.
    status: Json,
    available: u128,
    freed: u128,
    refuses: bool,
}

fn free() -> Left {
    Left {
        status: json!({ "availableVotes": "0x0", "unlocked": "0xe" }),
        available: 12,
        freed: 14,
        refuses: false,
    }
}

/// Six are free, eight leave.
fn first_wave() -> Left {
    Left {
        status: json!({
            "availableVotes": "0x0", "unlocked": "0x6",
            "outQueue": [{ "endBlockNumber": "0x5dc", "power": "0x8" }],
        }),
        freed: 6,
        ..free()
    }
}

fn retired() -> Left {
    Left {
        status: json!({
            "availableVotes": "0x0", "unlocked": "0x0", "forceRetired": "0x3e8",
            "outQueue": [
                { "endBlockNumber": "0x4b0", "power": "0x6" },
                { "endBlockNumber": "0x5dc", "power": "0x8" },
            ],
        }),
        freed: 0,
        ..free()
    }
}

impl Left {
    fn answer(&self, method: &str, params: &Json) -> StubAnswer {
        let data = || hex_bytes(params[0]["data"].as_str().unwrap()).unwrap();
        let is_call = |signature: &str| data().starts_with(&abi::function_selector(signature));
        let words = |words: &[u128]| {
            let words: Vec<_> = words.iter().copied().map(abi::Argument::Number).collect();
            json!(hex_text(&abi::encode_arguments(&words)))
        };
        StubAnswer::Result(match method {
            "cfx_call" if is_call("poolSummary()") => words(&[self.available, 5, 9]),
            "cfx_call" => {
                assert!(is_call("getVotes(bytes32)"));
                assert_eq!(data()[4..], KEY);
                words(&[14, self.freed])
            }
            "cfx_getBlockByEpochNumber" => json!({ "hash": "0xaa", "epochNumber": "0x50" }),
            "cfx_estimateGasAndCollateral" if self.refuses => {
                return StubAnswer::refuse(-32015, "uninitialized identifier", None);
            }
            "cfx_estimateGasAndCollateral" => {
                assert_eq!(params[0]["from"], json!(core(2).to_string()));
                assert_eq!(params[0]["to"], json!(core(0x80).to_string()));
                assert!(is_call("_restakePosVote(uint64)"));
                json!({ "gasLimit": "0x10000", "gasUsed": "0x10000", "storageCollateralized": "0x40" })
            }
            other => panic!("{other}"),
        })
    }
}

/// A node of the pool, which follows the chain or not.
struct Own(bool);

#[async_trait]
impl OwnNode for Own {
    async fn ask(&self, docker: &str, _: &str, node: &Address, batch: &Json) -> Option<Json> {
        assert_eq!((docker, node), ("unix:///d", &name("node.main")));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let block = |call: &Json| {
            let result = match call["params"][0].as_str() {
                Some("latest_mined") => json!({ "timestamp": format!("{:#x}", now.as_secs()) }),
                _ => json!({ "epochNumber": "0x50", "hash": "0xaa" }),
            };
            json!({ "id": call["id"], "result": result })
        };
        let answers = batch.as_array().unwrap().iter().map(block);
        self.0.then(|| answers.collect())
    }
}

/// A registered pool on a chain that is asked at a URL; `account.other` is its manager.
fn bench_of(left: &Left, url: &str) -> Bench {
    let mut bench = Bench::new();
    bench.want_pool(true, map([]));
    bench.pool_is_there(ContractFacts {
        owner: Some([1; 20]),
        manager: Some([2; 20]),
        ..ContractFacts::default()
    });
    let pool = bench.recorded[&name(POOL)].outputs.clone();
    bench.outputs.insert(name(POOL), pool);
    let registration = attributes([
        ("pool", resource(POOL)),
        ("node", resource("node.main")),
        ("chain", resource("chain.conflux")),
    ]);
    bench.wanted.insert(name(MAIN), registration);
    let recorded = Recorded {
        outputs: attributes([("pos_address", Value::Text(hex_text(&KEY)))]),
        complete: true,
        ..Recorded::default()
    };
    bench.recorded.insert(name(MAIN), recorded);
    let account = json!({ "blockNumber": "0x44c", "status": left.status });
    let known = RegistrationFacts {
        votes: PosVotes::read(&account),
        ..RegistrationFacts::default()
    };
    bench.facts.registrations.insert(name(MAIN), known);
    let chain = bench.facts.chains.get_mut(&name("chain.conflux")).unwrap();
    chain.reference = chain_ref(&[url]);
    for (resource_name, wanted, outputs) in [
        ("chain.conflux", vec![], vec![("epoch", Value::Integer(77))]),
        (
            "host.one",
            vec![],
            vec![("docker", Value::from("unix:///d"))],
        ),
        ("node.main", vec![("host", resource("host.one"))], vec![]),
    ] {
        let block = |pairs: Vec<(&str, Value)>| -> Attributes {
            let pairs = pairs.into_iter();
            pairs
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        bench.wanted.insert(name(resource_name), block(wanted));
        bench.outputs.insert(name(resource_name), block(outputs));
    }
    bench
}

/// What one look finds.
struct Found {
    due: Vec<String>,
    warnings: Vec<String>,
    asked: usize,
    bench: Bench,
}

impl Found {
    fn design(&mut self) -> Design {
        let there = Observed::Present {
            attributes: Attributes::new(),
            outputs: Attributes::new(),
        };
        let bench = &mut self.bench;
        bench
            .design(MAIN, Action::Update, &there, &[RESTAKE_DUE])
            .unwrap()
    }
}

async fn look(left: Left, follows: bool, change: impl Fn(&mut Bench)) -> Found {
    let asked = Arc::new(Mutex::new(0));
    let counted = asked.clone();
    let shown = left.clone();
    let server = StubNode::start(move |method, params| {
        *counted.lock().unwrap() += 1;
        shown.answer(method, params)
    })
    .await;
    let mut bench = bench_of(&left, &server.url());
    change(&mut bench);
    let (address, used) = (name(MAIN), BTreeSet::new());
    let target = Target {
        address: &address,
        wanted: bench.wanted.get(&address),
        recorded: bench.recorded.get(&address),
        used: &used,
    };
    let scene = ObserveContext {
        lineage: "test",
        accounts: &BTreeMap::new(),
        wanted: &bench.wanted,
        outputs: &bench.outputs,
    };
    let seen = Observed::Present {
        attributes: Attributes::new(),
        outputs: Attributes::new(),
    };
    let mut observation = Observation {
        objects: BTreeMap::from([(address.clone(), seen)]),
        ..Observation::default()
    };
    let own: Arc<dyn OwnNode> = Arc::new(Own(follows));
    look_at_restakes(
        &CountingTransport::default(),
        &OwnNodes::from(own),
        &[&target],
        &scene,
        &mut observation,
        &mut bench.facts,
    )
    .await;
    assert!(observation.problems.is_empty() && observation.unseen.is_empty());
    let asked = *asked.lock().unwrap();
    found(&observation, &address, asked, bench)
}

/// What a look left.
fn found(observation: &Observation, address: &Address, asked: usize, bench: Bench) -> Found {
    let due = match &observation.objects[address] {
        Observed::Present { attributes, .. } => attributes.get(RESTAKE_DUE).cloned(),
        Observed::Absent => panic!("it is there"),
    };
    let due = due.unwrap_or_default();
    let texts = due.as_list().unwrap_or_default().iter();
    let texts = texts.map(|text| text.as_text().unwrap().to_owned());
    let warnings = observation.warnings.iter().map(|(_, problem)| {
        assert_eq!(problem.code, "chain/restake-waits");
        problem.summary.clone()
    });
    Found {
        due: texts.collect(),
        warnings: warnings.collect(),
        asked,
        bench,
    }
}

fn free_work(design: &Design) -> AwaitFree {
    let last = design.effects.last().unwrap();
    match serde_json::from_value(last.payload.clone()).unwrap() {
        EffectWork::AwaitFree(work) => work,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_free_is_staked_again_by_the_manager() {
    let mut found = look(free(), true, |_| {}).await;
    assert_eq!(found.due, ["stake again: 12"]);
    let design = found.design();
    assert_eq!(names(&design), ["restake", "vote"]);
    let work = transaction(&design.effects[0]);
    assert_eq!((work.from, work.nonce), (core(2).into(), 0));
    assert_eq!((work.to, work.value), (Some(core(0x80).into()), 0));
    assert_eq!(work.gas, 0x10000 + 0x10000 / 4);
    let call = abi::encode_call("_restakePosVote(uint64)", &[abi::Argument::Number(12)]);
    assert_eq!(work.data, Some(hex_text(&call)));
    let proof = RestakeWork {
        pool: core(0x80),
        pos_address: hex_text(&KEY),
        votes: 12,
    };
    assert_eq!(work.restake, Some(proof));
    assert_eq!(needs(&design.effects[1]), [format!("{MAIN}/restake Done")]);
    assert!(design.notes.is_empty(), "{:?}", design.notes);
}

#[tokio::test]
async fn a_wave_is_staked_and_the_next_one_waited_for() {
    let mut found = look(first_wave(), true, |_| {}).await;
    // Of the first six, two are for whoever asked for them.
    assert_eq!(found.due, ["stake again: 4", "from view 1500 on: 8"]);
    let design = found.design();
    assert_eq!(names(&design), ["restake", "vote", "free"]);
    let vote: EffectWork = serde_json::from_value(design.effects[1].payload.clone()).unwrap();
    let EffectWork::AwaitVotes(vote) = vote else {
        panic!("{vote:?}")
    };
    assert_eq!(vote.at_least, Some(4));
    assert_eq!(free_work(&design).view, 1500);
}

#[tokio::test]
async fn while_pos_bars_it_there_is_only_a_wait() {
    let mut found = look(retired(), true, |_| {}).await;
    assert_eq!(found.due, ["from view 1200 on: 4"]);
    let design = found.design();
    assert_eq!(names(&design), ["free"]);
    let work = free_work(&design);
    assert_eq!((work.view, work.pos_address), (1200, hex_text(&KEY)));
    assert!(design.costs.is_empty());
}

#[tokio::test]
async fn a_pool_that_never_lost_a_vote_is_asked_nothing_more() {
    let working = Left {
        status: json!({ "availableVotes": "0xe", "unlocked": "0x0" }),
        ..free()
    };
    let found = look(working, true, |_| {}).await;
    assert!(found.due.is_empty() && found.warnings.is_empty());
    assert_eq!(found.asked, 0);
    // Users took some out, as ever.
    let usual = Left {
        status: json!({ "availableVotes": "0xc", "unlocked": "0x2" }),
        freed: 2,
        ..free()
    };
    let found = look(usual, true, |_| {}).await;
    assert!(found.due.is_empty() && found.warnings.is_empty());
    assert_eq!(found.asked, 2);
}

#[tokio::test]
async fn the_node_is_well_before_votes_are_staked_on_it() {
    let mut found = look(free(), false, |_| {}).await;
    assert_eq!(found.due, ["stake again: 12"]);
    let design = found.design();
    assert_eq!(names(&design), ["free"]);
    let work = free_work(&design);
    assert_eq!(work.view, 0);
    assert!(
        work.what.contains("`node.main` does not follow"),
        "{}",
        work.what
    );
    // Another machine's key: nobody here can see it.
    let mut found = look(free(), true, |bench| {
        bench.wanted.get_mut(&name(MAIN)).unwrap().remove("node");
    })
    .await;
    let design = found.design();
    assert_eq!(names(&design), ["restake", "vote"]);
    assert!(
        design.notes[0].contains("see that the node"),
        "{:?}",
        design.notes
    );
}

#[tokio::test]
async fn what_changes_in_the_same_plan_is_looked_at_again_first() {
    for moving in [POOL, "node.main"] {
        let mut found = look(free(), true, |_| {}).await;
        let effect = EffectId {
            address: name(moving),
            name: "change".to_owned(),
        };
        found.bench.effects.insert(name(moving), vec![effect]);
        let design = found.design();
        assert_eq!(names(&design), ["free"], "{moving}");
        assert_eq!(needs(&design.effects[0]), [format!("{moving}/change Done")]);
        assert!(free_work(&design).what.contains("changes first"));
    }
}

#[tokio::test]
async fn what_nobody_may_sign_or_the_node_refuses_is_said() {
    let stranger = look(free(), true, |bench| {
        bench.facts.contracts.get_mut(&name(POOL)).unwrap().manager = Some([9; 20]);
    });
    let refused = look(
        Left {
            refuses: true,
            ..free()
        },
        true,
        |_| {},
    );
    for (found, said) in [
        (stranger.await, "only the manager"),
        (refused.await, "uninitialized identifier"),
    ] {
        assert!(found.due.is_empty(), "{:?}", found.due);
        assert!(found.warnings[0].contains(said), "{:?}", found.warnings);
    }
    let mut busy = look(free(), true, |bench| {
        let other = bench.facts.accounts.get_mut(&name("account.other"));
        other.unwrap().nonce += 1;
    })
    .await;
    assert_eq!(names(&busy.design()), ["free"]);
}

#[tokio::test]
async fn disputed_votes_are_left_alone() {
    let disputed = Left {
        status: json!({
            "availableVotes": "0x0", "unlocked": "0x6",
            "outQueue": [{ "endBlockNumber": "0x7f000", "power": "0x8" }],
        }),
        ..first_wave()
    };
    let found = look(disputed, true, |_| {}).await;
    assert!(found.due.is_empty());
    assert_eq!(found.asked, 0);
}
