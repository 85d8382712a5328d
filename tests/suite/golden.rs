//! What an operator reads before they approve: for each example the text of its first plan, of a change, of drift and of
//! a destroy.
//!
//! The texts are files in `golden/`, so that a change of a view shows in review as the operator will see it. With
//! `POSPOOL_BLESS=1` they are written instead of compared.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pospool_cli::exit::Exit;
use pospool_tests::stub_world::{CommandRun, StubWorld};
use serde_json::json;

use crate::example_world::{ExampleWorld, spec_of};

/// One example, and what happens to it after it was applied.
struct GoldenExample {
    name: &'static str,
    network: u32,
    /// What the operator changes in the spec.
    edits: &'static [(&'static str, &'static str)],
    /// What somebody else changes.
    happens: fn(&StubWorld),
}

/// The end of the image of the node, pinned with a digest.
const PINNED: &str =
    "3.1.0-mainnet@sha256:9f2c7e1b4a5d6083f1e2d3c4b5a697881726354453627181f0e1d2c3b4a59687\"\n}";

const EXAMPLES: &[GoldenExample] = &[
    GoldenExample {
        name: "both-spaces",
        network: 1,
        edits: &[
            ("user_share_ratio = \"90%\"", "user_share_ratio = \"92%\""),
            (
                "lock_period   = blocks(1126800)",
                "lock_period   = blocks(1130000)",
            ),
        ],
        happens: |world| {
            world.engine.stop("syncer.main");
            world
                .chain
                .set_by_hand("CoreBridge", "setPoolAddress(address)", 7);
            world
                .chain
                .set_by_hand("PoSPool", "setLockPeriod(uint64)", 100);
        },
    },
    GoldenExample {
        name: "bring-your-own-key",
        network: 1,
        edits: &[(
            "name = \"Harbour pool\"",
            "name = \"Harbour and lake pool\"",
        )],
        happens: |world| world.chain.retire_all(),
    },
    GoldenExample {
        name: "mainnet",
        network: 1029,
        edits: &[
            ("3.1.0-mainnet\"\n}", PINNED),
            (
                "  data             = volume.main",
                "  data             = volume.main\n  memory           = \"16g\"",
            ),
            ("user_share_ratio = \"90%\"", "user_share_ratio = \"92%\""),
        ],
        happens: |world| {
            world.engine.stop("-main");
            world
                .chain
                .set_by_hand("PoSPool", "setPoolUserShareRatio(uint64)", 5000);
        },
    },
    GoldenExample {
        name: "private-network",
        network: 1234,
        edits: &[
            ("conflux-rust:3.0.2", "conflux-rust:3.0.3"),
            ("user_share_ratio = \"90%\"", "user_share_ratio = \"85.5%\""),
        ],
        happens: |world| {
            world
                .engine
                .change_setting("-main", "Memory", json!(1_073_741_824));
            world
                .engine
                .change_setting("-main", "Privileged", json!(true));
        },
    },
    GoldenExample {
        name: "testnet",
        network: 1,
        edits: &[(
            "variable \"pool_name\" {\n  description = \"What stakers see.\"\n  default     = \"Harbour pool\"",
            "variable \"pool_name\" {\n  description = \"What stakers see.\"\n  default     = \"Lake pool\"",
        )],
        happens: |world| world.engine.stop("-main"),
    },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/golden")
}

/// Compares one text with the one that is committed.
fn compare(example: &str, what: &str, line: &[&str], run: &CommandRun, stale: &mut Vec<String>) {
    let name = format!("{example}.{what}.txt");
    let mut text = format!("$ pospool {}\n", line.join(" "));
    text.push_str(&run.out);
    if !run.err.is_empty() {
        let _ = write!(text, "\n----- beside it -----\n{}", run.err);
    }
    let path = folder().join(&name);
    if std::env::var_os("POSPOOL_BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    if there != text {
        stale.push(format!("{name} is now:\n{text}"));
    }
}

fn run_example(example: &GoldenExample) {
    let ExampleWorld {
        world,
        spec,
        values,
    } = ExampleWorld::new(example.name, example.network, spec_of(example.name));
    let line = |words: &[&'static str]| [words, values].concat();
    let mut stale = Vec::new();

    let plan = line(&["plan"]);
    compare(
        example.name,
        "first",
        &plan,
        &world.run(&plan, ""),
        &mut stale,
    );
    let applied = world.run(&line(&["apply", "--auto-approve"]), "");
    assert_eq!(applied.exit, Exit::Done, "{applied:#?}");
    let rest = world.run(&plan, "");
    assert!(rest.out.contains("nothing to do"), "{rest:#?}");

    let mut changed = spec.clone();
    for (from, to) in example.edits {
        assert!(changed.contains(from), "{}: {from}", example.name);
        changed = changed.replacen(from, to, 1);
    }
    world.write_spec(&changed);
    compare(
        example.name,
        "change",
        &plan,
        &world.run(&plan, ""),
        &mut stale,
    );

    world.write_spec(&spec);
    (example.happens)(&world);
    compare(
        example.name,
        "drift",
        &plan,
        &world.run(&plan, ""),
        &mut stale,
    );

    let destroy = line(&["destroy"]);
    let ended = world.run(&destroy, "no\n");
    compare(example.name, "destroy", &destroy, &ended, &mut stale);
    assert!(
        stale.is_empty(),
        "read them as an operator will; if they are meant so, run this test with POSPOOL_BLESS=1\n\n{}",
        stale.join("\n")
    );
}

#[test]
fn golden_both_spaces() {
    run_example(&EXAMPLES[0]);
}

#[test]
fn golden_bring_your_own_key() {
    run_example(&EXAMPLES[1]);
}

#[test]
fn golden_mainnet() {
    run_example(&EXAMPLES[2]);
}

#[test]
fn golden_private_network() {
    run_example(&EXAMPLES[3]);
}

#[test]
fn golden_testnet() {
    run_example(&EXAMPLES[4]);
}
