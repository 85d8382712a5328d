//! `init`, with the kinds of the real providers.

use super::World;
use crate::exit::Exit;

const IMAGE: &str = "--image confluxchain/conflux-rust:3.0.3-testnet";

fn validates(world: &World) {
    let ran = world.run("validate");
    assert_eq!(
        ran.exit,
        Exit::Done,
        "{}\n{}",
        ran.err,
        world.read("pool.hcl")
    );
    assert_eq!(ran.err, "");
}

#[test]
fn every_network_gets_a_spec_that_validates() {
    for network in ["testnet", "mainnet"] {
        for more in [
            "",
            "--accept-irreversible --public-address 203.0.113.7 --source contracts",
        ] {
            let world = World::real();
            let ran = world.run(&format!("init --network {network} {IMAGE} {more}"));
            assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
            validates(&world);
        }
    }
    let world = World::real();
    let node = format!("cfxnode://{}@172.18.0.2:32323", "ab".repeat(64));
    let ran = world.run(&format!(
        "init --network devnet {IMAGE} --core-rpc http://127.0.0.1:12537 --node-files files --docker-network dev --bootnodes {node}"
    ));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    validates(&world);
}

#[test]
fn a_pool_in_both_spaces_is_one_flag_more() {
    let world = World::real();
    let ran = world.run(&format!("init {IMAGE} --espace"));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    validates(&world);
    assert_eq!(world.read("pool.hcl"), include_str!("init.espace.hcl"));

    let world = World::real();
    let node = format!("cfxnode://{}@172.18.0.2:32323", "ab".repeat(64));
    let devnet = format!(
        "init --network devnet {IMAGE} --espace --core-rpc http://127.0.0.1:12537 --node-files files --docker-network dev --bootnodes {node}"
    );
    let ran = world.run(&devnet);
    assert!(ran.err.contains("--espace-rpc"), "{}", ran.err);
    let ran = world.run(&format!("{devnet} --espace-rpc http://127.0.0.1:8545"));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    validates(&world);
}

#[test]
fn the_file_reads_well() {
    let world = World::real();
    let ran = world.run(&format!("init {IMAGE}@sha256:{}", "0".repeat(64)));
    insta::assert_snapshot!(ran.out, @r"
        wrote `pool.hcl`; next:
          1. read it: it is short, and every choice in it is yours
          2. put the operator's private key into POSPOOL_OPERATOR_KEY and a new password into POSPOOL_POS_KEY_PASSWORD
          3. run `pospool plan`, then `pospool apply`
        the plan refuses the registration until you accept in the spec that it cannot be undone
        ");
    assert_eq!(world.read("pool.hcl"), include_str!("init.testnet.hcl"));
}

#[test]
fn nothing_is_overwritten() {
    let world = World::real();
    world.write("pool.hcl", "mine");
    let ran = world.run(&format!("init {IMAGE}"));
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.starts_with("error[cli/exists]"), "{}", ran.err);
    assert_eq!(world.read("pool.hcl"), "mine");
}

#[test]
fn what_is_missing_is_named_or_asked_for() {
    let world = World::real();
    let ran = world.run("init");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.err
            .contains("error[cli/missing-answer]: an answer is missing: --image"),
        "{}",
        ran.err
    );
    assert!(!world.path("pool.hcl").exists());
    let answers = "mainnet\nMy \"${pool}\"\n120\n85\na b\n\nimage:tag\n\n";
    let ran = world.run_with("init", answers);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!(ran.err, @r"
        Network to join (testnet, mainnet or devnet) [testnet]: Name that the pool shows to its users [PoS pool]: Part of the rewards that goes to the users [90%]:   `120` is no part of the rewards: write 0% to 100% with at most two decimals
        Part of the rewards that goes to the users [90%]: Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:…:   `a b` has blanks: write it without blanks
        Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:…: Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:…: IP address at which other nodes reach this one [none]:
        ");
    let written = world.read("pool.hcl");
    assert!(
        written.contains(r#"name             = "My \"$${pool}\"""#),
        "{written}"
    );
    assert!(written.contains(r#"user_share_ratio = "85%""#), "{written}");
    validates(&world);
}

#[test]
fn a_wrong_flag_is_refused() {
    let world = World::real();
    let ran = world.run(&format!("init {IMAGE} --share-ratio 101"));
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.err
            .starts_with("error[cli/bad-answer]: `101` is no part of the rewards"),
        "{}",
        ran.err
    );
}
