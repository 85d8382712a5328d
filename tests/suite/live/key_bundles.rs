//! A PoS key that survives its host, on a real node: kept, proven, lost with its volume and its password, brought back on another
//! engine, and silent until its epoch.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::engine_apart::{EngineApart, NETWORK};
use super::project::{PASSWORD, Project, docker, network};
use super::voter::{Voter, number_of};

const DRILL: &[&str] = &[
    "key",
    "drill",
    "kept.age",
    "--identity",
    "file:identity.txt",
];
const RESTORE: &[&str] = &[
    "key",
    "restore",
    "kept.age",
    "--to",
    "volume.main",
    "--identity",
    "file:identity.txt",
];

#[test]
fn live_key_bundle_brings_a_lost_key_back() {
    let project = Project::new(0);
    project.ok(&["apply", "--auto-approve"]);
    let voter = Voter::of(&project);
    let recipient = is_kept_and_proven(&project, &voter);
    opens_for_another_program(&project);
    holds_no_secret(&project, &recipient);
    let used = project.ends(&[RESTORE, &["--json"]].concat(), 1);
    assert!(used.contains("docker/volume-in-use"), "{used}");
    // The node is stopped, and then everything of it is lost.
    project.edit(
        "  pos_key_password = ",
        "  state            = \"stopped\"\n  pos_key_password = ",
    );
    project.ok(&["apply", "--auto-approve"]);
    let volume = project.recorded("volume.main")["outputs"]["name"].take();
    let volume = volume.as_str().unwrap();
    docker(&["rm", &voter.container]);
    docker(&["volume", "rm", volume]);
    project.edit("  state            = \"stopped\"\n", "");
    let lost = project.ends(&["plan", "--json"], 1);
    assert!(lost.contains("docker/pos-key-lost"), "{lost}");
    let engine = moves_to_another_host(&project);
    let back = project.ok(&[RESTORE, &["--password-to", "password"]].concat());
    assert!(back.contains(&voter.key), "{back}");
    std::os::unix::fs::chown(project.path("password"), Some(10001), None).unwrap();
    let again = project.ok(RESTORE);
    assert!(again.contains("nothing was written"), "{again}");
    // The conflux of this network ignores the password, so the bundle has none, and a container takes no empty one.
    let refused = project.ends(&["apply", "--auto-approve", "--json"], 1);
    assert!(refused.contains("docker/no-secret"), "{refused}");
    std::fs::write(project.path("password"), PASSWORD).unwrap();
    project.ok(&["apply", "--auto-approve"]);
    let mut back = Voter::of(&project);
    back.host = Some(engine.url());
    votes_only_after_its_epoch(&project, &voter, &back);
}

/// The spec names another machine's engine, as the guide says: the old one and the password that was there are gone.
fn moves_to_another_host(project: &Project) -> EngineApart {
    let engine = EngineApart::start().expect("an engine for this test alone");
    engine.take_image(&network().image);
    project.edit("unix:///var/run/docker.sock", &engine.url());
    project.edit(&network().docker_network, NETWORK);
    // Before Docker 23 all engines of a machine have one id, from `/etc/docker`; the state is then as on another machine.
    let id = |engine: &[&str]| docker(&[engine, &["info", "--format", "{{.ID}}"]].concat());
    let (old, new) = (id(&[]), id(&["--host", &engine.url()]));
    if old == new {
        let path = project.path("pospool.state.json");
        let state = std::fs::read_to_string(&path).unwrap();
        assert!(state.contains(&old), "{state}");
        std::fs::write(&path, state.replace(&old, "another-engine")).unwrap();
    }
    let refused = project.ends(&[RESTORE, &["--json"]].concat(), 1);
    assert!(refused.contains("docker/other-engine"), "{refused}");
    project.ok(&["state", "rm", "node.main"]);
    project.ok(&["state", "rm", "volume.main"]);
    let file = project.path("password");
    let mount = format!("mount({:?})", file.to_str().unwrap());
    project.edit("env(\"POSPOOL_POS_KEY_PASSWORD\")", &mount);
    engine
}

