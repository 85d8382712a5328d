//! `apply` and `destroy`.

use pospool_fake::FakeFault;
use pospool_model::{Finding, FindingKind};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const RECORD: &str =
    "record \"a\" {\n  value = 1\n}\noutput \"a\" {\n  value = record.a.value\n}\n";

fn stone(mood: &str) -> String {
    format!(
        "stone \"a\" {{\n  mood = \"{mood}\"\n  lifecycle {{\n    irreversible = \"accept\"\n  }}\n}}\n"
    )
}

#[test]
fn a_run_that_leaves_something_wrong_says_so_and_does_not_end_well() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 1\n}\n");
    world.apply();
    let wrong = |address: &str| {
        let (kind, code) = (FindingKind::Wrong, pospool_fake::codes::UNWELL);
        Finding::new(kind, &address.parse().unwrap(), code, "it lost its votes")
    };
    world.write(
        "pool.hcl",
        "thing \"a\" {\n  value = 2\n}\nthing \"b\" {\n  value = 1\n}\n",
    );
    world.fake.outside().findings = vec![wrong("thing.b")];
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    assert!(ran.out.contains("all done"), "{}", ran.out);
    insta::assert_snapshot!(ran.err.lines().last().unwrap(), @"1 thing is wrong, and no step of this run was about it: see above");
    // What a step was about may be well by now: the next look says it.
    world.write(
        "pool.hcl",
        "thing \"a\" {\n  value = 2\n}\nthing \"b\" {\n  value = 3\n}\n",
    );
    assert_eq!(world.run("apply --auto-approve").exit, Exit::Done);
    let end = world.run("apply --json").out;
    assert!(end.contains(r#""exit":3"#), "{end}");
    // What goes need not be well.
    assert_eq!(world.run("destroy --auto-approve").exit, Exit::Done);
}

#[test]
fn apply_when_safe_waits_before_it_stops_something() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 1\n}\n");
    world.apply();
    let moment = ("thing.a".parse().unwrap(), "it has no vote yet".to_owned());
    world.fake.outside().bad_moments = [moment].into();
    let apply = || world.run("apply --auto-approve --when-safe --wait 0s");
    // Nothing that has to be stopped: there is nothing to wait for.
    world.write(
        "pool.hcl",
        "thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 2\n}\n",
    );
    assert_eq!(apply().exit, Exit::Done);
    world.write("pool.hcl", "thing \"b\" {\n  value = 2\n}\n");
    let ran = apply();
    assert_eq!(ran.exit, Exit::Converging);
    assert!(
        ran.err.contains("apply/bad-moment") && ran.err.contains("it has no vote yet"),
        "{}",
        ran.err
    );
    assert!(world.fake.outside().things.contains_key("thing.a"));
    // A plan that is refused at any moment waits for none.
    world.write(
        "pool.hcl",
        "thing \"b\" {\n  value = 2\n}\nstone \"a\" {\n}\n",
    );
    assert_eq!(apply().exit, Exit::Protected);
    world.write("pool.hcl", "thing \"b\" {\n  value = 2\n}\n");
    world.fake.outside().bad_moments.clear();
    assert_eq!(apply().exit, Exit::Done);
    assert!(!world.fake.outside().things.contains_key("thing.a"));
}

