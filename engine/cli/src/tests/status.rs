//! `status`, `doctor` and `show`: looks that take no lock and change nothing.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_engine::store::{JournalEntry, Mode, Store};
use pospool_model::guard::Voting;
use pospool_model::provider::Ticket;
use pospool_model::state::Recorded;
use pospool_model::status::{ContainerState, Figure, GuardWord, NodeStatus, StatusPart};
use serde_json::{Value as Json, json};

use super::World;
use crate::exit::Exit;

const SPEC: &str = "record \"a\" {\n  value = 1\n}\n\nthing \"b\" {\n  value = \"x\"\n}\n";
const STATE: &str = "pospool.state.json";

/// A world in which everything was made.
fn made() -> World {
    let world = World::new(SPEC);
    world.apply();
    world
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect()
}

/// A node of which all is well that this look says.
fn node() -> NodeStatus {
    let seen = |voting| {
        Figure::seen(
            "guard",
            GuardWord {
                voting,
                hold: None,
                why: "it votes".to_owned(),
                running: true,
                given_up: false,
            },
        )
    };
    NodeStatus {
        container_name: "pospool-1a2b3c4d-main".to_owned(),
        container: Figure::seen("docker", ContainerState::Running),
        guard: seen(Voting::On),
        ..NodeStatus::new(&"node.main".parse().unwrap())
    }
}

fn with_node(change: impl FnOnce(&mut NodeStatus)) -> World {
    let world = made();
    let mut node = node();
    change(&mut node);
    let part = StatusPart::Node(Box::new(node));
    world.fake.outside().status = vec![part];
    world
}

fn json_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn case_show_while_applying_show_status_and_doctor_need_no_lock() {
    let world = made();
    let mut held = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    // In the middle of an effect.
    held.record(JournalEntry::Put {
        address: "record.late".parse().unwrap(),
        recorded: Recorded::default(),
    })
    .unwrap();
    held.record(JournalEntry::Begin {
        id: pospool_model::plan::EffectId {
            address: "thing.b".parse().unwrap(),
            name: "make".to_owned(),
        },
        provider: "fake".to_owned(),
        ticket: Ticket {
            key: "one".to_owned(),
            payload: json!({}),
        },
        depends_on: Vec::new(),
    })
    .unwrap();
    held.sync().unwrap();
    let ran = world.run("show");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    // What the running apply has written down is there too.
    assert!(ran.out.contains("record.late"), "{}", ran.out);
    let ran = world.run("status");
    assert_ne!(ran.exit, Exit::Locked);
    assert!(
        ran.out.contains("1 effect is begun and not ended"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("restart now no: an apply is under way"),
        "{}",
        ran.out
    );
    assert_ne!(world.run("doctor").exit, Exit::Locked);
    // A plan still waits for its turn.
    assert_eq!(world.run("plan").exit, Exit::Locked);
    drop(held);
}

/// A journal whose last line is being written is one without that line.
#[test]
fn case_show_while_applying_half_a_line_counts_as_none() {
    let world = made();
    let mut held = Store::open(&world.path(STATE), Mode::Write, "apply").unwrap();
    let put = |name: &str| JournalEntry::Put {
        address: name.parse().unwrap(),
        recorded: Recorded::default(),
    };
    held.record(put("record.whole")).unwrap();
    held.sync().unwrap();
    let journal = world.path(&format!("{STATE}.journal"));
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend_from_slice(b"0123 {\"put\":{\"addr");
    std::fs::write(&journal, bytes).unwrap();
    let ran = world.run("show");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.out.contains("record.whole"), "{}", ran.out);
}

#[test]
fn a_look_changes_nothing() {
    let world = made();
    std::fs::remove_file(world.path(&format!("{STATE}.lock"))).unwrap();
    let before = files(world.folder.path());
    let effects = world.fake.outside().effects.clone();
    for command in ["show", "status", "doctor", "status --json", "doctor --json"] {
        world.run(command);
        assert_eq!(files(world.folder.path()), before, "{command}");
    }
    assert_eq!(world.fake.outside().effects, effects);
    // Nor is a state begun where there is none.
    let new = World::new(SPEC);
    let ran = new.run("status");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    assert!(ran.out.contains("nothing was made yet"), "{}", ran.out);
    let left: Vec<String> = files(new.folder.path()).into_keys().collect();
    assert_eq!(left, ["pool.hcl"]);
}

