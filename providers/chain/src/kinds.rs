//! The kinds of this provider, as tables.
//!
//! - Reads: nothing.
//! - Returns: [`KINDS`].
//! - Never: does anything; what the tables mean is in the modules of the kinds.

use pospool_conflux::Space;
use pospool_model::{AttributeSchema, KindSchema, OnChange, OutputSchema, Presence, Role, Type};

/// Name of this provider.
pub(crate) const PROVIDER: &str = "chain";

/// All kinds.
pub(crate) const KINDS: &[KindSchema] = &[
    CHAIN,
    ACCOUNT,
    CORE_CONTRACT,
    ESPACE_CONTRACT,
    FUNDING,
    POS_REGISTRATION,
    VERIFICATION,
    crate::bridge::BRIDGE_SERVICE,
];

const THE_CHAIN: AttributeSchema = AttributeSchema {
    name: "chain",
    ty: Type::Reference(&["chain"]),
    presence: Presence::Implied,
    on_change: OnChange::Refuse,
    doc: "The chain it is on. Default: the only `chain` of the spec.",
};

const NEWEST: OutputSchema = OutputSchema::new(
    "epoch",
    "Epoch of its newest transaction. A node that has not come so far is not believed.",
);

const CHAIN: KindSchema = KindSchema {
    kind: "chain",
    doc: "A Conflux network and how to reach it. Nothing is made.",
    role: Role::Given,
    attributes: &[
        AttributeSchema::new(
            "network",
            Type::Text,
            Presence::Required,
            OnChange::Ignore,
            "`mainnet`, `testnet` or `devnet` (a private network).",
        ),
        AttributeSchema::new(
            "core_rpc",
            Type::Any,
            Presence::Optional,
            OnChange::Ignore,
            "URL of a Core Space RPC, or a list of them in the order of trust; a URL may be a secret, `env(\"NAME\")` or `file(\"PATH\")`. One with a user, a path or a query counts as secret: it is shown and recorded as scheme, host and port, with a fingerprint. Default: the public ones of the network; a devnet has none.",
        ),
        AttributeSchema::new(
            "espace_rpc",
            Type::Any,
            Presence::Optional,
            OnChange::Ignore,
            "The same of eSpace. Default: the public ones of the network; a devnet has none.",
        ),
        AttributeSchema::new(
            "node_files",
            Type::Text,
            Presence::Optional,
            OnChange::Ignore,
            "Folder with the genesis files of a private network, for nodes that join it.",
        ),
        AttributeSchema::new(
            "bootnodes",
            Type::Text,
            Presence::Optional,
            OnChange::Ignore,
            "Nodes of a private network to connect to first: `cfxnode://…@address:port`, separated by commas.",
        ),
        AttributeSchema::new(
            "max_gas_price",
            Type::Amount,
            Presence::Optional,
            OnChange::Ignore,
            "Most that one unit of gas may cost; a transaction that is too cheap to be packed rises up to it, and the costs of a plan count with it. Default: `drip(\"100000000000\")`, which is 100 Gdrip.",
        ),
        AttributeSchema::new(
            "wait_level",
            Type::Text,
            Presence::Optional,
            OnChange::Ignore,
            "How deep a transaction must be in the chain before its step has ended: `executed`, `confirmed` (about 50 epochs) or `finalised` (by PoS). One with value always waits for `finalised`. Default: `confirmed`; on a devnet `executed`.",
        ),
        AttributeSchema::new(
            "calls_per_second",
            Type::Integer,
            Presence::Optional,
            OnChange::Ignore,
            "How many calls a second each endpoint takes from one client, of any method: for paid endpoints. Default: what the free public endpoints take (50 in all, fewer than 5 of `cfx_call`, `cfx_getBlockBy…`, `cfx_getTransaction…`, `cfx_getLogs` and the same in eSpace); other endpoints are not limited until they refuse calls for their number.",
        ),
    ],
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
    open_outputs: false,
    identity: None,
    irreversible: None,
    example: r#"chain "conflux" {
  network = "testnet"
}"#,
};

const ACCOUNT: KindSchema = KindSchema {
    kind: "account",
    doc: "A key that signs and pays. The key is named here and read only at the moment of use.",
    role: Role::Given,
    attributes: &[
        AttributeSchema::new(
            "private_key",
            Type::Secret,
            Presence::Required,
            OnChange::Ignore,
            "64 hex digits, with or without `0x`: `env(\"NAME\")` or `file(\"PATH\")`.",
        ),
        THE_CHAIN,
    ],
    outputs: &[
        OutputSchema::new("address", "Core Space address in base32."),
        OutputSchema::new(
            "espace_address",
            "eSpace address of the same key, in hex: another account with its own money.",
        ),
        OutputSchema::new("balance", "Balance in Core Space."),
    ],
    open_outputs: false,
    identity: Some("address"),
    irreversible: None,
    example: r#"account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}"#,
};

const CODE: AttributeSchema = AttributeSchema::new(
    "code",
    Type::Any,
    Presence::Required,
    OnChange::Update,
    "A contract of a source: `source.reference.PoSPool`. With other code a contract behind a proxy is upgraded in place, if the new code keeps its variables where they are; one without a proxy is not changed.",
);