#[test]
fn an_apply_is_followed_by_nothing_to_do() {
    let world = World::new(RECORD);
    insta::assert_snapshot!(world.apply().out, @r"
        + create record.a (not there yet)
            value: 1

        outputs:
          a: 1

        1 to create
        all done; the state has serial N
        outputs:
          a: 1
        ");
    let state = world.read("pospool.state.json");
    let again = world.apply();
    insta::assert_snapshot!(again.out, @r"
        nothing to do: everything is as the spec says
        outputs:
          a: 1
        ");
    assert_eq!(again.err, "");
    assert_eq!(
        world.read("pospool.state.json"),
        state,
        "nothing to do writes nothing"
    );
}

#[test]
fn only_yes_counts() {
    let world = World::new(RECORD);
    let ran = world.run("apply");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("error[cli/nobody-to-ask]"), "{}", ran.err);
    for answer in ["no\n", "y\n", "\n", ""] {
        let ran = world.run_with("apply", answer);
        assert_eq!(ran.exit, Exit::Cancelled, "{answer:?}");
        assert!(
            ran.err.contains("not approved: nothing was changed"),
            "{}",
            ran.err
        );
    }
    assert!(!world.read("pospool.state.json").contains("record.a"));
    assert_eq!(world.run_with("apply", "yes\n").exit, Exit::Done);
    assert!(world.read("pospool.state.json").contains("record.a"));
}

#[test]
fn outputs_alone_are_applied_without_a_question() {
    let world = World::new(RECORD);
    world.apply();
    world.write("pool.hcl", &RECORD.replace("output \"a\"", "output \"b\""));
    let ran = world.run("apply");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r"
        outputs:
          b: 1
          a: removed

        only outputs change
        all done; the state has serial N
        outputs:
          b: 1
        ");
}

#[test]
fn a_saved_plan_is_done_exactly_or_not_at_all() {
    let world = World::new(RECORD);
    assert_eq!(world.run("plan --out saved").exit, Exit::Done);
    assert!(
        world
            .run("show saved")
            .out
            .contains("+ create record.a (not there yet)")
    );
    assert_eq!(world.run("apply saved").exit, Exit::Done);
    let ran = world.run("apply saved");
    assert_eq!(ran.exit, Exit::Stale);
    assert!(
        ran.err.starts_with("error[plan/stale]: the plan `FOLDER/saved` is stale\n  because: the state went from serial "),
        "{}",
        ran.err
    );

    world.write("pool.hcl", &RECORD.replace('1', "2"));
    assert_eq!(world.run("plan --out saved").exit, Exit::Done);
    world.write("pool.hcl", &RECORD.replace('1', "3"));
    let ran = world.run("apply saved --json");
    assert_eq!(ran.exit, Exit::Stale);
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        json["error"]["details"][0],
        "the spec or its variables changed"
    );
}

const WITH_VARIABLE: &str =
    "variable \"n\" {\n  default = 1\n}\nrecord \"a\" {\n  value = var.n\n}\n";

#[test]
fn case_saved_vars_a_saved_plan_keeps_its_variables() {
    let world = World::new(WITH_VARIABLE);
    assert_eq!(world.run("plan --out saved --var n=7").exit, Exit::Done);
    let shown = world.run("show saved").out;
    assert!(
        shown.starts_with("variables of the plan:\n  n = 7\n\n"),
        "{shown}"
    );
    let ran = world.run("apply saved --var n=8");
    assert_eq!(ran.exit, Exit::Error, "{}", ran.err);
    let said = "error[spec/saved-variable]: `--var n` gives variable `n` the value 8, and the plan was made with 7";
    assert!(ran.err.starts_with(said), "{}", ran.err);
    let ran = world.run("apply saved");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(world.run("show").out.contains("value: 7"));
    // The same value again is none that differs.
    assert_eq!(world.run("plan --out saved --var n=9").exit, Exit::Done);
    assert_eq!(world.run("apply saved --var n=9").exit, Exit::Done);
}

#[test]
fn what_goes_on_outside_says_how_to_go_on() {
    let world = World::new(&stone("slow"));
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Converging);
    insta::assert_snapshot!(ran.err.split_once("made\n").unwrap().1, @r"
        [0/1] stone.a/carve: carve `stone.a`
        [0/1] stone.a/carve: the chisel, 0 s
        [0/1] stone.a/carve: still in progress: blow 3 of 90
        still in progress:
          stone.a/carve: blow 3 of 90
          help: run `pospool apply` again to go on waiting; --wait sets how long
        ");
    insta::assert_snapshot!(ran.out.lines().last().unwrap(), @r"not whole; the state has serial N; 1 effect still going on outside");
    // The attempt is still open, and a plan says so.
    let plan = world.run("plan");
    assert!(
        plan.err
            .contains("warning[state/open-effects]: 1 effect was under way"),
        "{}",
        plan.err
    );
    assert!(world.run("show").out.contains("stone.a/carve (carve)"));
    // The next run asks about the same attempt first, and begins nothing else.
    let again = world.run("apply --auto-approve");
    assert_eq!(again.exit, Exit::Converging);
    assert!(
        again
            .out
            .contains("! stone.a (apply/converging): an earlier run began `stone.a/carve`"),
        "{}",
        again.out
    );
}

