//! Taking up what is there and no state knows: `pospool import`, and `address` in the block of a contract.

use std::fs;

use pospool_cli::exit::Exit;
use pospool_conflux::CoreAddress;
use pospool_model::state::State;
use pospool_modelchain::Account;
use pospool_tests::stub_world::CommandRun;

use crate::example_world::{ExampleWorld, operator, spec_of};

const STATE: &str = "pospool.state.json";
const SCAN: [&str; 3] = ["import", "--scan", "--auto-approve"];

impl ExampleWorld {
    /// Loses the state; returns what was sent and changed until then.
    fn loses_its_state(&self) -> (usize, usize) {
        fs::remove_file(self.world.path(STATE)).unwrap();
        self.changes()
    }

    fn changes(&self) -> (usize, usize) {
        (
            self.world.chain.handed_in().len(),
            self.world.engine.changes(),
        )
    }

    /// An output that the state knows.
    fn output(&self, address: &str, name: &str) -> String {
        let store = self.world.store();
        let recorded = &store.state().resources[&address.parse().unwrap()];
        recorded.outputs[name].as_text().unwrap().to_owned()
    }

    fn is_empty(&self) -> CommandRun {
        self.ends(&["plan", "--detailed-exitcode"], Exit::Done)
    }
}

/// Names of what a state knows.
fn names(state: &State) -> Vec<String> {
    state.resources.keys().map(ToString::to_string).collect()
}

#[test]
fn case_lost_state_a_scan_takes_up_all_that_is_there_and_the_plan_is_empty() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let known = pool.world.store().state().clone();
    let before = pool.loses_its_state();
    let refused = pool.ends(&["apply", "--auto-approve"], Exit::Protected);
    assert!(
        refused.err.contains("`pospool import --scan`"),
        "{}",
        refused.err
    );
    let run = pool.ends(&SCAN, Exit::Done);
    assert!(run.out.contains("4 resources taken up"), "{}", run.out);
    let taken = pool.world.store().state().clone();
    assert_eq!(taken.lineage, known.lineage);
    assert_eq!(names(&taken), names(&known));
    pool.is_empty();
    // A second one finds nothing, and changes nothing.
    let spec = fs::read_to_string(pool.world.path("pool.hcl")).unwrap();
    let run = pool.ends(&SCAN, Exit::Done);
    assert!(run.out.contains("nothing was found"), "{}", run.out);
    assert_eq!(
        fs::read_to_string(pool.world.path("pool.hcl")).unwrap(),
        spec
    );
    assert_eq!(pool.changes(), before);
}

#[test]
fn case_lost_state_contracts_of_both_spaces_come_back() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let known = pool.world.store().state().clone();
    let before = pool.loses_its_state();
    pool.ends(&SCAN, Exit::Done);
    let taken = pool.world.store().state().clone();
    assert_eq!(names(&taken), names(&known));
    for (address, recorded) in &known.resources {
        let taken = &taken.resources[address];
        for name in [
            "address",
            "implementation",
            "owner_address",
            "code",
            "pos_address",
        ] {
            assert_eq!(
                taken.outputs.get(name),
                recorded.outputs.get(name),
                "{address} {name}"
            );
        }
    }
    pool.is_empty();
    assert_eq!(pool.changes(), before);
}

#[test]
fn what_a_scan_does_not_find_is_named() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    pool.loses_its_state();
    let more =
        "core_contract \"other\" {\n  code = source.contracts.PoolManager\n}\n\npos_registration";
    pool.edit("pos_registration", more);
    let run = pool.ends(&SCAN, Exit::Done);
    let missing = "not found: `core_contract.other`; the next apply makes what is not there";
    assert!(run.err.contains(missing), "{}\n{}", run.out, run.err);
}

#[test]
fn what_differs_is_taken_up_as_it_is_and_shows_in_the_next_plan() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let before = pool.loses_its_state();
    pool.edit("user_share_ratio = \"90%\"", "user_share_ratio = \"80%\"");
    pool.ends(&SCAN, Exit::Done);
    let run = pool.ends(&["plan", "--detailed-exitcode"], Exit::Changes);
    let change = "settings.user_share_ratio: \"90%\" → \"80%\"";
    assert!(run.out.contains(change), "{}", run.out);
    assert!(
        run.out.contains("1 to update; 1 effect outside"),
        "{}",
        run.out
    );
    assert_eq!(pool.changes(), before);
}

