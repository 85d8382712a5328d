//! The look at a bridge against a small node, and the design that comes of it.

mod glances;

use std::collections::{BTreeMap, BTreeSet};

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_conflux_rpc::NO_CODE;
use pospool_model::plan::Action;
use pospool_model::provider::{
    ChangeRequest, Facts as AnyFacts, Observation, ObserveContext, Observed, PlanContext, Target,
};
use pospool_model::{Address, Attributes, Problem, Provider, SecretRef, Value};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::{Value as Json, json};

use super::DUTIES;
use crate::bench::{NETWORK, attributes, core, name, names, resource, text, transaction};
use crate::{ChainProvider, ChainSettings};
use pospool_conflux::Key;
use pospool_rpcstub::answer_multicall;

const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const VOTE: u128 = 1_000_000_000_000_000_000_000;

fn signer() -> CoreAddress {
    Key::parse(KEY).unwrap().core_address(NETWORK)
}

/// A node with a bridge at 0x90….
#[derive(Clone, Copy)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a way for a node to be, alone"
)]
struct Node {
    crossing: u128,
    unlocked: u128,
    interest: u128,
    /// Most votes that may be withdrawn now.
    free: u128,
    /// Whether the views of governance run out of gas.
    endless: bool,
    owner: u8,
    /// A transaction of the account waits in the pool.
    under_way: bool,
    is_bridge: bool,
    /// Whether it takes calls without a receiver.
    folds: bool,
    /// Drip.
    balance: u128,
}

/// Drip for the 64 bytes of the estimate.
const COLLATERAL: u128 = 62_500_000_000_000_000;

const QUIET: Node = Node {
    crossing: 0,
    unlocked: 0,
    interest: 0,
    free: 0,
    endless: false,
    owner: 0,
    under_way: false,
    is_bridge: true,
    folds: true,
    balance: VOTE,
};

fn words(numbers: &[u128]) -> Json {
    let words: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number:064x}"))
        .collect();
    let words = words.concat();
    json!(format!("0x{words}"))
}

fn word_of(address: CoreAddress) -> Json {
    json!(format!("0x{:0>64}", address.hex().trim_start_matches("0x")))
}

impl Node {
    fn answer(self, method: &str, params: &Json) -> StubAnswer {
        let data = params[0]["data"].as_str().unwrap_or_default();
        StubAnswer::Result(match method {
            "cfx_getStatus" => json!({
                "chainId": format!("{NETWORK:#x}"), "ethereumSpaceChainId": "0x4d3",
                "latestState": "0x64", "epochNumber": "0x69"
            }),
            "cfx_getBlockByEpochNumber" => {
                json!({ "hash": "0x01", "baseFeePerGas": "0x1", "blockNumber": "0xc8" })
            }
            "cfx_gasPrice" => json!("0x3b9aca00"),
            "cfx_epochNumber" => json!("0x69"),
            "cfx_clientVersion" => json!("conflux-rust/v3"),
            "cfx_getNextNonce" => json!("0x5"),
            "txpool_nextNonce" => json!(if self.under_way { "0x6" } else { "0x5" }),
            "cfx_getBalance" => json!(format!("{:#x}", self.balance)),
            "cfx_getAccount" => {
                json!({ "codeHash": if self.is_bridge { "0x01" } else { NO_CODE } })
            }
            "cfx_call" if params[0]["to"].is_null() => return self.views(data),
            "cfx_call" if !self.is_bridge => json!("0x"),
            "cfx_call" => return self.view(data),
            "cfx_estimateGasAndCollateral" => return self.estimate(data),
            _ => return StubAnswer::refuse(-32601, "no such method", None),
        })
    }

    /// Views in one call.
    fn views(self, code: &str) -> StubAnswer {
        if !self.folds {
            return StubAnswer::refuse(-32602, "Invalid params: missing field `to`", None);
        }
        let answer = answer_multicall(code, 200, |_, data| {
            if !self.is_bridge {
                return Ok(Vec::new());
            }
            match self.view(&hex_text(data)) {
                StubAnswer::Result(text) => Ok(hex_bytes(text.as_str().unwrap()).unwrap()),
                _ => Err(Vec::new()),
            }
        });
        StubAnswer::Result(json!(answer))
    }

    fn view(self, data: &str) -> StubAnswer {
        let is = |signature: &str| data.starts_with(&hex_text(&abi::function_selector(signature)));
        if is("isLockInfoChanged()") && self.endless {
            return StubAnswer::refuse(-32015, "VmError(OutOfGas)", None);
        }
        StubAnswer::Result(if is("owner()") {
            word_of(if self.owner == 0 {
                signer()
            } else {
                core(self.owner)
            })
        } else if is("eSpaceVotingEscrow()") {
            word_of(core(0x91))
        } else if is("queryCrossingVotes()") {
            words(&[self.crossing])
        } else if is("queryUserSummary()") {
            words(&[9, 9, 0, self.unlocked, 0, 0])
        } else if is("queryInterest()") {
            words(&[self.interest])
        } else if is("mappedBalance(address)") {
            words(&[self.crossing * VOTE])
        } else {
            words(&[0])
        })
    }

