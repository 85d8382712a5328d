//! Case `no-backup`: the last states are kept, and one comes back.

use std::os::unix::fs::PermissionsExt;

use pospool_engine::store::{JournalEntry, Mode, Store};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const STATE: &str = "pospool.state.json";

fn spec(value: usize) -> String {
    format!("record \"a\" {{\n  value = {value}\n}}\nrecord \"b\" {{\n  value = 2\n}}\n")
}

impl World {
    /// An applied pair of records.
    fn with_records() -> Self {
        let world = Self::new(&spec(0));
        world.apply();
        world
    }

    /// Numbers of what is kept, newest first, and the resources that each held.
    fn kept(&self) -> Vec<(u64, Vec<String>)> {
        let ran = self.run("state restore --json");
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        let json: Json = serde_json::from_str(&ran.out).unwrap();
        let backups = json["backups"].as_array().unwrap().iter();
        let read = |it: &Json| {
            let resources = it["resources"].as_array().cloned().unwrap_or_default();
            let names = resources.iter().map(|it| it.as_str().unwrap().to_owned());
            (it["number"].as_u64().unwrap(), names.collect())
        };
        backups.map(read).collect()
    }

    fn listed(&self) -> String {
        self.run("state list").out
    }
}

#[test]
fn case_no_backup_a_destroy_can_be_taken_back() {
    let world = World::with_records();
    assert_eq!(world.kept(), []);
    assert_eq!(world.run("destroy --auto-approve").exit, Exit::Done);
    assert_eq!(world.listed(), "");
    let both = vec!["record.a".to_owned(), "record.b".to_owned()];
    assert_eq!(world.kept(), [(1, both)]);
    let list = world.run("state restore").out;
    assert!(list.contains("2 resources: record.a, record.b\n"), "{list}");
    let ran = world.run("state restore 1");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(world.listed(), "record.a\nrecord.b\n");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn case_no_backup_a_bad_push_can_be_taken_back_and_so_can_the_way_back() {
    let world = World::with_records();
    world.write("other.hcl", "record \"x\" {\n  value = 1\n}\n");
    let ran = world.run("apply --auto-approve --spec other.hcl --state other.json");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(world.run("state push other.json --force").exit, Exit::Done);
    assert_eq!(world.listed(), "record.x\n");
    let pushed = world.read(STATE);
    assert_eq!(world.run("state restore 1").exit, Exit::Done);
    assert_eq!(world.listed(), "record.a\nrecord.b\n");
    let kept: Vec<_> = world.kept().into_iter().map(|(number, _)| number).collect();
    assert_eq!(kept, [2, 1], "what it replaced is kept in its turn");
    let serial = |text: &str| {
        let json: Json = serde_json::from_str(text).unwrap();
        json["state"]["serial"].as_u64().unwrap()
    };
    assert!(serial(&world.read(STATE)) > serial(&pushed));
    assert_eq!(world.run("state restore 2").exit, Exit::Done);
    assert_eq!(world.listed(), "record.x\n");
}

#[test]
fn case_no_backup_twenty_are_kept_for_their_owner_alone_and_none_by_runs_that_change_nothing() {
    let world = World::with_records();
    for value in 1..=25 {
        world.write("pool.hcl", &spec(value));
        world.apply();
        world.apply();
        world.run("plan");
    }
    let numbers: Vec<u64> = world.kept().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (6..=25).rev().collect::<Vec<_>>());
    let folder = world.path(&format!("{STATE}.backups"));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files = std::fs::read_dir(&folder).unwrap();
    let modes = files.map(|it| mode(&it.unwrap().path()));
    assert_eq!(modes.collect::<Vec<_>>(), [0o600; 20]);
}

#[test]
fn case_no_backup_what_a_killed_run_did_is_kept_too() {
    let world = World::with_records();
    let mut store = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    let address = "record.c".parse().unwrap();
    let recorded = store.state().resources[&"record.a".parse().unwrap()].clone();
    store
        .record(JournalEntry::Put { address, recorded })
        .unwrap();
    store.sync().unwrap();
    drop(store);
    world.write("empty.hcl", "");
    world.run("apply --auto-approve --spec empty.hcl --state other.json");
    assert_eq!(world.run("state push other.json --force").exit, Exit::Done);
    let ran = world.run("state restore 1");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(world.listed(), "record.a\nrecord.b\nrecord.c\n");
}

#[test]
fn case_no_backup_nothing_is_brought_back_over_what_is_under_way() {
    let world = World::with_records();
    assert_eq!(world.run("destroy --auto-approve").exit, Exit::Done);
    let refused = |code: &str, exit: Exit| {
        let before = world.read(STATE);
        let ran = world.run("state restore 1");
        assert_eq!(ran.exit, exit, "{ran:?}");
        let start = format!("error[{code}]");
        assert!(ran.err.starts_with(&start), "{}", ran.err);
        assert_eq!(world.read(STATE), before);
    };
    let held = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    refused("state/locked", Exit::Locked);
    drop(held);
    let ran = world.run("state restore 7");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.starts_with("error[state/no-backup]"), "{}", ran.err);

    world.write("pool.hcl", "thing \"a\" {\n  value = 1\n}\n");
    world.fake.outside().fault = Some(pospool_fake::FakeFault::DiesAfter(0));
    world.run("apply --auto-approve");
    refused("state/open-effects", Exit::Error);
    // The journal goes on from the state that is there, and from no other one.
    world.write("other.hcl", "record \"x\" {\n  value = 1\n}\n");
    let mut outside = world.fake.outside();
    (outside.fault, outside.dead) = (None, false);
    drop(outside);
    world.run("apply --auto-approve --spec other.hcl --state other.json");
    world.write(STATE, &world.read("other.json"));
    refused("state/journal-foreign", Exit::BadState);
    std::fs::remove_file(world.path(STATE)).unwrap();
    let ran = world.run("state restore 1");
    assert!(
        ran.err.starts_with("error[state/journal-without-state]"),
        "{}",
        ran.err
    );
}

#[test]
fn case_no_backup_a_state_that_is_gone_empty_or_damaged_is_no_hindrance() {
    for left in [None, Some(""), Some("{\"format\": \"pospool-state\"")] {
        let world = World::with_records();
        world.write("pool.hcl", &spec(1));
        world.apply();
        match left {
            None => std::fs::remove_file(world.path(STATE)).unwrap(),
            Some(text) => world.write(STATE, text),
        }
        let ran = world.run("state restore 1");
        assert_eq!(ran.exit, Exit::Done, "{left:?}: {ran:?}");
        assert_eq!(world.listed(), "record.a\nrecord.b\n");
        let damaged = left.is_some_and(|text| !text.is_empty());
        assert_eq!(world.kept().len(), 1 + usize::from(damaged), "{left:?}");
    }
    // What is no state of ours is not touched.
    let world = World::with_records();
    world.write("pool.hcl", &spec(1));
    world.apply();
    world.write(STATE, "{\"version\": 4}");
    let ran = world.run("state restore 1");
    assert_eq!(ran.exit, Exit::BadState, "{ran:?}");
    assert_eq!(world.read(STATE), "{\"version\": 4}");
}

#[test]
fn case_no_backup_they_move_with_the_state() {
    let world = World::with_records();
    world.write("pool.hcl", &spec(1));
    world.apply();
    assert_eq!(world.run("state migrate --to moved.json").exit, Exit::Done);
    let ran = world.run("state restore 1 --state moved.json");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let shown = world.run("state show record.a --state moved.json").out;
    assert_eq!(shown, "record.a\n  value: 0\n");
}
