//! The commands on the state, on files.

use std::fs::OpenOptions;
use std::io::Write;

use pospool_engine::store::{JournalEntry, Mode, StateFile, Store};
use pospool_model::Value;
use pospool_model::state::{Recorded, State};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const SPEC: &str =
    "record \"a\" {\n  value = 1\n}\nrecord \"b\" {\n  value = 2\n  depends_on = [record.a]\n}\n";
const STATE: &str = "pospool.state.json";

fn made() -> World {
    let world = World::new(SPEC);
    world.apply();
    world
}

impl World {
    fn state(&self) -> Json {
        serde_json::from_str(&self.read(STATE)).unwrap()
    }

    fn refuses(&self, line: &str, exit: Exit, code: &str) {
        let before = self.read(STATE);
        let ran = self.run(line);
        assert_eq!(ran.exit, exit, "{line}: {ran:?}");
        let start = format!("error[{code}]");
        assert!(ran.err.starts_with(&start), "{line}: {}", ran.err);
        assert!(ran.err.contains("help: "), "{line}: {}", ran.err);
        assert_eq!(self.read(STATE), before, "{line}");
    }

    /// An apply that is killed after its first effect.
    fn killed() -> Self {
        let world = Self::new("thing \"a\" {\n  value = 1\n}\n");
        world.fake.outside().fault = Some(pospool_fake::FakeFault::DiesAfter(0));
        world.run("apply --auto-approve");
        let mut outside = world.fake.outside();
        (outside.fault, outside.dead) = (None, false);
        drop(outside);
        world
    }
}

#[test]
fn what_is_in_the_state_is_listed_and_shown() {
    let world = made();
    assert_eq!(world.run("state list").out, "record.a\nrecord.b\n");
    assert_eq!(
        world.run("state show record.b").out,
        "record.b\n  value: 2\n"
    );
    let json: Json = serde_json::from_str(&world.run("state show record.b --json").out).unwrap();
    assert_eq!(json["recorded"]["depends_on"][0], "record.a");
    let json: Json = serde_json::from_str(&world.run("state list --json").out).unwrap();
    assert_eq!(json["resources"][1]["address"], "record.b");
    let missing = world.run("state show record.c");
    assert_eq!(missing.exit, Exit::Error);
    assert!(
        missing.err.contains("did you mean `record."),
        "{}",
        missing.err
    );
}

#[test]
fn without_a_state_there_is_nothing_to_work_on() {
    let world = World::new(SPEC);
    for line in [
        "pull",
        "list",
        "show record.a",
        "mv record.a record.c",
        "rm record.a",
    ] {
        let ran = world.run(&format!("state {line}"));
        assert_eq!(ran.exit, Exit::Error, "{line}");
        assert!(ran.err.starts_with("error[state/none]"), "{}", ran.err);
    }
    assert!(!world.path(STATE).exists());
}

#[test]
fn a_new_name_is_followed_everywhere() {
    let world = made();
    world.refuses(
        "state mv record.a record.b",
        Exit::Error,
        "state/taken-name",
    );
    world.refuses("state mv record.a thing.a", Exit::Error, "state/other-kind");
    world.refuses(
        "state mv record.x record.y",
        Exit::Error,
        "cli/not-recorded",
    );
    assert_eq!(world.run("state mv record.a record.first").exit, Exit::Done);
    let resources = &world.state()["state"]["resources"];
    assert!(resources["record.a"].is_null());
    assert_eq!(resources["record.first"]["attributes"]["value"], 1);
    assert_eq!(resources["record.b"]["depends_on"][0], "record.first");
    world.write(
        "pool.hcl",
        &SPEC
            .replace("\"a\"", "\"first\"")
            .replace("record.a", "record.first"),
    );
    let plan = world.run("plan --detailed-exitcode");
    assert_eq!(plan.exit, Exit::Done, "{plan:?}");
}

#[test]
fn values_that_name_a_resource_follow_its_new_name() {
    let world = World::new(
        "thing \"a\" {\n  value = 1\n}\nthing \"b\" {\n  value = 2\n  uses = [thing.a]\n}\n",
    );
    world.apply();
    assert_eq!(world.run("state mv thing.a thing.c").exit, Exit::Done);
    let text = world.read(STATE);
    assert!(!text.contains("\"thing.a\""), "{text}");
    assert_eq!(text.matches("\"thing.c\"").count(), 3, "{text}");
}