    fn estimate(self, data: &str) -> StubAnswer {
        if self.balance < COLLATERAL {
            let text = format!(
                "Can not estimate: transaction execution failed, all gas will be charged (execution error: NotEnoughCash {{ required: {COLLATERAL}, got: {}, actual_gas_cost: 0, max_storage_limit_cost: {COLLATERAL} }})",
                self.balance
            );
            return StubAnswer::refuse(-32015, &text, None);
        }
        let withdraw =
            |votes| abi::encode_call("withdrawVotesByVotes(uint64)", &[Argument::Number(votes)]);
        let too_many =
            (self.free + 1..=self.unlocked).any(|votes| data == hex_text(&withdraw(votes)));
        if too_many {
            let text = "Estimation isn't accurate: transaction is reverted: not enough unlocked staking balance.";
            return StubAnswer::refuse(-32015, text, None);
        }
        StubAnswer::Result(json!({
            "gasLimit": "0x186a0", "gasUsed": "0x13880", "storageCollateralized": "0x40"
        }))
    }
}

/// A spec with one service, looked at.
struct Looked {
    provider: ChainProvider,
    wanted: BTreeMap<Address, Attributes>,
    outputs: BTreeMap<Address, Attributes>,
    found: Observation,
    _key: tempfile::TempDir,
}

async fn look(node: Node) -> Looked {
    let server = StubNode::start(move |method, params| node.answer(method, params)).await;
    look_at(&server).await
}

async fn look_at(server: &StubNode) -> Looked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    let provider = ChainProvider::new(ChainSettings::default());
    let normal = |kind, attributes| provider.normalise(kind, attributes).unwrap();
    let network = [
        ("network", Value::from("devnet")),
        ("core_rpc", Value::Text(server.url())),
    ];
    let service = [
        ("bridge", text(core(0x90))),
        ("account", resource("account.syncer")),
    ];
    let wanted = BTreeMap::from([
        (name("chain.conflux"), normal("chain", attributes(network))),
        (
            name("account.syncer"),
            attributes([("private_key", Value::Secret(SecretRef::File(path)))]),
        ),
        (
            name("bridge_service.main"),
            normal("bridge_service", attributes(service)),
        ),
    ]);
    let (outputs, found) = both_looks(&provider, &wanted).await;
    Looked {
        provider,
        wanted,
        outputs,
        found,
        _key: folder,
    }
}

/// The outputs that were found, and what the last look found.
async fn both_looks(
    provider: &ChainProvider,
    wanted: &BTreeMap<Address, Attributes>,
) -> (BTreeMap<Address, Attributes>, Observation) {
    let mut outputs = BTreeMap::new();
    let mut found = Observation::default();
    for given in [true, false] {
        let unused = BTreeSet::new();
        let asked = wanted
            .iter()
            .filter(|(address, _)| (address.kind() != "bridge_service") == given);
        let targets: Vec<_> = asked
            .map(|(address, wanted)| Target {
                address,
                wanted: Some(wanted),
                recorded: None,
                used: &unused,
            })
            .collect();
        let scene = ObserveContext {
            lineage: "test",
            accounts: &BTreeMap::new(),
            wanted,
            outputs: &outputs,
        };
        found = provider.observe(&targets, &scene).await.unwrap();
        for (address, object) in &found.objects {
            if let Observed::Present { outputs: found, .. } = object {
                outputs.insert(address.clone(), found.clone());
            }
        }
    }
    (outputs, found)
}

impl Looked {
    fn texts(&self) -> (Vec<String>, Vec<String>) {
        let Observed::Present {
            attributes,
            outputs,
        } = &self.found.objects[&name("bridge_service.main")]
        else {
            panic!("the service is not seen");
        };
        let texts = |value: &Value| {
            let texts = value.as_list().unwrap().iter();
            texts
                .map(|text| text.as_text().unwrap().to_owned())
                .collect()
        };
        (texts(&attributes[DUTIES]), texts(&outputs["waiting"]))
    }

    fn design(&self, facts: &AnyFacts) -> Result<pospool_model::provider::Design, Vec<Problem>> {
        let address = name("bridge_service.main");
        let (recorded, effects) = (BTreeMap::new(), BTreeMap::new());
        let task = ChangeRequest {
            address: &address,
            action: Action::Update,
            wanted: &self.wanted[&address],
            observed: &self.found.objects[&address],
            recorded: None,
            changed: &[DUTIES.to_owned()],
            delete_by_name: false,
        };
        let world = PlanContext {
            lineage: "test",
            facts,
            wanted: &self.wanted,
            recorded: &recorded,
            outputs: &self.outputs,
            effects: &effects,
        };
        let mut planner = self.provider.planner();
        let design = planner.design(&task, &world)?;
        let short = planner.shortfalls().into_iter();
        let short: Vec<_> = short.map(|(_, problem)| problem).collect();
        if short.is_empty() {
            Ok(design)
        } else {
            Err(short)
        }
    }
}

