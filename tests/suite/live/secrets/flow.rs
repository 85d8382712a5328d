//! The whole life of a pool with marked secrets, with a kill and with everything that can go
//! wrong on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use pospool_tests::private_file::write_private;

use super::{Found, Hunt, excuse, rpc_expression, specs, watch};
use crate::live::project::{binary, docker, network};

const APPLY: &[&str] = &["apply", "--auto-approve"];
const APPLY_JSON: &[&str] = &["apply", "--auto-approve", "--json"];

/// Every kind of place that must have been searched, whatever was found there.
const PLACES: &[&str] = &[
    "standard output",
    "standard error",
    "files while it runs",
    "project folder",
    "cache folder",
    "journal",
    "process arguments",
    "process environment",
    "docker ps",
    "docker inspect",
    "docker logs",
    "docker history",
    "docker save",
    "docker export",
    "docker events",
    "volume",
];

#[test]
fn live_secrets_are_nowhere_after_a_whole_life() {
    let mut hunt = Hunt::new();
    looks(&mut hunt);
    mistakes(&mut hunt);
    a_node_that_does_not_start(&mut hunt);
    comes_up_in_spite_of_all(&mut hunt);
    changes(&mut hunt);
    let node = node(&hunt);
    hunt.engine(&[&node]);
    goes_down(&mut hunt);
    hunt.folders();
    hunt.log_is_talkative();
    judge(&hunt.end());
}

fn looks(hunt: &mut Hunt) {
    hunt.ok(&["validate"]);
    hunt.ok(&["validate", "--json"]);
    hunt.ok(&["plan"]);
    hunt.ok(&["plan", "--json"]);
    hunt.ok(&["plan", "--out", "saved.plan"]);
    hunt.ok(&["show", "saved.plan"]);
    hunt.ok(&["show", "saved.plan", "--json"]);
    hunt.ok(&["explain", "account"]);
}

/// What users do wrong with secrets: none of it may be repeated to them.
fn mistakes(hunt: &mut Hunt) {
    let key = hunt.secrets.operator.private_key.clone();
    let (password, poor) = (
        hunt.secrets.password.clone(),
        hunt.secrets.poor.private_key.clone(),
    );
    let short = &key[..key.len() - 1];
    for wrong in [short, &password, &format!("{key}\n{key}")] {
        hunt.fails(
            &["plan"],
            &[("POSPOOL_OPERATOR_KEY", wrong)],
            "chain/no-key",
        );
    }
    let variable = [("POSPOOL_OPERATOR_KEY", poor.as_str())];
    hunt.fails(
        &["plan", "--state", "poor.state.json"],
        &variable,
        "chain/not-enough-balance",
    );

    let spec = fs::read_to_string(hunt.project.path("pool.hcl")).unwrap();
    // Written in the spec itself, which is not searched.
    let nobody = hunt.secrets.keyed("http://127.0.0.1:9");
    let expression = rpc_expression(hunt.own.path());
    let down = spec.replace(&expression, &format!("\"{nobody}\""));
    assert_ne!(down, spec);
    let path = hunt.own.path().join("down.hcl");
    fs::write(&path, down).unwrap();
    let path = path.display().to_string();
    let plan = ["plan", "--spec", &path, "--state", "down.state.json"];
    hunt.fails(&plan, &[], "chain/unreachable");

    for (number, (code, text)) in specs::mistakes(&hunt.secrets).into_iter().enumerate() {
        let path = hunt.own.path().join(format!("{number}.hcl"));
        fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        hunt.fails(&["validate", "--spec", &path], &[], code);
    }
}

