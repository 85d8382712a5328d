//! A voter that is not well, on the real node: each fault is provoked, and the next plan names it with code, reason and
//! remedy (ids of the failure states in the tests' steps), ends with 3, and never says that all is as it should be.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::project::{Project, docker, number, rpc};
use super::voter::{LONG, Voter};

const SAFETY: &str = "/data/pos_db/secure_storage.json";

#[test]
#[ignore = "takes long: a part of `make chaos`"]
fn live_unwell_voter_is_named_with_code_reason_and_remedy() {
    let project = Project::new(0);
    project.ok(&["apply", "--auto-approve"]);
    let voter = Voter::of(&project);
    voter.becomes("it votes", |report| report["voting"] == "on");
    voter.is_seen_voting();
    names_nothing_wrong(&project);
    case_rename_volume(&project);
    case_other_node(&project);
    a_stop_says_what_it_eats(&project);
    v5_a_safety_file_of_an_older_epoch(&project, &voter);
    v4_a_safety_file_of_another_key(&project, &voter);
    voter.becomes("it votes again", |report| report["voting"] == "on");
    voter.is_seen_voting();
    v12_case_retired(&project, &voter);
}

/// The findings of a plan, which must say that they are there.
fn findings(project: &Project) -> Vec<Value> {
    let ran = project.run(&["plan", "--json", "--detailed-exitcode"]);
    let said: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
    let found = said["findings"].as_array().unwrap().clone();
    let is_trouble = found.iter().any(|it| it["kind"] != "underway");
    if is_trouble {
        assert_ne!(ran.code, Some(0), "{found:#?}");
    }
    found
}