#[tokio::test]
async fn a_quiet_bridge_costs_one_round_trip_more() {
    let looked = look(QUIET).await;
    assert_eq!(looked.texts(), (vec![], vec![]));
    // The first look; the second; the views of the bridge beside it.
    assert_eq!(looked.provider.round_trips(), 3);
}

#[tokio::test]
async fn duties_become_calls_with_the_node_s_own_limits() {
    let looked = look(Node {
        crossing: 2,
        unlocked: 5,
        free: 5,
        ..QUIET
    })
    .await;
    assert_eq!(looked.texts().0, ["cross_stake 2", "withdraw 5"]);
    let design = looked.design(&looked.found.facts).unwrap();
    assert_eq!(names(&design), ["cross_stake", "withdraw"]);
    let [first, second] = [0, 1].map(|nth| transaction(&design.effects[nth]));
    assert_eq!((first.nonce, second.nonce), (5, 6));
    assert_eq!((first.gas, first.storage_limit), (125_000, 1088));
    let expected = abi::encode_call("withdrawVotesByVotes(uint64)", &[Argument::Number(5)]);
    assert_eq!(second.data, Some(hex_text(&expected)));
}

#[tokio::test]
async fn the_largest_withdrawal_that_the_chain_accepts_goes_out() {
    let looked = look(Node {
        unlocked: 9,
        free: 3,
        ..QUIET
    })
    .await;
    assert_eq!(looked.texts(), (vec!["withdraw 2".to_owned()], vec![]));
    let (open, waiting) = look(Node {
        unlocked: 9,
        free: 0,
        ..QUIET
    })
    .await
    .texts();
    assert!(open.is_empty());
    assert_eq!(waiting, ["withdraw 9: not enough unlocked staking balance"]);
}

#[tokio::test]
async fn interest_below_the_price_of_its_claim_stays() {
    // 80,000 gas at 1 Gdrip.
    let cost = 80_000 * 1_000_000_000;
    assert_eq!(
        look(Node {
            interest: cost,
            ..QUIET
        })
        .await
        .texts(),
        (vec![], vec![])
    );
    let looked = look(Node {
        interest: cost + 1,
        ..QUIET
    })
    .await;
    let design = looked.design(&looked.found.facts).unwrap();
    let claim = transaction(&design.effects[0]);
    assert_eq!(claim.outputs["claimed_block"], Value::Integer(200));
}

#[test]
fn what_the_spec_says_of_claims_wins_over_their_price() {
    use crate::estimate::is_worth;
    let cases = [
        (None, 11, true),
        (None, 10, false),
        (Some(1), 1, true),
        (Some(20), 19, false),
        (Some(20), 20, true),
    ];
    for (least, interest, claimed) in cases {
        assert_eq!(
            is_worth(least, interest, 10),
            claimed,
            "{least:?} {interest}"
        );
    }
}

#[tokio::test]
async fn nothing_is_sent_while_something_is_under_way() {
    let (open, waiting) = look(Node {
        crossing: 1,
        under_way: true,
        ..QUIET
    })
    .await
    .texts();
    assert!(open.is_empty());
    assert_eq!(
        waiting,
        ["cross_stake 1: 1 transactions of the account are under way"]
    );
}

#[tokio::test]
async fn trouble_of_one_duty_does_not_stop_the_others() {
    let (open, waiting) = look(Node {
        crossing: 1,
        endless: true,
        ..QUIET
    })
    .await
    .texts();
    assert_eq!(open, ["cross_stake 1"]);
    assert!(
        waiting[0].starts_with("sync_locks: the bridge cannot say"),
        "{waiting:?}"
    );
    let (open, waiting) = look(Node {
        crossing: 1,
        owner: 7,
        ..QUIET
    })
    .await
    .texts();
    assert!(open.is_empty());
    assert!(
        waiting[0].contains("only the bridge's owner"),
        "{waiting:?}"
    );
}

#[tokio::test]
async fn an_account_without_money_is_named_with_what_is_missing() {
    for balance in [0, COLLATERAL - 1, COLLATERAL] {
        let looked = look(Node {
            crossing: 1,
            balance,
            ..QUIET
        })
        .await;
        let (open, waiting) = looked.texts();
        assert_eq!(open, ["cross_stake 1"]);
        assert!(waiting.is_empty(), "{waiting:?}");
        let problem = looked.design(&looked.found.facts).unwrap_err().remove(0);
        assert_eq!(problem.code, "chain/not-enough-balance");
        assert!(
            problem
                .help
                .is_some_and(|help| help.contains(&signer().to_string())),
            "{}",
            problem.summary
        );
    }
}

#[tokio::test]
async fn what_is_no_bridge_is_a_problem() {
    let looked = look(Node {
        is_bridge: false,
        ..QUIET
    })
    .await;
    assert_eq!(looked.found.problems[0].1.code, "chain/no-bridge");
}
