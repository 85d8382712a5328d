//! Profit of a pool: what may be written, and what a look makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_conflux_rpc::CountingTransport;
use pospool_model::plan::Action;
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Blocks, Drip};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::{Value as Json, json};

use super::observe::look_at_profit;
use super::*;
use crate::bench::{
    Bench, POOL, attributes, chain_ref, core, map, name, names, resource, text, transaction,
};
use crate::facts::ContractFacts;

fn normal(contract: &str, profit: Value) -> Result<Attributes, Vec<&'static str>> {
    let mut block = attributes([("profit", profit)]);
    let problems = normalise_profit(&mut block, Some(contract));
    if problems.is_empty() {
        return Ok(block);
    }
    let paths = problems.iter().map(|problem| {
        assert_eq!(problem.code, "chain/bad-profit");
        assert!(problem.help.is_some());
        match problem.path.last().map(String::as_str) {
            Some("claim_every") => "claim_every",
            Some("min") => "min",
            Some("to") => "to",
            Some("max_gas") => "max_gas",
            Some("profit_due") => "profit_due",
            Some("profit") => "profit",
            _ => "other",
        }
    });
    Err(paths.collect())
}

fn terms() -> Value {
    map([
        ("claim_every", Value::Blocks(Blocks(500))),
        ("min", Value::Amount(Drip(Drip::PER_CFX))),
        ("to", resource("account.other")),
        ("max_gas", Value::Integer(2_000_000)),
    ])
}

#[test]
fn what_is_written_is_checked_before_anything_is_asked() {
    let block = normal("PoSPool", terms()).unwrap();
    assert_eq!(block[PROFIT_DUE], Value::List(Vec::new()));
    let read = ProfitTerms::read(&block).unwrap();
    assert_eq!(
        (read.every, read.min, read.max_gas),
        (500, Some(Drip::PER_CFX), Some(2_000_000))
    );
    let nothing = map([]);
    let block = normal("PoSPool", nothing).unwrap();
    let read = ProfitTerms::read(&block).unwrap();
    assert_eq!((read.every, read.min, read.to), (USUAL, None, None));
    assert_eq!(normal("CoreBridge", terms()), Err(vec!["profit"]));
    assert_eq!(
        normal("PoSPool", Value::from("weekly")),
        Err(vec!["profit"])
    );
    let wrong = map([
        ("claim_every", Value::Integer(7)),
        ("max_gas", Value::Integer(0)),
        ("min", Value::Integer(1)),
        ("receiver", resource("account.other")),
        ("to", resource("espace_contract.pool")),
    ]);
    let expected = vec!["claim_every", "max_gas", "min", "other", "to"];
    assert_eq!(normal("PoSPool", wrong), Err(expected));
    let mut block = attributes([(PROFIT_DUE, Value::List(vec![Value::from("settle")]))]);
    assert_eq!(normalise_profit(&mut block, None).len(), 1);
    // A contract without it has nothing of it, and reads as before.
    let mut plain = attributes([("proxy", Value::Bool(true))]);
    assert!(normalise_profit(&mut plain, Some("PoolManager")).is_empty());
    assert_eq!(plain.len(), 1);
}

/// A node with a pool: what it has settled, and how much gas a settlement of all stakers takes.
#[derive(Clone, Copy)]
struct Pool {
    settled: u128,
    gas: u64,
    /// Whether payments are refused.
    refuses: bool,
}

const USUAL_POOL: Pool = Pool {
    settled: 5 * Drip::PER_CFX + 1,
    gas: 1_000_000,
    refuses: false,
};

impl Pool {
    fn answer(self, method: &str, params: &Json) -> StubAnswer {
        let data = || hex_bytes(params[0]["data"].as_str().unwrap()).unwrap();
        let is_call = |signature: &str| data().starts_with(&abi::function_selector(signature));
        StubAnswer::Result(match method {
            "cfx_call" if is_call("poolUserShareRatio()") => {
                json!(hex_text(&abi::encode_arguments(&[Argument::Number(9_000)])))
            }
            "cfx_call" => {
                assert!(is_call("poolSummary()"));
                let words = [7, self.settled, 9 * Drip::PER_CFX].map(Argument::Number);
                json!(hex_text(&abi::encode_arguments(&words)))
            }
            "cfx_getBlockByEpochNumber" => json!({ "blockNumber": "0x2710" }),
            "cfx_estimateGasAndCollateral" => {
                assert_eq!(params[0]["from"], json!(core(1).to_string()));
                assert_eq!(params[0]["to"], json!(core(0x80).to_string()));
                if self.refuses && is_call("_withdrawPoolProfit(uint256,address)") {
                    return StubAnswer::refuse(-32015, "Not enough interest", None);
                }
                let gas = if is_call("_updatePoolProfit()") {
                    self.gas
                } else {
                    50_000
                };
                json!({
                    "gasLimit": format!("{gas:#x}"),
                    "gasUsed": format!("{gas:#x}"),
                    "storageCollateralized": "0x40",
                })
            }
            other => panic!("{other}"),
        })
    }
}

