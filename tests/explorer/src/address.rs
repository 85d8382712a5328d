//! Addresses, as each place of the interface takes them.
//!
//! - Reads: texts of clients.
//! - Returns: 20 bytes, or the refusal that the original gives at that place.
//! - Never: is stricter than the original: a long hex text passes the first look of a query.

use std::fmt;

use ethers_core::types::H160;
use ethers_core::utils::{hex, to_checksum};
use pospool_conflux::CoreAddress;

use crate::ExplorerSpace;
use crate::answer::HandlerRefusal;

/// A contract, in either space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ContractAddress(pub(crate) [u8; 20]);

impl fmt::Display for ContractAddress {
    /// Writes `0x` and 40 digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.0))
    }
}

/// The space and the number of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpaceNetwork {
    pub(crate) space: ExplorerSpace,
    /// Network id of Core, chain id of eSpace.
    pub(crate) id: u32,
}

impl SpaceNetwork {
    /// Writes an address as the space writes it.
    pub(crate) fn text(self, address: ContractAddress) -> String {
        match self.space {
            ExplorerSpace::Core => CoreAddress::new(address.0, self.id).to_string(),
            ExplorerSpace::Espace => address.to_string(),
        }
    }

    /// Reads the value of a query's parameter. `contract` says that only a contract is taken.
    pub(crate) fn asked(
        self,
        name: &str,
        text: &str,
        contract: bool,
    ) -> Result<ContractAddress, HandlerRefusal> {
        if let Some(address) = hex_address(text) {
            return Ok(address);
        }
        if has_hex_address(text) {
            return Err(HandlerRefusal::NotHex);
        }
        let wrong =
            |why: &str| HandlerRefusal::Parameter(format!("parameter {name}, {text}: {why}"));
        let found: CoreAddress = text.parse().map_err(|_| wrong("it is no address"))?;
        if found.network() != self.id {
            return Err(wrong("it is of another network"));
        }
        if contract && self.space == ExplorerSpace::Core && found.bytes()[0] >> 4 != 8 {
            return Err(wrong("it is not a contract's"));
        }
        Ok(ContractAddress(found.bytes()))
    }

    /// Reads the address of a submission, which only the verifier behind looks at.
    pub(crate) fn submitted(self, text: &str) -> Result<Submitted, HandlerRefusal> {
        let bad = || HandlerRefusal::Error("Bad Request".to_owned());
        if let Some(address) = hex_address(text).filter(|_| checksum_fits(text)) {
            let hex = true;
            return Ok(Submitted { address, hex });
        }
        let found: CoreAddress = text.parse().map_err(|_| bad())?;
        if found.network() != self.id || self.space != ExplorerSpace::Core {
            return Err(bad());
        }
        Ok(Submitted {
            address: ContractAddress(found.bytes()),
            hex: false,
        })
    }
}

/// The address of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Submitted {
    pub(crate) address: ContractAddress,
    /// It was written as hex. The original cuts off two letters to look for the creation, which finds nothing for
    /// a base32 address.
    pub(crate) hex: bool,
}

fn hex_address(text: &str) -> Option<ContractAddress> {
    let digits = text.strip_prefix("0x")?;
    let bytes: [u8; 20] = hex::decode(digits).ok()?.try_into().ok()?;
    Some(ContractAddress(bytes))
}

/// An address of mixed case must have the right mix.
fn checksum_fits(text: &str) -> bool {
    let digits = text.trim_start_matches("0x");
    let mixed = digits != digits.to_lowercase() && digits != digits.to_uppercase();
    !mixed || hex_address(text).is_some_and(|found| to_checksum(&H160(found.0), None) == text)
}

/// There is a hex address somewhere in the text.
fn has_hex_address(text: &str) -> bool {
    text.match_indices("0x").any(|(at, _)| {
        let digits = text.as_bytes().get(at + 2..at + 42);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: SpaceNetwork = SpaceNetwork {
        space: ExplorerSpace::Core,
        id: 1,
    };
    const ESPACE: SpaceNetwork = SpaceNetwork {
        space: ExplorerSpace::Espace,
        id: 71,
    };
    const HEX: &str = "0x8b8689c7f3014a4d86e4d1d0daaf74a47f5e0f27";

    fn base32(first: u8, network: u32) -> String {
        let mut bytes = hex_address(HEX).unwrap().0;
        bytes[0] = first;
        CoreAddress::new(bytes, network).to_string()
    }

    #[test]
    fn each_space_writes_its_own_form() {
        let address = hex_address(HEX).unwrap();
        assert_eq!(CORE.text(address), base32(0x8b, 1));
        assert_eq!(ESPACE.text(address), HEX);
    }

    #[test]
    fn a_query_takes_both_forms_of_its_network() {
        let asked = |text: &str| CORE.asked("contractaddresses", text, true);
        assert_eq!(asked(HEX).unwrap().to_string(), HEX);
        assert_eq!(asked(&base32(0x8b, 1)).unwrap().to_string(), HEX);
        for wrong in [
            &base32(0x8b, 1029),
            &base32(0x1b, 1),
            "cfxtest:abc",
            "",
            "0x12",
        ] {
            let refusal = asked(wrong).unwrap_err();
            assert!(matches!(refusal, HandlerRefusal::Parameter(_)), "{wrong}");
        }
        assert!(CORE.asked("address", &base32(0x1b, 1), false).is_ok());
        assert!(
            ESPACE
                .asked("contractaddresses", &base32(0x1b, 71), true)
                .is_ok()
        );
    }

    #[test]
    fn a_hex_text_that_is_too_long_passes_the_first_look_only() {
        let long = format!("{HEX}0");
        assert_eq!(
            CORE.asked("address", &long, false),
            Err(HandlerRefusal::NotHex)
        );
    }

    #[test]
    fn a_submission_is_base32_on_core_and_hex_anywhere() {
        assert!(!CORE.submitted(&base32(0x8b, 1)).unwrap().hex);
        assert!(CORE.submitted(HEX).unwrap().hex);
        assert!(ESPACE.submitted(HEX).unwrap().hex);
        let mixed = to_checksum(&H160(hex_address(HEX).unwrap().0), None);
        assert!(ESPACE.submitted(&mixed).is_ok());
        let wrong = mixed.replace('A', "a");
        assert_ne!(wrong, mixed);
        for text in [&wrong, &base32(0x8b, 71), "", "0x12"] {
            let bad = Err(HandlerRefusal::Error("Bad Request".to_owned()));
            assert_eq!(ESPACE.submitted(text), bad, "{text}");
        }
        assert!(CORE.submitted(&base32(0x8b, 1029)).is_err());
    }
}
