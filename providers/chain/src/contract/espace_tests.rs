//! Contracts of eSpace, and settings that name what is in the other space.

use pospool_conflux::EspaceAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_text;
use pospool_model::Value;
use pospool_model::plan::{Action, Purpose};
use pospool_model::provider::Observed;

use super::*;
use crate::bench::{
    Bench, ESPACE_ID, attributes, code, core, espace, map, name, names, needs, resource, text,
    transaction,
};
use crate::provider::ChainPlanner;

const POOL: &str = "espace_contract.pool";
const BRIDGE: &str = "core_contract.bridge";

fn create(bench: &mut Bench, address: &str) -> pospool_model::provider::Design {
    bench
        .design(address, Action::Create, &Observed::Absent, &[])
        .unwrap()
}

fn call(signature: &str, address: [u8; 20]) -> String {
    hex_text(&abi::encode_call(signature, &[Argument::Address(address)]))
}

#[test]
fn a_pool_of_espace_has_its_own_nonces_addresses_and_chain() {
    let mut bench = Bench::new();
    bench.want_espace_pool(&[("name", Value::from("Harbour"))]);
    let design = create(&mut bench, POOL);
    assert_eq!(names(&design), ["implementation", "proxy", "set name"]);
    let work: Vec<_> = design.effects.iter().map(transaction).collect();
    // The operator has sent 8 in eSpace, and 5 in Core Space.
    let nonces: Vec<_> = work.iter().map(|work| work.nonce).collect();
    assert_eq!(nonces, [8, 9, 10]);
    for (work, nonce) in work.iter().take(2).zip([8, 9]) {
        let made = EspaceAddress::of_creation(EspaceAddress::new([1; 20]), nonce);
        assert_eq!(work.creates, Some(made.into()));
    }
    assert_eq!(work[2].to, work[1].creates);
    assert!(work.iter().all(|work| {
        work.from == espace(1) && work.storage_limit == 0 && work.chain.network == ESPACE_ID
    }));
    let purposes: Vec<_> = design.costs.iter().map(|cost| cost.purpose).collect();
    assert_eq!(purposes, [Purpose::EspaceGas]);
    assert_eq!(
        needs(&design.effects[1]),
        [format!("{POOL}/implementation Sent")]
    );
    assert_eq!(
        design.outputs["owner_address"],
        Value::Text(espace(1).to_string())
    );
}

#[test]
fn nonces_of_the_two_spaces_do_not_wait_for_each_other() {
    let mut bench = Bench::new();
    bench.want_espace_pool(&[]);
    let manager = attributes([
        ("code", code("PoolManager")),
        ("owner", resource("account.operator")),
    ]);
    bench.wanted.insert(name("core_contract.manager"), manager);
    create(&mut bench, POOL);
    let design = create(&mut bench, "core_contract.manager");
    assert!(needs(&design.effects[0]).is_empty());
    assert_eq!(transaction(&design.effects[0]).nonce, 5);
}

#[test]
fn the_bridge_of_a_pool_is_the_account_that_it_acts_through() {
    let mut bench = Bench::new();
    bench.want_espace_pool(&[("bridge", resource(BRIDGE))]);
    bench
        .outputs
        .insert(name(BRIDGE), attributes([("address", text(core(0x85)))]));
    let design = create(&mut bench, POOL);
    let mapped = EspaceAddress::mapped_from(core(0x85)).bytes();
    let work = transaction(&design.effects[2]);
    assert_eq!(work.data, Some(call("setBridge(address)", mapped)));

    let bridge = attributes([
        ("code", code("CoreBridge")),
        ("owner", resource("account.operator")),
        ("settings", map([("espace_pool", resource(POOL))])),
    ]);
    bench.wanted.insert(name(BRIDGE), bridge);
    let pool = transaction(&design.effects[1]).creates.unwrap();
    let design = create(&mut bench, BRIDGE);
    let work = transaction(&design.effects[1]);
    assert_eq!(
        work.data,
        Some(call("setESpacePoolAddress(address)", pool.bytes()))
    );
}

/// The first round of a circle: what it holds in the place of an address is as long as the real one.
#[test]
fn a_circle_is_designed_before_its_addresses_are_known() {
    let mut bench = Bench::new();
    bench.want_espace_pool(&[("bridge", resource(BRIDGE))]);
    let unknown = attributes([("address", Value::Unknown)]);
    bench.outputs.insert(name(BRIDGE), unknown);
    let round = create(&mut bench, POOL);
    bench.planner = ChainPlanner::default();
    bench
        .outputs
        .insert(name(BRIDGE), attributes([("address", text(core(0x85)))]));
    let next = create(&mut bench, POOL);
    assert_eq!(round.outputs, next.outputs);
    let length = |design: &pospool_model::provider::Design| {
        transaction(&design.effects[2]).data.map(|data| data.len())
    };
    assert_eq!(length(&round), length(&next));
    assert_ne!(round.effects[2].payload, next.effects[2].payload);
}

#[test]
fn what_is_in_the_wrong_space_is_refused() {
    let codes = |space, contract: &str, setting: &str, value: Value| {
        let attributes = attributes([
            ("code", code(contract)),
            ("settings", map([(setting, value)])),
        ]);
        let problems = normalise_contract(space, attributes)
            .err()
            .unwrap_or_default();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        codes
    };
    let wrong = ["chain/wrong-space"];
    let (here, there) = (Space::Espace, Space::Core);
    let (core_pool, hex) = (
        resource("core_contract.pool"),
        Value::Text(espace(1).to_string()),
    );
    assert_eq!(
        codes(there, "ESpacePoSPool", "name", Value::from("x")),
        wrong
    );
    assert_eq!(codes(here, "PoSPool", "name", Value::from("x")), wrong);
    assert_eq!(
        codes(here, "ESpacePoSPool", "voting_escrow", core_pool.clone()),
        wrong
    );
    assert_eq!(
        codes(here, "EVotingEscrow", "core_space_info", text(core(1))),
        wrong
    );
    assert_eq!(codes(there, "CoreBridge", "pool", hex.clone()), wrong);
    assert_eq!(
        codes(there, "CoreBridge", "espace_pool", core_pool.clone()),
        wrong
    );
    // An account has another address there than the one that it stands for.
    assert_eq!(
        codes(
            here,
            "EVotingEscrow",
            "pos_pool",
            resource("account.operator")
        ),
        wrong
    );
    for fits in [
        core_pool,
        hex,
        text(core(1)),
        resource("espace_contract.other"),
    ] {
        assert!(codes(here, "ESpacePoSPool", "bridge", fits).is_empty());
    }
}
