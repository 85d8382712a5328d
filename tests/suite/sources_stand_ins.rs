//! The stand-in contracts of the project, compiled for real: npm loads the compiler, node runs it.
//!
//! Needs `npm`, `node` and a registry that the user's npm settings name.

use std::{collections::BTreeMap, path::Path};

use pospool_source::{Artifact, SourceRequest, Tools, compile_contracts, compiler_input};
use pospool_tests::stand_ins;
use serde_json::Value;

const POOL: &str = "PoSPool";
const MANAGER: &str = "PoolManager";
const PROXY: &str = "contracts/utils/Proxy1967.sol:Proxy1967";
const BRIDGE: &str = "contracts/eSpacePoolBridge.sol:CoreBridge";
const ESCROW: &str = "contracts/VotingEscrow.sol:VotingEscrow";
const ESPACE_POOL: &str = "contracts/eSpace/eSpacePoSPool.sol:ESpacePoSPool";
const ESPACE_ESCROW: &str = "contracts/eSpace/VotingEscrow.sol:EVotingEscrow";

/// What pospool, the services and the site call, and what it answers; the reference has all of it.
const CALLED: &[(&str, &[&str])] = &[
    (
        POOL,
        &[
            "initialize()",
            "owner() address",
            "manager() address",
            "poolName() string",
            "poolUserShareRatio() uint256",
            "_poolLockPeriod() uint256",
            "_poolUnlockPeriod() uint256",
            "_poolRegisted() bool",
            "votingEscrow() address",
            "posAddress() bytes32",
            "poolAPY() uint256",
            "poolSummary() (uint256,uint256,uint256)",
            "userSummary(address) (uint256,uint256,uint256,uint256,uint256,uint256)",
            "userInterest(address) uint256",
            "userLockInfo(address) (uint256,uint256)",
            "userInQueue(address) (uint256,uint256)[]",
            "userOutQueue(address,uint64,uint64) (uint256,uint256)[]",
            "setPoolName(string)",
            "setPoolUserShareRatio(uint64)",
            "setLockPeriod(uint64)",
            "setUnlockPeriod(uint64)",
            "setVotingEscrow(address)",
            "setManager(address)",
            "transferOwnership(address)",
            "register(bytes32,uint64,bytes,bytes,bytes[2])",
            "increaseStake(uint64)",
            "decreaseStake(uint64)",
            "withdrawStake(uint64)",
            "claimAllInterest()",
            "lockForVotePower(uint256,uint256)",
            "castVote(uint64,(uint16,uint256[3])[])",
            "_restakePosVote(uint64)",
        ],
    ),
    (
        MANAGER,
        &[
            "getPools() (uint32,uint64,uint64,address,string)[]",
            "getPoolAddresses() address[]",
            "eSpacePoolAddresses(address) address",
            "addPool(address)",
            "removePool(address)",
            "setEspacePool(address,address)",
        ],
    ),
    (
        PROXY,
        &[
            "owner() address",
            "implementation() address",
            "upgradeTo(address)",
        ],
    ),
    (
        BRIDGE,
        &[
            "initialize()",
            "owner() address",
            "poolAddress() address",
            "eSpacePoolAddress() address",
            "eSpaceVotingEscrow() address",
            "setPoolAddress(address)",
            "setESpacePoolAddress(address)",
            "setESpaceVotingEscrow(address)",
            "queryCrossingVotes() uint256",
            "queryUnstakeLen() uint256",
            "eSpaceFirstUnstakeVotes() uint256",
            "queryInterest() uint256",
            "queryUserSummary() (uint256,uint256,uint256,uint256,uint256,uint256)",
            "crossStake()",
            "withdrawVotes()",
            "withdrawVotesByVotes(uint64)",
            "handleUnstake()",
            "handleOneUnstake()",
            "syncAPY()",
            "claimAndCrossInterest()",
            "syncAPYandClaimInterest()",
            "isLockInfoChanged() bool",
            "syncLockInfo()",
            "isVoteInfoChanged() bool",
            "syncVoteInfo()",
            "globalLockAmount(uint256) uint256",
            "poolVoteInfo(uint64,uint16,uint256) uint256",
            "lastUnlockBlock() uint256",
        ],
    ),
    (
        ESCROW,
        &[
            "initialize()",
            "owner() address",
            "posPool() address",
            "eSpaceBridge() address",
            "setPosPool(address)",
            "setESpaceBridge(address)",
            "createLock(uint256,uint256)",
            "castVote(uint64,uint16,uint256[3])",
            "userLockInfo(address) (uint256,uint256)",
            "userVotePower(address) uint256",
            "globalLockAmount(uint256) uint256",
            "lastUnlockBlock() uint256",
            "triggerLock()",
            "triggerVote()",
        ],
    ),
    (
        ESPACE_POOL,
        &[
            "initialize()",
            "owner() address",
            "birdgeAddrSetted() bool",
            "poolName() string",
            "poolUserShareRatio() uint256",
            "_poolLockPeriod() uint256",
            "_poolUnlockPeriod() uint256",
            "votingEscrow() address",
            "poolAPY() uint256",
            "poolSummary() (uint256,uint256,uint256)",
            "userSummary(address) (uint256,uint256,uint256,uint256,uint256,uint256)",
            "userInterest(address) uint256",
            "withdrawableCfx() uint256",
            "crossingVotes() uint256",
            "unstakeLen() uint256",
            "firstUnstakeVotes() uint256",
            "setBridge(address)",
            "setPoolName(string)",
            "setPoolUserShareRatio(uint64)",
            "setLockPeriod(uint64)",
            "setUnlockPeriod(uint64)",
            "setVotingEscrow(address)",
            "increaseStake(uint64)",
            "decreaseStake(uint64)",
            "withdrawStake(uint64)",
            "claimAllInterest()",
            "setPoolAPY(uint256)",
            "handleCrossingVotes(uint256)",
            "handleUnstakeTask() uint256",
            "handleUnlockedIncrease(uint256)",
            "receiveInterest()",
        ],
    ),
    (
        ESPACE_ESCROW,
        &[
            "initialize()",
            "owner() address",
            "posPool() address",
            "coreSpaceInfo() address",
            "setPosPool(address)",
            "setCoreSpaceInfoOracle(address)",
            "createLock(uint256,uint256)",
            "castVote(uint64,uint16,uint256[3])",
            "userLockInfo(address) (uint256,uint256)",
            "getPoolVoteInfo(uint64,uint16) uint256[3]",
            "globalLockAmount(uint256) uint256",
            "lastUnlockBlock() uint256",
        ],
    ),
];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn stand_ins_compile_once_and_are_then_found() {
    let cache = tempfile::tempdir().unwrap();
    let request = SourceRequest::folder(stand_ins::stand_ins_folder(), cache.path());
    let all = names(&[POOL, MANAGER, PROXY]);
    let artifacts = compile_contracts(&request, &all).unwrap();
    looks_like_a_pool(&artifacts[POOL]);
    has_its_own_sources_only(&artifacts[POOL], cache.path());

    // The second time no program is needed, not even one that is missing.
    let gone = |name| Path::new("/nowhere").join(name);
    let tools = Tools {
        git: gone("git"),
        npm: gone("npm"),
        node: gone("node"),
    };
    let again = compile_contracts(
        &SourceRequest {
            tools,
            ..request.clone()
        },
        &all,
    )
    .unwrap();
    assert_eq!(again, artifacts);

    // What a contract is does not depend on what else is asked for, nor on the cache.
    let other = tempfile::tempdir().unwrap();
    std::fs::rename(cache.path().join("npm"), other.path().join("npm")).unwrap();
    let alone = SourceRequest {
        cache: other.path().into(),
        ..request
    };
    let alone = compile_contracts(&alone, &names(&[MANAGER])).unwrap();
    assert_eq!(alone[MANAGER], artifacts[MANAGER]);
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
    let input: Value = serde_json::from_str(&input).unwrap();
    let sources = input["sources"].as_object().unwrap();
    assert!(sources.contains_key("contracts/utils/Owned.sol"));
    assert!(!sources.contains_key("contracts/PoolManager.sol"));
}

