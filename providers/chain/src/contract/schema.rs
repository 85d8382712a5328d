//! `core_contract` and `espace_contract` as tables.

use pospool_conflux::Space;
use pospool_model::{OutputSchema, kind};

use crate::rows::{CHAIN_TEXT, NEWEST};

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
    OutputSchema::new(
        "made_with",
        "Nonce and hash of the init code of its creation: with its maker's address they prove where it is.",
    ),
    NEWEST,
];

const CORE_OUTPUTS: &[OutputSchema] = &[
    CONTRACT_OUTPUTS[0],
    CONTRACT_OUTPUTS[1],
    CONTRACT_OUTPUTS[2],
    CONTRACT_OUTPUTS[3],
    CONTRACT_OUTPUTS[4],
    CONTRACT_OUTPUTS[5],
    CONTRACT_OUTPUTS[6],
    OutputSchema::new(
        "profit",
        "The pool's own share that is settled and not paid out, where `profit` is written.",
    ),
    OutputSchema::new(
        "settled_block",
        "Block of the last settlement of all stakers.",
    ),
    OutputSchema::new(
        "settled_earned",
        "All that the pool had earned when that settlement was planned.",
    ),
    OutputSchema::new("claimed_block", "Block of the last payment of profit."),
    NEWEST,
];

const CODE: &str = "A contract of a source: `source.reference.PoSPool`. With other code a contract behind a proxy is upgraded in place, if the new code keeps its variables where they are; one without a proxy is not changed.";
const OWNER: &str =
    "The account that makes it, owns it and pays. Default: the only `account` of the spec.";
const PROXY: &str = "Whether users call it through a `Proxy1967` of the same source, so that its code can be upgraded. Default: `false`.";
const CONSTRUCTOR: &str =
    "Arguments of the constructor: texts, whole numbers, booleans, addresses, resources.";
const ADDRESS: &str = "Where it is, if this state did not make it: base32 in Core Space, hex in eSpace. It is taken up as it is, and never made. `pospool import` writes this line.";
const MIGRATE: &str =
    "A function without arguments that the owner calls once after an upgrade: `\"migrate()\"`.";

kind! {
    /// The kind as a table.
    pub(crate) const CORE_CONTRACT = "core_contract", Managed, "A contract of Core Space: its code, its owner, and its settings. It stays on the chain when it leaves the spec.";
    attributes {
        code: Any, Required, Update, CODE;
        address: Text, Optional, Ignore, ADDRESS;
        owner: Reference["account"], Implied, Refuse, OWNER;
        proxy: Bool, Optional, Refuse, PROXY;
        constructor: List[Any], Optional, Refuse, CONSTRUCTOR;
        migrate: Text, Optional, Ignore, MIGRATE;
        settings: Settings, Optional, Update, "What the contract lets its owner or manager set. PoSPool: `name`, `user_share_ratio` (\"90%\"), `lock_period` and `unlock_period` (`blocks(…)`), `voting_escrow`, `fee_free` (addresses that keep all of their reward: accounts, contracts), `vote_price` (`cfx(1000)`; PoS itself takes 1000), `manager`. PoolManager: `pools`. CoreBridge: `pool`, `espace_pool`, `espace_voting_escrow`. VotingEscrow: `pos_pool`, `espace_bridge`. PoSPoolBatchCall: `pools`, which can only grow. All: `owner` (it is given away as the last step; the attribute `owner` says who made it) and `admin` (who may change its sponsors; an account).";
        profit: Any, Optional, Ignore, "Of a PoSPool: when its own share is paid out to whom. A map of `claim_every` (blocks between two payments; default `blocks(172800)`, about a day), `min` (least amount; default: more than the gas of the payment costs), `to` (an account, a contract or a Core address; default: the owner) and `max_gas` (most gas for settling all stakers). An apply settles and pays what is due.";
        profit_due: List[Text], Optional, Update, "What is due of `profit`. Never written in a spec: nothing is always what is wanted.";
        chain: Reference["chain"], Implied, Refuse, CHAIN_TEXT;
    }
    outputs: CORE_OUTPUTS,
    identity: Some("address"),
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
}

kind! {
    /// A block of either kind of contract; only one of eSpace names a `funding`.
    pub(crate) struct ContractSpec;
    /// The kind as a table.
    pub(crate) const ESPACE_CONTRACT = "espace_contract", Managed, "A contract of eSpace: its code, its owner, and its settings. It stays on the chain when it leaves the spec.";
    attributes {
        code: Any, Required, Update, CODE;
        address: Text, Optional, Ignore, ADDRESS;
        owner: Reference["account"], Implied, Refuse, OWNER;
        proxy: Bool, Optional, Refuse, PROXY;
        constructor: List[Any], Optional, Refuse, CONSTRUCTOR;
        migrate: Text, Optional, Ignore, MIGRATE;
        settings: Settings, Optional, Update, "What the contract lets its owner set. ESpacePoSPool: `name`, `user_share_ratio` (\"90%\"), `lock_period` and `unlock_period` (`blocks(…)` of eSpace), `voting_escrow`, `bridge` (the CoreBridge; its mapped account in eSpace is set). EVotingEscrow: `pos_pool`, `core_space_info` (the oracle of the network: `chain.NAME.core_space_oracle`, or an address in hex). EPoSPoolBatchCall: `pools`, which can only grow. ESpacePoSPool: `vote_price` (`cfx(1000)`). All: `owner`, to whom it is given as the last step.";
        funding: Reference["funding"], Assumed, Ignore, "The money that its transactions may need. Default: the only `funding` of the spec, if there is one.";
        chain: Reference["chain"], Implied, Refuse, CHAIN_TEXT;
    }
    outputs: CONTRACT_OUTPUTS,
    identity: Some("address"),
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
}

/// The space that a contract of this kind is in.
pub(crate) fn space_of_kind(kind: &str) -> Option<Space> {
    match kind {
        "core_contract" => Some(Space::Core),
        "espace_contract" => Some(Space::Espace),
        _ => None,
    }
}