#[test]
fn the_first_line_is_the_verdict_and_unknown_is_no_number() {
    let world = with_node(|node| node.guard = Figure::not_seen("guard", "it is silent"));
    let ran = world.run("status");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    let first = ran.out.lines().next().unwrap();
    assert_eq!(
        first,
        "nobody can tell whether it is safe; not earning; nobody can tell whether it may be restarted"
    );
    assert!(
        ran.out.contains("  voting      ? (it is silent)\n"),
        "{}",
        ran.out
    );
    let json = json_of(&world.run("status --json").out);
    assert_eq!(json["verdict"]["safe"]["light"], "unknown");
    let node = &json["status"]["nodes"][0];
    assert_eq!(
        node["guard"],
        json!({
            "value": null, "source": "guard", "age_seconds": null,
            "unknown": { "kind": "not_seen", "why": "it is silent" },
        })
    );
    assert_eq!(node["container"]["value"], "running");
    assert_eq!(node["disk_free_bytes"]["unknown"]["kind"], "not_collected");
}

#[test]
fn a_present_state_has_evidence_reason_and_remedy_and_ends_with_3() {
    let world = with_node(|node| {
        node.container = Figure::seen("docker", ContainerState::Stopped);
        node.exit_code = Figure::seen("docker", Some(137));
    });
    let ran = world.run("doctor");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    let block = "N1 critical, node.main: the node's container is gone, stopped or paused\n\
                 \x20 seen  its container is stopped, with exit code 137\n";
    assert!(ran.out.contains(block), "{}", ran.out);
    assert!(
        ran.out.contains("  do    pospool start node.main\n"),
        "{}",
        ran.out
    );
    let json = json_of(&world.run("doctor --json").out);
    let states = json["states"].as_array().unwrap();
    let of = |id: &str| states.iter().find(|state| state["id"] == id).unwrap();
    assert_eq!(of("N1")["answer"], "present");
    assert_eq!(of("N8")["answer"], "cannot_tell");
    assert_eq!(of("N8")["missing"]["kind"], "not_collected");
    assert_eq!(of("V4")["answer"], "absent");
    assert_eq!(json["summary"]["present"], 1);
    // The status names it too.
    assert!(world.run("status").out.contains("N1 critical, node.main"));
}

#[test]
fn what_this_version_does_not_collect_alone_is_no_reason_to_end_with_3() {
    let world = with_node(|_| ());
    let ran = world.run("doctor");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    assert!(
        ran.out.contains("because this look does not collect it:"),
        "{}",
        ran.out
    );
    assert!(
        !ran.out.contains("because it could not be seen:"),
        "{}",
        ran.out
    );
    let silent = with_node(|node| node.guard = Figure::not_seen("guard", "it is silent"));
    let ran = silent.run("doctor");
    assert_eq!(ran.exit, Exit::OnlyDrift);
    let reason = "node.main: the word of the guard: it is silent";
    assert!(ran.out.contains(reason), "{}", ran.out);
}

#[test]
fn what_cannot_be_looked_at_is_named_and_the_command_ends() {
    let world = made();
    world.fake.outside().unseen.insert("thing.b".to_owned());
    for command in ["status", "doctor"] {
        let ran = world.run(command);
        assert_eq!(ran.exit, Exit::OnlyDrift, "{command}");
        let line = "thing.b: it cannot be looked at [fake/unreachable]";
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    let json = json_of(&world.run("doctor --json").out);
    assert_eq!(json["unseen"][0]["code"], "fake/unreachable");
}

#[test]
fn drift_is_a_state_and_a_change_of_the_spec_is_none() {
    let world = made();
    let changed = SPEC.replace("\"x\"", "\"y\"");
    world.write("pool.hcl", &changed);
    let ran = world.run("doctor");
    assert!(!ran.out.contains("C5"), "{}", ran.out);
    assert!(
        world
            .run("status")
            .out
            .contains("1 change of the spec is not applied")
    );
    world.write("pool.hcl", SPEC);
    let mut outside = world.fake.outside();
    let thing = outside.things.get_mut("thing.b").unwrap();
    thing.insert("value".to_owned(), "z".into());
    drop(outside);
    let ran = world.run("doctor");
    assert!(
        ran.out.contains("C5 warning: something is not as"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("thing.b (value)"), "{}", ran.out);
}

#[test]
fn a_watch_looks_until_it_is_told_to_stop() {
    let world = with_node(|_| ());
    world
        .interrupt
        .cancel()
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let ran = world.run("status --watch 3600");
    assert_eq!(ran.out.matches("--- ").count(), 1, "{}", ran.out);
    assert!(ran.out.contains("node.main"));
}

#[test]
fn a_state_of_the_doctor_is_explained() {
    let world = World::new("");
    let ran = world.run("explain n1");
    assert!(
        ran.out
            .starts_with("N1 (critical): the node's container is gone"),
        "{}",
        ran.out
    );
    let json = json_of(&world.run("explain N1 --json").out);
    assert_eq!(json["states"][0]["page"], "docs/guide/reboot.md");
    assert_eq!(world.run("explain states").out.lines().count(), 44 + 3);
    let ran = world.run("explain N99");
    assert_eq!(ran.exit, Exit::Error);
}

#[test]
fn a_machine_is_graded_without_a_spec_and_left_as_it_is() {
    let world = World::real();
    let before = files(world.folder.path());
    let ran = world.run("doctor --host --folder . --json");
    let json = json_of(&ran.out);
    let grades = json["grades"].as_array().unwrap();
    assert_eq!(grades.len(), 8);
    let of = |id: &str| grades.iter().find(|one| one["id"] == id).unwrap();
    for one in grades {
        let grade = one["grade"].as_str().unwrap();
        assert!(
            ["good", "enough", "poor", "unknown"].contains(&grade),
            "{one}"
        );
        assert!(!one["found"].as_str().unwrap().is_empty(), "{one}");
    }
    // What every machine of a test says.
    assert_ne!(of("H1")["grade"], "unknown");
    assert!(json["machine"]["memory_bytes"]["value"].is_u64());
    let bad = |one: &Json| one["grade"] == "poor" || one["grade"] == "unknown";
    let expected = if grades.iter().any(bad) {
        Exit::OnlyDrift
    } else {
        Exit::Done
    };
    assert_eq!(ran.exit, expected);
    assert_eq!(files(world.folder.path()), before);
    let text = world.run("doctor --host").out;
    assert!(text.contains("H4 disk speed"), "{text}");
}

/// The files of an archive by name, and their rights.
fn unpack(path: &Path) -> BTreeMap<String, String> {
    let bytes = std::fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
            (name, text)
        })
        .collect()
}

