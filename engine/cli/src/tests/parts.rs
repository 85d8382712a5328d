//! A part of a spec: `--target`, `--exclude`, `start`.

use pospool_model::Value;
use serde_json::Value as Json;

use super::World;
use super::faults::{THINGS, outputs};
use crate::exit::Exit;

/// What is there outside, by name.
fn things(world: &World) -> Vec<String> {
    world.fake.outside().things.keys().cloned().collect()
}

#[test]
fn a_target_comes_with_what_it_needs() {
    let world = World::new(THINGS);
    let plan = world.run("plan --target thing.b");
    assert_eq!(plan.exit, Exit::Done, "{}", plan.err);
    assert!(
        plan.out
            .starts_with("a part only: 2 resources are left out and not looked at\n"),
        "{}",
        plan.out
    );
    // What is left out may be as broken as it likes.
    world.fake.outside().unseen.insert("thing.c".to_owned());
    let ran = world.run("apply --target thing.b --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(things(&world), ["thing.a", "thing.b"]);
    world.fake.outside().unseen.clear();
    world.apply();
    let ran = world.run("destroy --target thing.b --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(things(&world), ["thing.a", "thing.c"], "and what used it");
}

#[test]
fn what_is_excluded_takes_along_what_needs_it() {
    let world = World::new(THINGS);
    let ran = world.run("apply --exclude thing.b --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(things(&world), ["thing.a", "thing.c"]);
    world.apply();
    let ran = world.run("destroy --exclude thing.b --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(things(&world), ["thing.a", "thing.b"], "it stands on `a`");
}

#[test]
fn a_part_that_is_saved_is_applied_as_that_part() {
    let world = World::new(THINGS);
    assert_eq!(
        world.run("plan --exclude thing.c --out saved").exit,
        Exit::Done
    );
    world.fake.outside().unseen.insert("thing.c".to_owned());
    let ran = world.run("apply saved");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(things(&world), ["thing.a", "thing.b", "thing.d"]);
}

#[test]
fn a_part_skips_no_refusal_and_no_slip() {
    let world = World::new("stone \"a\" {\n}\nthing \"a\" {\n  value = 1\n}\n");
    assert_eq!(
        world.run("apply --target stone.a --auto-approve").exit,
        Exit::Protected
    );
    for command in ["plan", "apply", "destroy"] {
        world.run("apply --target thing.a --auto-approve");
        for option in ["--target", "--exclude"] {
            let ran = world.run(&format!("{command} {option} thing.b"));
            assert_eq!(ran.exit, Exit::Error);
            assert!(
                ran.err.starts_with(
                    "error[cli/unknown-resource]: neither the spec nor the state has `thing.b`\n  help: did you mean `thing.a`?"
                ),
                "{}",
                ran.err
            );
        }
    }
}

/// What left the spec and what a thing that is left out still uses is not taken from under it.
#[test]
fn nothing_is_taken_from_under_what_is_left_out() {
    let world = World::new(THINGS);
    world.apply();
    world.write("pool.hcl", "thing \"d\" {\n  value = 1\n}\n");
    let ran = world.run("apply --exclude thing.d --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.out
            .contains("! thing.b (plan/in-use): `thing.d` uses it, and stays"),
        "{}",
        ran.out
    );
    assert_eq!(things(&world), ["thing.a", "thing.b", "thing.d"]);
}

/// Which outputs there are is a matter of the whole spec.
#[test]
fn a_part_removes_no_output() {
    let world = World::new(THINGS);
    world.apply();
    let before = outputs(&world);
    let (without, _) = THINGS.split_once("output").unwrap();
    world.write("pool.hcl", without);
    let plan = world.run("plan --target thing.a --detailed-exitcode");
    assert_eq!(plan.exit, Exit::Done, "{}", plan.out);
    insta::assert_snapshot!(plan.out, @r"
        a part only: 3 resources are left out and not looked at

        nothing to do in this part
        ");
    let state = world.read("pospool.state.json");
    world.run("apply --target thing.a --auto-approve");
    assert_eq!(
        world.read("pospool.state.json"),
        state,
        "nothing was written"
    );
    let ran = world.run("destroy --target thing.d --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(!ran.out.contains("removed"), "{}", ran.out);
    assert_eq!(outputs(&world), before);
    assert!(world.apply().out.contains("a: removed"));
}

const RUNS: &str =
    "thing \"a\" {\n  state = \"running\"\n  value = 1\n}\nthing \"b\" {\n  value = 1\n}\n";

fn stop(world: &World) {
    let mut outside = world.fake.outside();
    let thing = outside.things.get_mut("thing.a").unwrap();
    thing.insert("state".to_owned(), Value::from("stopped"));
}

#[test]
fn case_one_fault_blocks_no_start() {
    let world = World::new(RUNS);
    world.apply();
    stop(&world);
    world.fake.outside().unseen.insert("thing.b".to_owned());
    let ran = world.run("start thing.a");
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.err, ran.out);
    insta::assert_snapshot!(ran.out, @r#"
        a part only: 1 resource is left out and not looked at

        ~ update thing.a (changed outside)
            state: "stopped" → "running"
          → make thing.a

        1 to update; 1 effect outside
        all done; the state has serial N; 1 effect done
        "#);
    let state = world.fake.outside().things["thing.a"]["state"].clone();
    assert_eq!(state, Value::from("running"));
    let again = world.run("start thing.a");
    assert_eq!(again.exit, Exit::Done);
    assert_eq!(again.err, "thing.a runs: there is nothing to start\n");
    // What the spec says beside that is for an apply.
    world.fake.outside().unseen.clear();
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    stop(&world);
    world.write(
        "pool.hcl",
        &RUNS.replace("value = 1\n}\nthing", "value = 2\n}\nthing"),
    );
    assert_eq!(world.run("start thing.a").exit, Exit::Done);
    let state = world.read("pospool.state.json");
    let state: Json = serde_json::from_str(&state).unwrap();
    let recorded = &state["state"]["resources"]["thing.a"]["attributes"];
    assert_eq!(recorded["value"], 1, "{recorded}");
}

#[test]
fn a_start_removes_no_output() {
    let output = "output \"a\" {\n  value = thing.a.id\n}\n";
    let (alone, _) = RUNS.split_once("thing \"b\"").unwrap();
    // Of the second spec a start leaves nothing out.
    for spec in [RUNS, alone] {
        let world = World::new(&format!("{spec}{output}"));
        world.apply();
        let before = outputs(&world);
        stop(&world);
        let ran = world.run("start thing.a");
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        assert!(!ran.out.contains("removed"), "{}", ran.out);
        assert_eq!(outputs(&world), before);
    }
}

#[test]
fn a_start_makes_nothing_and_says_why() {
    let world = World::new(RUNS);
    let refused = |line: &str, words: &str| {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::Error, "{line}: {}", ran.out);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    };
    refused(
        "start thing.a",
        "error[plan/no-start]: `thing.a` was not made",
    );
    refused("start thing.c", "error[cli/unknown-resource]");
    world.apply();
    stop(&world);
    world.fake.outside().unseen.insert("thing.a".to_owned());
    refused(
        "start thing.a",
        "error[fake/unreachable]: `thing.a`: it cannot be looked at",
    );
    world.fake.outside().unseen.clear();
    world.fake.outside().foreign.insert("thing.a".to_owned());
    refused(
        "start thing.a",
        "error[fake/refused]: `thing.a`: it belongs to somebody else",
    );
    world.fake.outside().foreign.clear();
    world.write("pool.hcl", &RUNS.replace("running", "stopped"));
    refused(
        "start thing.a",
        "error[plan/no-start]: the spec wants `thing.a` stopped",
    );
    world.write("pool.hcl", RUNS);
    world.fake.outside().things.remove("thing.a");
    refused(
        "start thing.a",
        "error[plan/no-start]: `thing.a` was not made",
    );
    assert_eq!(things(&world), ["thing.b"]);
}

/// A design that needs something which a start leaves out is no sign that everything runs.
#[test]
fn a_start_that_needs_what_is_left_out_says_so() {
    let world = World::new(
        "record \"friend\" {\n  value = 1\n}\nstone \"a\" {\n  mood  = \"lonely\"\n  state = \"running\"\n  lifecycle {\n    irreversible = \"accept\"\n  }\n}\n",
    );
    world.apply();
    let ran = world.run("start stone.a");
    assert_eq!(ran.exit, Exit::Error, "{} {}", ran.err, ran.out);
    let line = "! stone.a (plan/left-out): needs `record.friend`";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert_eq!(ran.err, "");
}
