//! Case `sealed-state`: with a key in the spec, nothing is believed that somebody without it wrote.

use serde_json::Value as Json;

use super::{Ran, World};
use crate::exit::Exit;

const STATE: &str = "pospool.state.json";
const JOURNAL: &str = "pospool.state.json.journal";

const SEALED: &str = "state {\n  key = file(\"key\")\n}\n";
const RECORDS: &str = "record \"a\" {\n  value = 1\n}\nrecord \"b\" {\n  value = 2\n}\n";

impl World {
    /// A spec with a key, and nothing applied yet.
    fn with_key() -> Self {
        let world = Self::new(&format!("{SEALED}{RECORDS}"));
        world.write("key", &"1".repeat(64));
        world.write("other", &"2".repeat(64));
        world
    }

    /// Says that a command is refused so, and that it changed nothing.
    fn refused_as(&self, line: &str, code: &str) -> Ran {
        let files = || {
            let read = |name| std::fs::read_to_string(self.path(name)).ok();
            [read(STATE), read(JOURNAL), read("saved")]
        };
        let before = files();
        let ran = self.run(line);
        let start = format!("error[{code}]");
        assert!(ran.err.starts_with(&start), "{line}: {ran:?}");
        assert_ne!(ran.exit, Exit::Done);
        assert_eq!(files(), before, "{line}");
        ran
    }

    fn done(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.exit, Exit::Done, "{line}: {ran:?}");
        ran.out
    }
}

#[test]
fn case_sealed_state_a_new_state_is_sealed_from_the_start() {
    let world = World::with_key();
    world.apply();
    let json: Json = serde_json::from_str(&world.read(STATE)).unwrap();
    assert_eq!(
        (&json["version"], json["seal"]["mac"].is_string()),
        (&3.into(), true)
    );
    assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    // What is printed is a state file that anybody reads.
    let pulled = world.done("state pull");
    world.write("pulled.json", &pulled);
    world.write("plain.hcl", RECORDS);
    assert_eq!(
        world.done("state list --spec plain.hcl --state pulled.json"),
        "record.a\nrecord.b\n"
    );
    // Without a spec the key is named by hand.
    let ran = world.refused_as("state list --spec none.hcl", "state/sealed");
    assert!(ran.err.contains("--state-key"), "{}", ran.err);
    std::fs::remove_file(world.path(".pospool.seen.json")).unwrap();
    assert_eq!(
        world.done("state list --spec none.hcl --state-key file:key"),
        "record.a\nrecord.b\n"
    );
    assert!(!world.path(".pospool.seen.json").exists());
}

#[test]
fn case_sealed_state_what_somebody_else_wrote_is_refused_by_every_command() {
    let world = World::with_key();
    world.apply();
    let ours = world.read(STATE);
    world.write("plain.hcl", RECORDS);
    world.done("apply --auto-approve --spec plain.hcl --state plain.json");
    let states = [
        (
            ours.replace("\"value\":1", "\"value\":7"),
            "state/not-authentic",
        ),
        (world.read("plain.json"), "state/not-sealed"),
    ];
    for (state, code) in states {
        assert_ne!(state, ours);
        world.write(STATE, &state);
        for line in [
            "plan",
            "apply --auto-approve",
            "destroy --auto-approve",
            "show",
            "state list",
            "state pull",
            "state mv record.a record.c",
            "state migrate --to moved.json",
        ] {
            let ran = world.refused_as(line, code);
            assert_eq!(ran.exit, Exit::BadState, "{line}");
        }
        assert!(!world.path("moved.json").exists());
    }
    world.write(STATE, &ours);
    for (line, code) in [
        ("plan --state-key file:other", "state/other-key"),
        ("plan --spec plain.hcl", "state/sealed"),
        ("plan --state-key file:gone", "state/no-key"),
        ("state seal --spec plain.hcl", "state/no-key"),
    ] {
        world.refused_as(line, code);
    }
    world.write("weak", "hunter2");
    let ran = world.refused_as("plan --state-key file:weak", "state/weak-key");
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
}

