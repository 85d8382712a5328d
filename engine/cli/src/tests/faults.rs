//! One fault stops only what depends on it.

use pospool_fake::FakeFault;
use pospool_model::{Attributes, Value};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

/// `b` reads what making `a` left behind, `c` uses neither, and `d` needs `b`.
pub(super) const THINGS: &str = r#"
thing "a" {
  value = 1
}
thing "b" {
  value = thing.a.id
}
thing "c" {
  value = 1
}
thing "d" {
  value = 1
  uses  = [thing.b]
}
output "c" {
  value = thing.c.id
}
output "a" {
  value = thing.a.id
}
"#;

/// What an apply did outside: the summaries of all effects, in the order of their names.
fn made(world: &World) -> Vec<String> {
    let outside = world.fake.outside();
    assert!(outside.effects.values().all(|times| *times == 1));
    let keys = outside.effects.keys();
    keys.map(|key| key.split(" #").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn case_one_fault_blocks_only_what_depends_on_what_was_not_seen() {
    let world = World::new(THINGS);
    world.fake.outside().unseen.insert("thing.a".to_owned());
    let plan = world.run("plan --detailed-exitcode");
    assert_eq!(plan.exit, Exit::Error);
    insta::assert_snapshot!(plan.out, @r#"
        + create thing.c (not there yet)
            value: 1
          → make thing.c

        blocked, and left as it is:
          ! thing.a (fake/unreachable): it cannot be looked at
          ! thing.b (fake/unreachable): needs `thing.a`
          ! thing.d (fake/unreachable): needs `thing.b`

        outputs:
          c: "id of thing.c"

        1 to create; 1 effect outside; 3 blocked
        "#);
    insta::assert_snapshot!(plan.err.split_once("made\n\n").unwrap().1, @r"
        error[fake/unreachable]: `thing.a`: it cannot be looked at
         --> pool.hcl:3:11
          |
        3 |   value = 1
          |           ^
          |
          = help: let it be seen

        1 error
        ");
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Error, "{}", ran.err);
    assert_eq!(
        ran.out.lines().last().unwrap(),
        "not whole; the state has serial N; 1 effect done, 3 resources blocked"
    );
    assert_eq!(made(&world), ["make thing.c"]);
    // Nothing more can be done, and that is not the same as "nothing to do".
    let again = world.run("apply --auto-approve");
    assert_eq!(again.exit, Exit::Error);
    assert!(
        again.out.ends_with("nothing else can be done; 3 blocked\n"),
        "{}",
        again.out
    );
    world.fake.outside().unseen.clear();
    world.apply();
    assert_eq!(made(&world).len(), 4);
}

/// A thing that is there, and that nobody can see now, is not made a second time, and not taken down.
#[test]
fn what_is_blocked_is_neither_absent_nor_deleted() {
    let world = World::new(THINGS);
    world.apply();
    let before = made(&world);
    for passed_over in [false, true] {
        let all = ["thing.a", "thing.b", "thing.d"].map(str::to_owned);
        {
            let mut outside = world.fake.outside();
            outside.unseen = all.clone().into();
            if passed_over {
                // `a` has a problem; of the others the look says nothing.
                outside.unseen = ["thing.a".to_owned()].into();
                outside.passed_over = all[1..].iter().cloned().collect();
            }
        }
        assert_eq!(world.run("apply --auto-approve").exit, Exit::Error);
        // A block that is gone goes from the outside too, but not while nobody sees what is there.
        world.write("pool.hcl", "thing \"c\" {\n  value = 1\n}\n");
        assert_eq!(world.run("apply --auto-approve").exit, Exit::Error);
        assert_eq!(world.run("destroy --auto-approve").exit, Exit::Error);
        let state = world.read("pospool.state.json");
        for address in &all {
            assert!(state.contains(address.as_str()), "{address}: {state}");
            assert!(world.fake.outside().things.contains_key(address));
        }
        world.write("pool.hcl", THINGS);
        let mut outside = world.fake.outside();
        outside.unseen.clear();
        outside.passed_over.clear();
        drop(outside);
        world.apply();
    }
    let again = made(&world);
    assert_eq!(
        again.iter().filter(|one| **one == "make thing.a").count(),
        1
    );
    assert!(
        again.len() > before.len(),
        "`c` was taken down and made again"
    );
}

/// Names say nothing of who needs whom: a resource whose look is silent is blocked by what comes after it in the alphabet
/// as well, by way of others too, and also where its block is gone.
#[test]
fn what_was_not_seen_blocks_through_all_that_say_nothing() {
    let spec = "thing \"c\" {\n  value = 1\n}\nthing \"b\" {\n  value = 1\n  uses  = [thing.c]\n}\nthing \"a\" {\n  value = 1\n  uses  = [thing.b]\n}\n";
    let world = World::new(spec);
    world.apply();
    let before = made(&world);
    {
        let mut outside = world.fake.outside();
        outside.unseen.insert("thing.c".to_owned());
        outside.passed_over = ["thing.a".to_owned(), "thing.b".to_owned()].into();
    }
    for spec in [spec, ""] {
        world.write("pool.hcl", spec);
        let ran = world.run("apply --auto-approve");
        assert_eq!(ran.exit, Exit::Error, "{}", ran.out);
        for line in [
            "! thing.a (fake/unreachable): needs `thing.b`",
            "! thing.b (fake/unreachable): needs `thing.c`",
        ] {
            assert!(ran.out.contains(line), "{line}: {}", ran.out);
        }
    }
    assert_eq!(made(&world), before, "nothing is made again");
    assert!(world.read("pospool.state.json").contains("thing.a"));
}

/// What somebody who stays still uses is not taken away from under him.
#[test]
fn what_a_blocked_resource_uses_stays() {
    let world = World::new(THINGS);
    world.apply();
    world.fake.outside().unseen.insert("thing.d".to_owned());
    let ran = world.run("destroy --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    insta::assert_snapshot!(ran.out.split_once("blocked,").unwrap().1.lines().take(4).collect::<Vec<_>>().join("\n"), @r"
         and left as it is:
          ! thing.d (fake/unreachable): it cannot be looked at
          ! thing.b (plan/in-use): `thing.d` uses it, and stays
          ! thing.a (plan/in-use): `thing.b` uses it, and stays
        ");
    let outside = world.fake.outside().things.clone();
    assert_eq!(
        outside.keys().map(String::as_str).collect::<Vec<_>>(),
        ["thing.a", "thing.b", "thing.d"]
    );
}

/// What is recorded of something that cannot be seen is as good as what would be seen of it.
#[test]
fn recorded_outputs_are_enough_where_no_look_is_needed() {
    let world = World::new(THINGS);
    world.apply();
    world.write(
        "pool.hcl",
        &THINGS.replace("value = 1\n  uses", "value = 2\n  uses"),
    );
    for sightless in [false, true] {
        let mut outside = world.fake.outside();
        outside.unseen.insert("thing.b".to_owned());
        outside.sightless = sightless;
        drop(outside);
        let ran = world.run("apply --auto-approve");
        assert_eq!(ran.exit, Exit::Error);
        let now = world.fake.outside().things["thing.d"]["value"].clone();
        assert_eq!(now, Value::Integer(if sightless { 2 } else { 1 }));
    }
}

/// A design that is refused takes no lane, no money and no other design with it.
#[test]
fn case_one_fault_blocks_nothing_but_the_foreign_one() {
    let world = World::new(THINGS);
    world.apply();
    world.fake.outside().foreign.insert("thing.a".to_owned());
    let drifted = Attributes::from([("value".to_owned(), Value::Integer(7))]);
    world
        .fake
        .outside()
        .things
        .insert("thing.c".to_owned(), drifted);
    world.write(
        "pool.hcl",
        &THINGS.replace("\"a\" {\n  value = 1", "\"a\" {\n  value = 2"),
    );
    let plan = world.run("plan --json");
    assert_eq!(plan.exit, Exit::Error);
    let json: Json = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(json["plan"]["blocked"][0]["address"], "thing.a");
    assert_eq!(json["plan"]["blocked"][0]["code"], "fake/refused");
    assert_eq!(json["summary"]["blocked"], 1);
    assert_eq!(json["diagnostics"][0]["code"], "fake/refused");
    let ran = world.run("apply --auto-approve --json");
    assert_eq!(ran.exit, Exit::Error);
    let end: Json = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&end["exit"], &end["blocked"]),
        (&Json::from(1), &Json::from(1))
    );
    let things = world.fake.outside().things.clone();
    assert_eq!(things["thing.c"]["value"], Value::Integer(1), "put right");
    assert_eq!(things["thing.a"]["value"], Value::Integer(1), "left alone");
    // Without it nothing is blocked any more.
    world.fake.outside().foreign.clear();
    world.apply();
}

/// A block that was renamed is a new resource and one that is gone: while the new one is refused, the old one stays.
#[test]
fn case_one_fault_blocks_the_removal_of_what_may_be_renamed() {
    let world = World::new(THINGS);
    world.apply();
    let foreign = |name: &str| world.fake.outside().foreign.insert(name.to_owned());
    foreign("thing.moved");
    let renamed = THINGS
        .replace("\"c\" {\n  value = 1", "\"moved\" {\n  value = 1")
        .replace("thing.c.id", "thing.moved.id");
    world.write("pool.hcl", &renamed);
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.out
            .contains("! thing.c (plan/may-be-renamed): `thing.c` stays"),
        "{}",
        ran.out
    );
    let is_there = |name: &str| world.fake.outside().things.contains_key(name);
    assert!(is_there("thing.c") && !is_there("thing.moved"));
    world.fake.outside().foreign.clear();
    world.apply();
    assert!(!is_there("thing.c") && is_there("thing.moved"));
}

/// An effect of which nobody knows what became blocks its lane, and nothing else.
#[test]
fn an_effect_that_cannot_be_settled_blocks_its_lane() {
    for one_lane in [false, true] {
        let world = World::new("thing \"a\" {\n  value = 1\n}\n");
        world.fake.outside().fault = Some(FakeFault::DiesAfter(0));
        assert_eq!(world.run("apply --auto-approve").exit, Exit::Error);
        {
            let mut outside = world.fake.outside();
            (outside.dead, outside.one_lane) = (false, one_lane);
            // The next commit is the settling, and it gets no answer.
            outside.fault = Some(FakeFault::Unreachable(1));
        }
        world.write(
            "pool.hcl",
            "thing \"a\" {\n  value = 1\n}\nthing \"c\" {\n  value = 1\n}\nrecord \"note\" {\n  value = 1\n}\n",
        );
        let ran = world.run("apply --auto-approve");
        assert_eq!(ran.exit, Exit::Error);
        assert!(
            ran.out
                .contains("! thing.a (fake/unreachable): an earlier run began `thing.a/make`"),
            "{}",
            ran.out
        );
        assert_eq!(
            world.fake.outside().things.contains_key("thing.c"),
            !one_lane,
            "{}",
            ran.out
        );
        // What needs neither is recorded, although the journal is still open.
        assert!(world.run("show").out.contains("record.note"));
        world.fake.outside().fault = None;
        world.apply();
        assert_eq!(made(&world), ["make thing.a", "make thing.c"]);
        assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    }
}

/// What is under way is told of, whoever leaves its resource out.
#[test]
fn an_effect_that_cannot_be_settled_is_not_left_out() {
    for command in ["apply", "destroy"] {
        let world = World::new("thing \"a\" {\n  value = 1\n}\n");
        world.fake.outside().fault = Some(FakeFault::DiesAfter(0));
        assert_eq!(world.run("apply --auto-approve").exit, Exit::Error);
        {
            let mut outside = world.fake.outside();
            outside.dead = false;
            // The next commit is the settling, and it gets no answer.
            outside.fault = Some(FakeFault::Unreachable(1));
        }
        let ran = world.run(&format!("{command} --exclude thing.a --auto-approve"));
        assert_eq!(ran.exit, Exit::Error, "{}", ran.out);
        let line = "! thing.a (fake/unreachable): an earlier run began `thing.a/make`";
        assert!(ran.out.contains(line), "{}", ran.out);
    }
}

#[test]
fn a_saved_plan_does_the_rest_and_is_stale_when_more_is_blocked() {
    let world = World::new(THINGS);
    world.fake.outside().unseen.insert("thing.a".to_owned());
    let plan = world.run("plan --out saved");
    assert_eq!(plan.exit, Exit::Error);
    assert!(
        world
            .run("show saved")
            .out
            .contains("! thing.a (fake/unreachable)")
    );
    world.fake.outside().unseen.insert("thing.c".to_owned());
    let stale = world.run("apply saved");
    assert_eq!(stale.exit, Exit::Stale, "{}", stale.err);
    assert!(
        stale.err.contains("`thing.c` is blocked now"),
        "{}",
        stale.err
    );
    world.fake.outside().unseen.remove("thing.c");
    let ran = world.run("apply saved");
    assert_eq!(ran.exit, Exit::Error, "{}", ran.err);
    assert_eq!(made(&world), ["make thing.c"]);
}

/// A refusal of safety still refuses everything.
#[test]
fn a_protection_beside_a_fault_refuses_all() {
    let protected = THINGS.replace(
        "\"c\" {\n  value = 1",
        "\"c\" {\n  value = 1\n  shape = \"old\"\n  lifecycle {\n    prevent_destroy = true\n  }",
    );
    let world = World::new(&protected);
    world.apply();
    world.fake.outside().unseen.insert("thing.a".to_owned());
    world.write("pool.hcl", &protected.replace("old", "new"));
    let before = made(&world);
    assert_eq!(world.run("apply --auto-approve").exit, Exit::Protected);
    assert_eq!(made(&world), before);
}

/// The outputs that the state has.
pub(super) fn outputs(world: &World) -> Json {
    let state: Json = serde_json::from_str(&world.read("pospool.state.json")).unwrap();
    state["state"]["outputs"].clone()
}

/// What reads something blocked keeps its output, and so do counters and outputs of the state.
#[test]
fn outputs_that_read_something_blocked_stay() {
    let world = World::new(THINGS);
    world.apply();
    let before = outputs(&world);
    world.fake.outside().unseen.insert("thing.a".to_owned());
    world.fake.outside().things.remove("thing.c");
    assert_eq!(world.run("apply --auto-approve").exit, Exit::Error);
    assert_eq!(outputs(&world), before);
    assert_eq!(before["a"], "id of thing.a");
}