#[test]
fn case_state_mv_what_was_made_in_docker_stays_with_its_name() {
    let world = World::real();
    let made = |output: &str, name: &str| Recorded {
        outputs: [(output.to_owned(), Value::from(name))].into(),
        complete: true,
        ..Recorded::default()
    };
    let (volume, node) = ("volume.main", "node.main");
    let (ui, syncer) = ("ui.main", "syncer.main");
    let resources = [
        (volume, made("name", "pospool-1a2b3c4d-main")),
        (node, made("container_name", "pospool-1a2b3c4d-main")),
        (ui, made("container_name", "pospool-1a2b3c4d-ui.main")),
        (
            syncer,
            made("container_name", "pospool-1a2b3c4d-syncer.main"),
        ),
    ];
    let resources = resources.map(|(address, made)| (address.parse().unwrap(), made));
    let file = StateFile::new(State {
        lineage: "1a2b3c4d-0000".to_owned(),
        serial: 1,
        resources: resources.into(),
        ..State::default()
    });
    world.write(STATE, &serde_json::to_string(&file).unwrap());
    let before = world.read(STATE);
    for address in [volume, node, ui, syncer] {
        let (kind, _) = address.split_once('.').unwrap();
        let line = format!("state mv {address} {kind}.other");
        world.refuses(&line, Exit::Error, "docker/made-for-another");
        let said = world.run(&line).err;
        assert!(said.contains("`pospool-1a2b3c4d-"), "{said}");
        assert!(said.contains("help: keep its label"), "{said}");
    }
    assert_eq!(world.read(STATE), before);
}

#[test]
fn what_is_forgotten_stays_outside() {
    let world = World::new("thing \"a\" {\n  value = 1\n}\n");
    world.apply();
    let ran = world.run("state rm thing.a");
    assert_eq!(ran.exit, Exit::Done);
    assert!(ran.out.contains("stays as it is"), "{}", ran.out);
    assert_eq!(world.fake.outside().things.len(), 1);
    assert_eq!(world.run("state list").out, "");
}

#[test]
fn what_is_protected_is_not_forgotten() {
    let world = World::new(
        "record \"a\" {\n  value = 1\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n",
    );
    world.apply();
    world.refuses("state rm record.a", Exit::Protected, "plan/protected");
}

#[test]
fn nothing_changes_while_something_is_under_way() {
    let world = World::killed();
    world.write("other.json", "");
    for line in ["mv thing.a thing.b", "rm thing.a"] {
        world.refuses(&format!("state {line}"), Exit::Error, "state/open-effects");
    }
    let pulled = world.run("state pull");
    assert!(
        pulled.err.contains("1 effect is under way"),
        "{}",
        pulled.err
    );
    world.write("pulled.json", &pulled.out);
    world.refuses(
        "state push --force pulled.json",
        Exit::Error,
        "state/open-effects",
    );
    world.apply();
    assert_eq!(world.run("state mv thing.a thing.b").exit, Exit::Done);
}