/// The message about it shows the last words of its log.
fn a_node_that_does_not_start(hunt: &mut Hunt) {
    let files = hunt.given.path().join("files");
    fs::create_dir(&files).unwrap();
    for entry in fs::read_dir(&network().node_files).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), files.join(entry.file_name())).unwrap();
    }
    fs::write(files.join("pos_config.yaml"), "nonsense: 1\n").unwrap();
    let spec = specs::node(&hunt.project.core_rpc(), files.to_str().unwrap());
    fs::write(hunt.project.path("broken.hcl"), spec).unwrap();
    let broken = ["--spec", "broken.hcl", "--state", "broken.state.json"];
    hunt.fails(&[APPLY, &broken].concat(), &[], "docker/pos-config");
    hunt.ok(&[
        &["destroy", "--auto-approve", "--delete", "volume.main"],
        &broken[..],
    ]
    .concat());
}

/// First without a password, then killed, then to the end.
fn comes_up_in_spite_of_all(hunt: &mut Hunt) {
    let empty = [("POSPOOL_POS_KEY_PASSWORD", "")];
    hunt.fails(APPLY, &empty, "docker/no-secret");
    killed(hunt);
    hunt.folders();
    hunt.ok(APPLY);
    hunt.ok(&["show"]);
    hunt.ok(&["show", "--json"]);
    hunt.ok(&["plan", "--detailed-exitcode"]);
}

/// An apply that is killed when the node has its password and nothing is over yet.
fn killed(hunt: &mut Hunt) {
    let said = hunt.given.path().join("said");
    let mut child = hunt
        .project
        .command(APPLY_JSON)
        .stdout(File::create(&said).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = hunt.project.path("pospool.state.json.journal");
    let reached = || {
        let text = fs::read_to_string(&journal).unwrap_or_default();
        text.contains("\"container_id\"")
    };
    while !reached() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before its kill"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (said, journal) = (fs::read(said).unwrap(), fs::read(journal).unwrap());
    hunt.search
        .look("standard output", "apply --json, killed", &said);
    hunt.search.look("journal", "of a killed apply", &journal);
}

fn changes(hunt: &mut Hunt) {
    docker(&["kill", &node(hunt)]);
    hunt.ok(APPLY_JSON);

    let key = hunt.own.path().join("key");
    write_private(&key, &format!("{}\n", hunt.secrets.operator.private_key)).unwrap();
    let file = format!("file(\"{}\")", key.display());
    hunt.project.edit("env(\"POSPOOL_OPERATOR_KEY\")", &file);
    hunt.project.edit("\"90%\"", "\"85%\"");
    hunt.ok(&["plan", "--out", "saved.plan"]);
    hunt.ok(&["show", "saved.plan", "--json"]);
    hunt.ok(&["apply", "saved.plan", "--json"]);

    let password = "pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n";
    let stopped = format!("{password}  state = \"stopped\"\n");
    hunt.project.edit(password, &stopped);
    hunt.ok(APPLY);
}

fn goes_down(hunt: &mut Hunt) {
    let pool = hunt.project.confirmation();
    hunt.ok(&[
        "destroy",
        "--auto-approve",
        "--confirm",
        &pool,
        "--json",
        "--delete",
        "volume.main",
    ]);
    hunt.ok(&["show"]);
}

fn judge(found: &Found) {
    let pospool = watch::program(&binary());
    let mut excuses: BTreeMap<&str, BTreeSet<&Path>> = BTreeMap::new();
    let mut leaks: Vec<String> = Vec::new();
    for held in &found.held {
        match excuse(held, &pospool, &found.nodes) {
            Some(reason) => drop(excuses.entry(reason).or_default().insert(&held.program)),
            None => leaks.push(format!("{held:?}")),
        }
    }
    println!("  held, and excused: {excuses:?}");
    leaks.extend(found.search.findings.iter().map(ToString::to_string));
    assert!(leaks.is_empty(), "LEAKS:\n{}", leaks.join("\n"));
    for kind in PLACES {
        assert!(
            found.search.places(kind) > 0,
            "no place was searched: {kind}"
        );
    }
    // The watch saw both places where a secret has to be, so it would have seen others.
    assert_eq!(excuses.len(), 2);
}

fn node(hunt: &Hunt) -> String {
    let recorded = hunt.project.recorded("node.main");
    let id = recorded["outputs"]["container_id"].as_str();
    id.unwrap().to_owned()
}
