//! Designs on hand-made facts: what is sent, after what, and what is not sent.

use pospool_conflux::hex::hex_text;
use pospool_conflux::{CoreAddress, abi};
use pospool_conflux_tx::WaitLevel;
use pospool_model::Value;
use pospool_model::plan::{Action, Cost, EffectId, Nature, Purpose};
use pospool_model::provider::Observed;

use crate::bench::{
    Bench, POOL, POOL_CODE, PROXY_CODE, attributes, code, core, name, names, needs, resource, text,
    transaction,
};
use crate::bench::{forged_registration, good_registration};
use crate::codes;
use crate::facts::RegistrationFacts;
use crate::registration::DEPOSIT;
use crate::work::{AwaitCode, AwaitVotes, EffectWork};

const MAIN: &str = "pos_registration.main";

/// Where the operator's creation with the nonce 3 put the proxy.
fn pool_address() -> CoreAddress {
    CoreAddress::of_creation(core(1), 3, &[PROXY_CODE, &[0x12, 0x34]].concat())
}

/// A pool that this plan makes behind a proxy, and a node.
fn bench(node: pospool_model::Attributes) -> Bench {
    let mut bench = Bench::new();
    let pool = name("core_contract.pool");
    bench.wanted.insert(
        pool.clone(),
        attributes([
            ("owner", resource("account.operator")),
            ("code", code("PoSPool")),
            ("proxy", Value::Bool(true)),
        ]),
    );
    let made = attributes([
        ("address", text(pool_address())),
        ("implementation", text(core(0x81))),
        ("proxy_arguments", Value::from("0x1234")),
    ]);
    bench.outputs.insert(pool.clone(), made);
    bench.outputs.insert(name("node.main"), node);
    let wanted = attributes([
        ("pool", resource("core_contract.pool")),
        ("node", resource("node.main")),
    ]);
    bench.wanted.insert(name(MAIN), wanted);
    let effect = |address: &str, effect: &str| EffectId {
        address: name(address),
        name: effect.to_owned(),
    };
    bench
        .effects
        .insert(pool, vec![effect("core_contract.pool", "proxy")]);
    bench
        .effects
        .insert(name("node.main"), vec![effect("node.main", "start")]);
    bench
}

fn known_node() -> pospool_model::Attributes {
    let (data, identifier) = good_registration();
    attributes([
        ("register_data", Value::Text(data)),
        ("pos_address", Value::Text(hex_text(&identifier))),
    ])
}

fn bind(bench: &mut Bench, identifier: [u8; 32]) {
    let facts = RegistrationFacts {
        pool_identifier: Some(identifier),
        ..RegistrationFacts::default()
    };
    bench.facts.registrations.insert(name(MAIN), facts);
}