#[test]
fn one_contract_is_taken_up_by_its_address() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    let part = ["apply", "--auto-approve", "--target", "core_contract.pool"];
    pool.ends(&part, Exit::Done);
    let at = pool.output("core_contract.pool", "address");
    let before = pool.changes();
    let import = |place: &str, exit| {
        let line = ["import", "core_contract.pool", place, "--auto-approve"];
        pool.ends(&line, exit)
    };
    let run = import(&at, Exit::Error);
    assert!(run.err.contains("error[import/block]"), "{}", run.err);
    pool.loses_its_state();
    let spec = || fs::read_to_string(pool.world.path("pool.hcl")).unwrap();
    let written = spec();
    // Nothing is there, it is of another network, or it is none.
    let core = |network| CoreAddress::new([0x8a; 20], network).to_string();
    for (wrong, code) in [
        (core(1234), "chain/nothing-there"),
        (core(1029), "chain/bad-address"),
        ("pool".to_owned(), "chain/bad-address"),
    ] {
        let run = pool.run(&["import", "core_contract.pool", &wrong, "--auto-approve"]);
        assert_eq!(run.exit, Exit::Error, "{}\n{}", run.out, run.err);
        assert!(run.err.contains(code), "{code}: {}\n{}", run.out, run.err);
        assert!(!run.out.contains("taken up"), "{}", run.out);
        assert_eq!(spec(), written);
        let words = [
            "import",
            "core_contract.pool",
            &wrong,
            "--auto-approve",
            "--json",
        ];
        let run = pool.ends(&words, Exit::Error);
        assert!(run.out.contains(code), "{code}: {}\n{}", run.out, run.err);
    }
    let run = import(&at, Exit::Done);
    assert!(run.out.contains("1 resource taken up"), "{}", run.out);
    assert_eq!(names(pool.world.store().state()), ["core_contract.pool"]);
    let spec = spec();
    assert!(
        spec.contains(&format!("{{\n  address = \"{at}\"\n")),
        "{spec}"
    );
    assert_eq!(pool.changes(), before);
}

#[test]
fn the_spec_of_a_pool_is_written_from_one_address_and_its_plan_is_empty() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let at = pool.output("core_contract.pool", "address");
    let manager = pool.output("core_contract.manager", "address");
    let before = pool.changes();
    // As somebody has it who made the pool with other tools: neither a spec nor a state, and no name of ours.
    let ours = pool.loses_its_state();
    let line = |from: &[&str], spec: &str| {
        let mut words = vec!["import", "--scan", "--auto-approve", "--spec", spec];
        words.extend(["--network", "testnet", "--source", "contracts"]);
        for from in from {
            words.extend(["--from", from]);
        }
        pool.world.run(&words, "")
    };
    let spec = fs::read_to_string(pool.world.path("pool.hcl")).unwrap();
    let run = line(&[&at], "pool.hcl");
    assert_eq!(run.exit, Exit::Error);
    assert!(run.err.contains("error[cli/exists]"), "{}", run.err);
    assert_eq!(
        fs::read_to_string(pool.world.path("pool.hcl")).unwrap(),
        spec
    );
    // Who is not asked has not said yes, and finds no file.
    let words = [
        "import",
        "--scan",
        "--spec",
        "found.hcl",
        "--network",
        "testnet",
        "--source",
        "contracts",
        "--from",
        &at,
    ];
    let run = pool.world.run(&words, "");
    assert!(run.err.contains("cli/declined"), "{}", run.err);
    assert!(
        run.out.contains("7 to adopt") || run.out.contains("6 to adopt"),
        "{}",
        run.out
    );
    assert!(!pool.world.path("found.hcl").exists());
    let run = line(&[&manager, &at], "found.hcl");
    assert_eq!(run.exit, Exit::Done, "{}\n{}", run.out, run.err);
    let text = fs::read_to_string(pool.world.path("found.hcl")).unwrap();
    let pair = "espace_pools = [{ espace_pool = espace_contract.pool, pool = core_contract.pool }]";
    for line in [
        pair,
        "voting_escrow = espace_contract.voting_escrow",
        "name = \"Harbour pool\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let run = pool
        .world
        .run(&["plan", "--detailed-exitcode", "--spec", "found.hcl"], "");
    assert_eq!(run.exit, Exit::Done, "{}\n{}", run.out, run.err);
    assert_eq!(pool.changes(), before);
    assert_eq!(ours, before);
}

#[test]
fn no_stake_goes_to_a_pool_that_the_spec_names_and_nobody_of_it_made() {
    let demo = ExampleWorld::demo(spec_of("private-network"));
    let part = ["apply", "--auto-approve", "--target", "core_contract.pool"];
    demo.ends(&part, Exit::Done);
    let at: CoreAddress = demo
        .output("core_contract.pool", "address")
        .parse()
        .unwrap();
    let copy_of = |mut bytes: Account| {
        bytes[19] ^= 1;
        bytes
    };
    demo.world.chain.copy_contracts(operator(), copy_of);
    demo.loses_its_state();
    let theirs = CoreAddress::new(copy_of(at.bytes()), 1234).to_string();
    let line = ["import", "core_contract.pool", &theirs, "--auto-approve"];
    demo.ends(&line, Exit::Done);
    let before = demo.world.chain.handed_in().len();
    let run = demo.ends(&["apply", "--auto-approve"], Exit::Error);
    assert!(run.err.contains("chain/unproven-pool"), "{}", run.err);
    assert_eq!(demo.world.chain.handed_in().len(), before);
}

