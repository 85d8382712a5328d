//! Upgrades on hand-made facts: which steps, and when none.

use pospool_model::plan::Action;
use pospool_model::provider::{Design, Observed};
use pospool_model::state::Recorded;
use pospool_model::{Problem, Value};

use super::*;
use crate::bench::{
    Bench, attributes, code, core, map, name, names, needs, resource, text, transaction,
};
use crate::facts::ContractFacts;

const POOL: &str = "core_contract.pool";
const ABI: &str = r#"[{"type":"function","name":"migrateV2","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;
const LAYOUT: &str = r#"{"storage":[{"label":"owner","offset":0,"slot":"0","type":"t_address"},
    {"label":"count","offset":0,"slot":"1","type":"t_uint256"}],"types":{"t_uint256":{"label":"uint256"}}}"#;

fn new_code() -> Value {
    map([
        ("contract", Value::from("PoSPool")),
        ("digest", Value::from("0xnew")),
    ])
}

/// A pool behind a proxy at 0x80…, whose implementation is at 0x81…, and a source with newer code.
struct Stage {
    bench: Bench,
    known: ContractFacts,
    recorded: Recorded,
}

impl Stage {
    fn new() -> Self {
        let mut bench = Bench::new();
        let newer = map([
            ("contract", Value::from("PoSPool")),
            ("digest", Value::from("0xnew")),
            ("bytecode", Value::from("0x6007")),
            ("runtime", Value::from("0x6001")),
            ("abi", Value::from(ABI)),
            ("file", Value::from("contracts/PoSPool.sol")),
            ("compiler", Value::from("0.8.4")),
            ("input", Value::from("input.json")),
            ("immutables", Value::from("{}")),
            ("storage_layout", Value::from(LAYOUT)),
        ]);
        bench
            .outputs
            .insert(name("source.newer"), attributes([("PoSPool", newer)]));
        let wanted = attributes([
            ("code", new_code()),
            ("owner", resource("account.operator")),
            ("proxy", Value::Bool(true)),
        ]);
        bench.wanted.insert(name(POOL), wanted);
        let storage = Storage::of_compiler(LAYOUT).unwrap().record();
        let outputs = attributes([
            ("address", text(core(0x80))),
            ("implementation", text(core(0x81))),
            ("code", code("PoSPool")),
            (STORAGE, storage),
        ]);
        Self {
            bench,
            known: ContractFacts {
                implementation: Some(core(0x81).into()),
                pointed_at: Some(core(0x81).into()),
                likeness: Some(Likeness::Different { at: 0, length: 1 }),
                ..ContractFacts::default()
            },
            recorded: Recorded {
                attributes: attributes([("code", code("PoSPool"))]),
                outputs,
                complete: true,
                ..Recorded::default()
            },
        }
    }

    fn want(mut self, attribute: &str, value: Value) -> Self {
        let wanted = self.bench.wanted.get_mut(&name(POOL)).unwrap();
        wanted.insert(attribute.to_owned(), value);
        self
    }

    fn design(mut self) -> Result<Design, Vec<Problem>> {
        self.bench.facts.contracts.insert(name(POOL), self.known);
        self.bench.recorded.insert(name(POOL), self.recorded);
        let there = Observed::Present {
            attributes: attributes([]),
            outputs: attributes([]),
        };
        self.bench.design(POOL, Action::Update, &there, &["code"])
    }

    fn problem(self) -> Problem {
        self.design().unwrap_err().remove(0)
    }
}

