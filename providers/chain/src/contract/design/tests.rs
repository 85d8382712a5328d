//! Designs on hand-made facts: exact effects, nonces, addresses.

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_text;
use pospool_model::plan::{Action, Nature, Purpose};
use pospool_model::provider::Observed;
use pospool_model::provider::Planner as _;
use pospool_model::state::Recorded;
use pospool_model::{Blocks, Value};

use crate::bench::{
    Bench, POOL, POOL_CODE, PROXY_CODE, attributes, code, core, map, name, names, needs, resource,
    text, transaction,
};
use crate::facts::ContractFacts;

fn bench(proxy: bool, settings: Value) -> Bench {
    let mut bench = Bench::new();
    bench.want_pool(proxy, settings);
    bench
}

fn two_settings() -> Value {
    map([
        ("lock_period", Value::Blocks(Blocks(7))),
        ("name", Value::from("Harbour")),
    ])
}

/// A pool that is there and has a manager.
fn there(bench: &mut Bench, manager: u8, settings: Value) -> Observed {
    bench.pool_is_there(ContractFacts {
        manager: Some([manager; 20]),
        ..ContractFacts::default()
    });
    Observed::Present {
        attributes: attributes([("settings", settings)]),
        outputs: attributes([]),
    }
}

#[test]
fn a_pool_behind_a_proxy_goes_out_in_one_row() {
    let mut bench = bench(true, two_settings());
    let design = bench
        .design(POOL, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(
        names(&design),
        ["implementation", "proxy", "set name", "set lock_period"]
    );
    assert!(design.ordered);

    let implementation = CoreAddress::of_creation(core(1), 5, POOL_CODE);
    let first_call = abi::function_selector("initialize()");
    let proxy_init = [
        PROXY_CODE,
        &abi::proxy_arguments(implementation.bytes(), &first_call),
    ]
    .concat();
    let proxy = CoreAddress::of_creation(core(1), 6, &proxy_init);
    assert_eq!(design.outputs["implementation"], text(implementation));
    assert_eq!(design.outputs["address"], text(proxy));
    assert_eq!(design.outputs["owner_address"], text(core(1)));

    let work: Vec<_> = design.effects.iter().map(transaction).collect();
    assert_eq!(
        work.iter().map(|work| work.nonce).collect::<Vec<_>>(),
        [5, 6, 7, 8]
    );
    assert_eq!(work[0].creates, Some(implementation.into()));
    assert_eq!(work[0].data, Some(hex_text(POOL_CODE)));
    assert_eq!(work[1].creates, Some(proxy.into()));
    assert_eq!(work[1].data, Some(hex_text(&proxy_init)));
    assert!(
        work[2..]
            .iter()
            .all(|work| work.to == Some(proxy.into()) && work.creates.is_none())
    );
    let name_call = abi::encode_call(
        "setPoolName(string)",
        &[Argument::Text("Harbour".to_owned())],
    );
    assert_eq!(work[2].data, Some(hex_text(&name_call)));

    assert!(needs(&design.effects[0]).is_empty());
    assert_eq!(needs(&design.effects[3]), [format!("{POOL}/set name Sent")]);
    assert!(
        design
            .effects
            .iter()
            .all(|effect| effect.nature == Nature::Act)
    );
    let purposes: Vec<_> = design.costs.iter().map(|cost| cost.purpose).collect();
    assert_eq!(purposes, [Purpose::Gas, Purpose::Collateral]);
}

#[test]
fn a_second_contract_follows_in_the_same_lane() {
    let mut bench = bench(true, two_settings());
    bench
        .design(POOL, Action::Create, &Observed::Absent, &[])
        .unwrap();
    let manager = attributes([
        ("code", code("PoolManager")),
        ("owner", resource("account.operator")),
        ("proxy", Value::Bool(false)),
        (
            "settings",
            map([("pools", Value::List(vec![resource(POOL)]))]),
        ),
    ]);
    bench.wanted.insert(name("core_contract.manager"), manager);
    let design = bench
        .design(
            "core_contract.manager",
            Action::Create,
            &Observed::Absent,
            &[],
        )
        .unwrap();
    assert_eq!(names(&design), ["contract", "add core_contract.pool"]);
    let work: Vec<_> = design.effects.iter().map(transaction).collect();
    assert_eq!((work[0].nonce, work[1].nonce), (9, 10));
    assert_eq!(
        needs(&design.effects[0]),
        [format!("{POOL}/set lock_period Sent")]
    );
    // The address of the pool is known although the pool is not there yet.
    let pool: CoreAddress = bench.outputs[&name(POOL)]["address"]
        .as_text()
        .unwrap()
        .parse()
        .unwrap();
    let call = abi::encode_call("addPool(address)", &[Argument::Address(pool.bytes())]);
    assert_eq!(work[1].data, Some(hex_text(&call)));
    assert_eq!(
        bench.planner.counters()[&format!("nonce core {}", core(1))],
        11
    );
}

#[test]
fn equal_inputs_give_equal_plans() {
    let plan = || {
        bench(true, two_settings())
            .design(POOL, Action::Create, &Observed::Absent, &[])
            .unwrap()
    };
    assert_eq!(plan(), plan());
}

#[test]
fn without_a_proxy_the_pool_is_initialised_first() {
    let mut bench = bench(false, two_settings());
    let design = bench
        .design(POOL, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(
        names(&design),
        ["contract", "initialize", "set name", "set lock_period"]
    );
    assert!(!design.outputs.contains_key("implementation"));
}

#[test]
fn an_implementation_that_was_left_behind_is_used() {
    // A run that was cut made it with nonce 5.
    let cut = bench(true, two_settings()).design(POOL, Action::Create, &Observed::Absent, &[]);
    let mut bench = bench(true, two_settings());
    let made = transaction(&cut.unwrap().effects[0]).creates.unwrap();
    let operator = name("account.operator");
    bench.facts.accounts.get_mut(&operator).unwrap().nonce = 6;
    let left = ContractFacts {
        implementation: Some(made),
        manager: None,
        ..ContractFacts::default()
    };
    bench.facts.contracts.insert(name(POOL), left);
    let outputs = attributes([
        ("implementation", Value::Text(made.to_string())),
        ("code", code("PoSPool")),
    ]);
    bench.recorded.insert(
        name(POOL),
        Recorded {
            outputs,
            ..Recorded::default()
        },
    );
    let design = bench
        .design(POOL, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(names(&design), ["proxy", "set name", "set lock_period"]);
    assert_eq!(
        design.outputs["implementation"],
        Value::Text(made.to_string())
    );
    assert_eq!(transaction(&design.effects[0]).nonce, 6);
}

/// A state may say of anybody's that an earlier run left it.
#[test]
fn an_implementation_that_no_account_made_is_not_used() {
    let mut bench = bench(true, two_settings());
    let left = ContractFacts {
        implementation: Some(core(0x81).into()),
        ..ContractFacts::default()
    };
    bench.facts.contracts.insert(name(POOL), left);
    let outputs = attributes([("code", code("PoSPool"))]);
    let recorded = Recorded {
        outputs,
        ..Recorded::default()
    };
    bench.recorded.insert(name(POOL), recorded);
    let design = bench.design(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(names(&design.unwrap())[0], "implementation");
}

#[test]
fn an_implementation_of_other_code_is_not_used() {
    let mut bench = bench(true, two_settings());
    let left = ContractFacts {
        implementation: Some(core(0x81).into()),
        manager: None,
        ..ContractFacts::default()
    };
    bench.facts.contracts.insert(name(POOL), left);
    let outputs = attributes([
        ("implementation", text(core(0x81))),
        ("code", code("Other")),
    ]);
    bench.recorded.insert(
        name(POOL),
        Recorded {
            outputs,
            ..Recorded::default()
        },
    );
    let design = bench
        .design(POOL, Action::Create, &Observed::Absent, &[])
        .unwrap();
    assert_eq!(names(&design)[0], "implementation");
}

#[test]
fn one_changed_setting_is_one_transaction() {
    let mut bench = bench(true, two_settings());
    let observed = there(&mut bench, 1, two_settings());
    let design = bench
        .design(POOL, Action::Update, &observed, &["settings.lock_period"])
        .unwrap();
    assert_eq!(names(&design), ["set lock_period"]);
    let work = transaction(&design.effects[0]);
    assert_eq!(
        (work.to, work.nonce, work.from),
        (Some(core(0x80).into()), 5, core(1).into())
    );
    assert!(
        bench
            .design(POOL, Action::Update, &observed, &[])
            .unwrap()
            .effects
            .is_empty()
    );
}

#[test]
fn the_manager_s_settings_are_set_by_the_manager() {
    let mut bench = bench(true, two_settings());
    let observed = there(&mut bench, 2, two_settings());
    let design = bench
        .design(POOL, Action::Update, &observed, &["settings.name"])
        .unwrap();
    let work = transaction(&design.effects[0]);
    assert_eq!((work.from, work.nonce), (core(2).into(), 0));
    assert_eq!(work.account, name("account.other"));
}

#[test]
fn a_stranger_as_manager_stops_the_plan() {
    let mut bench = bench(true, two_settings());
    let observed = there(&mut bench, 9, two_settings());
    assert_eq!(
        bench.problem(POOL, Action::Update, &observed, &["settings.name"]),
        "chain/not-manager"
    );
}

#[test]
fn a_new_manager_sets_what_the_old_one_would_not() {
    let settings = map([
        ("manager", resource("account.other")),
        ("name", Value::from("Harbour")),
    ]);
    let mut bench = bench(true, settings.clone());
    let observed = there(&mut bench, 9, settings);
    let changed = ["settings.manager", "settings.name"];
    let design = bench
        .design(POOL, Action::Update, &observed, &changed)
        .unwrap();
    assert_eq!(names(&design), ["set manager", "set name"]);
    assert_eq!(transaction(&design.effects[0]).from, core(1).into());
    assert_eq!(transaction(&design.effects[1]).from, core(2).into());
    // Another lane: the handover must have ended, not only be sent.
    assert_eq!(
        needs(&design.effects[1]),
        [format!("{POOL}/set manager Done")]
    );
}

/// Two accounts' transactions are executed in any order: the old manager could set nothing any more.
#[test]
fn the_old_manager_s_calls_are_executed_before_he_goes() {
    let settings = map([
        ("manager", resource("account.operator")),
        ("name", Value::from("Harbour")),
        ("lock_period", Value::Blocks(Blocks(7))),
    ]);
    let changed = ["settings.manager", "settings.name", "settings.lock_period"];
    let mut apart = bench(true, settings.clone());
    let observed = there(&mut apart, 2, map([]));
    let design = apart
        .design(POOL, Action::Update, &observed, &changed)
        .unwrap();
    assert_eq!(
        names(&design),
        ["set name", "set lock_period", "set manager"]
    );
    let senders: Vec<_> = design
        .effects
        .iter()
        .map(|it| transaction(it).from)
        .collect();
    assert_eq!(senders, [core(2).into(), core(2).into(), core(1).into()]);
    assert_eq!(
        needs(&design.effects[2]),
        [
            format!("{POOL}/set name Done"),
            format!("{POOL}/set lock_period Done")
        ]
    );
    // In one lane the nonces say it.
    let settings = map([
        ("manager", resource("account.other")),
        ("name", Value::from("Harbour")),
    ]);
    let mut one = bench(true, settings);
    let observed = there(&mut one, 1, map([]));
    let design = one
        .design(POOL, Action::Update, &observed, &changed[..2])
        .unwrap();
    assert_eq!(names(&design), ["set name", "set manager"]);
    assert_eq!(needs(&design.effects[1]), [format!("{POOL}/set name Sent")]);
}

#[test]
fn a_pool_that_nobody_initialised_is_initialised() {
    let mut bench = bench(false, two_settings());
    let observed = there(&mut bench, 0, two_settings());
    let design = bench
        .design(POOL, Action::Update, &observed, &["settings.name"])
        .unwrap();
    assert_eq!(names(&design), ["initialize", "set name"]);
}

/// The run before made the contract and came no further; nothing differs that a setting could tell.
#[test]
fn a_pool_that_was_only_begun_is_initialised_without_any_setting() {
    let mut bench = bench(false, two_settings());
    let observed = there(&mut bench, 0, two_settings());
    let update = |bench: &mut Bench| bench.design(POOL, Action::Update, &observed, &[]).unwrap();
    assert!(
        update(&mut bench).effects.is_empty(),
        "the state says it is whole"
    );
    bench.recorded.get_mut(&name(POOL)).unwrap().complete = false;
    assert_eq!(names(&update(&mut bench)), ["initialize"]);
}

#[test]
fn a_plan_stops_before_the_money_does() {
    let mut bench = bench(true, two_settings());
    bench
        .facts
        .accounts
        .get_mut(&name("account.operator"))
        .unwrap()
        .balance = 1_000_000_000_000_000_000;
    let problem = bench.problem(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(problem, "chain/not-enough-balance");
}

#[test]
fn a_plan_stops_while_gas_is_too_dear() {
    let mut bench = bench(true, two_settings());
    bench
        .facts
        .chains
        .get_mut(&name("chain.conflux"))
        .unwrap()
        .ceiling = 1;
    let problem = bench.problem(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(problem, "chain/gas-price");
}

#[test]
fn an_address_of_another_network_is_refused() {
    let foreign = Value::Text(CoreAddress::new([0x11; 20], 1029).to_string());
    let mut bench = bench(true, map([("manager", foreign)]));
    let problem = bench.problem(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(problem, "chain/bad-address");
}

#[test]
fn a_contract_that_leaves_the_spec_stays_on_the_chain() {
    let mut bench = bench(true, two_settings());
    let observed = there(&mut bench, 1, two_settings());
    let design = bench.design(POOL, Action::Delete, &observed, &[]).unwrap();
    assert!(design.forget && design.effects.is_empty());
    assert!(design.notes[0].contains(&core(0x80).to_string()));
}

/// Found by fuzzing: the number behind the last nonce is nonce 0.
#[test]
fn an_account_without_a_nonce_left_sends_nothing() {
    let mut bench = bench(true, two_settings());
    let account = bench.facts.accounts.get_mut(&name("account.operator"));
    account.unwrap().nonce = u64::MAX - 1;
    let code = bench.problem(POOL, Action::Create, &Observed::Absent, &[]);
    assert_eq!(code, "chain/not-a-node");
}