#[test]
fn other_code_is_taken_up_as_it_is_and_said() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    let words = [
        "apply",
        "--auto-approve",
        "--exclude",
        "pos_registration.main",
    ];
    pool.ends(&words, Exit::Done);
    // A contract of the same owner with the same proxy, and another code than the block says.
    let at = pool.output("core_contract.voting_escrow", "address");
    let before = pool.loses_its_state();
    let line = [
        "import",
        "core_contract.pool",
        &at,
        "--scan",
        "--auto-approve",
    ];
    let run = pool.ends(&line, Exit::Done);
    assert!(run.err.contains("warning[chain/other-code]"), "{}", run.err);
    let recorded =
        pool.world.store().state().resources[&"core_contract.pool".parse().unwrap()].clone();
    assert_ne!(recorded.outputs["code"], recorded.attributes["code"]);
    assert!(!recorded.outputs.contains_key("storage"));
    assert_eq!(pool.changes(), before);
    // It differs in its settings, and no upgrade is planned for that.
    let run = pool.run(&["plan"]);
    assert!(
        run.out.contains("~ update core_contract.pool"),
        "{}",
        run.out
    );
    assert!(
        !run.out.contains("create the PoSPool implementation"),
        "{}",
        run.out
    );
}

#[test]
fn case_after_destroy_a_pool_that_is_registered_is_named_and_taken_up_again() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let at = pool.output("core_contract.pool", "address");
    pool.ends(&["destroy", "--auto-approve", "--confirm", &at], Exit::Done);
    let before = pool.world.chain.handed_in().len();
    let run = pool.run(&["plan"]);
    assert!(run.err.contains("warning[state/lost]"), "{}", run.err);
    assert!(run.err.contains("`pospool import --scan`"), "{}", run.err);
    pool.ends(&["apply", "--auto-approve"], Exit::Protected);
    pool.ends(&SCAN, Exit::Done);
    assert_eq!(pool.output("core_contract.pool", "address"), at);
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    pool.is_empty();
    assert_eq!(
        pool.world.chain.handed_in().len(),
        before,
        "no stake a second time"
    );
}

/// A state that knows of one contract is no new one, so the next apply would make the rest again: a second pool, with a second
/// stake.
#[test]
fn case_lost_state_one_contract_alone_is_not_taken_up_where_more_was_made() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let at = pool.output("core_contract.manager", "address");
    let before = pool.loses_its_state();
    let spec = fs::read_to_string(pool.world.path("pool.hcl")).unwrap();
    let line = ["import", "core_contract.manager", &at, "--auto-approve"];
    let run = pool.ends(&line, Exit::Protected);
    for part in ["error[state/lost]", "`core_contract.pool`", "add --scan"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert_eq!(
        fs::read_to_string(pool.world.path("pool.hcl")).unwrap(),
        spec
    );
    pool.ends(&["apply", "--auto-approve"], Exit::Protected);
    pool.ends(&[&line[..], &["--scan"]].concat(), Exit::Done);
    pool.is_empty();
    assert_eq!(pool.changes(), before);
}

#[test]
fn an_address_that_the_block_has_is_not_said_a_second_time() {
    let part = ["apply", "--auto-approve", "--target", "core_contract.pool"];
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&part, Exit::Done);
    let at = pool.output("core_contract.pool", "address");
    pool.loses_its_state();
    let block = "core_contract \"pool\" {";
    let other = CoreAddress::new([0x88; 20], 1234).to_string();
    for said in [
        format!("\"{other}\""),
        "var.at".to_owned(),
        "null".to_owned(),
    ] {
        let variable = format!("variable \"at\" {{\n  default = \"{other}\"\n}}\n\n{block}");
        pool.edit(block, &format!("{variable}\n  address = {said}"));
        let spec = fs::read_to_string(pool.world.path("pool.hcl")).unwrap();
        let run = pool.ends(
            &["import", "core_contract.pool", &at, "--auto-approve"],
            Exit::Error,
        );
        for part in ["error[import/block]", "has an `address` already"] {
            assert!(run.err.contains(part), "{part}: {}", run.err);
        }
        assert_eq!(
            fs::read_to_string(pool.world.path("pool.hcl")).unwrap(),
            spec
        );
    }
}

/// The state of a spec and one that is written from what is there: the next plan of that would stop the node.
#[test]
fn no_spec_is_written_beside_the_state_of_another_one() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let at = pool.output("core_contract.pool", "address");
    let state = fs::read_to_string(pool.world.path(STATE)).unwrap();
    let words = ["import", "--scan", "--from", &at, "--spec", "found.hcl"];
    let run = pool.world.run(&words, "");
    assert_eq!(run.exit, Exit::Error, "{}\n{}", run.out, run.err);
    for part in ["error[import/block]", "of another spec"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert!(!pool.world.path("found.hcl").exists());
    let now = fs::read_to_string(pool.world.path(STATE)).unwrap();
    assert_eq!(now, state);
}