/// What one look finds: texts of what is due, codes of why nothing is known of that, warnings, and the bench to design in.
struct Found {
    due: Vec<String>,
    unseen: Vec<&'static str>,
    warnings: Vec<String>,
    methods: Vec<String>,
    bench: Bench,
}

/// A pool that is there, on a chain that is asked at a URL.
fn bench_of(profit: Value, url: &str) -> Bench {
    let mut bench = Bench::new();
    bench.want_pool(true, map([]));
    let block = bench.wanted.get_mut(&name(POOL)).unwrap();
    block.insert(PROFIT.to_owned(), profit);
    assert!(normalise_profit(block, Some("PoSPool")).is_empty());
    bench.pool_is_there(ContractFacts {
        owner: Some([1; 20]),
        ..ContractFacts::default()
    });
    let chain = bench.facts.chains.get_mut(&name("chain.conflux")).unwrap();
    chain.reference = chain_ref(&[url]);
    bench.outputs.insert(
        name("chain.conflux"),
        attributes([("epoch", Value::Integer(77))]),
    );
    bench
}

async fn look(pool: Pool, profit: Value, change: impl Fn(&mut Bench)) -> Found {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let server = StubNode::start(move |method, params| {
        heard.lock().unwrap().push(method.to_owned());
        pool.answer(method, params)
    })
    .await;
    let mut bench = bench_of(profit, &server.url());
    change(&mut bench);
    let (address, used) = (name(POOL), BTreeSet::new());
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
    let link = CountingTransport::default();
    look_at_profit(
        &link,
        &[&target],
        &scene,
        &mut observation,
        &mut bench.facts,
    )
    .await;
    assert!(
        observation.problems.is_empty(),
        "{:?}",
        observation.problems
    );
    found(&observation, &address, asked.lock().unwrap().clone(), bench)
}

/// What a look left.
fn found(
    observation: &Observation,
    address: &pospool_model::Address,
    methods: Vec<String>,
    bench: Bench,
) -> Found {
    let due = match &observation.objects[address] {
        Observed::Present { attributes, .. } => attributes.get(PROFIT_DUE).and_then(Value::as_list),
        Observed::Absent => panic!("it is there"),
    };
    let unseen = observation.unseen.iter().map(|(of, attribute, problem)| {
        assert_eq!((of, *attribute), (address, PROFIT_DUE));
        problem.code.as_str()
    });
    let due = due
        .unwrap_or_default()
        .iter()
        .map(|text| text.as_text().unwrap().to_owned());
    let warnings = observation.warnings.iter().map(|(_, problem)| {
        assert_eq!(problem.code, "chain/profit-waits");
        problem.summary.clone()
    });
    Found {
        due: due.collect(),
        unseen: unseen.collect(),
        warnings: warnings.collect(),
        methods,
        bench,
    }
}

fn paid() -> String {
    format!("withdraw 5 CFX to {}", core(2))
}

#[tokio::test]
async fn what_is_due_is_settled_and_paid_to_whom_the_spec_names() {
    let mut found = look(USUAL_POOL, terms(), |_| {}).await;
    assert_eq!(found.due, ["settle".to_owned(), paid()]);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let seen = Observed::Present {
        attributes: Attributes::new(),
        outputs: Attributes::new(),
    };
    let design = found
        .bench
        .design(POOL, Action::Update, &seen, &[PROFIT_DUE])
        .unwrap();
    assert_eq!(names(&design), ["settle_profit", "withdraw_profit"]);
    let work: Vec<_> = design.effects.iter().map(transaction).collect();
    assert_eq!((work[0].nonce, work[1].nonce), (5, 6));
    assert!(
        work.iter()
            .all(|work| work.to == Some(core(0x80).into()) && work.value == 0)
    );
    assert_eq!(work[0].gas, 1_250_000);
    let call = abi::encode_call(
        "_withdrawPoolProfit(uint256,address)",
        &[
            Argument::Number(5 * Drip::PER_CFX),
            Argument::Address([2; 20]),
        ],
    );
    assert_eq!(work[1].data, Some(hex_text(&call)));
    assert_eq!(work[0].outputs["settled_block"], Value::Integer(10_000));
    let earned = Value::Amount(Drip(9 * Drip::PER_CFX));
    assert_eq!(work[0].outputs["settled_earned"], earned);
    assert_eq!(work[1].outputs["claimed_block"], Value::Integer(10_000));
    let other = found
        .bench
        .design(POOL, Action::Update, &seen, &["settings.name"])
        .unwrap();
    assert!(other.effects.is_empty());
}

#[tokio::test]
async fn where_none_is_named_the_owner_gets_it() {
    let found = look(USUAL_POOL, map([]), |_| {}).await;
    assert_eq!(found.due[1], format!("withdraw 5 CFX to {}", core(1)));
}

