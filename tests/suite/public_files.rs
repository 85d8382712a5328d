//! The files of the public networks, compared as structure with what the releases ship.
//!
//! What is rendered is what `pospool render` writes of the public examples. It must be what a release ships, with what
//! pospool adds and leaves out by intent, and nothing else.

pub(crate) mod rendered;
mod shipped;
mod trees;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use rendered::Rendered;
use shipped::{RELEASES, Release};
use trees::Leaf::{Bool, Number, Text};
use trees::{Leaves, of_table, of_toml, of_yaml, same};

/// Folder with the files of the releases themselves.
const UPSTREAM: &str = "POSPOOL_UPSTREAM_DIR";

/// What pospool writes into `conflux.toml` of a node that only connects out, whatever the network.
const OWN: &[(&str, trees::Leaf<'_>)] = &[
    ("log_conf", Text("/etc/conflux/log.yaml")),
    ("conflux_data_dir", Text("/data/blockchain_data")),
    ("pos_config_path", Text("/etc/conflux/pos_config.yaml")),
    (
        "pos_initial_nodes_path",
        Text("/etc/conflux/initial_nodes.json"),
    ),
    ("pos_private_key_path", Text("/data/pos_config/pos_key")),
    ("pos_started_as_voter", Bool(false)),
    ("jsonrpc_local_http_port", Number(12539)),
    ("jsonrpc_http_threads", Number(4)),
    ("tcp_port", Number(32323)),
    ("udp_port", Number(32323)),
];

/// Rounds of one PoS epoch on the public networks: twice 60 since CIP-136 (conflux-rust f44f1cb1, in
/// crates/config/src/configuration.rs: `pos_cip136_round_per_term`).
const ROUNDS: u64 = 120;

/// What it adds to `pos_config.yaml`: the releases' log of PoS grows without end.
const ROTATION: &[(&str, trees::Leaf<'_>)] = &[
    ("logger.rotation_count", Number(10)),
    ("logger.rotation_file_size_mb", Number(100)),
];

/// Keys of 3.1's `pos_config.yaml`, which is read strictly (conflux-rust d33388de, in
/// crates/pos/config/config/src/config: mod.rs:36, consensus_config.rs:20-44, logger_config.rs:13-27).
const STRICT: &[&str] = &[
    "consensus.round_initial_timeout_ms",
    "consensus.hardcoded_epoch_committee",
    "logger.file",
    "logger.level",
    "logger.rotation_count",
    "logger.rotation_file_size_mb",
];

/// The log of every node: as in the releases (conflux-rust f44f1cb1, run/log.yaml), but bounded to 4 GB, without
/// colours, and with one level for all crates.
const LOG: &[(&str, trees::Leaf<'_>)] = &[
    ("appenders.stdout.kind", Text("console")),
    ("appenders.stdout.encoder.pattern", Text(PATTERN)),
    ("appenders.stdout.filters.0.kind", Text("threshold")),
    ("appenders.stdout.filters.0.level", Text("info")),
    ("appenders.logfile.kind", Text("rolling_file")),
    ("appenders.logfile.path", Text("log/conflux.log")),
    ("appenders.logfile.encoder.pattern", Text(PATTERN)),
    ("appenders.logfile.policy.kind", Text("compound")),
    ("appenders.logfile.policy.trigger.kind", Text("size")),
    ("appenders.logfile.policy.trigger.limit", Text("200 mb")),
    ("appenders.logfile.policy.roller.kind", Text("fixed_window")),
    (
        "appenders.logfile.policy.roller.pattern",
        Text("log/archive/conflux.{}.gz"),
    ),
    ("appenders.logfile.policy.roller.count", Number(20)),
    ("root.level", Text("info")),
    ("root.appenders.0", Text("stdout")),
    ("root.appenders.1", Text("logfile")),
];
const PATTERN: &str = "{d} {l:5.5} {T:<20.20} {t:12.12} - {m:.20000}{n}";

#[test]
fn case_testnet_committee_every_rendered_file_is_what_the_release_ships() {
    for release in RELEASES {
        let rendered = Rendered::of(release.network, release.number);
        let shipped = release.toml.iter().map(|(key, leaf, _)| (*key, *leaf));
        let pos = release
            .pos_config
            .iter()
            .map(|(path, leaf, _)| (*path, *leaf));
        compare(release, &rendered, of_table(shipped), of_table(pos));
        let mut notes = vec![format!(
            "initial_nodes.json is taken from the image, with SHA-256 {}",
            release.initial_nodes
        )];
        notes.extend(
            release
                .genesis_file
                .map(|hash| format!("genesis_file is taken from the image, with SHA-256 {hash}")),
        );
        // Line 6 of each release's configuration names the nodes to begin with, and they change between releases.
        notes.push("`bootnodes` of the image is added to conflux.toml".to_owned());
        assert_eq!(rendered.notes, notes, "{}", release.folder);
    }
}

#[test]
fn release_3_1_accepts_every_key_of_its_strict_file() {
    for release in RELEASES.iter().filter(|it| it.number == "3.1.0") {
        let leaves = of_yaml(Rendered::of(release.network, release.number).file("pos_config.yaml"));
        for path in leaves.keys() {
            let known = STRICT.iter().any(|key| {
                path == key
                    || path
                        .strip_prefix(key)
                        .is_some_and(|rest| rest.starts_with('.'))
            });
            assert!(known, "{}: {path}", release.folder);
        }
    }
}

#[test]
fn the_table_of_this_test_is_what_the_releases_ship() {
    let Some(folder) = upstream("the table of the releases was not compared with their files")
    else {
        return;
    };
    for release in RELEASES {
        let folder = folder.join(release.folder);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let mut toml = of_toml(&read(release.toml_name));
        let bootnodes = toml.remove("bootnodes").unwrap_or_default();
        assert!(bootnodes.contains("cfxnode://"), "{}", release.folder);
        let pos = of_yaml(&read("pos_config.yaml"));
        let rendered = Rendered::of(release.network, release.number);
        compare(release, &rendered, toml, pos);
        let hash = |name: &str| {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            ethers_core::utils::hex::encode(Sha256::digest(bytes))
        };
        assert_eq!(hash("initial_nodes.json"), release.initial_nodes);
        if let Some(genesis) = release.genesis_file {
            assert_eq!(hash("genesis_file"), genesis);
        }
    }
}

/// Compares all three files of one release.
fn compare(release: &Release, rendered: &Rendered, toml: Leaves, pos: Leaves) {
    let what = |name: &str| {
        let Release {
            network,
            name: of,
            commit,
            ..
        } = release;
        format!("{name} of {network} against {of} ({commit})")
    };
    let mut expected = toml;
    expected.extend(of_table(OWN.iter().copied()));
    let found = of_toml(rendered.file("conflux.toml"));
    same(&what("conflux.toml"), &found, &expected);
    let mut expected = pos;
    expected.extend(of_table(ROTATION.iter().copied()));
    let found = of_yaml(rendered.file("pos_config.yaml"));
    same(&what("pos_config.yaml"), &found, &expected);
    let found = of_yaml(rendered.file("log.yaml"));
    same(&what("log.yaml"), &found, &of_table(LOG.iter().copied()));
    let guard: serde_json::Value = serde_json::from_str(rendered.file("guard.json")).unwrap();
    assert_eq!(guard["rounds_per_epoch"], ROUNDS, "{guard:#}");
    assert_eq!(guard["local_port"], 12539, "{guard:#}");
    assert_eq!(rendered.files.len(), 4, "{:?}", rendered.files.keys());
}

/// The folder with the releases' files; where there is none, that is said past the test's capture of its output.
pub(crate) fn upstream(without: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(UPSTREAM).filter(|text| !text.is_empty());
    if folder.is_none() {
        let line = format!("NOT RUN: {UPSTREAM} names no folder, so {without}\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    let folder = PathBuf::from(folder?);
    assert!(
        folder.is_dir(),
        "{UPSTREAM} names {}, which is no folder",
        folder.display()
    );
    Some(folder)
}

/// The public examples.
pub(crate) fn example(network: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/{network}/pool.hcl"))
}