#[test]
fn case_sealed_state_a_plain_state_is_sealed_by_hand_and_opened_again() {
    let world = World::with_key();
    world.write("plain.hcl", RECORDS);
    world.done("apply --auto-approve --spec plain.hcl");
    let plain = world.read(STATE);
    let ran = world.refused_as("plan", "state/not-sealed");
    assert!(ran.err.contains("pospool state seal"), "{}", ran.err);
    assert!(world.done("state seal").contains("is sealed"));
    world.refused_as("plan --spec plain.hcl", "state/sealed");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    assert!(world.done("state seal").contains("already"));
    // Another key in its place: the old one opens nothing any more.
    world.write(
        "pool.hcl",
        &format!("{}{RECORDS}", SEALED.replace("key\")", "other\")")),
    );
    world.refused_as("plan", "state/other-key");
    world.refused_as("state rekey --old file:other", "state/other-key");
    world.done("state rekey --old file:key");
    world.refused_as("plan --state-key file:key", "state/other-key");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
    world.done("state unseal");
    assert_eq!(world.read(STATE), plain);
    world.refused_as("plan", "state/not-sealed");
    assert_eq!(
        world.run("plan --detailed-exitcode --spec plain.hcl").exit,
        Exit::Done
    );
}

#[test]
fn case_sealed_state_what_is_under_way_keeps_its_tickets() {
    let world = World::with_key();
    world.write(
        "pool.hcl",
        &format!("{SEALED}thing \"a\" {{\n  value = 1\n}}\n"),
    );
    world.fake.outside().fault = Some(pospool_fake::FakeFault::DiesAfter(0));
    world.run("apply --auto-approve");
    let journal = world.read(JOURNAL);
    for line in ["state unseal", "state rekey --old file:other"] {
        assert_ne!(world.run(line).exit, Exit::Done, "{line}");
        assert_eq!(world.read(JOURNAL), journal);
    }
    world.refused_as("state unseal", "state/open-effects");
    // A ticket that somebody plants, or moves to another place, is not looked at.
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    world.write(JOURNAL, &[&journal, lines[1]].concat());
    world.refused_as("apply --auto-approve", "state/not-authentic");
    world.write(JOURNAL, &journal);
    let mut outside = world.fake.outside();
    (outside.fault, outside.dead) = (None, false);
    drop(outside);
    world.apply();
    assert!(!world.path(JOURNAL).exists());
}

#[test]
fn case_sealed_state_what_is_kept_comes_back_sealed_and_strangers_do_not() {
    let world = World::with_key();
    world.apply();
    world.done("destroy --auto-approve");
    assert!(world.done("state restore").contains("record.a, record.b"));
    world.done("state restore 1");
    assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
    let folder = world.path(&format!("{STATE}.backups"));
    let first = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let first = first.min().unwrap();
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replace("record.a", "record.x")).unwrap();
    world.refused_as("state restore 1", "state/not-authentic");
    // The others are listed all the same.
    assert!(world.done("state restore --json").contains("\"number\":1,"));
    // They move with the state, whose new place has the same key.
    std::fs::write(&first, text).unwrap();
    world.done("state migrate --to moved.json");
    assert!(world.read("moved.json").contains("\"seal\""));
    world.refused_as("state list", "state/moved");
    world.done("state restore 1 --state moved.json");
    assert_eq!(
        world.done("state list --state moved.json"),
        "record.a\nrecord.b\n"
    );
}