/// The bundle is made, opens, and the plan has no advice left; returns its recipient.
fn is_kept_and_proven(project: &Project, voter: &Voter) -> String {
    let warned = || {
        let plan = project.ok(&["plan", "--json"]);
        let plan: Value = serde_json::from_str(&plan).unwrap();
        let said = plan["diagnostics"].as_array().cloned().unwrap_or_default();
        let codes = said.iter().filter_map(|it| it["code"].as_str());
        let codes = codes.filter(|code| ["docker/no-backup", "docker/old-drill"].contains(code));
        codes.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(warned(), ["docker/no-backup"]);
    let made = project.ok(&["key", "identity", "--to", "identity.txt", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let recipient = made["recipient"].as_str().unwrap().to_owned();
    let backup = [
        "key",
        "backup",
        "node.main",
        "--to",
        "kept.age",
        "--recipient",
        &recipient,
    ];
    let kept = project.ok(&backup);
    assert!(kept.contains(&voter.key), "{kept}");
    let refused = project.ends(&[&backup[..], &["--json"]].concat(), 1);
    assert!(refused.contains("cli/exists"), "{refused}");
    assert_eq!(warned(), ["docker/old-drill"]);
    assert!(project.ok(DRILL).contains("the date is noted"));
    assert!(warned().is_empty());
    let inspect = [
        "key",
        "inspect",
        "kept.age",
        "--identity",
        "file:identity.txt",
        "--json",
    ];
    let said: Value = serde_json::from_str(&project.ok(&inspect)).unwrap();
    let manifest = &said["manifest"];
    assert_eq!(manifest["pos_address"], voter.key.as_str());
    let pool = project.recorded("core_contract.pool")["outputs"]["address"].take();
    assert_eq!(manifest["contracts"]["core_contract.pool"], pool);
    assert!(number_of(&manifest["safety"]["epoch"]) > 0, "{manifest:#}");
    recipient
}

/// The program `age` and `tar` are enough.
fn opens_for_another_program(project: &Project) {
    let mut age = Command::new("age");
    let age = age
        .args(["--decrypt", "--identity"])
        .arg(project.path("identity.txt"))
        .arg(project.path("kept.age"))
        .stdout(Stdio::piped())
        .spawn();
    let listed = Command::new("tar")
        .arg("-t")
        .stdin(age.unwrap().stdout.unwrap())
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(
        listed,
        "manifest.json\npos_key\npassword\nsecure_storage.json\n"
    );
}

/// What was written beside the bundle holds neither a secret nor a recipient.
fn holds_no_secret(project: &Project, recipient: &str) {
    let state = std::fs::read_to_string(project.path("pospool.state.json")).unwrap();
    for secret in [PASSWORD, "AGE-SECRET-KEY", recipient] {
        assert!(!state.contains(secret), "{state}");
    }
    let names = std::fs::read_dir(project.path("")).unwrap();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    let drafts: Vec<String> = names.filter(|name| name.starts_with(".kept")).collect();
    assert_eq!(drafts, [""; 0]);
}

/// The same key, on a volume of which no guard knows anything: a whole epoch of PoS passes first.
fn votes_only_after_its_epoch(project: &Project, before: &Voter, voter: &Voter) {
    assert_eq!(voter.key, before.key);
    let waits = voter.becomes("it waits for the epoch to end", |report| {
        assert_eq!(report["voting"], "off", "{report:#}");
        report["hold"] == "epoch-to-end"
    });
    let epoch = number_of(&waits["pos_epoch"]);
    let let_in = voter.becomes("it is let in", |report| report["voting"] != "off");
    assert!(number_of(&let_in["pos_epoch"]) > epoch, "{let_in:#}");
    let journal = voter.journal();
    let let_in = journal.iter().filter(|entry| entry["what"] == "voting");
    let after: Vec<u64> = let_in
        .map(|entry| number_of(&entry["after"]["epoch"]))
        .collect();
    assert!(
        !after.is_empty() && after.iter().all(|after| *after >= epoch),
        "{journal:#?}"
    );
    project.ends(&["plan", "--detailed-exitcode"], 0);
}
