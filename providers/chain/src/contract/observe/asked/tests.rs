//! Settings that no single getter tells: asked with hand-made answers.

use std::collections::{BTreeMap, BTreeSet};

use pospool_conflux::hex::{hex_bytes, hex_text};
use pospool_model::state::Recorded;
use pospool_model::{Address, Drip};
use serde_json::{Value as Json, json};

use super::*;
use crate::bench::{NETWORK, attributes, code, core, espace, map, name, resource, text};
use crate::contract::settings::settings_of;

const LAYOUT: &str = r#"{"storage":[
    {"label":"posPools","offset":0,"slot":"1","type":"t_array"},
    {"label":"CFX_VALUE_OF_ONE_VOTE","offset":0,"slot":"4","type":"t_uint256"}],"types":{}}"#;

/// A contract whose spec and record say this of one setting.
struct Case {
    contract: &'static str,
    setting: &'static str,
    wanted: Value,
    recorded: Value,
}

fn number(number: u128) -> Json {
    json!(hex_text(&abi::encode_arguments(&[Argument::Number(
        number
    )])))
}

fn address(byte: u8) -> Json {
    json!(hex_text(&abi::encode_arguments(&[Argument::Address(
        [byte; 20]
    )])))
}

fn outputs() -> BTreeMap<Address, Attributes> {
    let account = attributes([
        ("address", text(core(2))),
        ("espace_address", Value::Text(espace(2).to_string())),
    ]);
    let artifact = |contract| {
        let mut artifact = code(contract);
        if let Value::Map(map) = &mut artifact {
            map.insert("storage_layout".to_owned(), Value::from(LAYOUT));
        }
        (contract, artifact)
    };
    let source = [artifact("PoSPool"), artifact("PoSPoolBatchCall")];
    BTreeMap::from([
        (name("account.other"), account),
        (name("source.reference"), attributes(source)),
    ])
}

impl Case {
    /// What is seen, where the node answers so.
    fn seen(&self, answer: impl Fn(&str, &Json) -> Json) -> Value {
        let (address, used) = (name("core_contract.it"), BTreeSet::new());
        let side = |value: &Value| {
            let settings = map([(self.setting, value.clone())]);
            attributes([("code", code(self.contract)), ("settings", settings)])
        };
        let wanted = side(&self.wanted);
        let recorded = Recorded {
            attributes: side(&self.recorded),
            ..Recorded::default()
        };
        let target = Target {
            address: &address,
            wanted: Some(&wanted),
            recorded: Some(&recorded),
            used: &used,
        };
        let (outputs, nothing) = (outputs(), BTreeMap::new());
        let scene = ObserveContext {
            lineage: "test",
            accounts: &BTreeMap::new(),
            wanted: &nothing,
            outputs: &outputs,
        };
        let table = settings_of(self.contract).unwrap();
        let setting = table.setting(self.setting).unwrap();
        let there = match table.space {
            pospool_conflux::Space::Core => core(0x80).into(),
            pospool_conflux::Space::Espace => espace(0x80),
        };
        let mut batch = Batch::default();
        let asked = ask_setting(target, &scene, &mut batch, At::LatestState, there, setting);
        assert_eq!(asked.slots().len(), batch.calls().len());
        let answers = batch.calls().iter();
        let answers = answers.map(|call| Ok(answer(call.method, &call.params)));
        let answers = BatchAnswers::of(answers.collect());
        let value = read_setting(target, setting, &asked, &answers, NETWORK);
        as_written(target, setting, value, &scene)
    }
}

/// The call data of a view.
fn data(params: &Json) -> Vec<u8> {
    hex_bytes(params[0]["data"].as_str().unwrap()).unwrap()
}

#[test]
fn members_are_asked_for_one_by_one() {
    let list = |bytes: &[u8]| Value::List(bytes.iter().map(|byte| text(core(*byte))).collect());
    let case = Case {
        contract: "PoSPool",
        setting: "fee_free",
        wanted: Value::List(vec![resource("account.other"), text(core(3))]),
        recorded: list(&[4, 5]),
    };
    let answer = |usual: u128| {
        move |_: &str, params: &Json| {
            let of = data(params);
            match of.last() {
                _ if of.len() == 4 => number(usual),
                Some(2 | 4) => number(10_000),
                _ => number(usual),
            }
        }
    };
    assert_eq!(case.seen(answer(9_000)), list(&[2, 4]));
    // Everybody keeps all: the contract's answers say nothing of the list.
    assert_eq!(case.seen(answer(10_000)), list(&[4, 5]));
}

#[test]
fn a_list_in_storage_is_read_entry_by_entry() {
    let case = Case {
        contract: "PoSPoolBatchCall",
        setting: "pools",
        wanted: Value::List(vec![text(core(6)), text(core(5))]),
        recorded: Value::List(vec![text(core(9))]),
    };
    // keccak of the number 1 as a word, from ethers.
    let first = "0xb10e2d527612073b26eecdfd717e6a320cf44b4afac2b0732d9fcbe2b7fa0cf6";
    let answer = |length: u128| {
        move |method: &str, params: &Json| {
            assert_eq!(method, "cfx_getStorageAt");
            match params[1].as_str().unwrap() {
                "0x1" => number(length),
                slot if slot == first => address(5),
                slot if slot.ends_with("0cf7") => address(6),
                _ => Json::Null,
            }
        }
    };
    let both = Value::List(vec![text(core(6)), text(core(5))]);
    assert_eq!(case.seen(answer(2)), both, "in the order of the spec");
    assert_eq!(case.seen(answer(0)), Value::List(Vec::new()));
    assert_eq!(
        case.seen(answer(LONGEST.into())).as_list().unwrap().len(),
        16
    );
    assert_eq!(
        case.seen(answer(17)),
        case.recorded,
        "longer than a look reads"
    );
}

#[test]
fn the_price_of_a_vote_stands_in_storage() {
    let amount = |cfx| Value::Amount(Drip(cfx * Drip::PER_CFX));
    let case = Case {
        contract: "PoSPool",
        setting: "vote_price",
        wanted: amount(1000),
        recorded: amount(1000),
    };
    let seen = case.seen(|_, params| {
        assert_eq!(params[1], "0x4");
        number(500 * Drip::PER_CFX)
    });
    assert_eq!(seen, amount(500));
}

#[test]
fn the_chain_tells_who_the_admin_is() {
    let case = Case {
        contract: "PoSPool",
        setting: "admin",
        wanted: resource("account.other"),
        recorded: text(core(2)),
    };
    let seen = case.seen(|method, params| {
        let control = admin_control(NETWORK).to_string();
        assert_eq!((method, &params[0]["to"]), ("cfx_call", &json!(control)));
        address(2)
    });
    assert_eq!(seen, text(core(2)));
}

/// In plans an account stands for its address in Core Space, in whichever space it is the owner.
#[test]
fn an_owner_in_espace_is_shown_as_the_account() {
    let case = |wanted| Case {
        contract: "ESpacePoSPool",
        setting: "owner",
        wanted,
        recorded: Value::Null,
    };
    let hex = |byte| Value::Text(espace(byte).to_string());
    let seen = |case: Case, byte| case.seen(|_, _| address(byte));
    assert_eq!(seen(case(resource("account.other")), 2), text(core(2)));
    assert_eq!(seen(case(resource("account.other")), 3), hex(3));
    assert_eq!(seen(case(hex(2)), 2), hex(2));
}
