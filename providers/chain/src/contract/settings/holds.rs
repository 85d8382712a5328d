//! Which addresses a setting takes.
//!
//! - Returns: what is set for an address, and the address of what was set.

use pospool_conflux::abi::Argument;
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Space};

/// First four bits of a contract's address in Core Space (conflux-rust `address_util.rs`).
const CONTRACT: u8 = 8;

/// Which addresses a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Those of Core Space.
    Core,
    /// Those of eSpace.
    Espace,
    /// The account in eSpace through which one of Core Space acts there.
    Mapped,
    /// Accounts of Core Space that have a key: no contracts.
    User,
    /// Accounts and contracts of eSpace: an account of the spec stands for its address there.
    EspaceUser,
}

impl Holds {
    /// What is set for an address; `None` for one of the wrong space.
    pub(crate) fn stored(self, address: ChainAddress) -> Option<ChainAddress> {
        match (self, address) {
            (Self::Core, ChainAddress::Core(_))
            | (Self::Espace | Self::EspaceUser, ChainAddress::Espace(_)) => Some(address),
            (Self::Mapped, _) => Some(address.in_espace().into()),
            (Self::User, ChainAddress::Core(core)) => {
                (core.bytes()[0] >> 4 != CONTRACT).then_some(address)
            }
            _ => None,
        }
    }

    /// The argument for an address in text.
    pub(crate) fn argument(self, text: &str) -> Option<Argument> {
        let stored = self.stored(parse_address(text)?)?;
        Some(Argument::Address(stored.bytes()))
    }

    /// The space whose addresses stand in a spec.
    pub(crate) fn space(self) -> Space {
        match self {
            Self::Core | Self::Mapped | Self::User => Space::Core,
            Self::Espace | Self::EspaceUser => Space::Espace,
        }
    }

    /// The address that a contract answered.
    pub(super) fn read(self, bytes: [u8; 20], network: u32) -> ChainAddress {
        match self {
            Self::Core | Self::User => CoreAddress::new(bytes, network).into(),
            Self::Espace | Self::EspaceUser | Self::Mapped => EspaceAddress::new(bytes).into(),
        }
    }

    /// Whether a resource of this kind can be named.
    pub(super) fn names(self, kind: &str) -> bool {
        match self {
            Self::Core => kind != "espace_contract",
            Self::Espace => kind == "espace_contract",
            Self::EspaceUser => matches!(kind, "espace_contract" | "account"),
            Self::User => kind == "account",
            Self::Mapped => true,
        }
    }
}

pub(super) fn address_help(holds: Holds) -> &'static str {
    match holds {
        Holds::Core => "write a resource such as `core_contract.pool`, or a Core address in base32",
        Holds::Espace => "write a resource such as `espace_contract.pool`, or an address in hex",
        Holds::EspaceUser => "write an account such as `account.operator`, or an address in hex",
        Holds::User => "write an account such as `account.operator`, or its Core address in base32",
        Holds::Mapped => {
            "write a resource such as `core_contract.bridge`, a Core address in base32, or an address in hex"
        }
    }
}

pub(super) fn parse_address(text: &str) -> Option<ChainAddress> {
    text.parse().ok()
}
