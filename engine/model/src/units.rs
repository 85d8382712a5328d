//! Amounts with their unit in the type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in drip, the smallest unit of Conflux (1 CFX is 10^18 drip).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Drip(pub u128);

impl Drip {
    /// Drip in one CFX.
    pub const PER_CFX: u128 = 1_000_000_000_000_000_000;

    /// Converts whole CFX; `None` if the amount does not fit.
    #[must_use]
    pub fn from_cfx(cfx: u64) -> Option<Self> {
        u128::from(cfx).checked_mul(Self::PER_CFX).map(Self)
    }

    /// Reads a decimal number of CFX such as `1000` or `0.25`; `None` if it is
    /// not one, is finer than a drip, or does not fit.
    #[must_use]
    pub fn parse_cfx(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 18 {
            return None;
        }
        let whole = whole.parse::<u128>().ok()?.checked_mul(Self::PER_CFX)?;
        let fraction = format!("{fraction:0<18}").parse::<u128>().ok()?;
        whole.checked_add(fraction).map(Self)
    }

    /// Adds; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Returns what is left after `spent`; `None` if `spent` is larger.
    #[must_use]
    pub fn checked_sub(self, spent: Self) -> Option<Self> {
        self.0.checked_sub(spent.0).map(Self)
    }
}

impl fmt::Display for Drip {
    /// Writes CFX with as many decimals as needed, such as `1000 CFX` or `0.25 CFX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / Self::PER_CFX, self.0 % Self::PER_CFX);
        if fraction == 0 {
            return write!(f, "{whole} CFX");
        }
        let fraction = format!("{fraction:018}");
        write!(f, "{whole}.{} CFX", fraction.trim_end_matches('0'))
    }
}

/// A number of blocks (Core Space block numbers), the unit of a pool's lock periods.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct Blocks(pub u64);

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blocks", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        let read = |text| Drip::parse_cfx(text).map(|drip| drip.0);
        assert_eq!(read("1000"), Some(1000 * Drip::PER_CFX));
        assert_eq!(read("0.25"), Some(Drip::PER_CFX / 4));
        assert_eq!(read("0.000000000000000001"), Some(1));
        for bad in [
            "",
            ".5",
            "5.",
            "1e3",
            "-1",
            "0.0000000000000000001",
            "1 000",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("999999999999999999999999999"), None);
    }

    #[test]
    fn amounts_print_the_way_they_are_read() {
        assert_eq!(Drip::from_cfx(1000).unwrap().to_string(), "1000 CFX");
        assert_eq!(Drip(Drip::PER_CFX / 4).to_string(), "0.25 CFX");
        assert_eq!(Drip(1).to_string(), "0.000000000000000001 CFX");
    }
}