#[test]
fn a_pulled_state_can_be_pushed_and_an_older_or_foreign_one_cannot() {
    let world = made();
    let old = world.read(STATE);
    world.write("pulled.json", &world.run("state pull").out);
    assert_eq!(world.run("state push pulled.json").exit, Exit::Done);
    world.write("old.json", &old);
    world.refuses("state push old.json", Exit::BadState, "state/older-serial");
    let mut twin: Json = world.state();
    twin["state"]["version"] = "another".into();
    world.write("twin.json", &twin.to_string());
    world.refuses("state push twin.json", Exit::BadState, "state/forked");
    let other = made();
    world.write("other.json", &other.read(STATE));
    world.refuses(
        "state push other.json",
        Exit::BadState,
        "state/other-lineage",
    );
    world.write("none.json", "");
    let empty = world.run("state push none.json");
    assert_eq!(empty.exit, Exit::BadState);
    assert!(empty.err.starts_with("error[state/empty]"));
    let before = world.state()["state"]["serial"].as_u64().unwrap();
    assert_eq!(world.run("state push --force old.json").exit, Exit::Done);
    assert!(world.state()["state"]["serial"].as_u64().unwrap() > before);
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn a_lost_state_can_be_pushed_from_a_copy() {
    let world = made();
    world.write("copy.json", &world.run("state pull").out);
    std::fs::remove_file(world.path(STATE)).unwrap();
    assert_eq!(world.run("state push copy.json").exit, Exit::Done);
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn a_moved_state_is_used_in_its_new_place_alone() {
    let world = made();
    assert_eq!(
        world.run("state migrate --to elsewhere.json").exit,
        Exit::Done
    );
    for line in [
        "plan",
        "apply --auto-approve",
        "show",
        "state list",
        "state pull",
    ] {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::BadState, "{line}");
        assert!(ran.err.starts_with("error[state/moved]"), "{}", ran.err);
        assert!(ran.err.contains("elsewhere.json"), "{}", ran.err);
    }
    let there = world.run("plan --detailed-exitcode --state elsewhere.json");
    assert_eq!(there.exit, Exit::Done, "{there:?}");
    let back = world.run(&format!(
        "state migrate --state elsewhere.json --to {STATE}"
    ));
    assert_eq!(back.exit, Exit::Done, "{back:?}");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn a_state_is_not_moved_over_another_one_or_onto_itself() {
    let world = made();
    let other = made();
    world.write("other.json", &other.read(STATE));
    world.refuses(
        "state migrate --to other.json",
        Exit::Error,
        "state/not-empty",
    );
    world.refuses(
        &format!("state migrate --to {STATE}"),
        Exit::Error,
        "state/same-place",
    );
}

#[test]
fn a_move_that_was_cut_is_ended_by_the_next_one() {
    let world = made();
    std::fs::copy(world.path(STATE), world.path("elsewhere.json")).unwrap();
    assert_eq!(
        world.run("state migrate --to elsewhere.json").exit,
        Exit::Done
    );
    assert_eq!(world.run("plan").exit, Exit::BadState);
}

#[test]
fn what_is_under_way_moves_along() {
    let world = World::killed();
    assert_eq!(
        world.run("state migrate --to elsewhere.json").exit,
        Exit::Done
    );
    let ran = world.run("apply --auto-approve --state elsewhere.json");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let outside = world.fake.outside();
    assert!(outside.effects.values().all(|count| *count == 1));
}

#[test]
fn the_lock_of_a_file_needs_no_hand() {
    let world = made();
    for line in ["state unlock", "state unlock x"] {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::Done);
        assert!(
            ran.out.contains("when the process that holds it ends"),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_whole_state_has_nothing_to_repair() {
    let world = made();
    let ran = world.run("state repair");
    assert_eq!(
        (ran.exit, ran.out.as_str()),
        (
            Exit::Done,
            "`FOLDER/pospool.state.json`: nothing to repair\n"
        )
    );
}

#[test]
fn what_a_crash_leaves_is_mended_and_nothing_else() {
    let world = World::killed();
    let journal = format!("{STATE}.journal");
    let whole = world.read(&journal);
    let mut file = OpenOptions::new()
        .append(true)
        .open(world.path(&journal))
        .unwrap();
    file.write_all(b"0123abcd {\"entry\":").unwrap();
    world.write(&format!("{STATE}.next"), "{");
    let torn = world.read(&journal);
    let looked = world.run("state repair --dry-run");
    assert_eq!(looked.exit, Exit::Done);
    assert_eq!(
        looked.out.matches("would be mended").count(),
        2,
        "{}",
        looked.out
    );
    assert_eq!(world.read(&journal), torn);
    let mended = world.run("state repair");
    assert_eq!(mended.exit, Exit::Done);
    assert_eq!(
        mended.out.matches("  mended: ").count(),
        2,
        "{}",
        mended.out
    );
    assert_eq!(world.read(&journal), whole);
    assert!(!world.path(&format!("{STATE}.next")).exists());
    world.apply();
}

#[test]
fn a_spent_journal_is_removed() {
    let world = made();
    let journal = world.path(&format!("{STATE}.journal"));
    let mut store = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    let address = "record.b".parse().unwrap();
    store.record(JournalEntry::Remove { address }).unwrap();
    store.sync().unwrap();
    let left = std::fs::read(&journal).unwrap();
    store.save().unwrap();
    drop(store);
    // As if the machine had stopped just before it was removed.
    std::fs::write(&journal, left).unwrap();
    let mended = world.run("state repair");
    assert!(
        mended.out.contains("is in the state already"),
        "{}",
        mended.out
    );
    assert!(!journal.exists());
}

#[test]
fn what_needs_a_person_is_told_and_not_touched() {
    let world = World::killed();
    let (state, journal) = (world.read(STATE), world.read(&format!("{STATE}.journal")));
    std::fs::remove_file(world.path(STATE)).unwrap();
    world.write(&format!("{STATE}.next"), &state);
    let told = world.run("state repair");
    assert_eq!(told.exit, Exit::BadState);
    assert!(
        told.out.contains("put the state file back that belongs to"),
        "{}",
        told.out
    );
    assert!(told.out.contains("2 things need a person"), "{}", told.out);
    assert_eq!(world.read(&format!("{STATE}.journal")), journal);
    assert_eq!(world.read(&format!("{STATE}.next")), state);
    world.write(STATE, &made().read(STATE));
    world.write(&format!("{STATE}.kept"), &state);
    let told = world.run("state repair --json");
    assert_eq!(told.exit, Exit::BadState);
    let json: Json = serde_json::from_str(&told.out).unwrap();
    let found: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["finding"].as_str())
        .collect();
    assert_eq!(found, ["state/journal-foreign", "leftover", "kept_state"]);
}

#[test]
fn every_command_on_the_state_that_changes_it_takes_its_lock() {
    let world = made();
    let held = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    for line in [
        "push copy.json",
        "mv record.a record.c",
        "rm record.a",
        "repair",
        "migrate --to elsewhere.json",
    ] {
        world.write("copy.json", &world.read(STATE));
        let ran = world.run(&format!("state {line}"));
        assert_eq!(ran.exit, Exit::Locked, "{line}: {ran:?}");
    }
    drop(held);
}

#[test]
fn the_spec_may_say_where_the_state_is() {
    let world = World::new(&format!("state {{\n  url = \"states.json\"\n}}\n{SPEC}"));
    world.apply();
    assert!(world.path("states.json").exists() && !world.path(STATE).exists());
    assert_eq!(world.run("state list").out.lines().count(), 2);
    let elsewhere = world.run("state list --state nowhere.json");
    assert!(
        elsewhere.err.starts_with("error[state/none]"),
        "{elsewhere:?}"
    );
    world.write("pool.hcl", "state {\n  url = var.place\n}\n");
    for line in ["show", "state list", "plan", "validate"] {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::Error, "{line}: {ran:?}");
        assert!(
            ran.err.contains("error[spec/not-constant]") || ran.out.contains("spec/not-constant"),
            "{ran:?}"
        );
    }
    assert_eq!(world.run("version").exit, Exit::Done);
}

#[test]
fn a_location_with_a_credential_is_refused() {
    let world = made();
    let ran = world.run("plan --state https://me:hunter2@states.example/a");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.starts_with("error[state/location]"), "{}", ran.err);
    assert!(ran.err.contains("POSPOOL_HTTP_PASSWORD") && !ran.err.contains("hunter2"));
}

/// A wrong name after an option costs nothing.
#[test]
fn case_out_overwrites_no_file_is_lost_to_an_option() {
    let world = made();
    let spec = world.read("pool.hcl");
    for line in [
        "plan --out pospool.state.json",
        "plan --out pool.hcl",
        "plan --out /dev/null",
        "plan --out .",
    ] {
        world.refuses(line, Exit::Error, "state/other-file");
    }
    assert_eq!(world.read("pool.hcl"), spec);
    // One of its own kind is what it is for.
    for _ in 0..2 {
        assert_eq!(world.run("plan --out saved.plan").exit, Exit::Done);
    }
    assert_eq!(world.run("apply saved.plan").exit, Exit::Done);
}