#[tokio::test]
async fn what_was_claimed_a_moment_ago_costs_one_question() {
    let recently = |bench: &mut Bench| {
        let outputs = &mut bench.recorded.get_mut(&name(POOL)).unwrap().outputs;
        for block in ["settled_block", "claimed_block"] {
            outputs.insert(block.to_owned(), Value::Integer(9_600));
        }
    };
    let found = look(USUAL_POOL, terms(), recently).await;
    assert!(found.due.is_empty() && found.warnings.is_empty());
    let mut methods = found.methods;
    methods.sort();
    assert_eq!(methods, ["cfx_call", "cfx_getBlockByEpochNumber"]);
}

/// Too many stakers: what came in is counted all the same, or the payment would take it from them.
#[tokio::test]
async fn a_settlement_that_does_not_fit_is_left_out_and_said() {
    for gas in [1_600_001, 30_000_000] {
        let found = look(Pool { gas, ..USUAL_POOL }, terms(), |_| {}).await;
        assert_eq!(found.due, ["count".to_owned(), paid()]);
        assert_eq!(found.warnings.len(), 1);
        assert!(found.warnings[0].contains("gas"), "{:?}", found.warnings);
    }
}

#[tokio::test]
async fn nothing_is_paid_that_the_node_refuses_or_nobody_may_sign() {
    let refused = Pool {
        refuses: true,
        ..USUAL_POOL
    };
    let stranger = |bench: &mut Bench| {
        bench.facts.contracts.get_mut(&name(POOL)).unwrap().owner = Some([9; 20]);
    };
    let busy = |bench: &mut Bench| {
        bench
            .facts
            .accounts
            .get_mut(&name("account.operator"))
            .unwrap()
            .nonce += 1;
    };
    let cases = [
        (look(refused, terms(), |_| {}).await, "Not enough interest"),
        (look(USUAL_POOL, terms(), stranger).await, "only its owner"),
        (
            look(USUAL_POOL, terms(), busy).await,
            "1 transactions of the account are under way",
        ),
    ];
    for (found, said) in cases {
        assert!(found.due.is_empty(), "{:?}", found.due);
        assert!(found.warnings[0].contains(said), "{:?}", found.warnings);
    }
}

/// A payment is not worth it while it brings less than its gas costs, and a settlement neither: else dust would cost gas
/// with each apply.
#[tokio::test]
async fn dust_waits() {
    let dust = Pool {
        settled: 2,
        ..USUAL_POOL
    };
    // Nobody knows what was settled before: a tenth of all that was ever earned may not be.
    assert_eq!(look(dust, map([]), |_| {}).await.due, ["settle"]);
    // Days ago all was settled but so much; a settlement costs 0.001 CFX, and brings a tenth of it.
    for (fresh, due) in [
        (Drip::PER_CFX / 100, &[][..]),
        (Drip::PER_CFX / 50, &["settle"]),
    ] {
        let settled = |bench: &mut Bench| {
            let outputs = &mut bench.recorded.get_mut(&name(POOL)).unwrap().outputs;
            outputs.insert("settled_block".to_owned(), Value::Integer(1));
            let earned = Value::Amount(Drip(9 * Drip::PER_CFX - fresh));
            outputs.insert("settled_earned".to_owned(), earned);
        };
        let weekly = map([("claim_every", Value::Blocks(Blocks(500)))]);
        assert_eq!(look(dust, weekly, settled).await.due, due, "{fresh}");
    }
}

/// What is paid is counted for, even where settling would cost more than it brings.
#[tokio::test]
async fn a_payment_counts_where_settling_is_not_worth_it() {
    let settled = |bench: &mut Bench| {
        let outputs = &mut bench.recorded.get_mut(&name(POOL)).unwrap().outputs;
        let earned = Value::Amount(Drip(9 * Drip::PER_CFX));
        outputs.insert("settled_earned".to_owned(), earned);
    };
    let found = look(USUAL_POOL, terms(), settled).await;
    assert_eq!(found.due, ["count".to_owned(), paid()]);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

/// Whoever gets the profit, the pool itself was looked at: all else of it goes on.
#[tokio::test]
async fn a_receiver_that_is_not_known_blocks_no_pool() {
    let to = |to: Value| map([("to", to)]);
    let later = look(USUAL_POOL, to(resource("core_contract.treasury")), |_| {}).await;
    assert!(later.due.is_empty() && later.unseen.is_empty());
    assert!(later.methods.is_empty(), "{:?}", later.methods);
    let foreign = pospool_conflux::CoreAddress::new([2; 20], 1029);
    let foreign = look(USUAL_POOL, to(text(foreign)), |_| {}).await;
    assert_eq!(foreign.unseen, ["chain/bad-address"]);
    // The account's key could not be read.
    let keyless = look(USUAL_POOL, terms(), |bench| {
        bench.outputs.remove(&name("account.other"));
    })
    .await;
    assert_eq!(keyless.unseen, ["chain/unknown-address"]);
}
