//! The dependency direction, as a test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every edge between our crates; a new edge is a design decision, so it is added here by hand.
const EDGES: &[(&str, &[&str])] = &[
    ("pospool-model", &[]),
    ("pospool-lang", &["pospool-model"]),
    ("pospool-engine", &["pospool-lang", "pospool-model"]),
    ("pospool-remote", &["pospool-engine"]),
    ("pospool-serve", &["pospool-model"]),
    ("pospool-status", &["pospool-model"]),
    ("pospool-docker", &["pospool-model"]),
    ("pospool-conflux", &[]),
    ("pospool-conflux-rpc", &["pospool-conflux", "pospool-model"]),
    (
        "pospool-conflux-tx",
        &["pospool-conflux", "pospool-conflux-rpc", "pospool-model"],
    ),
    (
        "pospool-chain",
        &[
            "pospool-conflux",
            "pospool-conflux-rpc",
            "pospool-conflux-tx",
            "pospool-model",
        ],
    ),
    ("pospool-rpcstub", &["pospool-conflux"]),
    ("pospool-source", &["pospool-model"]),
    ("pospool-fake", &["pospool-model"]),
    ("pospool-devnet", &["pospool-conflux"]),
    (
        "pospool-explorer",
        &["pospool-conflux", "pospool-conflux-rpc", "pospool-source"],
    ),
    ("pospool-gateway", &["pospool-explorer"]),
    (
        "pospool-modelchain",
        &["pospool-conflux", "pospool-conflux-rpc"],
    ),
    (
        "pospool-fuzz",
        &[
            "pospool-chain",
            "pospool-cli",
            "pospool-conflux",
            "pospool-conflux-rpc",
            "pospool-docker",
            "pospool-engine",
            "pospool-lang",
            "pospool-model",
            "pospool-remote",
            "pospool-source",
        ],
    ),
    ("pospool-guard", &["pospool-conflux-rpc", "pospool-model"]),
    ("pospool-keys", &["pospool-model"]),
    (
        "pospool-cli",
        &[
            "pospool-chain",
            "pospool-docker",
            "pospool-engine",
            "pospool-guard",
            "pospool-keys",
            "pospool-lang",
            "pospool-model",
            "pospool-remote",
            "pospool-serve",
            "pospool-source",
            "pospool-status",
        ],
    ),
];

#[test]
fn crates_depend_only_towards_the_model() {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let mut checked = BTreeSet::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let Some((name, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
            assert_eq!(
                name, "pospool-tests",
                "a crate without a place in the layers"
            );
            continue;
        };
        let found: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|dependency| dependency.starts_with("pospool-"))
            .collect();
        assert_eq!(
            found,
            allowed.iter().copied().collect(),
            "dependencies of {name}"
        );
        checked.insert(*name);
    }
    assert_eq!(checked.len(), EDGES.len(), "every layer was seen");
}

/// What each stage of a crate may use of the others: those before it.
const STAGES: &[(&str, &[&str])] = &[
    ("../engine/lang/src", &["spec", "graph", "config"]),
    (
        "../engine/core/src",
        &[
            "registry", "resolve", "moves", "observe", "plan", "check", "store", "planfile",
            "apply", "settle",
        ],
    ),
];

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn a_stage_uses_only_the_stages_before_it() {
    let stages = STAGES.iter().flat_map(|(src, stages)| {
        let later = |position: usize| &stages[position + 1..];
        let each = stages.iter().enumerate();
        each.map(move |(position, stage)| (folder(src), stage, later(position)))
    });
    for (src, stage, later) in stages {
        let files = files_of(&src, stage);
        assert!(!files.is_empty(), "the stage {stage} is gone");
        for (file, text) in files {
            for later in later {
                let used = format!("crate::{later}");
                let found = text.match_indices(&used).any(|(at, _)| {
                    !text[at + used.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                assert!(!found, "{} uses {later}", file.display());
            }
        }
    }
}

#[test]
fn only_the_store_writes_files_and_nothing_in_the_engine_prints() {
    let core = folder("../engine/core/src");
    let store: BTreeSet<PathBuf> = files_of(&core, "store").into_keys().collect();
    let mut seen = 0;
    let lang = rust_files(&folder("../engine/lang/src"));
    for (file, text) in rust_files(&core).into_iter().chain(lang) {
        seen += 1;
        for word in ["println!", "eprintln!", "print!("] {
            assert!(!text.contains(word), "{} prints", file.display());
        }
        let writes = ["fs::write", "File::create", "OpenOptions", "NamedTempFile"];
        let found = writes.iter().any(|word| text.contains(word));
        assert!(
            !found || store.contains(&file),
            "{} writes files",
            file.display()
        );
    }
    assert!(seen > 10);
}

/// A mutant that does not fit the source any more finds nothing (`scripts/plants`).
#[test]
fn every_mutant_fits_the_source() {
    let plants = folder("plants");
    let mut seen = 0;
    for entry in std::fs::read_dir(&plants).unwrap() {
        let path = entry.unwrap().path();
        let ran = Command::new("git")
            .current_dir(folder(".."))
            .args(["apply", "--check"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{}: {said}", path.display());
        seen += 1;
    }
    assert!(seen >= 16, "{seen}");
}

fn files_of(src: &Path, stage: &str) -> BTreeMap<PathBuf, String> {
    let mut files = rust_files(&src.join(stage));
    let single = src.join(format!("{stage}.rs"));
    if let Ok(text) = std::fs::read_to_string(&single) {
        files.insert(single, text);
    }
    files
}

fn rust_files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
        }
    }
    files
}

/// Crates with known vulnerabilities or abandoned parts, and second copies of what is
/// there: docs/decisions/0001-ethers-core-alone.md.
const BANNED: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "ethers",
    "ethers-contract",
    "ethers-etherscan",
    "ethers-middleware",
    "ethers-providers",
    "openssl-sys",
    "cfx-addr",
    "cfx-types",
];

#[test]
fn no_banned_crate_comes_in() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    let names: BTreeSet<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .collect();
    assert!(names.contains("ethers-core"), "the names were read");
    for banned in BANNED {
        assert!(!names.contains(banned), "{banned} came in");
    }
}
