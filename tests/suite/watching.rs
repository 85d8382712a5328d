//! `status` and `doctor` over whole pools on stubs: what the real providers report of a pool that is well, and of one that is not.

use pospool_cli::exit::Exit;
use serde_json::Value as Json;

use crate::example_world::{ExampleWorld, spec_of};

/// The pool of an example, made.
fn pool(example: &str, network: u32) -> ExampleWorld {
    let world = ExampleWorld::new(example, network, spec_of(example));
    world.ends(&["apply", "--auto-approve"], Exit::Done);
    world
}

fn json_of(world: &ExampleWorld, command: &str) -> Json {
    let run = world.run(&[command, "--json"]);
    serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"))
}

/// The answer of the doctor about a state, and what it says with it.
fn answer(doctor: &Json, id: &str) -> (String, String) {
    let states = doctor["states"].as_array().unwrap();
    let found = states.iter().find(|state| state["id"] == id);
    let found = found.unwrap_or_else(|| panic!("{id} is not there"));
    let said = format!("{} {}", found["evidence"], found["missing"]);
    (found["answer"].as_str().unwrap().to_owned(), said)
}

fn ids(doctor: &Json, answer: &str) -> Vec<String> {
    let states = doctor["states"].as_array().unwrap().iter();
    let mine = states.filter(|state| state["answer"] == answer);
    let mut ids: Vec<String> = mine
        .map(|state| state["id"].as_str().unwrap().to_owned())
        .collect();
    ids.dedup();
    ids
}

#[test]
fn a_pool_that_is_well_shows_its_figures() {
    let world = pool("mainnet", 1029);
    let status = json_of(&world, "status");
    let node = &status["status"]["nodes"][0];
    for (figure, value) in [
        ("container", Json::from("running")),
        ("phase", "NormalSyncPhase".into()),
        ("live_peers", 12.into()),
        ("sessions", 14.into()),
        ("disk_free_bytes", 700_000_000_000_u64.into()),
        ("pos_loop", "voting".into()),
        ("elected", true.into()),
        ("open_inner_ports", Json::Array(Vec::new())),
    ] {
        assert_eq!(node[figure]["value"], value, "{figure}: {}", node[figure]);
        assert!(node[figure]["age_seconds"].is_u64(), "{figure}");
    }
    assert!(node["behind_epochs"]["value"].as_u64() < Some(100));
    let key = &status["status"]["keys"][0];
    assert_eq!(key["elected"]["value"], true, "{key}");
    assert_eq!(key["elected_until_view"]["value"], 0x5a);
    assert_eq!(key["missed"]["value"]["blocks"], 20);
    assert_eq!(key["missed"]["value"]["missed"], 0);
    assert_eq!(status["verdict"]["earning"]["light"], "yes");
    let account = &status["status"]["accounts"][0];
    assert_eq!(account["signs"], true);
    assert!(
        account["calls_left"]["value"].as_u64() > Some(1000),
        "{account}"
    );
    let doctor = json_of(&world, "doctor");
    // No bundle of the key was made.
    assert_eq!(ids(&doctor, "present"), ["C6"], "{doctor}");
}

#[test]
fn v1_v12_what_the_chain_says_of_the_votes_is_told() {
    let world = pool("mainnet", 1029);
    world.world.chain.miss_votes(6);
    let doctor = json_of(&world, "doctor");
    let (answered, said) = answer(&doctor, "V1");
    assert_eq!(answered, "present", "{said}");
    assert!(said.contains("no vote in the last 6 blocks"), "{said}");
    let status = world.ends(&["status"], Exit::OnlyDrift);
    assert!(
        status.out.starts_with("NOT SAFE; not earning; "),
        "{}",
        status.out
    );
    world.world.chain.miss_votes(4);
    assert_eq!(answer(&json_of(&world, "doctor"), "V1").0, "absent");
}

#[test]
fn n1_a_node_that_was_stopped_is_named_and_what_it_would_say_is_unknown() {
    let world = pool("mainnet", 1029);
    world.world.engine.stop("-main");
    let run = world.ends(&["doctor"], Exit::OnlyDrift);
    assert!(run.out.contains("N1 critical, node.main"), "{}", run.out);
    assert!(
        run.out.contains("do    pospool start node.main"),
        "{}",
        run.out
    );
    let doctor = json_of(&world, "doctor");
    // It is down, and so nobody knows of its peers: that is not the same.
    let (answered, said) = answer(&doctor, "S1");
    assert_eq!(answered, "cannot_tell");
    assert!(said.contains("no word of its guard"), "{said}");
    assert_eq!(answer(&doctor, "V13").0, "absent");
    // The plan would start it again, which is drift.
    assert_eq!(answer(&doctor, "C5").0, "present");
}

#[test]
fn an_engine_that_does_not_answer_leaves_its_nodes_unknown_and_not_down() {
    let world = pool("mainnet", 1029);
    std::fs::remove_file(world.world.path("docker.sock")).unwrap();
    let run = world.ends(&["status"], Exit::OnlyDrift);
    assert!(
        run.out.starts_with("nobody can tell whether it is safe"),
        "{}",
        run.out
    );
    let doctor = json_of(&world, "doctor");
    let (answered, said) = answer(&doctor, "N1");
    assert_eq!(answered, "cannot_tell", "{said}");
    assert!(
        said.contains("does not answer") || said.contains("not reached"),
        "{said}"
    );
    // What the chain says is known all the same.
    assert_eq!(answer(&doctor, "V12").0, "absent");
}

#[test]
fn c2_a_syncer_of_both_spaces_is_looked_at() {
    let world = pool("both-spaces", 1);
    let status = json_of(&world, "status");
    assert_eq!(
        status["status"]["syncers"][0]["trouble"]["value"],
        Json::Null
    );
    assert_eq!(
        status["status"]["syncers"][0]["trouble"]["unknown"],
        Json::Null
    );
    let doctor = json_of(&world, "doctor");
    assert_eq!(answer(&doctor, "C4").0, "absent");
    world.world.engine.stop("syncer.main");
    let doctor = json_of(&world, "doctor");
    let (answered, said) = answer(&doctor, "C2");
    assert_eq!(answered, "present", "{said}");
    // Its account never sent anything in eSpace, and needs no money there.
    assert_eq!(answer(&doctor, "C3").0, "absent");
}

/// No secret is needed to look.
#[test]
fn a_look_needs_no_private_key() {
    let world = pool("mainnet", 1029);
    for secret in [
        "POSPOOL_OPERATOR_KEY",
        "operator-key",
        "POSPOOL_POS_KEY_PASSWORD",
    ] {
        std::fs::remove_file(world.world.path(secret)).unwrap();
    }
    let status = json_of(&world, "status");
    assert_eq!(status["verdict"]["earning"]["light"], "yes", "{status}");
    assert_eq!(status["status"]["unseen"], Json::Array(Vec::new()));
}

/// Where nothing is registered yet, that is no fault, and nothing is earned.
#[test]
fn a_pool_before_its_registration_is_not_called_unseen() {
    let world = ExampleWorld::new("mainnet", 1029, spec_of("mainnet"));
    let made = [
        "apply",
        "--auto-approve",
        "--exclude",
        "pos_registration.main",
    ];
    world.ends(&made, Exit::Done);
    let status = json_of(&world, "status");
    assert_eq!(status["verdict"]["earning"]["light"], "no", "{status}");
    let key = &status["status"]["keys"][0]["votes"];
    assert_eq!(key["unknown"]["kind"], "not_collected", "{key}");
    let doctor = json_of(&world, "doctor");
    assert!(answer(&doctor, "V1").1.contains("not_collected"));
}
