//! Addresses of both spaces as one type: the text says which space is meant.
//!
//! - Reads: text in base32 (Core Space) or hex (eSpace).
//! - Returns: [`ChainAddress`] and its [`Space`].
//! - Never: takes an address of one space for one of the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::core_address::CoreAddress;
use crate::espace_address::EspaceAddress;

/// One of the two halves of a Conflux chain: each has accounts, nonces and transactions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// The one of Conflux itself: accounts in base32.
    Core,
    /// The one that works as Ethereum does: accounts in hex.
    Espace,
}

impl Space {
    /// Its name for a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Core => "Core Space",
            Self::Espace => "eSpace",
        }
    }

    /// The space that an address is written for.
    #[must_use]
    pub fn of(address: &str) -> Self {
        if address.starts_with("0x") {
            Self::Espace
        } else {
            Self::Core
        }
    }

    /// Its name in one word of lower-case letters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Espace => "espace",
        }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// An address of either space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ChainAddress {
    /// Of Core Space.
    Core(CoreAddress),
    /// Of eSpace.
    Espace(EspaceAddress),
}

impl ChainAddress {
    /// Which space it belongs to.
    #[must_use]
    pub fn space(self) -> Space {
        match self {
            Self::Core(_) => Space::Core,
            Self::Espace(_) => Space::Espace,
        }
    }

    /// Joins bytes with the space of another address, and its network.
    #[must_use]
    pub fn beside(self, bytes: [u8; 20]) -> Self {
        match self {
            Self::Core(core) => Self::Core(CoreAddress::new(bytes, core.network())),
            Self::Espace(_) => Self::Espace(EspaceAddress::new(bytes)),
        }
    }

    /// The 20 bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 20] {
        match self {
            Self::Core(core) => core.bytes(),
            Self::Espace(espace) => espace.bytes(),
        }
    }

    /// Where a creation by this account with a nonce puts its contract.
    #[must_use]
    pub fn of_creation(self, nonce: u64, init_code: &[u8]) -> Self {
        match self {
            Self::Core(sender) => Self::Core(CoreAddress::of_creation(sender, nonce, init_code)),
            Self::Espace(sender) => Self::Espace(EspaceAddress::of_creation(sender, nonce)),
        }
    }

    /// The account in eSpace that it acts as: a Core account's mapped one.
    #[must_use]
    pub fn in_espace(self) -> EspaceAddress {
        match self {
            Self::Core(core) => EspaceAddress::mapped_from(core),
            Self::Espace(espace) => espace,
        }
    }
}

impl From<CoreAddress> for ChainAddress {
    fn from(address: CoreAddress) -> Self {
        Self::Core(address)
    }
}

impl From<EspaceAddress> for ChainAddress {
    fn from(address: EspaceAddress) -> Self {
        Self::Espace(address)
    }
}

impl fmt::Display for ChainAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(core) => core.fmt(f),
            Self::Espace(espace) => espace.fmt(f),
        }
    }
}

impl FromStr for ChainAddress {
    type Err = ChainAddressError;

    fn from_str(text: &str) -> Result<Self, ChainAddressError> {
        match Space::of(text) {
            Space::Espace => {
                let espace = text.parse::<EspaceAddress>();
                espace.map(Self::Espace).map_err(ChainAddressError::Espace)
            }
            Space::Core => {
                let core = text.parse::<CoreAddress>();
                core.map(Self::Core).map_err(ChainAddressError::Core)
            }
        }
    }
}

impl TryFrom<String> for ChainAddress {
    type Error = ChainAddressError;

    fn try_from(text: String) -> Result<Self, ChainAddressError> {
        text.parse()
    }
}

impl From<ChainAddress> for String {
    fn from(address: ChainAddress) -> Self {
        address.to_string()
    }
}

/// A text that is no address of the space that it looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainAddressError {
    /// It starts like one of Core Space.
    #[error(transparent)]
    Core(crate::core_address::CoreAddressError),
    /// It starts like one of eSpace.
    #[error(transparent)]
    Espace(crate::espace_address::EspaceAddressError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_which_space_is_meant() {
        let core: ChainAddress = CoreAddress::new([1; 20], 1234).into();
        let espace: ChainAddress = EspaceAddress::new([1; 20]).into();
        for address in [core, espace] {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        assert_eq!((core.space(), espace.space()), (Space::Core, Space::Espace));
        assert_ne!(core, espace);
        assert!(
            "0x12"
                .parse::<ChainAddress>()
                .unwrap_err()
                .to_string()
                .contains("eSpace")
        );
        assert!("harbour".parse::<ChainAddress>().is_err());
    }

    #[test]
    fn a_core_account_acts_in_espace_as_its_mapped_one() {
        let core: ChainAddress = CoreAddress::new([0x80; 20], 1234).into();
        assert_ne!(core.in_espace().bytes(), core.bytes());
        let espace = EspaceAddress::new([7; 20]);
        assert_eq!(ChainAddress::from(espace).in_espace(), espace);
        assert_eq!(
            ChainAddress::from(espace).beside([8; 20]).to_string(),
            format!("0x{}", "08".repeat(20))
        );
    }
}
