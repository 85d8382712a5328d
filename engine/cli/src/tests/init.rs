//! `init`, with the kinds of the real providers.

use super::World;
use crate::exit::Exit;

const IMAGE: &str = "--image confluxchain/conflux-rust:3.1.0-testnet";

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

/// What a private network needs.
fn devnet() -> String {
    let node = format!("cfxnode://{}@172.18.0.2:32323", "ab".repeat(64));
    format!(
        "--core-rpc http://127.0.0.1:12537 --node-files files --docker-network dev --bootnodes {node} --image dev/node:1"
    )
}

#[test]
fn case_image_question_every_set_of_answers_gives_a_spec_that_validates() {
    let mut tried = 0;
    for network in ["testnet", "mainnet", "devnet"] {
        for espace in ["", "--espace"] {
            for address in ["", "--public-address 203.0.113.7"] {
                for source in ["", "--source contracts"] {
                    for accept in ["", "--accept-irreversible"] {
                        let more = match (network, espace) {
                            ("devnet", "") => devnet(),
                            ("devnet", _) => {
                                format!("{} --espace-rpc http://127.0.0.1:8545", devnet())
                            }
                            _ => String::new(),
                        };
                        let line = format!(
                            "init --network {network} {espace} {address} {source} {accept} {more}"
                        );
                        let world = World::real();
                        let ran = world.run(&line);
                        assert_eq!(ran.exit, Exit::Done, "{line}\n{}", ran.err);
                        validates(&world);
                        tried += 1;
                    }
                }
            }
        }
    }
    assert_eq!(tried, 48);
}

#[test]
fn case_old_release_the_image_that_is_not_given_is_that_of_the_table() {
    for network in ["testnet", "mainnet"] {
        let world = World::real();
        world.run(&format!("init --network {network}"));
        let current = crate::wiring::current_image(network).unwrap();
        let line = format!("image            = \"{current}\"");
        assert!(world.read("pool.hcl").contains(&line), "{line}");
    }
}

#[test]
fn an_image_that_the_node_would_not_take_is_refused_and_nothing_is_written() {
    for (network, image, word) in [
        ("mainnet", "a/b:3.1.0-testnet", "built for testnet"),
        ("testnet", "a/b:latest", "names no release"),
        ("testnet", "a/b", "names no release"),
        ("testnet", "a/b:90", "no release that this build knows"),
        ("testnet", "?", "is not"),
    ] {
        let world = World::real();
        let ran = world.run(&format!("init --network {network} --image {image}"));
        assert_eq!(ran.exit, Exit::Error, "{image}");
        assert!(ran.err.starts_with("error[cli/bad-answer]"), "{}", ran.err);
        assert!(ran.err.contains(word), "{}", ran.err);
        assert!(!world.path("pool.hcl").exists());
    }
    let world = World::real();
    let ran = world.run("init --public-address 2001:db8::7");
    assert!(ran.err.contains("IPv6"), "{}", ran.err);
    assert!(!world.path("pool.hcl").exists());
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
          2. put the operator's private key into POSPOOL_OPERATOR_KEY
             seal a new password of the PoS key to this machine, as root: pospool agent seal pos-key-password && pospool agent install pos-key-password
             so it comes back alone after a reboot, and whoever is root here can read what is sealed; `init --attended` is the other way
          3. run `pospool plan`, then `pospool apply`
        the plan refuses the registration until you accept in the spec that it cannot be undone
        ");
    assert_eq!(world.read("pool.hcl"), include_str!("init.testnet.hcl"));
}

/// A person hands the secrets over: what the other way costs is not for everybody.
#[test]
fn an_attended_pool_is_one_flag_more() {
    let world = World::real();
    let ran = world.run(&format!("init {IMAGE} --espace --attended"));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    validates(&world);
    let text = world.read("pool.hcl");
    assert!(!text.contains("credential("), "{text}");
    for name in ["POSPOOL_POS_KEY_PASSWORD", "POSPOOL_SYNCER_KEY"] {
        assert!(text.contains(&format!("env(\"{name}\")")), "{text}");
        assert!(ran.out.contains(name), "{}", ran.out);
    }
    assert!(!ran.out.contains("pospool agent"), "{}", ran.out);
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
    let ran = world.run("init --network devnet");
    assert_eq!(ran.exit, Exit::Error);
    assert!(
        ran.err
            .contains("error[cli/missing-answer]: an answer is missing: --image"),
        "{}",
        ran.err
    );
    assert!(!world.path("pool.hcl").exists());
    let answers = "mainnet\nMy \"${pool}\"\n120\n85\na b\na/b:3.1.0-testnet\n\n\n";
    let ran = world.run_with("init", answers);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    insta::assert_snapshot!(ran.err, @r"
        Network to join (testnet, mainnet or devnet) [testnet]: Name that the pool shows to its users [PoS pool]: Part of the rewards that goes to the users [90%]:   `120` is no part of the rewards: write 0% to 100% with at most two decimals
        Part of the rewards that goes to the users [90%]: Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:… [confluxchain/conflux-rust:3.1.0-mainnet]:   `a b` has blanks: write it without blanks
        Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:… [confluxchain/conflux-rust:3.1.0-mainnet]:   `a/b:3.1.0-testnet` is built for testnet, and the chain is mainnet: use the tag that ends in `-mainnet`
        Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:… [confluxchain/conflux-rust:3.1.0-mainnet]: IP address at which other nodes reach this one [none]:
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

#[test]
fn case_init_promises_what_the_readme_says_is_what_is_written() {
    let world = World::real();
    std::fs::create_dir(world.path("site")).unwrap();
    std::fs::write(world.path("site/index.html"), "<!doctype html>").unwrap();
    let ran = world.run(&format!("init {IMAGE} --espace --page site"));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    validates(&world);
    let text = world.read("pool.hcl");
    for block in [
        "node \"main\"",
        "core_contract \"pool\"",
        "core_contract \"bridge\"",
        "espace_contract \"pool\"",
        "syncer \"main\"",
        "verification \"pool\"",
        "ui \"site\"",
        "pos_registration \"main\"",
    ] {
        assert!(text.contains(block), "{block}: {text}");
    }
    let readme = include_str!("../../../../README.md");
    let promise = "node, contracts, their verification and the registration; `--espace` adds eSpace, bridge and syncer, `--page FOLDER` the web page";
    assert!(
        readme.contains(promise),
        "README.md promises something else"
    );
}

#[test]
fn case_ratio_a_part_of_one_is_not_taken_for_one_of_a_hundred() {
    let answers = [
        ("0.9", None),
        ("1.0", None),
        ("0.9%", Some("0.9%")),
        ("90", Some("90%")),
        ("90.5", Some("90.5%")),
    ];
    for (given, taken) in answers {
        let world = World::real();
        let ran = world.run(&format!("init {IMAGE} --share-ratio {given}"));
        match taken {
            None => {
                assert_eq!(ran.exit, Exit::Error, "{given}");
                assert!(ran.err.contains("90% or 0.9%"), "{}", ran.err);
                assert!(!world.path("pool.hcl").exists());
            }
            Some(taken) => {
                assert_eq!(ran.exit, Exit::Done, "{given}: {}", ran.err);
                let line = format!("user_share_ratio = \"{taken}\"");
                assert!(world.read("pool.hcl").contains(&line), "{given}");
            }
        }
    }
}