#[test]
fn money_waits_for_proof_and_the_vote_for_the_money() {
    let mut bench = bench(known_node());
    let design = bench
        .design(MAIN, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(names(&design), ["proof", "register", "vote"]);
    let [proof, register, vote] = &design.effects[..] else {
        panic!()
    };
    assert_eq!(
        (proof.nature, register.nature, vote.nature),
        (Nature::Wait, Nature::Act, Nature::Wait)
    );

    assert_eq!(needs(proof), ["core_contract.pool/proxy Done"]);
    let expected = [
        "node.main/start Done",
        "core_contract.pool/proxy Done",
        "pos_registration.main/proof Done",
    ];
    assert_eq!(needs(register), expected);
    assert_eq!(needs(vote), ["pos_registration.main/register Done"]);

    let contracts = vec![pool_address(), core(0x81)];
    let EffectWork::AwaitCode(AwaitCode {
        contracts: found, ..
    }) = serde_json::from_value(proof.payload.clone()).unwrap()
    else {
        panic!()
    };
    assert_eq!(found, contracts);
    let work = transaction(register);
    assert_eq!(
        (work.to, work.value, work.nonce),
        (Some(pool_address().into()), DEPOSIT, 5)
    );
    assert_eq!(work.data, Some(good_registration().0));
    assert_eq!(work.registration.unwrap().implementation, Some(core(0x81)));
    assert_eq!(
        design.outputs["pos_address"],
        Value::Text(hex_text(&good_registration().1))
    );
    let stake = design
        .costs
        .iter()
        .find(|cost| cost.purpose == Purpose::Stake)
        .unwrap();
    assert_eq!(stake.amount.0, DEPOSIT);
}

/// A plan is a promise: its costs hold for the price that the transaction may rise to.
#[test]
fn value_waits_for_finality_and_gas_counts_with_the_ceiling() {
    let mut bench = bench(known_node());
    let chain = bench.facts.chains.get_mut(&name("chain.conflux")).unwrap();
    (chain.level, chain.ceiling) = (WaitLevel::Executed, 77_000_000_000);
    let design = bench
        .design(MAIN, Action::Create, &Observed::Absent, &[])
        .unwrap();
    let work = transaction(&design.effects[1]);
    assert_eq!(
        (work.level, work.ceiling),
        (WaitLevel::Finalised, 77_000_000_000)
    );
    assert!(work.price.highest() < work.ceiling);
    let gas = |cost: &&Cost| cost.purpose == Purpose::Gas;
    let gas = design.costs.iter().find(gas).unwrap();
    assert_eq!(gas.amount.0, u128::from(work.gas) * work.ceiling);
}

#[test]
fn a_node_that_does_not_run_yet_fills_the_blanks_later() {
    let node = attributes([
        ("register_data", Value::Unknown),
        ("pos_address", Value::Unknown),
    ]);
    let mut bench = bench(node);
    let design = bench
        .design(MAIN, Action::Create, &Observed::Absent, &[])
        .unwrap();
    let [_, register, vote] = &design.effects[..] else {
        panic!()
    };
    assert_eq!(transaction(register).data, None);
    let blanks: Vec<_> = register
        .inputs
        .iter()
        .map(|(blank, from)| format!("{blank} {}.{}", from.address, from.output))
        .collect();
    assert_eq!(
        blanks,
        [
            "pos_address node.main.pos_address",
            "register_data node.main.register_data"
        ]
    );
    assert_eq!(vote.inputs.keys().collect::<Vec<_>>(), ["pos_address"]);
    assert!(!design.outputs.contains_key("pos_address"));
}

#[test]
fn data_of_another_key_stops_the_plan() {
    let mut node = known_node();
    node.insert("pos_address".to_owned(), Value::Text(hex_text(&[7; 32])));
    let mut bench = bench(node);
    assert_eq!(
        bench.problem(MAIN, Action::Create, &Observed::Absent, &[]),
        "chain/bad-register-data"
    );
}

#[test]
fn forged_data_stops_the_plan() {
    for (votes, bls) in [(2, [1; 48]), (1, [9; 48])] {
        let data = forged_registration(votes, &bls, &[2; 33], good_registration().1);
        let mut bench = bench(attributes([(
            "register_data",
            Value::Text(hex_text(&data)),
        )]));
        assert_eq!(
            bench.problem(MAIN, Action::Create, &Observed::Absent, &[]),
            "chain/bad-register-data"
        );
    }
}

#[test]
fn a_bond_that_is_there_is_never_paid_again() {
    let mut same = bench(known_node());
    bind(&mut same, good_registration().1);
    let design = same
        .design(MAIN, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(names(&design), ["vote"]);
    assert!(design.costs.is_empty());

    let mut other = bench(known_node());
    bind(&mut other, [7; 32]);
    assert_eq!(
        other.problem(MAIN, Action::Create, &Observed::Absent, &[]),
        "chain/pool-registered"
    );
    // Nor while the node's key is still unknown.
    let mut unknown = bench(attributes([]));
    bind(&mut unknown, [7; 32]);
    assert_eq!(
        unknown.problem(MAIN, Action::Create, &Observed::Absent, &[]),
        "chain/pool-registered"
    );
}

#[test]
fn an_unfinished_registration_only_waits_for_its_vote() {
    let mut bench = bench(known_node());
    let pos_address = Value::Text(hex_text(&good_registration().1));
    let observed = Observed::Present {
        attributes: attributes([]),
        outputs: attributes([("pos_address", pos_address)]),
    };
    let design = bench.design(MAIN, Action::Update, &observed, &[]).unwrap();
    assert_eq!(names(&design), ["vote"]);
    let EffectWork::AwaitVotes(AwaitVotes { pos_address, .. }) =
        serde_json::from_value(design.effects[0].payload.clone()).unwrap()
    else {
        panic!()
    };
    assert_eq!(pos_address, Some(hex_text(&good_registration().1)));
}

#[test]
fn a_registration_is_only_forgotten() {
    let mut bench = bench(known_node());
    let design = bench
        .design(MAIN, Action::Delete, &Observed::Absent, &[])
        .unwrap();
    assert!(design.forget && design.effects.is_empty());
    assert!(design.notes[1].contains("withdrawStake"));
}

/// The address of a pool in a state may be anybody's.
#[test]
fn case_planted_record_1000_cfx_go_to_no_contract_that_nobody_of_the_spec_made() {
    let with = |outputs: &[(&str, Value)], proxy: bool| {
        let mut bench = bench(known_node());
        let wanted = bench.wanted.get_mut(&name(POOL)).unwrap();
        wanted.insert("proxy".to_owned(), Value::Bool(proxy));
        let outputs = outputs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        bench.outputs.insert(name(POOL), outputs.collect());
        let create = Action::Create;
        let designed = bench.design(MAIN, create, &Observed::Absent, &[]);
        designed.map(drop).map_err(|problems| problems[0].code)
    };
    let refused = Err(codes::UNPROVEN_POOL);
    let (implementation, arguments) = (text(core(0x81)), Value::from("0x1234"));
    let planted = |address| {
        [
            ("address", text(address)),
            ("implementation", implementation.clone()),
            ("proxy_arguments", arguments.clone()),
        ]
    };
    assert_eq!(with(&planted(pool_address()), true), Ok(()));
    // Somebody else's, also one that was made with the same code; and one that is not made yet.
    let init = [PROXY_CODE, &[0x12, 0x34]].concat();
    let strange = CoreAddress::of_creation(core(9), 3, &init);
    let later = CoreAddress::of_creation(core(1), 5, &init);
    for address in [core(0x80), strange, later] {
        assert_eq!(with(&planted(address), true), refused);
    }
    assert_eq!(with(&planted(pool_address()), false), refused, "other code");
    let bare = CoreAddress::of_creation(core(1), 4, POOL_CODE);
    assert_eq!(with(&[("address", text(bare))], false), Ok(()));
    // Earlier versions did not record what the proxy was made with.
    let call = abi::function_selector("initialize()");
    let init = [PROXY_CODE, &abi::proxy_arguments(core(0x81).bytes(), &call)].concat();
    let old = CoreAddress::of_creation(core(1), 0, &init);
    let outputs = [("address", text(old)), ("implementation", implementation)];
    assert_eq!(with(&outputs, true), Ok(()));
    assert_eq!(with(&outputs[..1], true), refused);
}
