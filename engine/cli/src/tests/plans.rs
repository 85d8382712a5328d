//! `validate`, `plan` and `show`.

use pospool_model::{Attributes, Finding, FindingKind, Value};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const SPEC: &str = r#"
variable "who" { default = "harbour" }
record "name" { value = "pool of ${var.who}" }
record "settings" {
  value = { name = record.name.value, ratio = 90 }
}
output "name" { value = record.name.value }
"#;

#[test]
fn a_first_plan_names_everything_and_a_second_one_what_differs() {
    let mut world = World::new(SPEC);
    let first = world.run("plan");
    assert_eq!(first.exit, Exit::Done);
    insta::assert_snapshot!(first.out, @r#"
        + create record.name (not there yet)
            value: "pool of harbour"

        + create record.settings (not there yet)
            value:
              name: "pool of harbour"
              ratio: 90

        outputs:
          name: "pool of harbour"

        2 to create
        "#);
    assert!(
        first
            .err
            .contains("started a new state `FOLDER/pospool.state.json`"),
        "{}",
        first.err
    );
    world.apply();
    world.variables = vec![("who".to_owned(), "lake".to_owned())];
    world.write(
        "pool.hcl",
        &SPEC
            .replace("90", "80")
            .replace("output \"name\"", "output \"title\""),
    );
    insta::assert_snapshot!(world.run("plan").out, @r#"
        ~ update record.name (the spec differs)
            value: "pool of harbour" → "pool of lake"

        ~ update record.settings (the spec differs)
            value.name: "pool of harbour" → "pool of lake"
            value.ratio: 90 → 80

        outputs:
          title: "pool of lake"
          name: removed

        2 to update
        "#);
    insta::assert_snapshot!(world.run("plan --var who=pond").out.lines().nth(1).unwrap(), @r#"    value: "pool of harbour" → "pool of pond""#);
}

#[test]
fn what_cannot_be_undone_and_what_it_costs_come_last() {
    let world = World::new(
        "stone \"a\" {\n  text = \"1\\n2\\n\"\n  lifecycle {\n    irreversible = \"accept\"\n  }\n}\nstone \"b\" {\n  lifecycle {\n    irreversible = \"accept\"\n  }\n}\n",
    );
    let ran = world.run("plan");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r#"
        + create stone.a (not there yet)
            text: "1\n2\n"
          → carve `stone.a`
          note: bring a chisel

        + create stone.b (not there yet)
          → carve `stone.b`
          note: bring a chisel

        cannot be undone:
          ! stone.a: what is carved stays carved
          ! stone.b: what is carved stays carved

        money, at most:
          account.operator: 2,006 CFX
                2 CFX gas; what is not used stays with the payer
                4 CFX storage collateral; comes back when the storage is freed
            2,000 CFX stake; comes back after unlocking

        2 to create; 2 effects outside
        "#);
}

#[test]
fn a_comment_has_first_what_cannot_be_undone_and_what_it_costs() {
    let world = World::new(
        "variable \"n\" {\n  default = \"```\\n</details>\"\n}\nrecord \"r\" {\n  value = var.n\n}\nstone \"a\" {\n  lifecycle {\n    irreversible = \"accept\"\n  }\n}\n",
    );
    let ran = world.run("plan --markdown");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let places = [
        "### pospool plan",
        "cannot be undone:",
        "money, at most:",
        "<details>",
    ];
    let places = places.map(|part| {
        ran.out
            .find(part)
            .unwrap_or_else(|| panic!("{part}: {}", ran.out))
    });
    assert!(places.is_sorted(), "{}", ran.out);
    // What the spec says ends no block.
    assert!(
        ran.out.contains("\n````text\n+ create record.r"),
        "{}",
        ran.out
    );
    let refused = World::new("stone \"a\" {}\n").run("plan --markdown");
    assert_ne!(refused.exit, Exit::Done);
    assert!(refused.out.contains("error["), "{}", refused.out);
}

fn found(kind: FindingKind, address: &str, reason: &str) -> Finding {
    let address = address.parse().unwrap();
    Finding::new(kind, &address, pospool_fake::codes::UNWELL, reason)
}

#[test]
fn what_is_wrong_or_cannot_be_seen_is_never_well() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 1\n}\n");
    world.apply();
    let set = |findings: &[Finding]| world.fake.outside().findings = findings.to_vec();
    let (wrong, unknown, underway) = (
        found(FindingKind::Wrong, "thing.a", "it lost its votes"),
        found(FindingKind::Unknown, "thing.b", "nobody answers"),
        found(FindingKind::Underway, "thing.b", "it waits for two blocks").remedy("wait a minute"),
    );
    set(&[unknown.clone(), wrong.clone(), underway.clone()]);
    let ran = world.run("plan --detailed-exitcode");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    insta::assert_snapshot!(ran.out, @r"
        wrong:
          ! thing.a: it lost its votes [fake/unwell]
              Only tests show it.

        cannot be seen, so nobody knows whether it is well:
          ? thing.b: nobody answers [fake/unwell]
              Only tests show it.

        on its way:
          … thing.b: it waits for two blocks [fake/unwell]
              wait a minute

        no changes to make; 1 thing is wrong, 1 thing cannot be seen, 1 thing is on its way
        ");
    for (finding, exit) in [
        (&wrong, Exit::OnlyDrift),
        (&unknown, Exit::OnlyDrift),
        (&underway, Exit::Done),
    ] {
        set(std::slice::from_ref(finding));
        let ran = world.run("plan --detailed-exitcode");
        assert_eq!(ran.exit, exit, "{finding:?}");
        assert!(!ran.out.contains("everything is as"), "{}", ran.out);
        let json: Json = serde_json::from_str(&world.run("plan --json").out).unwrap();
        assert_eq!(json["findings"][0]["reason"], *finding.reason);
        assert_eq!(json["findings"][0]["remedy"], *finding.remedy);
        assert_eq!(world.run("plan").exit, Exit::Done);
        assert_eq!(world.run("apply").exit, exit, "{finding:?}");
    }
    // Beside what the spec changes, it is one code for both; the text has both.
    set(&[wrong]);
    world.write("pool.hcl", "thing \"a\" {\n  value = 2\n}\n");
    let ran = world.run("plan --detailed-exitcode");
    assert_eq!(ran.exit, Exit::Changes);
    assert!(ran.out.ends_with("; 1 thing is wrong\n"), "{}", ran.out);
}

#[test]
fn case_outputs_only_is_a_change() {
    let spec = |outputs: &str| format!("thing \"a\" {{\n  value = 1\n}}\n{outputs}");
    let world = World::new(&spec("output \"x\" { value = 1 }\n"));
    world.apply();
    let exit = || world.run("plan --detailed-exitcode").exit;
    assert_eq!(exit(), Exit::Done);
    for outputs in ["output \"x\" { value = 2 }\n", ""] {
        world.write("pool.hcl", &spec(outputs));
        assert_eq!(exit(), Exit::Changes, "{outputs}");
        world.apply();
        assert_eq!(exit(), Exit::Done, "{outputs}");
    }
}

#[test]
fn drift_comes_first_and_has_an_exit_code_of_its_own() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 1\n}\n");
    world.apply();
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    let drifted = Attributes::from([("value".to_owned(), Value::Integer(7))]);
    world
        .fake
        .outside()
        .things
        .insert("thing.a".to_owned(), drifted);
    world.fake.outside().things.remove("thing.b");
    let ran = world.run("plan --detailed-exitcode");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    insta::assert_snapshot!(ran.out, @r"
        changed outside since the last run:
          ! thing.a
              value: 1 → 7
          ! thing.b is gone

        ~ update thing.a (changed outside)
            value: 7 → 1
          → make thing.a

        + create thing.b (gone outside)
            value: 1
          → make thing.b

        1 to create, 1 to update; 2 effects outside
        ");
    world.write("pool.hcl", "thing \"a\" {\n  value = 1\n}\n");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Changes);
    assert_eq!(world.run("plan").exit, Exit::Done);
}

