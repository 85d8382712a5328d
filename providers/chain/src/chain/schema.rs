//! `chain` as a table.

use pospool_model::{OutputSchema, kind};

kind! {
    /// A `chain` block.
    pub(crate) struct ChainSpec;
    /// The kind as a table.
    pub(crate) const CHAIN = "chain", Given, "A Conflux network and how to reach it. Nothing is made.";
    attributes {
        network: Text, Required, Ignore, "`mainnet`, `testnet` or `devnet` (a private network).";
        core_rpc: Any, Optional, Ignore, "URL of a Core Space RPC, or a list of them in the order of trust; a URL may be a secret, `env(\"NAME\")` or `file(\"PATH\")`. One with a user, a path or a query counts as secret: it is shown and recorded as scheme, host and port, with a fingerprint. Default: the public ones of the network; a devnet has none.";
        espace_rpc: Any, Optional, Ignore, "The same of eSpace. Default: the public ones of the network; a devnet has none.";
        node_files: Text, Optional, Ignore, "Folder with the genesis files of a private network, for nodes that join it.";
        bootnodes: Text, Optional, Ignore, "Nodes of a private network to connect to first: `cfxnode://…@address:port`, separated by commas.";
        max_gas_price: Amount, Optional, Ignore, "Most that one unit of gas may cost; a transaction that is too cheap to be packed rises up to it, and the costs of a plan count with it. Default: `drip(\"100000000000\")`, which is 100 Gdrip.";
        wait_level: Text, Optional, Ignore, "How deep a transaction must be in the chain before its step has ended: `executed`, `confirmed` (about 50 epochs) or `finalised` (by PoS). One with value always waits for `finalised`. Default: `confirmed`; on a devnet `executed`.";
        calls_per_second: Integer, Optional, Ignore, "How many calls a second each endpoint takes from one client, of any method: for paid endpoints. Default: what the free public endpoints take (50 in all, fewer than 5 of `cfx_call`, `cfx_getBlockBy…`, `cfx_getTransaction…`, `cfx_getLogs` and the same in eSpace); other endpoints are not limited until they refuse calls for their number.";
    }
    outputs: &[
        OutputSchema::new("network", "The network's name."),
        OutputSchema::new("core_chain_id", "Chain id of Core Space."),
        OutputSchema::new("espace_chain_id", "Chain id of eSpace."),
        OutputSchema::new("genesis_hash", "Hash of the block at epoch 0."),
        OutputSchema::new("epoch", "The epoch at which this run looks at the chain."),
        OutputSchema::new(
            "core_rpc",
            "The first Core Space RPC; one with a key is shown without it.",
        ),
        OutputSchema::new(
            "espace_rpc",
            "The first eSpace RPC, in the same way; absent if none is known.",
        ),
        OutputSchema::new(
            "public_core_rpc",
            "A Core Space RPC that everybody may know: the first one if it has no key, else the public one of the network; absent on a devnet whose RPC has a key.",
        ),
        OutputSchema::new(
            "public_espace_rpc",
            "The same of eSpace; absent if none is known.",
        ),
        OutputSchema::new("client_version", "What the node behind the RPC says it is."),
        OutputSchema::new(
            "core_space_oracle",
            "eSpace contract of a public network that tells what Core Space knows of governance, for the setting \
             `core_space_info` of an EVotingEscrow; absent on a devnet.",
        ),
    ],
    example: r#"chain "conflux" {
  network = "testnet"
}"#,
}