#[test]
fn a_bundle_has_everything_and_no_key_of_a_url() {
    let world = with_node(|_| ());
    let spec = format!("# https://rpc.example/v1/hunter2\n{SPEC}");
    world.write("pool.hcl", &spec);
    let lines =
        (0..500).map(|number| format!("line {number} of https://me:hunter2@node.example/x"));
    let logs = [("thing.b".parse().unwrap(), lines.collect())];
    world.fake.outside().logs = logs.into();
    let ran = world.run("doctor --bundle help.tar.gz");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(
        ran.err.contains("read it before you hand it on"),
        "{}",
        ran.err
    );
    let path = world.path("help.tar.gz");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let files = unpack(&path);
    let names: Vec<&str> = files
        .keys()
        .map(|name| name.strip_prefix("pospool-bundle/").unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "doctor.json",
            "doctor.txt",
            "logs/thing.b.txt",
            "pool.hcl",
            "status.json",
            "status.txt",
            "version.json",
        ]
    );
    for (name, text) in &files {
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
    assert!(files["pospool-bundle/pool.hcl"].contains("# https://rpc.example#"));
    let log = &files["pospool-bundle/logs/thing.b.txt"];
    assert_eq!(log.lines().count(), 400);
    assert!(
        log.starts_with("line 100 of https://node.example#"),
        "{log}"
    );
    let doctor = json_of(&files["pospool-bundle/doctor.json"]);
    assert_eq!(
        doctor["states"].as_array().unwrap().len(),
        json_of(&world.run("doctor --json").out)["states"]
            .as_array()
            .unwrap()
            .len()
    );
    // It is never written over, and then nothing is asked.
    let again = world.run("doctor --bundle help.tar.gz");
    assert_eq!(again.exit, Exit::Error);
    assert!(again.err.starts_with("error[cli/"), "{}", again.err);
    assert_eq!(unpack(&path), files);
}

/// A remedy that does not parse helps nobody.
#[test]
fn every_remedy_that_is_a_command_of_ours_is_one() {
    use clap::Parser as _;
    let mut ours = 0;
    for state in pospool_status::states() {
        let remedy = state.remedy.replace("{node}", "node.main");
        let command = remedy.split("    # ").next().unwrap_or_default();
        let Some(words) = command.strip_prefix("pospool ") else {
            let known = ["docker ", "systemctl ", "timedatectl ", "chown "];
            let is_known = known.iter().any(|program| command.starts_with(program));
            assert!(is_known, "{}: {command}", state.id);
            continue;
        };
        ours += 1;
        let words = ["pospool"].into_iter().chain(words.split_whitespace());
        let parsed = crate::args::Args::try_parse_from(words);
        assert!(parsed.is_ok(), "{}: {command}: {parsed:?}", state.id);
    }
    assert!(ours > 20, "{ours}");
}