#[test]
fn every_problem_of_a_spec_is_shown_at_once() {
    let world = World::new(
        "record \"a\" {\n  valu = 1\n}\nrecor \"b\" {\n}\nrecord \"c\" {\n  value = record.q.value\n}\n",
    );
    let ran = world.run("validate");
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Error, ""));
    insta::assert_snapshot!(ran.err, @r#"
        error[spec/missing-attribute]: `record.a` lacks `value`
         --> pool.hcl:1:1
          |
        1 | record "a" {
          | ^^^^^^^^^^
          |
          = help: write `value = …`: What is kept: any value but a secret.

        error[spec/unknown-attribute]: `record` has no attribute `valu`
         --> pool.hcl:2:3
          |
        2 |   valu = 1
          |   ^^^^
          |
          = help: did you mean `value`?

        error[spec/unknown-kind]: there is no kind `recor`
         --> pool.hcl:4:1
          |
        4 | recor "b" {
          | ^^^^^
          |
          = help: did you mean `record`?

        error[spec/unknown-resource]: the spec has no `record.q`
         --> pool.hcl:7:11
          |
        7 |   value = record.q.value
          |           ^^^^^^^^
          |
          = help: did you mean `record.a`?

        4 errors
        "#);
    let json: Json = serde_json::from_str(&world.run("validate --json").out).unwrap();
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 4);
    assert_eq!(json["exit"], 1);
}

#[test]
fn a_provider_may_refuse_a_value_before_anything_is_looked_at() {
    let world = World::new("thing \"a\" {\n  value = \"forbidden\"\n}\n");
    for command in ["validate", "plan"] {
        let ran = world.run(command);
        assert_eq!(ran.exit, Exit::Error);
        assert!(
            ran.err.contains(
                "error[fake/forbidden]: `thing.a`: this value is forbidden\n --> pool.hcl:2:11"
            ),
            "{}",
            ran.err
        );
    }
}

/// A change may be for good although its kind is not: it is asked for when it is planned, and accepted in the block.
#[test]
fn a_change_that_cannot_be_undone_must_be_accepted() {
    let stone =
        |mood: &str, accepted: &str| format!("stone \"a\" {{\n  mood = \"{mood}\"\n{accepted}}}\n");
    let accepted = "  lifecycle {\n    irreversible = \"accept\"\n  }\n";
    let world = World::new(&stone("well", accepted));
    world.apply();
    world.write("pool.hcl", &stone("merry", ""));
    assert_eq!(
        world.run("plan").exit,
        Exit::Done,
        "of a change nothing is asked"
    );
    world.write("pool.hcl", &stone("gift", ""));
    let ran = world.run("plan");
    assert_eq!(ran.exit, Exit::Protected);
    let said =
        "error[plan/irreversible]: `stone.a` cannot be undone: the stone is somebody else's then";
    assert!(ran.err.contains(said), "{}", ran.err);
    world.write("pool.hcl", &stone("gift", accepted));
    let ran = world.run("plan");
    assert_eq!(ran.exit, Exit::Done);
    let said = "! stone.a: the stone is somebody else's then";
    assert!(ran.out.contains(said), "{}", ran.out);
}

#[test]
fn protections_refuse_with_a_code_of_their_own() {
    let world = World::new("stone \"a\" {\n}\n");
    let ran = world.run("plan");
    assert_eq!(ran.exit, Exit::Protected);
    insta::assert_snapshot!(ran.err.split_once("made\n\n").unwrap().1, @r#"
        error[plan/irreversible]: `stone.a` cannot be undone: what is carved stays carved
         --> pool.hcl:1:1
          |
        1 | stone "a" {
          | ^^^^^^^^^
          |
          = help: read it, then write `lifecycle { irreversible = "accept" }` into the block

        1 error
        "#);
    assert_eq!(world.run("apply --auto-approve").exit, Exit::Protected);
    assert_eq!(world.run("plan --out saved").exit, Exit::Protected);
    assert!(!world.path("saved").exists());

    let world = World::new(
        "record \"a\" {\n  value = 1\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n",
    );
    world.apply();
    let ran = world.run("destroy --auto-approve");
    assert_eq!(ran.exit, Exit::Protected);
    assert_eq!(ran.out, "cannot be applied because of the errors\n");
    assert!(world.run("show").out.contains("record.a (protected)"));
}

#[test]
fn a_plan_for_programs_is_one_document() {
    let world = World::new(SPEC);
    let ran = world.run("plan --json --detailed-exitcode");
    assert_eq!(ran.exit, Exit::Changes);
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["diagnostics"], serde_json::json!([]));
    assert_eq!(json["plan"]["steps"][0]["address"], "record.name");
    assert_eq!(json["summary"]["actions"]["create"], 2);
}

#[test]
fn no_command_looks_for_a_spec_that_is_not_there() {
    let world = World::new("");
    for command in ["validate", "plan", "apply"] {
        let ran = world.run(&format!("{command} --spec other.hcl"));
        assert_eq!(ran.exit, Exit::Error);
        assert!(
            ran.err
                .starts_with("error[cli/no-spec]: there is no spec `other.hcl`\n  help: write one"),
            "{}",
            ran.err
        );
    }
    assert!(!world.path("pospool.state.json").exists());
}

#[test]
fn variables_come_from_the_environment_then_files_then_arguments() {
    let mut world = World::new(SPEC);
    let who = |world: &World, line: &str| {
        let json: Json = serde_json::from_str(&world.run(line).out).unwrap();
        json["plan"]["outputs"]["name"].clone()
    };
    world.write("values", "who = \"file\"\n");
    assert_eq!(who(&world, "plan --json"), "pool of harbour");
    world.variables = vec![("who".to_owned(), "environment".to_owned())];
    assert_eq!(who(&world, "plan --json"), "pool of environment");
    assert_eq!(who(&world, "plan --json --var-file values"), "pool of file");
    assert_eq!(
        who(&world, "plan --json --var-file values --var who=line"),
        "pool of line"
    );
    let ran = world.run("plan --var whom=x");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("help: did you mean `who`?"), "{}", ran.err);
}

#[test]
fn explain_knows_kinds_functions_and_codes() {
    let world = World::new("");
    insta::assert_snapshot!(world.run("explain stone").out, @r#"
        stone (is made, changed and taken down)
          Something that is hard to move. It is for tests.
          Making one cannot be undone: what is carved stays carved. Its block needs `lifecycle {
          irreversible = "accept" }`.

        attributes:
          mood: text, optional; a change is made in place
              For tests.
          state: text, optional; a change is made in place
              For tests.
          text: text, optional; a change is made in place
              For tests.

        example:
          stone "a" {}
        "#);
    assert!(
        world
            .run("explain")
            .out
            .contains("stone   Something that is hard to move.")
    );
    assert!(
        world
            .run("explain functions")
            .out
            .contains("cfx(number or text) -> amount")
    );
    let stale = world.run("explain plan/stale").out;
    assert!(
        stale.starts_with("plan/stale\n") && stale.contains("what to do:\n  "),
        "{stale}"
    );
    assert!(
        world
            .run("explain exits")
            .out
            .contains("  7  the saved plan is stale\n")
    );
    let ran = world.run("explain stoned");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("did you mean `stone`?"), "{}", ran.err);
    let json: Json = serde_json::from_str(&world.run("explain --json").out).unwrap();
    assert_eq!(json["kinds"][0]["kind"], "record");
}

#[test]
fn the_version_says_which_forms_it_knows() {
    let world = World::new("");
    assert_eq!(world.run("version").out, "pospool 0.1.0\n");
    let json: Json = serde_json::from_str(&world.run("version --json").out).unwrap();
    assert_eq!(json["forms"]["state"], 2);
    assert_eq!(json["forms"]["journal"], 1);
}