const MIGRATE: AttributeSchema = AttributeSchema::new(
    "migrate",
    Type::Text,
    Presence::Optional,
    OnChange::Ignore,
    "A function without arguments that the owner calls once after an upgrade: `\"migrate()\"`.",
);

const OWNER: AttributeSchema = AttributeSchema::new(
    "owner",
    Type::Reference(&["account"]),
    Presence::Implied,
    OnChange::Refuse,
    "The account that makes it, owns it and pays. Default: the only `account` of the spec.",
);

const PROXY: AttributeSchema = AttributeSchema::new(
    "proxy",
    Type::Bool,
    Presence::Optional,
    OnChange::Refuse,
    "Whether users call it through a `Proxy1967` of the same source, so that its code can be upgraded. Default: `false`.",
);

const CONSTRUCTOR: AttributeSchema = AttributeSchema::new(
    "constructor",
    Type::List(&Type::Any),
    Presence::Optional,
    OnChange::Refuse,
    "Arguments of the constructor: texts, whole numbers, booleans, addresses, resources.",
);

const CORE_SETTINGS: AttributeSchema = AttributeSchema::new(
    "settings",
    Type::Settings,
    Presence::Optional,
    OnChange::Update,
    "What the contract lets its owner or manager set. PoSPool: `name`, `user_share_ratio` (\"90%\"), `lock_period` and `unlock_period` (`blocks(…)`), `voting_escrow`, `manager`. PoolManager: `pools`. CoreBridge: `pool`, `espace_pool`, `espace_voting_escrow`. VotingEscrow: `pos_pool`, `espace_bridge`.",
);

const CONTRACT_OUTPUTS: &[OutputSchema] = &[
    OutputSchema::new(
        "address",
        "Where users call it: the proxy if there is one, else the contract.",
    ),
    OutputSchema::new(
        "implementation",
        "Where the code behind the proxy is; absent without a proxy.",
    ),
    OutputSchema::new(
        "proxy_arguments",
        "What the constructor of the proxy was given, as hex; absent without a proxy.",
    ),
    OutputSchema::new("owner_address", "Address of the owner."),
    OutputSchema::new("code", "Name and digest of the code that was deployed."),
    OutputSchema::new(
        "storage",
        "Where the code keeps its variables, each as `slot:offset name type`: what an upgrade must keep.",
    ),
    NEWEST,
];

const CORE_CONTRACT: KindSchema = KindSchema {
    kind: "core_contract",
    doc: "A contract of Core Space: its code, its owner, and its settings. It stays on the chain when it leaves the spec.",
    role: Role::Managed,
    attributes: &[
        CODE,
        OWNER,
        PROXY,
        CONSTRUCTOR,
        MIGRATE,
        CORE_SETTINGS,
        THE_CHAIN,
    ],
    outputs: CONTRACT_OUTPUTS,
    open_outputs: false,
    identity: Some("address"),
    irreversible: None,
    example: r#"core_contract "pool" {
  code     = source.reference.PoSPool
  owner    = account.operator
  proxy    = true
  settings = {
    name             = "Harbour pool"
    user_share_ratio = "90%"
    lock_period      = blocks(2250000)
    unlock_period    = blocks(176400)
  }
}"#,
};

const ESPACE_CONTRACT: KindSchema = KindSchema {
    kind: "espace_contract",
    doc: "A contract of eSpace: its code, its owner, and its settings. It stays on the chain when it leaves the spec.",
    role: Role::Managed,
    attributes: &[
        CODE,
        OWNER,
        PROXY,
        CONSTRUCTOR,
        MIGRATE,
        AttributeSchema::new(
            "settings",
            Type::Settings,
            Presence::Optional,
            OnChange::Update,
            "What the contract lets its owner set. ESpacePoSPool: `name`, `user_share_ratio` (\"90%\"), `lock_period` and `unlock_period` (`blocks(…)` of eSpace), `voting_escrow`, `bridge` (the CoreBridge; its mapped account in eSpace is set). EVotingEscrow: `pos_pool`, `core_space_info` (the oracle of the network: `chain.NAME.core_space_oracle`, or an address in hex).",
        ),
        AttributeSchema::new(
            "funding",
            Type::Reference(&["funding"]),
            Presence::Assumed,
            OnChange::Ignore,
            "The money that its transactions may need. Default: the only `funding` of the spec, if there is one.",
        ),
        THE_CHAIN,
    ],
    outputs: CONTRACT_OUTPUTS,
    open_outputs: false,
    identity: Some("address"),
    irreversible: None,
    example: r#"espace_contract "pool" {
  code     = source.reference.ESpacePoSPool
  owner    = account.operator
  proxy    = true
  settings = {
    name          = "Harbour pool"
    lock_period   = blocks(1126800)
    unlock_period = blocks(90000)
    bridge        = core_contract.bridge
  }
}"#,
};