/// Waits until a plan names this code; returns the finding.
fn names(project: &Project, code: &str) -> Value {
    let begun = Instant::now();
    loop {
        let found = findings(project);
        if let Some(finding) = found.iter().find(|it| it["code"] == code) {
            eprintln!("  {code}: {}", finding["reason"]);
            let remedy = finding["remedy"].as_str().unwrap();
            assert!(!remedy.is_empty(), "{finding:#}");
            return finding.clone();
        }
        assert!(begun.elapsed() < LONG, "{code} is not named: {found:#?}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn names_nothing_wrong(project: &Project) {
    let said = project.ends(&["plan", "--detailed-exitcode"], 0);
    assert!(said.contains("everything is as the spec says"), "{said}");
}

/// The volume of a registered key has another name in the spec.
fn case_rename_volume(project: &Project) {
    for (from, to) in [
        ("volume \"main\"", "volume \"other\""),
        ("volume.main", "volume.other"),
    ] {
        project.edit(from, to);
    }
    let refused = project.run(&["plan"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    for part in ["docker/registered-key", "data = volume.main"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    for (from, to) in [
        ("volume \"other\"", "volume \"main\""),
        ("volume.other", "volume.main"),
    ] {
        project.edit(from, to);
    }
    names_nothing_wrong(project);
}

/// The registration names a node that is not made yet, and would have another key.
fn case_other_node(project: &Project) {
    let path = project.path("pool.hcl");
    let before = std::fs::read_to_string(&path).unwrap();
    let begin = before.find("node \"main\"").unwrap();
    let end = begin + before[begin..].find("\n}\n").unwrap() + 3;
    let other = before[begin..end]
        .replace("node \"main\"", "node \"other\"")
        .replace("volume.main", "volume.other");
    let volume_begin = before.find("volume \"main\"").unwrap();
    let volume_end = volume_begin + before[volume_begin..].find("\n}\n").unwrap() + 3;
    let volume = before[volume_begin..volume_end].replace("volume \"main\"", "volume \"other\"");
    let bond = before.find("pos_registration \"main\"").unwrap();
    let (head, tail) = before.split_at(bond);
    let tail = tail.replacen("node.main", "node.other", 1);
    std::fs::write(&path, format!("{head}{tail}\n{volume}\n{other}")).unwrap();
    let refused = project.run(&["plan"]);
    assert_eq!(
        refused.code,
        Some(1),
        "{}{}",
        refused.stdout,
        refused.stderr
    );
    for part in ["chain/other-key", "node = node.main"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    std::fs::write(&path, before).unwrap();
    names_nothing_wrong(project);
}

/// V11: a plan that stops the voter names the epoch in which its key would be retired.
fn a_stop_says_what_it_eats(project: &Project) {
    let path = project.path("pool.hcl");
    let before = std::fs::read_to_string(&path).unwrap();
    let password = "  pos_key_password = ";
    project.edit(
        password,
        &format!("  state            = \"stopped\"\n{password}"),
    );
    let said = project.ok(&["plan"]);
    assert!(
        said.contains("is retired at the end of PoS epoch"),
        "{said}"
    );
    std::fs::write(&path, before).unwrap();
}

/// Runs a script in the node's container.
fn inside(voter: &Voter, script: &str) -> String {
    docker(&["exec", &voter.container, "bash", "-c", script])
}

/// The file is of the first epoch, again and again, as long as somebody waits.
fn v5_a_safety_file_of_an_older_epoch(project: &Project, voter: &Voter) {
    voter.kill_conflux();
    let older = format!("sed -i -E 's/(\"epoch\": ?)[0-9]+/\\11/' {SAFETY}");
    let begun = Instant::now();
    loop {
        inside(voter, &older);
        if voter.report()["hold"] == "old-safety-file" {
            break;
        }
        assert!(begun.elapsed() < LONG, "{:#}", voter.report());
        std::thread::sleep(Duration::from_millis(100));
    }
    let found = names(project, "docker/safety-file");
    assert_eq!(found["kind"], "wrong", "{found:#}");
    voter.becomes("the next epoch renews it", |report| {
        report["voting"] == "on"
    });
    voter.is_seen_voting();
}

/// The file came from another node. It is put back: it is never removed.
fn v4_a_safety_file_of_another_key(project: &Project, voter: &Voter) {
    let key = voter.key.trim_start_matches("0x");
    let other = "ab".repeat(32);
    inside(
        voter,
        &format!(
            "cp {SAFETY} /tmp/safety && sed -i 's/{key}/{other}/I' {SAFETY} && grep -q {other} {SAFETY}"
        ),
    );
    voter.kill_conflux();
    let found = names(project, "docker/safety-file");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.contains("came from another node"), "{reason}");
    inside(voter, &format!("sed -i 's/{other}/{key}/I' {SAFETY}"));
    voter.kill_conflux();
}

/// PoS retires only a member of the committee. An election makes a key a member for six terms, and a frozen node stands for
/// no other: one that had fewer than four left when it froze is not retired. It is let go on then, and frozen again right
/// after the first vote of its next election.
fn is_paused_until_retired(voter: &Voter) {
    let begun = Instant::now();
    loop {
        docker(&["pause", &voter.container]);
        loop {
            let status = rpc("pos_getAccount", &json!([voter.key]))["status"].take();
            if !status["forceRetired"].is_null() {
                return;
            }
            assert!(begun.elapsed() < 2 * LONG, "{status:#}");
            if !is_member(&voter.key) {
                break;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        let (seconds, epoch) = (begun.elapsed().as_secs(), epoch());
        eprintln!("  {seconds:>4} s left the committee before PoS retired it, in epoch {epoch}");
        docker(&["unpause", &voter.container]);
        voter.votes();
    }
}

fn epoch() -> u64 {
    number(&rpc("pos_getStatus", &json!([]))["epoch"])
}

/// Whether a key is in the committee of this epoch.
fn is_member(key: &str) -> bool {
    let committee = rpc("pos_getCommittee", &json!([]))["currentCommittee"].take();
    let nodes = committee["nodes"].as_array().expect("it has members");
    let address = |node: &Value| node["address"].as_str().unwrap_or_default().to_owned();
    nodes
        .iter()
        .any(|node| address(node).eq_ignore_ascii_case(key))
}

/// Frozen until PoS has retired its key: the node is paused and the pool has no votes, and both are said.
fn v12_case_retired(project: &Project, voter: &Voter) {
    let status = || rpc("pos_getAccount", &json!([voter.key]))["status"].take();
    is_paused_until_retired(voter);
    let begun = Instant::now();
    let ran = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    for part in [
        "chain/force-retired",
        "PoS retired the key at view",
        "do not add stake",
        "\"paused\" → \"running\"",
        "1 thing is wrong",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let shown = project.ok(&["show"]);
    assert!(!shown.contains("votes: 1"), "{shown}");
    // A day later on the public networks, twenty views here: nothing bars new stake any more, and no vote works.
    while !status()["forceRetired"].is_null() {
        assert!(begun.elapsed() < LONG, "{:#}", status());
        std::thread::sleep(Duration::from_millis(200));
    }
    let found = names(project, "chain/no-votes");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.contains("1 vote ever became free"), "{reason}");
    // The first apply lets the node go on, and stakes nothing on one that may not vote; the next ones bring the vote back.
    let begun = Instant::now();
    while status()["availableVotes"] == "0x0" {
        let applied = project.run(&["apply", "--auto-approve"]);
        let said = format!("{}{}", applied.stdout, applied.stderr);
        // Still in progress, done, or done while something is wrong with the node that no step is about.
        assert!(matches!(applied.code, Some(0 | 3 | 5)), "{said}");
        assert!(said.contains("stake 1 vote of the pool again"), "{said}");
        assert!(begun.elapsed() < LONG, "{said}");
    }
    voter.votes();
    assert_eq!(voter.undisputed_status()["availableVotes"], "0x1");
    names_nothing_wrong(project);
}
