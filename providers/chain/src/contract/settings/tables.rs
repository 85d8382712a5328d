//! The settings of the reference's contracts: one line each.
//!
//! - Reads: nothing.
//! - Returns: tables.
//! - Never: names a setting that its contract cannot tell.

use pospool_conflux::Space;

use super::{
    ADMIN, Caller, Getter, Holds, MANAGER, OWNER, Setting, SettingType, Table, VOTE_PRICE,
};

/// All tables.
pub(crate) const TABLES: &[Table] = &[
    POS_POOL,
    POOL_MANAGER,
    CORE_BRIDGE,
    VOTING_ESCROW,
    POOL_BATCH_CALL,
    ESPACE_POS_POOL,
    ESPACE_VOTING_ESCROW,
    ESPACE_POOL_BATCH_CALL,
];

/// Finds the table of a contract.
pub(crate) fn settings_of(contract: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.contract == contract)
}

const fn managed(
    name: &'static str,
    ty: SettingType,
    getter: &'static str,
    setter: &'static str,
) -> Setting {
    Setting {
        name,
        ty,
        getter: Getter::View(getter),
        setter,
        caller: Caller::Manager,
    }
}

const fn owned(
    name: &'static str,
    ty: SettingType,
    getter: &'static str,
    setter: &'static str,
) -> Setting {
    Setting {
        caller: Caller::Owner,
        ..managed(name, ty, getter, setter)
    }
}

/// Each contract has an owner who may give it away, and comes last: the old one may set nothing afterwards.
const fn owner(holds: Holds) -> Setting {
    owned(
        OWNER,
        SettingType::Address(holds),
        "owner()",
        "transferOwnership(address)",
    )
}

/// The chain keeps an admin for each contract of Core Space: who made it, at first. Only an account can be one, and the
/// chain takes a call by anybody else for none (conflux-rust `internal_contract/impls/admin.rs`).
const CHAIN_ADMIN: Setting = Setting {
    name: ADMIN,
    ty: SettingType::Address(Holds::User),
    getter: Getter::AdminControl("getAdmin(address)"),
    setter: "setAdmin(address,address)",
    caller: Caller::Admin,
};

/// What a pool takes for a vote. No function of it answers that.
const fn vote_price(caller: Caller) -> Setting {
    Setting {
        name: VOTE_PRICE,
        ty: SettingType::Price,
        getter: Getter::Variable("CFX_VALUE_OF_ONE_VOTE"),
        setter: "setCfxCountOfOneVote(uint256)",
        caller,
    }
}

/// Pools that a contract for many questions at once always tells of.
const fn asked_pools(holds: Holds) -> Setting {
    Setting {
        name: "pools",
        ty: SettingType::Growing(holds),
        getter: Getter::Variable("posPools"),
        setter: "addPoSPool(address)",
        caller: Caller::Owner,
    }
}

/// Names and callers: `contracts/PoSPool.sol` of the reference, version 1.9.0. `manager` comes behind all that the
/// manager sets, since afterwards its old holder may set nothing any more.
const POS_POOL: Table = Table {
    contract: "PoSPool",
    space: Space::Core,
    manager: Some("manager()"),
    settings: &[
        managed(
            "name",
            SettingType::Text,
            "poolName()",
            "setPoolName(string)",
        ),
        managed(
            "user_share_ratio",
            SettingType::Ratio,
            "poolUserShareRatio()",
            "setPoolUserShareRatio(uint64)",
        ),
        managed(
            "lock_period",
            SettingType::Blocks,
            "_poolLockPeriod()",
            "setLockPeriod(uint64)",
        ),
        managed(
            "unlock_period",
            SettingType::Blocks,
            "_poolUnlockPeriod()",
            "setUnlockPeriod(uint64)",
        ),
        managed(
            "voting_escrow",
            SettingType::Address(Holds::Core),
            "votingEscrow()",
            "setVotingEscrow(address)",
        ),
        managed(
            "fee_free",
            SettingType::Members {
                holds: Holds::Core,
                remover: "removeFromFeeFreeWhiteList(address)",
                others: "poolUserShareRatio()",
            },
            "_userShareRatio(address)",
            "addToFeeFreeWhiteList(address)",
        ),
        vote_price(Caller::Manager),
        owned(
            MANAGER,
            SettingType::Address(Holds::Core),
            "manager()",
            "setManager(address)",
        ),
        CHAIN_ADMIN,
        owner(Holds::Core),
    ],
};

