//! Taking up what is there and no state knows: `pospool import`, and `address` in the block of a contract.

use std::fs;

use pospool_cli::exit::Exit;
use pospool_conflux::CoreAddress;
use pospool_model::state::State;
use pospool_tests::stub_world::CommandRun;

use crate::example_world::{ExampleWorld, spec_of};

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
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
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
        assert!(run.err.contains(code), "{code}: {}\n{}", run.out, run.err);
        assert!(!run.out.contains("taken up"), "{}", run.out);
        assert_eq!(spec(), written);
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