#[test]
fn case_sealed_state_a_saved_plan_is_sealed_too() {
    let world = World::with_key();
    world.done("plan --out saved");
    let saved = world.read("saved");
    assert!(saved.starts_with("{\"format\":\"pospool-plan\",\"version\":3,\"seal\""));
    world.write("saved", &saved.replace("\"value\":1", "\"value\":7"));
    world.refused_as("apply saved", "state/not-authentic");
    world.refused_as("show saved", "state/not-authentic");
    world.write("plain.hcl", RECORDS);
    world.done("plan --spec plain.hcl --state plain.json --out plain");
    world.write("saved", &world.read("plain"));
    world.refused_as("apply saved", "state/not-sealed");
    world.write("saved", &saved);
    world.refused_as("show saved --state-key file:other", "state/other-key");
    world.refused_as("show saved --spec plain.hcl", "state/sealed");
    // A state is no plan, whatever its seal.
    world.write("saved", &world.read(STATE));
    world.refused_as("apply saved", "state/foreign");
    world.write(
        "saved",
        &world
            .read(STATE)
            .replacen("pospool-state", "pospool-plan", 1),
    );
    world.refused_as("apply saved", "state/not-authentic");
    // An older plan is replaced by a newer one.
    world.write("saved", &saved);
    world.done("plan --out saved");
    world.done("apply saved");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn case_sealed_state_repair_knows_the_seal() {
    let world = World::with_key();
    world.write(
        "pool.hcl",
        &format!("{SEALED}thing \"a\" {{\n  value = 1\n}}\n"),
    );
    world.fake.outside().fault = Some(pospool_fake::FakeFault::DiesAfter(0));
    world.run("apply --auto-approve");
    let journal = world.read(JOURNAL);
    world.write(JOURNAL, &format!("{journal}0123"));
    let out = world.done("state repair");
    assert!(out.contains("4 bytes"), "{out}");
    assert_eq!(world.read(JOURNAL), journal);
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    world.write(JOURNAL, &[&journal, lines[1]].concat());
    let ran = world.run("state repair");
    assert_eq!(ran.exit, Exit::BadState, "{ran:?}");
    assert!(ran.out.contains("not as it was sealed"), "{ran:?}");
}

#[test]
fn case_sealed_state_encrypted_nothing_of_it_can_be_read() {
    let world = World::with_key();
    world.write(
        "pool.hcl",
        &format!("{}{RECORDS}", SEALED.replace('}', "  encrypt = true\n}")),
    );
    world.apply();
    world.done("plan --out saved");
    world.done("destroy --auto-approve");
    let folder = world.path(&format!("{STATE}.backups"));
    let kept = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let kept: String = kept
        .map(|it| std::fs::read_to_string(it).unwrap())
        .collect();
    for text in [world.read(STATE), world.read("saved"), kept] {
        assert!(
            !text.contains("record") && text.contains("\"encrypted\""),
            "{text}"
        );
    }
    world.done("state restore 1");
    assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
    // Without `encrypt` the next write is readable again.
    world.write(
        "pool.hcl",
        &format!("{SEALED}record \"c\" {{\n  value = 3\n}}\n"),
    );
    world.apply();
    assert!(world.read(STATE).contains("record.c"));
}

#[test]
fn case_sealed_state_a_passphrase_is_a_key_too() {
    let world = World::with_key();
    world.write("key", "a passphrase of some words\n");
    world.apply();
    assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
    world.write("other", "a passphrase of other words\n");
    world.refused_as("state list --state-key file:other", "state/other-key");
}

#[test]
fn case_sealed_state_an_older_genuine_one_is_refused() {
    let world = World::with_key();
    world.apply();
    let older = world.read(STATE);
    world.write(
        "pool.hcl",
        &format!("{SEALED}record \"a\" {{\n  value = 9\n}}\n"),
    );
    world.apply();
    let newest = world.read(STATE);
    world.write(STATE, &older);
    let ran = world.refused_as("apply --auto-approve", "state/older");
    assert!(ran.err.contains(".pospool.seen.json"), "{}", ran.err);
    world.refused_as("plan", "state/older");
    // Under another name of the same file, too.
    std::fs::create_dir(world.path("folder")).unwrap();
    for other in ["./pospool.state.json", "folder/../pospool.state.json"] {
        world.refused_as(&format!("plan --state {other}"), "state/older");
    }
    // One that another run made of the older one has the newest one's serial, and is none of its versions.
    std::fs::rename(world.path(".pospool.seen.json"), world.path("seen")).unwrap();
    world.write(
        "pool.hcl",
        &format!("{SEALED}record \"a\" {{\n  value = 8\n}}\n"),
    );
    world.apply();
    let fork = world.read(STATE);
    std::fs::rename(world.path("seen"), world.path(".pospool.seen.json")).unwrap();
    world.refused_as("plan", "state/older");
    std::fs::remove_file(world.path(STATE)).unwrap();
    world.refused_as("apply --auto-approve", "state/older");
    // The newest one is taken, and so is one that a person brings back.
    world.write(STATE, &newest);
    world.done("state list");
    world.done("state restore 1");
    assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
    // Somebody who lost all others says so by removing the file.
    world.write(STATE, &fork);
    world.refused_as("state list", "state/older");
    std::fs::remove_file(world.path(".pospool.seen.json")).unwrap();
    world.done("state list");
    // A file that nobody can read is no memory, and keeps nobody from anything.
    world.write(".pospool.seen.json", "{");
    world.apply();
}

#[test]
fn case_sealed_state_one_that_is_refused_is_no_hindrance_to_the_way_back() {
    let world = World::with_key();
    world.apply();
    world.done("destroy --auto-approve");
    let ours = world.read(STATE);
    for (state, code) in [
        (
            ours.replacen("\"serial\":", "\"serial\":1", 1),
            "state/not-authentic",
        ),
        (world.done("state pull"), "state/not-sealed"),
    ] {
        world.write(STATE, &state);
        world.refused_as("state list", code);
        world.done("state restore 1");
        assert_eq!(world.done("state list"), "record.a\nrecord.b\n");
        // What was there is kept as it was, and is as little believed as before.
        let kept = world.run("state restore --json").out;
        let kept: Json = serde_json::from_str(&kept).unwrap();
        let number = kept["backups"][0]["number"].as_u64().unwrap();
        world.refused_as(&format!("state restore {number}"), code);
    }
    // Under a journal nothing is brought back.
    world.write(STATE, &ours);
    world.write(JOURNAL, "01234567 {\n0123\n");
    let ran = world.run("state restore 1");
    assert_ne!(ran.exit, Exit::Done, "{ran:?}");
}

#[test]
fn case_sealed_state_a_planted_plain_state_is_never_sealed() {
    let world = World::with_key();
    world.write("plain.hcl", RECORDS);
    world.done("apply --auto-approve --spec plain.hcl");
    world.done("state seal");
    let ours = world.read(STATE);
    // It says the same and has a later serial, as anybody can write it who reads the sealed one.
    let planted = world
        .done("state pull")
        .replacen("\"serial\":", "\"serial\":1", 1);
    world.write(STATE, &planted);
    for line in ["state seal", "state unseal"] {
        let ran = world.refused_as(line, "state/seal-lost");
        assert_eq!(ran.exit, Exit::BadState, "{ran:?}");
        for word in [".pospool.seen.json", "state restore", "--unsealed-by-hand"] {
            assert!(ran.err.contains(word), "{word}: {}", ran.err);
        }
    }
    world.refused_as("state rekey --old file:other", "state/not-sealed");
    // Whoever took the seal away here need not say so again, and other places are not spoken of.
    world.write(STATE, &ours);
    world.done("state unseal");
    world.done("state seal");
    world.write("elsewhere.json", &planted);
    world.done("state seal --state elsewhere.json");
    // Who took it away in another folder says so.
    world.write(STATE, &planted);
    world.refused_as("state seal", "state/seal-lost");
    world.done("state seal --unsealed-by-hand");
    assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
}

#[test]
fn case_sealed_state_an_older_genuine_one_gets_no_other_seal() {
    let world = World::with_key();
    world.apply();
    let older = world.read(STATE);
    world.write(
        "pool.hcl",
        &format!("{SEALED}record \"a\" {{\n  value = 9\n}}\n"),
    );
    world.apply();
    world.write(STATE, &older);
    for line in [
        "state seal",
        "state unseal",
        "state rekey --old file:other",
        "state rekey --old file:key --state-key file:other",
    ] {
        world.refused_as(line, "state/older");
    }
}

#[test]
fn case_sealed_state_a_command_that_was_cut_is_run_again() {
    let other = format!("{}{RECORDS}", SEALED.replace("key\")", "other\")"));
    let sealed = format!("{SEALED}{RECORDS}");
    // What it was sealed with and is sealed with; the command; what a plan says after the cut.
    for (before, spec, line, says) in [
        (RECORDS, &sealed, "state seal", "state/not-sealed"),
        (&*sealed, &sealed, "state unseal", "state/not-sealed"),
        (
            &*sealed,
            &other,
            "state rekey --old file:key",
            "state/other-key",
        ),
    ] {
        for entries in [false, true] {
            let world = World::with_key();
            world.write("pool.hcl", before);
            world.apply();
            // A run that was killed right after it began.
            world.write(
                "pool.hcl",
                &format!("{before}thing \"a\" {{\n  value = 1\n}}\n"),
            );
            world.fake.outside().fault = Some(pospool_fake::FakeFault::DiesBefore(0));
            world.run("apply --auto-approve");
            let journal = world.read(JOURNAL);
            let header = journal.split_inclusive('\n').next().unwrap().to_owned();
            world.write(JOURNAL, &header);
            world.write("pool.hcl", spec);
            world.done(line);
            assert!(!world.path(JOURNAL).exists(), "{line}");
            // Cut after the state was written and before the journal was removed.
            world.write(JOURNAL, if entries { &journal } else { &header });
            world.refused_as("plan", says);
            if entries {
                // No cut leaves that: the state does not say what it says.
                world.refused_as(line, "state/journal-foreign");
                continue;
            }
            let out = world.done(line);
            assert!(out.contains("already"), "{line}: {out}");
            assert!(!world.path(JOURNAL).exists(), "{line}");
            if line == "state unseal" {
                world.write("pool.hcl", RECORDS);
            }
            assert_eq!(world.run("plan --detailed-exitcode").exit, Exit::Done);
        }
    }
}
