//! `render`, with the kinds of the real providers.

use super::World;
use crate::exit::Exit;

fn pool() -> World {
    let world = World::real();
    let ran = world.run("init --network testnet --public-address 203.0.113.7");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let mut spec = world.read("pool.hcl");
    spec.push_str(
        "ui \"site\" {\n  host    = host.main\n  manager = core_contract.manager.address\n  built   = \"site\"\n}\n",
    );
    world.write("pool.hcl", &spec);
    world
}

#[test]
fn every_file_is_shown_with_what_else_goes_in_and_no_key_is_needed() {
    let world = pool();
    let ran = world.run("render");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    for name in [
        "node.main/conflux.toml",
        "node.main/log.yaml",
        "node.main/pos_config.yaml",
        "ui.site/pool.config.json",
    ] {
        assert!(ran.out.contains(&format!("==> {name}\n")), "{}", ran.out);
    }
    assert!(
        ran.out.contains("public_address = \"203.0.113.7\""),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("POSPOOL_"), "{}", ran.out);
    assert!(
        ran.err
            .contains("note: node.main: initial_nodes.json is taken from the image"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("note: ui.site: `manager` is known after the apply"),
        "{}",
        ran.err
    );
    assert!(!world.path("pospool.state.json").exists());
}

#[test]
fn one_resource_can_be_named_and_json_has_the_same() {
    let world = pool();
    let ran = world.run("render ui.site");
    assert!(!ran.out.contains("conflux.toml"), "{}", ran.out);
    let ran = world.run("render node.main --json");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let files = json["resources"][0]["files"].as_object().unwrap();
    assert_eq!(files.len(), 4);
    assert_eq!(json["resources"][0]["address"], "node.main");
    for (address, word) in [
        ("core_contract.pool", "puts no file"),
        ("node.other", "has no"),
    ] {
        let ran = world.run(&format!("render {address}"));
        assert_eq!(ran.exit, Exit::Error);
        assert!(
            ran.err.starts_with("error[cli/nothing-to-render]"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains(word), "{}", ran.err);
    }
}

#[test]
fn files_are_written_and_never_overwritten() {
    let world = pool();
    let ran = world.run("render --out files");
    assert_eq!(ran.out, "wrote 5 files into `files`\n", "{}", ran.err);
    let written = world.read("files/node.main/conflux.toml");
    assert!(written.starts_with("chain_id = 1\n"), "{written}");
    world.write("files/node.main/conflux.toml", "mine");
    let ran = world.run("render --out files");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.starts_with("error[cli/exists]"), "{}", ran.err);
    assert_eq!(world.read("files/node.main/conflux.toml"), "mine");
}

#[test]
fn what_a_node_would_not_take_is_a_problem_at_its_place() {
    let world = pool();
    let spec = world.read("pool.hcl");
    world.write("pool.hcl", &spec.replace("3.1.0-testnet", "9.9.9-testnet"));
    let ran = world.run("render");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.err.contains("error[docker/unknown-release]"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("release_form"), "{}", ran.err);
    let told = spec.replace("3.1.0-testnet", "9.9.9-testnet").replace(
        "node \"main\" {",
        "node \"main\" {\n  release_form = \"3.1\"",
    );
    world.write("pool.hcl", &told);
    let ran = world.run("render node.main");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}
