//! A block with another name: the hint at it, `moved` and `removed`.

use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const MOVED: &str = "moved {\n  from = stone.a\n  to = stone.b\n}\n";

fn stone(name: &str) -> String {
    format!(
        "stone \"{name}\" {{\n  mood = \"calm\"\n  lifecycle {{\n    irreversible = \"accept\"\n  }}\n}}\n"
    )
}

fn recorded(world: &World) -> Vec<String> {
    let state: Json = serde_json::from_str(&world.read("pospool.state.json")).unwrap();
    let resources = state["state"]["resources"].as_object().unwrap();
    resources.keys().cloned().collect()
}

#[test]
fn case_renamed_block_a_plan_hints_at_the_move() {
    let world = World::new(&stone("a"));
    world.apply();
    world.write("pool.hcl", &stone("b"));
    let plan = world.run("plan");
    assert_eq!(plan.exit, Exit::Done, "{}", plan.err);
    let hint = "warning[plan/renamed-block]: `stone.a` is forgotten, and `stone.b` is made anew";
    assert!(plan.err.contains(hint), "{}", plan.err);
    assert!(
        plan.err.contains("`pospool state mv stone.a stone.b`"),
        "{}",
        plan.err
    );
    // What is meant to go is no rename, and neither is what is new beside it.
    for more in ["removed {\n  from = stone.a\n}\n", MOVED, &stone("a")] {
        world.write("pool.hcl", &(stone("b") + more));
        let plan = world.run("plan");
        assert!(!plan.err.contains("renamed-block"), "{}", plan.err);
    }
    assert_eq!(world.run("state mv stone.a stone.b").exit, Exit::Done);
    world.write("pool.hcl", &stone("b"));
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn case_renamed_block_moved_renames_in_the_state_and_makes_nothing() {
    let world = World::new(&stone("a"));
    world.apply();
    world.write("pool.hcl", &(stone("b") + MOVED));
    let plan = world.run("plan --detailed-exitcode --out saved");
    assert_eq!(plan.exit, Exit::Changes, "{}", plan.err);
    let shown = "renamed in the state:\n  stone.a → stone.b\n\nonly names in the state change\n";
    assert_eq!(plan.out, shown);
    assert_eq!(recorded(&world), ["stone.a"], "a plan changes nothing");
    let ran = world.run("apply saved");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(recorded(&world), ["stone.b"]);
    // The block may stay for those who have not applied yet.
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    let ran = world.run("apply");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}

#[test]
fn case_renamed_block_moves_may_follow_each_other_and_trade_names() {
    let world = World::new(&(stone("a") + &stone("b")));
    world.apply();
    let mv =
        |from: &str, to: &str| format!("moved {{\n  from = stone.{from}\n  to = stone.{to}\n}}\n");
    // `a` takes the name of `b`, which got another one twice since.
    let spec = stone("c") + &stone("d") + &mv("a", "c") + &mv("b", "x") + &mv("x", "d");
    world.write("pool.hcl", &spec);
    let ran = world.run("apply");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(recorded(&world), ["stone.c", "stone.d"]);
}

#[test]
fn case_renamed_block_a_move_onto_what_is_there_is_refused() {
    let world = World::new(&(stone("a") + &stone("b")));
    world.apply();
    world.write("pool.hcl", &(stone("b") + MOVED));
    for line in ["plan", "apply --auto-approve"] {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::Error, "{line}: {}", ran.err);
        assert!(
            ran.err.starts_with("error[plan/both-recorded]"),
            "{}",
            ran.err
        );
    }
    assert_eq!(recorded(&world), ["stone.a", "stone.b"]);
}

#[test]
fn case_renamed_block_removed_forgets_and_takes_nothing_down() {
    let spec = "thing \"a\" {\n  value = 1\n}\n";
    let world = World::new(spec);
    world.apply();
    world.write("pool.hcl", "removed {\n  from = thing.a\n}\n");
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("> forget thing.a"), "{}", ran.out);
    assert!(recorded(&world).is_empty());
    assert_eq!(world.fake.outside().things.len(), 1, "it is still there");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}
