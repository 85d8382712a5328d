//! States that cannot be used, and `show`.

use pospool_engine::store::{Mode, Store};

use super::World;
use crate::exit::Exit;

const RECORD: &str = "record \"a\" {\n  value = 1\n}\n";

#[test]
fn a_state_in_use_is_left_alone() {
    let world = World::new(RECORD);
    world.apply();
    let held = Store::open(&world.path("pospool.state.json"), Mode::Write, "apply").unwrap();
    for command in ["plan", "apply", "destroy"] {
        let ran = world.run(command);
        assert_eq!(ran.exit, Exit::Locked, "{command}");
        assert!(
            ran.err
                .starts_with("error[state/locked]: the state is in use by `pospool apply`"),
            "{}",
            ran.err
        );
        assert!(
            ran.err
                .ends_with("help: wait until it has ended; the lock goes with its process\n")
        );
    }
    drop(held);
    assert_eq!(world.run("plan").exit, Exit::Done);
}

#[test]
fn a_state_that_is_none_is_never_a_new_one() {
    let world = World::new(RECORD);
    for (text, code) in [
        ("", "state/empty"),
        ("{\"serial\": 1}", "state/foreign"),
        (
            "{\"format\": \"pospool-state\", \"version\": 1, \"state\": ",
            "state/damaged",
        ),
        (
            "{\"format\": \"pospool-state\", \"version\": 99}",
            "state/too-new",
        ),
    ] {
        world.write("pospool.state.json", text);
        for command in [
            "plan",
            "apply --auto-approve",
            "destroy --auto-approve",
            "show",
        ] {
            let ran = world.run(command);
            assert_eq!(ran.exit, Exit::BadState, "{command}: {}", ran.err);
            assert!(
                ran.err.starts_with(&format!("error[{code}]")),
                "{}",
                ran.err
            );
        }
        assert_eq!(world.read("pospool.state.json"), text);
    }
}

#[test]
fn a_saved_plan_that_is_none_is_refused() {
    let world = World::new(RECORD);
    world.write("saved", "{}");
    for command in ["apply saved", "show saved"] {
        assert_eq!(world.run(command).exit, Exit::BadState, "{command}");
    }
    assert_eq!(world.run("show nowhere").exit, Exit::Error);
}

#[test]
fn show_tells_what_was_made() {
    let world =
        World::new("thing \"a\" {\n  value = 1\n}\noutput \"id\" {\n  value = thing.a.id\n}\n");
    assert_eq!(
        world.run("show").out,
        "there is no state `FOLDER/pospool.state.json`: nothing was made yet\n"
    );
    world.apply();
    let shown = world.run("show").out;
    let (head, rest) = shown.split_once('\n').unwrap();
    assert!(
        head.starts_with("lineage ") && head.ends_with("1 resource"),
        "{head}"
    );
    insta::assert_snapshot!(rest, @r#"
        thing.a
          value: 1
          → id: "id of thing.a"
          → made: 1

        outputs:
          id: "id of thing.a"
        "#);
    let json: serde_json::Value = serde_json::from_str(&world.run("show --json").out).unwrap();
    assert_eq!(
        json["state"]["resources"]["thing.a"]["attributes"]["value"],
        1
    );
}