/// With `POSPOOL_REFERENCE_DIR` this asks the reference itself, which proves that the list is right.
#[test]
fn the_contracts_have_what_is_called() {
    let cache = tempfile::tempdir().unwrap();
    let request = SourceRequest::folder(stand_ins::contracts_folder(), cache.path());
    let all: Vec<&str> = CALLED.iter().map(|(name, _)| *name).collect();
    let artifacts = compile_contracts(&request, &names(&all)).unwrap();
    for (name, called) in CALLED {
        let found = functions(&artifacts[*name].abi);
        for function in *called {
            let (signature, answer) = function.split_once(' ').unwrap_or((function, ""));
            assert_eq!(
                found.get(signature).map(String::as_str),
                Some(answer),
                "{name}: {signature}"
            );
        }
    }
}

/// Signature -> types of the answer.
fn functions(abi: &Value) -> BTreeMap<String, String> {
    let entries = abi.as_array().unwrap().iter();
    let functions = entries.filter(|entry| entry["type"] == "function");
    functions
        .map(|entry| {
            let name = entry["name"].as_str().unwrap();
            let inputs = types(&entry["inputs"]);
            (format!("{name}({inputs})"), types(&entry["outputs"]))
        })
        .collect()
}

fn types(parameters: &Value) -> String {
    let parameters = parameters.as_array().unwrap().iter();
    let types = parameters.map(|parameter| {
        let ty = parameter["type"].as_str().unwrap();
        match ty.strip_prefix("tuple") {
            Some(array) => format!("({}){array}", types(&parameter["components"])),
            None => ty.to_owned(),
        }
    });
    types.collect::<Vec<_>>().join(",")
}

