//! The stand-in contracts of the project, compiled for real: npm loads the compiler, node runs it.
//!
//! Needs `npm`, `node` and a registry that the user's npm settings name.

use std::{path::Path, time::Instant};

use pospool_source::{Artifact, SourceRequest, Tools, compile, compiler_input};

const CONTRACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contracts");

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn stand_ins_compile_once_and_are_then_found() {
    let cache = tempfile::tempdir().unwrap();
    let request = SourceRequest::folder(CONTRACTS, cache.path());
    let all = names(&[
        "PoSPool",
        "PoolManager",
        "contracts/utils/Proxy1967.sol:Proxy1967",
    ]);
    let artifacts = compile(&request, &all).unwrap();
    looks_like_a_pool(&artifacts["PoSPool"]);
    has_its_own_sources_only(&artifacts["PoSPool"], cache.path());

    // The second time no program is needed, not even one that is missing.
    let gone = |name| Path::new("/nowhere").join(name);
    let tools = Tools {
        git: gone("git"),
        npm: gone("npm"),
        node: gone("node"),
    };
    let start = Instant::now();
    let again = compile(
        &SourceRequest {
            tools,
            ..request.clone()
        },
        &all,
    )
    .unwrap();
    assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    assert_eq!(again, artifacts);

    // What a contract is does not depend on what else is asked for, nor on the cache.
    let other = tempfile::tempdir().unwrap();
    std::fs::rename(cache.path().join("npm"), other.path().join("npm")).unwrap();
    let alone = SourceRequest {
        cache: other.path().into(),
        ..request
    };
    let alone = compile(&alone, &names(&["PoolManager"])).unwrap();
    assert_eq!(alone["PoolManager"], artifacts["PoolManager"]);
}

fn looks_like_a_pool(pool: &Artifact) {
    assert_eq!(pool.file, "contracts/PoSPool.sol");
    assert_eq!(pool.compiler, "0.8.4+commit.c7e474f2");
    // The chain takes no code above 49,152 bytes.
    let bytes = pool.runtime.len() / 2 - 1;
    assert!((10_000..49_152).contains(&bytes), "{bytes}");
    let abi = pool.abi.as_array().unwrap();
    let register = abi
        .iter()
        .find(|entry| entry["name"] == "register")
        .unwrap();
    assert_eq!(register["inputs"][4]["type"], "bytes[2]");
    // A proxy writes the owner where the implementation reads it.
    let first = &pool.storage_layout["storage"][0];
    assert_eq!(
        (&first["label"], &first["slot"]),
        (&"_owner".into(), &"0".into())
    );
}

fn has_its_own_sources_only(pool: &Artifact, cache: &Path) {
    let input = compiler_input(cache, pool).unwrap();
    let input: serde_json::Value = serde_json::from_str(&input).unwrap();
    let sources = input["sources"].as_object().unwrap();
    assert!(sources.contains_key("contracts/utils/Owned.sol"));
    assert!(!sources.contains_key("contracts/PoolManager.sol"));
}

#[test]
fn what_does_not_compile_is_shown_as_the_compiler_shows_it() {
    let project = tempfile::tempdir().unwrap();
    let contracts = project.path().join("contracts");
    std::fs::create_dir(&contracts).unwrap();
    std::fs::write(
        contracts.join("A.sol"),
        "pragma solidity ^0.8.4;\ncontract A { uint x = \"\"; }",
    )
    .unwrap();
    let cache = tempfile::tempdir().unwrap();
    let error = compile(
        &SourceRequest::folder(project.path(), cache.path()),
        &names(&["A"]),
    )
    .unwrap_err();
    assert_eq!(error.code(), "source/compile");
    let text = error.to_string();
    assert!(
        text.contains("TypeError") && text.contains("contracts/A.sol:2:"),
        "{text}"
    );
}
