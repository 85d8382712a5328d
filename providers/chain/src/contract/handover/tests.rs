//! Contracts that are given away: who signs, what the plan says, what it refuses.

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_text;
use pospool_model::plan::Action;
use pospool_model::provider::Observed;
use pospool_model::{Attributes, Drip, Value};

use crate::bench::{Bench, POOL, attributes, core, map, name, names, resource, text, transaction};
use crate::facts::ContractFacts;
use crate::internal::admin_control;

/// A pool that is there; `owner` and `admin` are who the chain says.
fn bench(settings: Value, owner: u8, admin: u8) -> Bench {
    let mut bench = Bench::new();
    bench.want_pool(true, settings);
    bench.pool_is_there(ContractFacts {
        manager: Some([1; 20]),
        owner: Some([owner; 20]),
        admin: Some([admin; 20]),
        ..ContractFacts::default()
    });
    bench
}

fn seen() -> Observed {
    Observed::Present {
        attributes: attributes([("settings", Value::Map(Attributes::new()))]),
        outputs: attributes([]),
    }
}

fn changed(bench: &mut Bench, paths: &[&str]) -> pospool_model::provider::Design {
    bench.design(POOL, Action::Update, &seen(), paths).unwrap()
}

#[test]
fn a_contract_that_an_account_of_the_spec_gets_can_be_had_back() {
    let settings = map([
        ("owner", resource("account.other")),
        ("admin", resource("account.other")),
        ("name", Value::from("Harbour")),
    ]);
    let mut bench = bench(settings, 1, 1);
    let paths = ["settings.owner", "settings.admin", "settings.name"];
    let design = changed(&mut bench, &paths);
    // The old owner can do nothing after it.
    assert_eq!(names(&design), ["set name", "set admin", "set owner"]);
    assert_eq!(design.irreversible, None);
    let said = "from then on `account.other` is its owner";
    assert!(
        design.notes.iter().any(|note| note == said),
        "{:?}",
        design.notes
    );
    let work: Vec<_> = design.effects.iter().map(transaction).collect();
    let control = admin_control(crate::bench::NETWORK);
    assert_eq!(work[1].to, Some(control.into()));
    let arguments = [Argument::Address([0x80; 20]), Argument::Address([2; 20])];
    let call = abi::encode_call("setAdmin(address,address)", &arguments);
    assert_eq!(work[1].data, Some(hex_text(&call)));
    assert_eq!(work[2].to, Some(core(0x80).into()));
    let call = abi::encode_call("transferOwnership(address)", &[Argument::Address([2; 20])]);
    assert_eq!(work[2].data, Some(hex_text(&call)));
}

#[test]
fn a_contract_that_a_stranger_gets_is_gone() {
    for setting in ["owner", "admin"] {
        let stranger = core(0x19);
        let mut bench = bench(map([(setting, text(stranger))]), 1, 1);
        let design = changed(&mut bench, &[&format!("settings.{setting}")]);
        let why = design.irreversible.unwrap();
        let said =
            format!("{stranger} becomes its {setting}, and no account of the spec has that key");
        assert!(why.starts_with(&said), "{why}");
    }
}

#[test]
fn who_owns_it_by_now_signs() {
    let settings = map([
        ("owner", resource("account.operator")),
        ("admin", resource("account.operator")),
    ]);
    let mut bench = bench(settings, 2, 2);
    let design = changed(&mut bench, &["settings.owner", "settings.admin"]);
    for effect in &design.effects {
        assert_eq!(transaction(effect).from, core(2).into());
    }
}

#[test]
fn what_a_stranger_owns_is_set_by_its_manager_alone() {
    let settings = map([
        ("name", Value::from("Harbour")),
        ("owner", text(core(9))),
        ("manager", resource("account.other")),
    ]);
    let mut bench = bench(settings, 9, 9);
    assert_eq!(
        names(&changed(&mut bench, &["settings.name"])),
        ["set name"]
    );
    let refused = bench.problem(POOL, Action::Update, &seen(), &["settings.manager"]);
    assert_eq!(refused, "chain/not-owner");
}

#[test]
fn only_the_admin_names_another() {
    let settings = map([("admin", resource("account.operator"))]);
    let mut bench = bench(settings, 1, 9);
    let refused = bench.problem(POOL, Action::Update, &seen(), &["settings.admin"]);
    assert_eq!(refused, "chain/not-owner");
}

#[test]
fn another_price_of_a_vote_cannot_be_undone_once_somebody_staked() {
    let settings = map([("vote_price", Value::Amount(Drip(500 * Drip::PER_CFX)))]);
    let mut bench = bench(settings, 1, 1);
    let design = changed(&mut bench, &["settings.vote_price"]);
    let call = abi::encode_call("setCfxCountOfOneVote(uint256)", &[Argument::Number(500)]);
    assert_eq!(transaction(&design.effects[0]).data, Some(hex_text(&call)));
    assert!(design.irreversible.unwrap().contains("old price"));
    let made = bench.design(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(made.unwrap().irreversible, None);
}

/// The owner registers the key: by then it is the new one.
#[test]
fn a_pool_that_is_given_away_is_registered_by_its_new_owner() {
    use super::owner_in_the_end;
    use pospool_model::provider::{Facts, PlanContext};
    let found = |owner| {
        let bench = bench(map([("owner", owner)]), 1, 1);
        let facts = Facts::default();
        let world = PlanContext {
            lineage: "bench",
            facts: &facts,
            wanted: &bench.wanted,
            recorded: &bench.recorded,
            outputs: &bench.outputs,
            effects: &bench.effects,
        };
        let owner = owner_in_the_end(&name(POOL), &world, &bench.facts, &["pool"]);
        owner
            .map(|owner| owner.name.clone())
            .map_err(|problem| problem.code)
    };
    assert_eq!(found(resource("account.other")), Ok(name("account.other")));
    assert_eq!(found(text(core(9))).unwrap_err(), "chain/not-owner");
}