const FUNDING: KindSchema = KindSchema {
    kind: "funding",
    doc: "Money for an account in eSpace, from an account in Core Space. The account there is filled up to the amount once: when the block is new, and when its amount or its receiver changes. What is spent afterwards is not replaced.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "amount",
            Type::Amount,
            Presence::Required,
            OnChange::Update,
            "What the account in eSpace has at least afterwards.",
        ),
        AttributeSchema::new(
            "from",
            Type::Reference(&["account"]),
            Presence::Implied,
            OnChange::Ignore,
            "The account that pays, in Core Space. Default: the only `account` of the spec.",
        ),
        AttributeSchema::new(
            "to",
            Type::Reference(&["account"]),
            Presence::Optional,
            OnChange::Update,
            "The account that is filled up, in eSpace. Default: `from`.",
        ),
        THE_CHAIN,
    ],
    outputs: &[
        OutputSchema::new("address", "The account in eSpace, in hex."),
        NEWEST,
    ],
    open_outputs: false,
    identity: Some("address"),
    irreversible: None,
    example: r#"funding "espace" {
  amount = cfx(50)
}"#,
};

const POS_REGISTRATION: KindSchema = KindSchema {
    kind: "pos_registration",
    doc: "The bond between a node's PoS key and a pool, with the pool's first vote. The owner of the pool pays.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "pool",
            Type::Reference(&["core_contract"]),
            Presence::Required,
            OnChange::Refuse,
            "The pool contract.",
        ),
        AttributeSchema::new(
            "node",
            Type::Reference(&["node"]),
            Presence::Optional,
            OnChange::Ignore,
            "The node whose key votes. Either this or `register_data`.",
        ),
        AttributeSchema::new(
            "register_data",
            Type::Text,
            Presence::Optional,
            OnChange::Ignore,
            "What `conflux rpc local pos register --power 1` printed on a node that pospool does not run. Either this or `node`.",
        ),
        AttributeSchema::new(
            "deposit",
            Type::Amount,
            Presence::Required,
            OnChange::Refuse,
            "Price of the first vote: exactly `cfx(1000)`.",
        ),
        THE_CHAIN,
    ],
    outputs: &[
        OutputSchema::new("pos_address", "Address of the key in PoS."),
        OutputSchema::new(
            "identifier",
            "Identifier of the key in the register: the same 32 bytes as `pos_address`.",
        ),
        OutputSchema::new("votes", "Votes that PoS counts for the key."),
        NEWEST,
    ],
    open_outputs: false,
    identity: Some("pos_address"),
    irreversible: Some(
        "1,000 CFX are locked for at least 14 days, and the PoS key is bound to this contract for ever",
    ),
    example: r#"pos_registration "main" {
  node    = node.main
  pool    = core_contract.pool
  deposit = cfx(1000)
  lifecycle { irreversible = "accept" }
}"#,
};

/// Kinds of contracts that can be verified.
const CONTRACTS: Type = Type::Reference(&["core_contract", "espace_contract"]);

const VERIFICATION: KindSchema = KindSchema {
    kind: "verification",
    doc: "That the code on the chain is what the source compiles to, proxy and implementation both, and that an explorer says so. It is looked at in each plan.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "contract",
            CONTRACTS,
            Presence::Optional,
            OnChange::Update,
            "The contract. Either this or `contracts`.",
        ),
        AttributeSchema::new(
            "contracts",
            Type::List(&CONTRACTS),
            Presence::Optional,
            OnChange::Update,
            "Several contracts. Either this or `contract`.",
        ),
        AttributeSchema::new(
            "explorer",
            Type::Any,
            Presence::Optional,
            OnChange::Update,
            "`\"confluxscan\"`, the URL of an API like its own, or `{ core = \"https://…\", espace = \"https://…\" }`. Without it the code is only compared.",
        ),
        AttributeSchema::new(
            "api_key",
            Type::Secret,
            Presence::Optional,
            OnChange::Ignore,
            "Key of the explorer's API, for more than five requests in a second; ConfluxScan needs none.",
        ),
        AttributeSchema::new(
            "verified",
            Type::Any,
            Presence::Optional,
            OnChange::Update,
            "Always `true`, and need not be written. A plan shows in its place why something is not verified any more.",
        ),
    ],
    outputs: &[
        OutputSchema::new(
            "local",
            "`exact`, or `the same but for the metadata`: other comments or file names, the same instructions.",
        ),
        OutputSchema::new("links", "Pages of the explorer, one for each part."),
    ],
    open_outputs: false,
    identity: None,
    irreversible: None,
    example: r#"verification "pool" {
  contract = core_contract.pool
  explorer = "confluxscan"
}"#,
};

/// The space that a contract of this kind is in.
pub(crate) fn space_of_kind(kind: &str) -> Option<Space> {
    match kind {
        "core_contract" => Some(Space::Core),
        "espace_contract" => Some(Space::Espace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_identities_are_outputs() {
        for kind in KINDS {
            let names: BTreeSet<_> = kind.attributes.iter().map(|a| a.name).collect();
            assert_eq!(names.len(), kind.attributes.len(), "{}", kind.kind);
            if let Some(identity) = kind.identity {
                assert!(kind.outputs.iter().any(|output| output.name == identity));
            }
        }
    }
}