#[test]
fn changes_of_the_stand_ins_are_what_they_say() {
    let cache = tempfile::tempdir().unwrap();
    let pools = |folder: &Path| {
        let request = SourceRequest::folder(folder, cache.path());
        compile_contracts(&request, &names(&[POOL, ESPACE_POOL])).unwrap()
    };
    let first = pools(&stand_ins::stand_ins_folder());
    let [compatible, incompatible, comment] =
        ["compatible", "incompatible", "comment"].map(|change| {
            let folder = stand_ins::copy_with_change(change);
            pools(folder.path())
        });
    for name in [POOL, ESPACE_POOL] {
        let slots = |artifacts: &BTreeMap<String, Artifact>| slots(&artifacts[name]);
        let before = slots(&first);
        assert_eq!(slots(&compatible)[..before.len()], before);
        assert_eq!(slots(&compatible).len(), before.len() + 1);
        assert_ne!(slots(&incompatible)[..before.len()], before);
        assert_eq!(slots(&comment), before);

        let (old, new) = (&first[name].runtime, &comment[name].runtime);
        assert_ne!(old, new);
        assert_eq!(without_metadata(old), without_metadata(new));
        assert_ne!(
            without_metadata(old),
            without_metadata(&compatible[name].runtime)
        );
    }
}

/// Variable, slot, offset. The types' names hold numbers of the compiler's own.
fn slots(artifact: &Artifact) -> Vec<String> {
    let storage = artifact.storage_layout["storage"].as_array().unwrap();
    storage
        .iter()
        .map(|entry| format!("{} {} {}", entry["label"], entry["slot"], entry["offset"]))
        .collect()
}

/// The last two bytes of a code say how long the metadata before them is.
fn without_metadata(code: &str) -> &str {
    let (rest, length) = code.split_at(code.len() - 4);
    let length = usize::from_str_radix(length, 16).unwrap();
    &rest[..rest.len() - 2 * length]
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
    let error = compile_contracts(
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
