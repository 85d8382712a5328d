//! Explanations of this provider's codes.
//!
//! - Reads: nothing.
//! - Returns: [`CODES`], sorted by code.
//! - Never: leaves a code of this crate out; a test looks for them in its sources.

/// Codes and what they mean.
pub const CODES: &[(&str, &str)] = &[
    (
        "chain/already-registered",
        "The PoS key or the pool is bound already. A key is bound once for ever: name the contract that it is bound to, or give the node a new key.",
    ),
    (
        "chain/bad-address",
        "An address cannot be read, or is one of another network.",
    ),
    (
        "chain/bad-constructor",
        "The arguments do not fit the contract's constructor.",
    ),
    (
        "chain/bad-deposit",
        "The first vote costs exactly `cfx(1000)`.",
    ),
    (
        "chain/bad-explorer",
        "`explorer` is `\"confluxscan\"`, a URL, or `{ core = …, espace = … }` with the spaces of the contracts. ConfluxScan knows mainnet and testnet.",
    ),
    (
        "chain/bad-pace",
        "`calls_per_second` is how many calls a second the operator of an endpoint allows, from 1 on.",
    ),
    (
        "chain/bad-payload",
        "A plan was made by another version of pospool. Plan again.",
    ),
    (
        "chain/bad-register-data",
        "The register data is damaged, or is that of another key. Ask the node for it again.",
    ),
    (
        "chain/bad-rpc",
        "An RPC is not a URL of the form `http://…` or `https://…`.",
    ),
    (
        "chain/bad-service",
        "An attribute of a `bridge_service` cannot be what is meant.",
    ),
    (
        "chain/bad-setting",
        "A setting has a value that the contract cannot hold.",
    ),
    (
        "chain/bad-ticket",
        "The journal holds a transaction in a form that this version cannot read. It may have been sent, so nothing is done before the version that wrote it has settled it.",
    ),
    (
        "chain/bad-wait-level",
        "`wait_level` is `executed`, `confirmed` or `finalised`.",
    ),
    (
        "chain/behind",
        "The node behind the RPC has not come to the epoch that the state knows of. Wait until it has caught up, or name another one first in `core_rpc`.",
    ),
    (
        "chain/code-differs",
        "The code on the chain is not what the source compiles to, or a proxy points elsewhere. Immutables and the hash of the sources do not count. Either the spec names another source than the contract was made from, or somebody changed the contract.",
    ),
    (
        "chain/expired",
        "A transaction was in no block until its last epoch was final, so it never will be. Nothing was paid. Plan again.",
    ),
    (
        "chain/gas-price",
        "Gas costs more than `max_gas_price` of the chain allows. Wait for a quieter time, or raise it.",
    ),
    (
        "chain/missing-input",
        "The node did not give what registering needs. Look whether it runs.",
    ),
    (
        "chain/no-bridge",
        "What a `bridge_service` names does not answer as a bridge between the spaces does. See its address, and that its pool, its eSpace pool and its proxy are set.",
    ),
    (
        "chain/no-chain",
        "An effect that is open, or a saved plan, belongs to a chain that the current spec does not have. Where a chain is asked is only ever taken from the spec, so nothing was done and nothing is lost. Write its `chain` block again, with any endpoint of that network, and run apply.",
    ),
    (
        "chain/no-code",
        "A source has no contract of this name, or no code of it.",
    ),
    (
        "chain/no-key",
        "A private key cannot be read, or is another one than when the plan was made.",
    ),
    (
        "chain/no-key-to-register",
        "A registration names neither a `node` nor `register_data`.",
    ),
    (
        "chain/no-migration",
        "The function that `migrate` names is not in the new code, or takes arguments.",
    ),
    (
        "chain/no-proxy-code",
        "`proxy = true` needs a `Proxy1967` in the source of the contract.",
    ),
    (
        "chain/no-rpc",
        "A devnet has no public RPC: write `core_rpc`, and `espace_rpc` where something of the spec is in eSpace.",
    ),
    (
        "chain/no-source-input",
        "What a contract was compiled from is not in the cache of sources any more. Plan again: it is compiled again.",
    ),
    (
        "chain/no-upgrade",
        "Other code is wanted for a contract without a proxy, which keeps its code for ever. Give the new code to a block with another label.",
    ),
    (
        "chain/nonce-taken",
        "Another transaction has the nonce of a planned one, so somebody else signs with this key. Plan again, which looks at what is there; and let one program only sign with a key.",
    ),
    (
        "chain/not-a-node",
        "What answers at `core_rpc` or `espace_rpc` is not a Conflux node.",
    ),
    (
        "chain/not-enough-balance",
        "An account cannot pay for a transaction with its gas, collateral and value at most. Send CFX to it; what is not used stays there.",
    ),
    (
        "chain/not-manager",
        "A setting may be changed by the contract's manager only, and no account of the spec has that key.",
    ),
    (
        "chain/nothing-to-verify",
        "A verification names a `contract`, or `contracts` in a list, and never both; `verified` is always `true`.",
    ),
    (
        "chain/outcome-unknown",
        "The time to wait was over before a transaction ended. It is journalled: the next apply looks for it, and sends the same bytes again if nobody has them.",
    ),
    (
        "chain/over-limit",
        "A call would use more gas or storage than the plan allows, since the contract's state changed. Nothing was sent. Plan again.",
    ),
    (
        "chain/pool-registered",
        "The pool is bound to another PoS key already.",
    ),
    (
        "chain/pool-unconfirmed",
        "PoS has not finalised the pool's code yet, and money sent there before could be lost. Run apply again in some minutes.",
    ),
    (
        "chain/pool-unproven",
        "What is at the pool's address is not what the plan was made with. Nothing was sent. Plan again.",
    ),
    (
        "chain/rejected",
        "Every node refuses a transaction that was never sent anywhere; its words say why.",
    ),
    (
        "chain/reverted",
        "A contract refused a call; its words say why. If the transaction was executed, its gas is paid and nothing else happened.",
    ),
    (
        "chain/storage-clash",
        "New code would misread what the old code has stored. Variables keep their order and their types; new ones come behind the others.",
    ),
    (
        "chain/too-much-gas",
        "A transaction would need more gas than one may have. Make the contract smaller, for example with the compiler's optimizer.",
    ),
    (
        "chain/two-keys",
        "A registration names both a `node` and `register_data`.",
    ),
    (
        "chain/unknown-account",
        "An account was not found on the chain that it names.",
    ),
    (
        "chain/unknown-address",
        "The address of a contract is not known where it is needed.",
    ),
    (
        "chain/unknown-contract",
        "A setting is given for a contract whose settings pospool does not know.",
    ),
    (
        "chain/unknown-network",
        "A network is `mainnet`, `testnet` or `devnet`.",
    ),
    (
        "chain/unknown-setting",
        "The contract has no setting of this name.",
    ),
    (
        "chain/unknown-storage",
        "Nobody knows where the old code keeps its variables, so nobody can say whether the new code would misread them. Keep the old source in the spec, with an `output` that names its contract.",
    ),
    (
        "chain/unreachable",
        "No RPC of the chain answers. Nothing was sent.",
    ),
    (
        "chain/verification-refused",
        "The explorer does not verify a contract; its own words say why. `no_match` means that it compiles to something else than the chain has.",
    ),
    (
        "chain/verification-unfinished",
        "A verification that an earlier run handed in came to no end. Nothing is lost: the next plan begins it again.",
    ),
    (
        "chain/wrong-address",
        "A contract was created at another address than the plan computed. Report this: it must not happen.",
    ),
    (
        "chain/wrong-network",
        "The RPC is on another chain than the spec, the plan or the journal says.",
    ),
    (
        "chain/wrong-space",
        "An address or a contract is of the space that is not meant: Core addresses are in base32, those of eSpace in hex.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Codes that stand in the sources of a folder, found by their look.
    fn codes_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes_in(&path, found);
            } else if path.file_name().is_none_or(|name| name != "codes.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(
                    text.split('"')
                        .filter(|word| is_code(word))
                        .map(str::to_owned),
                );
            }
        }
    }

    fn is_code(word: &str) -> bool {
        word.strip_prefix("chain/").is_some_and(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        })
    }

    #[test]
    fn every_code_is_explained_once_and_used() {
        let mut found = BTreeSet::new();
        codes_in(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        let explained: Vec<String> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(explained, found.into_iter().collect::<Vec<_>>());
    }
}