#[test]
fn a_failure_says_why_and_what_next() {
    let world = World::new(&stone("stubborn"));
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    insta::assert_snapshot!(ran.err.split_once("made\n").unwrap().1, @r"
        [0/1] stone.a/carve: carve `stone.a`
        [0/1] stone.a/carve: the chisel, 0 s
        [0/1] stone.a/carve: failed [stone/hard]: the stone is too hard
        error[stone/hard]: `stone.a/carve`: the stone is too hard
          because: it is granite
          help: mend the cause, then run `pospool apply` again: it plans what is left
        ");
    insta::assert_snapshot!(ran.out.lines().last().unwrap(), @r"not whole; the state has serial N; 1 effect failed");
}

#[test]
fn a_stopped_run_can_be_gone_on_with() {
    let world = World::new(&stone("stop"));
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Cancelled);
    insta::assert_snapshot!(ran.err.split_once("made\n").unwrap().1, @r"
        [0/1] stone.a/carve: carve `stone.a`
        [0/1] stone.a/carve: the chisel, 0 s
        [0/1] stone.a/carve: stopped while waiting
        stopped; run `pospool apply` again to go on
        ");
}

#[test]
fn a_lost_answer_is_settled_before_the_next_plan() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\n");
    world.fake.outside().fault = Some(FakeFault::AnswerLost(0));
    let ran = world.run("apply --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("never makes a second one"), "{}", ran.err);
    world.fake.outside().fault = None;
    let again = world.apply();
    insta::assert_snapshot!(again.err, @r"
        [0/1] thing.a/make: settle what an earlier run began
        [1/1] thing.a/make: done, 0 s
        thing.a: recorded
        ");
    assert!(
        world
            .fake
            .outside()
            .effects
            .values()
            .all(|times| *times == 1)
    );
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn a_run_for_programs_is_one_object_a_line() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\n");
    let ran = world.run("apply --auto-approve --json");
    assert_eq!(ran.exit, Exit::Done);
    let lines: Vec<Json> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["plan", "started", "ended", "recorded", "end"]);
    assert_eq!(lines[4]["exit"], 0);
}

#[test]
fn destroy_works_without_a_spec_and_says_what_stays() {
    let world = World::new(&format!("{}{RECORD}", stone("")));
    world.apply();
    std::fs::remove_file(world.path("pool.hcl")).unwrap();
    let ran = world.run("destroy --delete stone.b --auto-approve");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.err.contains(
            "error[cli/not-recorded]: the state has no `stone.b`\n  help: did you mean `stone.a`?"
        ),
        "{}",
        ran.err
    );
    let ran = world.run("destroy --auto-approve");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r"
        > forget stone.a (everything is taken down)
          note: the stone stays where it is

        - delete record.a (everything is taken down)

        outputs:
          a: removed

        1 to delete, 1 to forget
        all done; the state has serial N
        forgotten, not deleted:
          stone.a: the stone stays where it is
        ");
    assert!(
        world
            .run("destroy --auto-approve")
            .out
            .contains("nothing to do: nothing is left")
    );
}

#[test]
fn destroy_without_a_state_makes_none() {
    let world = World::new(RECORD);
    let ran = world.run("destroy");
    assert_eq!(ran.exit, Exit::Done);
    assert_eq!(
        ran.out,
        "there is no state `FOLDER/pospool.state.json`: nothing was made yet\n"
    );
    assert!(!world.path("pospool.state.json").exists());
}
