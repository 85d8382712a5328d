//! The settings of the reference's contracts: one line each.
//!
//! - Reads: nothing.
//! - Returns: tables.
//! - Never: names a setting that its contract cannot tell.

use pospool_conflux::Space;

use super::{Caller, Getter, Holds, MANAGER, Setting, SettingType, Table};

/// All tables.
pub(crate) const TABLES: &[Table] = &[
    POS_POOL,
    POOL_MANAGER,
    CORE_BRIDGE,
    VOTING_ESCROW,
    ESPACE_POS_POOL,
    ESPACE_VOTING_ESCROW,
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

/// Names and callers: `contracts/PoSPool.sol` of the reference, version 1.9.0. `manager` comes last, since afterwards
/// its old holder may set nothing any more.
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
        owned(
            MANAGER,
            SettingType::Address(Holds::Core),
            "manager()",
            "setManager(address)",
        ),
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
    ],
};