const POOL_MANAGER: Table = Table {
    contract: "PoolManager",
    space: Space::Core,
    manager: None,
    settings: &[
        owned(
            "pools",
            SettingType::Addresses {
                holds: Holds::Core,
                remover: "removePool(address)",
            },
            "getPoolAddresses()",
            "addPool(address)",
        ),
        owned(
            "espace_pools",
            SettingType::Pairs,
            "eSpacePoolAddresses(address)",
            "setEspacePool(address,address)",
        ),
        CHAIN_ADMIN,
        owner(Holds::Core),
    ],
};

/// `contracts/eSpacePoolBridge.sol`.
const CORE_BRIDGE: Table = Table {
    contract: "CoreBridge",
    space: Space::Core,
    manager: None,
    settings: &[
        owned(
            "pool",
            SettingType::Address(Holds::Core),
            "poolAddress()",
            "setPoolAddress(address)",
        ),
        owned(
            "espace_pool",
            SettingType::Address(Holds::Espace),
            "eSpacePoolAddress()",
            "setESpacePoolAddress(address)",
        ),
        owned(
            "espace_voting_escrow",
            SettingType::Address(Holds::Espace),
            "eSpaceVotingEscrow()",
            "setESpaceVotingEscrow(address)",
        ),
        CHAIN_ADMIN,
        owner(Holds::Core),
    ],
};

/// `contracts/VotingEscrow.sol`.
const VOTING_ESCROW: Table = Table {
    contract: "VotingEscrow",
    space: Space::Core,
    manager: None,
    settings: &[
        owned(
            "pos_pool",
            SettingType::Address(Holds::Core),
            "posPool()",
            "setPosPool(address)",
        ),
        owned(
            "espace_bridge",
            SettingType::Address(Holds::Core),
            "eSpaceBridge()",
            "setESpaceBridge(address)",
        ),
        CHAIN_ADMIN,
        owner(Holds::Core),
    ],
};

/// `contracts/eSpace/eSpacePoSPool.sol`. Its owner sets what the Core pool's manager does.
const ESPACE_POS_POOL: Table = Table {
    contract: "ESpacePoSPool",
    space: Space::Espace,
    manager: None,
    settings: &[
        owned(
            "name",
            SettingType::Text,
            "poolName()",
            "setPoolName(string)",
        ),
        owned(
            "user_share_ratio",
            SettingType::Ratio,
            "poolUserShareRatio()",
            "setPoolUserShareRatio(uint64)",
        ),
        owned(
            "lock_period",
            SettingType::Blocks,
            "_poolLockPeriod()",
            "setLockPeriod(uint64)",
        ),
        owned(
            "unlock_period",
            SettingType::Blocks,
            "_poolUnlockPeriod()",
            "setUnlockPeriod(uint64)",
        ),
        owned(
            "voting_escrow",
            SettingType::Address(Holds::Espace),
            "votingEscrow()",
            "setVotingEscrow(address)",
        ),
        Setting {
            name: "bridge",
            ty: SettingType::Address(Holds::Mapped),
            getter: Getter::Variable("_bridgeAddress"),
            setter: "setBridge(address)",
            caller: Caller::Owner,
        },
        vote_price(Caller::Owner),
        owner(Holds::EspaceUser),
    ],
};

/// `contracts/eSpace/VotingEscrow.sol`.
const ESPACE_VOTING_ESCROW: Table = Table {
    contract: "EVotingEscrow",
    space: Space::Espace,
    manager: None,
    settings: &[
        owned(
            "pos_pool",
            SettingType::Address(Holds::Espace),
            "posPool()",
            "setPosPool(address)",
        ),
        owned(
            "core_space_info",
            SettingType::Address(Holds::Espace),
            "coreSpaceInfo()",
            "setCoreSpaceInfoOracle(address)",
        ),
        owner(Holds::EspaceUser),
    ],
};

/// `contracts/utils/PoSPoolBatchCall.sol`.
const POOL_BATCH_CALL: Table = Table {
    contract: "PoSPoolBatchCall",
    space: Space::Core,
    manager: None,
    settings: &[asked_pools(Holds::Core), CHAIN_ADMIN, owner(Holds::Core)],
};

/// `contracts/eSpace/PoolBatchCallUtil.sol`. Its `removePool` takes out the last one, whichever is named.
const ESPACE_POOL_BATCH_CALL: Table = Table {
    contract: "EPoSPoolBatchCall",
    space: Space::Espace,
    manager: None,
    settings: &[asked_pools(Holds::Espace), owner(Holds::EspaceUser)],
};
