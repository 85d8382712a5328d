//! Amounts with their unit in the type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in drip, the smallest unit of Conflux (1 CFX is 10^18 drip).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Drip(pub u128);

/// As decimal digits in a text: a number of JSON cannot hold all of it.
impl serde::Serialize for Drip {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

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

    /// Whole CFX, and the decimals behind the point without zeros at their end.
    fn parts(self) -> (u128, String) {
        let (whole, fraction) = (self.0 / Self::PER_CFX, self.0 % Self::PER_CFX);
        let digits = format!("{fraction:018}");
        (whole, digits.trim_end_matches('0').to_owned())
    }

    /// The same as [`fmt::Display`] without grouped digits: what a text in a spec gets, which programs may read.
    #[must_use]
    pub fn plain(self) -> String {
        let (whole, fraction) = self.parts();
        format!("{whole}{}{fraction} CFX", point(&fraction))
    }
}

/// Between whole CFX and decimals, if there are any.
fn point(fraction: &str) -> &'static str {
    if fraction.is_empty() { "" } else { "." }
}

/// Writes a number as people read a large one: `1,234,567`.
#[must_use]
pub fn group_digits(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Drip {
    /// Writes CFX with as many decimals as needed, such as `1,000 CFX` or `0.25 CFX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = self.parts();
        let whole = group_digits(whole);
        write!(f, "{whole}{}{fraction} CFX", point(&fraction))
    }
}

/// A number of blocks (Core Space block numbers), the unit of a pool's lock periods.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct Blocks(pub u64);

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blocks", group_digits(self.0))
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
    fn large_amounts_are_shown_in_groups_and_written_plain() {
        let stake = Drip::from_cfx(10_000_000).unwrap();
        assert_eq!(stake.to_string(), "10,000,000 CFX");
        assert_eq!(stake.plain(), "10000000 CFX");
        let price = Drip(stake.0 + Drip::PER_CFX / 4);
        assert_eq!(price.to_string(), "10,000,000.25 CFX");
        assert_eq!(price.plain(), "10000000.25 CFX");
        assert_eq!(Drip(0).to_string(), "0 CFX");
        assert_eq!(Blocks(2_250_000).to_string(), "2,250,000 blocks");
        assert_eq!(group_digits(999_u64), "999");
        assert_eq!(group_digits(1_000_u64), "1,000");
        assert_eq!(Drip(Drip::PER_CFX / 4).to_string(), "0.25 CFX");
        assert_eq!(Drip(1).to_string(), "0.000000000000000001 CFX");
    }
}