#[test]
fn other_code_is_made_and_the_proxy_pointed_at_it() {
    let design = Stage::new().design().unwrap();
    assert_eq!(names(&design), ["implementation", "upgrade", "check"]);
    let made = transaction(&design.effects[0]);
    let new = made.creates.unwrap();
    assert!(!made.outputs.contains_key("code"), "it is not in use yet");
    let upgrade = transaction(&design.effects[1]);
    assert_eq!(upgrade.to, Some(core(0x80).into()));
    let data = abi::encode_call("upgradeTo(address)", &[abi::Argument::Address(new.bytes())]);
    assert_eq!(upgrade.data, Some(pospool_conflux::hex::hex_text(&data)));
    assert_eq!(upgrade.outputs["code"], new_code());
    assert!(
        design.effects[1].summary.contains("instead of"),
        "{}",
        design.effects[1].summary
    );
    assert_eq!(
        needs(&design.effects[2]),
        ["core_contract.pool/upgrade Done"]
    );
    assert_eq!(
        design.outputs["implementation"],
        Value::Text(new.to_string())
    );
    assert_eq!(design.outputs["code"], new_code());
}

#[test]
fn a_migration_follows_and_ends_the_upgrade() {
    let stage = Stage::new().want(MIGRATE, Value::from("migrateV2()"));
    let design = stage.design().unwrap();
    assert_eq!(
        names(&design),
        ["implementation", "upgrade", "migrate", "check"]
    );
    assert!(!transaction(&design.effects[1]).outputs.contains_key("code"));
    assert_eq!(transaction(&design.effects[2]).outputs["code"], new_code());
    let unknown = Stage::new().want(MIGRATE, Value::from("other()"));
    assert_eq!(unknown.problem().code, "chain/no-migration");
}

#[test]
fn other_comments_cost_nothing() {
    let mut stage = Stage::new().want(MIGRATE, Value::from("migrateV2()"));
    stage.known.likeness = Some(Likeness::ButForMetadata);
    let design = stage.design().unwrap();
    assert_eq!((names(&design).len(), design.costs.len()), (0, 0));
    assert!(
        design.notes[0].contains("nothing is sent"),
        "{:?}",
        design.notes
    );
    assert_eq!(design.outputs["code"], new_code());
}

#[test]
fn a_contract_without_a_proxy_is_not_replaced() {
    let stage = Stage::new().want("proxy", Value::Bool(false));
    assert_eq!(stage.problem().code, "chain/no-upgrade");
}

#[test]
fn storage_that_does_not_fit_or_is_unknown_is_refused() {
    let mut stage = Stage::new();
    let moved = Value::List(vec![
        Value::from("0:0 count uint256"),
        Value::from("1:0 owner address"),
    ]);
    stage.recorded.outputs.insert(STORAGE.to_owned(), moved);
    let problem = stage.problem();
    assert_eq!(problem.code, "chain/storage-clash");
    assert!(
        problem.summary.contains("slot 0: `count` moved to slot 1"),
        "{}",
        problem.summary
    );
    let mut stage = Stage::new();
    stage.recorded.outputs.remove(STORAGE);
    assert_eq!(stage.problem().code, "chain/unknown-storage");
}

#[test]
fn what_an_earlier_run_began_is_gone_on_with() {
    let cut = Stage::new().design().unwrap();
    let made = transaction(&cut.effects[0]).creates.unwrap();
    let mut stage = Stage::new();
    let operator = name("account.operator");
    let accounts = &mut stage.bench.facts.accounts;
    accounts.get_mut(&operator).unwrap().nonce = 6;
    stage.recorded.complete = false;
    stage.known.implementation = Some(made);
    stage.known.likeness = Some(Likeness::Exact);
    let design = stage.design().unwrap();
    assert_eq!(names(&design), ["upgrade", "check"]);
    assert_eq!(
        design.outputs["implementation"],
        Value::Text(made.to_string())
    );

    let mut stage = Stage::new().want(MIGRATE, Value::from("migrateV2"));
    stage.recorded.complete = false;
    stage
        .recorded
        .outputs
        .insert(UPGRADED.to_owned(), Value::from("0xnew"));
    stage.known.likeness = Some(Likeness::Exact);
    assert_eq!(names(&stage.design().unwrap()), ["migrate"]);
}
