//! The settings of contracts, as tables: one line each says how to read it, write it, and who may.
//!
//! - Reads: values of a spec, answers of getters.
//! - Returns: normal forms, call arguments, problems.
//! - Never: asks the chain.

mod holds;
mod normal;
mod tables;

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::{ChainAddress, EspaceAddress, Space};
use pospool_model::diagnostic::did_you_mean;
use pospool_model::{Blocks, Drip, Problem, Value};

use crate::codes;

pub(crate) use holds::Holds;
pub(crate) use tables::{TABLES, settings_of};

/// Settings of one contract.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the contract in its source.
    pub(crate) contract: &'static str,
    /// Where it lives.
    pub(crate) space: Space,
    /// Getter of the account that may change the manager's settings.
    pub(crate) manager: Option<&'static str>,
    /// In the order in which they are set.
    pub(crate) settings: &'static [Setting],
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) ty: SettingType,
    /// Where it is read.
    pub(crate) getter: Getter,
    /// Signature of the function that sets it, or adds one to it.
    pub(crate) setter: &'static str,
    pub(crate) caller: Caller,
}

/// Where a setting is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Getter {
    /// Signature of the function that answers it.
    View(&'static str),
    /// Name of a variable that no function answers: its place is in the compiler's storage layout.
    Variable(&'static str),
    /// Signature of a function of the chain's own contract for admins, which is given the contract's address.
    AdminControl(&'static str),
}

/// Who may set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Owner,
    Manager,
    /// The admin that the chain itself has written down for a contract of Core Space; asked by way of its own contract.
    Admin,
}

/// What it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingType {
    Text,
    /// Percent of 10,000 parts.
    Ratio,
    Blocks,
    /// Money that is kept in drip, and set in whole CFX.
    Price,
    Address(Holds),
    /// A set of addresses, and the function that takes one out.
    Addresses {
        holds: Holds,
        remover: &'static str,
    },
    /// A set of addresses that no function lists: the getter takes one, and answers [`EVERYTHING`] if it is in it.
    Members {
        holds: Holds,
        remover: &'static str,
        /// Getter of what it answers for all others; where that is the same, nobody can tell.
        others: &'static str,
    },
    /// A list of addresses in a variable, out of which no function takes one.
    Growing(Holds),
    /// Which pool of eSpace belongs to which of Core Space: maps with [`PAIR`]. The getter takes the first; a second
    /// that is zero takes the pair out.
    Pairs,
}

/// Names in a pair of pools, and which addresses they hold.
pub(crate) const PAIR: [(&str, Holds); 2] = [("pool", Holds::Core), ("espace_pool", Holds::Espace)];

/// What a getter of [`SettingType::Members`] answers for a member.
pub(crate) const EVERYTHING: u128 = 10_000;

/// Name of the setting that says who may set the others.
pub(crate) const MANAGER: &str = "manager";
/// Names of the settings that give a contract away.
pub(crate) const OWNER: &str = "owner";
pub(crate) const ADMIN: &str = "admin";
/// Name of the setting that says what a vote is worth.
pub(crate) const VOTE_PRICE: &str = "vote_price";

impl Table {
    /// Finds a setting by name.
    pub(crate) fn setting(&self, name: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The problem of a name that is not in the table.
    pub(crate) fn unknown(&self, name: &str) -> Problem {
        let names = || self.settings.iter().map(|setting| setting.name);
        let summary = format!("`{}` has no setting `{name}`", self.contract);
        let help = match did_you_mean(name, names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "its settings are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        Problem::new(codes::UNKNOWN_SETTING, &["settings", name], summary).help(help)
    }
}

impl Setting {
    /// Reads a getter's answer; `Null` if it is not what the table expects or says "none".
    pub(crate) fn read(&self, answer: &[u8], network: u32) -> Value {
        let address =
            |holds: Holds, bytes: [u8; 20]| Value::Text(holds.read(bytes, network).to_string());
        let value = match self.ty {
            SettingType::Text => abi::read_text(answer).map(Value::Text),
            SettingType::Ratio => {
                abi::read_number(answer).map(|parts| Value::Text(ratio_text(parts)))
            }
            SettingType::Blocks => abi::read_number(answer)
                .and_then(|number| u64::try_from(number).ok())
                .map(|number| Value::Blocks(Blocks(number))),
            SettingType::Address(holds) => abi::read_address(answer)
                .filter(|bytes| *bytes != [0; 20])
                .map(|bytes| address(holds, bytes)),
            SettingType::Price => abi::read_number(answer)
                .filter(|drip| *drip > 0)
                .map(|drip| Value::Amount(Drip(drip))),
            SettingType::Addresses { holds, .. } => abi::read_addresses(answer).map(|list| {
                let list = list.into_iter().map(|bytes| address(holds, bytes));
                Value::List(list.collect())
            }),
            // They have an answer for each entry.
            SettingType::Pairs | SettingType::Members { .. } | SettingType::Growing(_) => None,
        };
        value.unwrap_or_default()
    }

    /// Reads the getter's answer for one pool of Core Space; `None` if no pool of eSpace belongs to it.
    pub(crate) fn read_pair(pool: ChainAddress, answer: &[u8]) -> Option<Value> {
        let bytes = abi::read_address(answer).filter(|bytes| *bytes != [0; 20])?;
        let sides = [pool.to_string(), EspaceAddress::new(bytes).to_string()];
        let sides = PAIR.iter().zip(sides);
        let pair = sides.map(|((name, _), text)| ((*name).to_owned(), Value::Text(text)));
        Some(Value::Map(pair.collect()))
    }

    /// Reads one entry of a list in storage.
    pub(crate) fn read_entry(&self, word: &[u8], network: u32) -> Value {
        let holds = match self.ty {
            SettingType::Growing(holds) => holds,
            _ => Holds::Core,
        };
        let bytes = abi::read_address(word);
        bytes.map_or(Value::Null, |bytes| {
            Value::Text(holds.read(bytes, network).to_string())
        })
    }

    /// Turns a normal value, or one entry of a list, into the setter's argument; `None` if it is of no use there.
    pub(crate) fn argument(&self, value: &Value) -> Option<Argument> {
        match (self.ty, value) {
            (SettingType::Text, Value::Text(text)) => Some(Argument::Text(text.clone())),
            (SettingType::Ratio, Value::Text(text)) => parse_ratio(text).map(Argument::Number),
            (SettingType::Blocks, Value::Blocks(blocks)) => Some(Argument::Number(blocks.0.into())),
            (SettingType::Price, Value::Amount(drip)) => {
                Some(Argument::Number(drip.0 / Drip::PER_CFX))
            }
            (
                SettingType::Address(holds)
                | SettingType::Addresses { holds, .. }
                | SettingType::Members { holds, .. }
                | SettingType::Growing(holds),
                Value::Text(text),
            ) => holds.argument(text),
            _ => None,
        }
    }

    /// Storage entries that setting this value may fill: a text longer than 31 bytes has its length and its words,
    /// a set has length, member and place.
    pub(crate) fn keys(&self, argument: &Argument) -> u64 {
        match (self.ty, argument) {
            (_, Argument::Text(text)) => {
                1 + u64::try_from(text.len().div_ceil(32)).unwrap_or(u64::MAX >> 16)
            }
            (
                SettingType::Addresses { .. }
                | SettingType::Members { .. }
                | SettingType::Growing(_)
                | SettingType::Price,
                _,
            ) => 3,
            _ => 1,
        }
    }
}

/// Reads `90%` or `90.25%` as parts of 10,000.
pub(crate) fn parse_ratio(text: &str) -> Option<u128> {
    let number = text.strip_suffix('%')?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 2 {
        return None;
    }
    let parts =
        whole.parse::<u128>().ok()? * 100 + format!("{decimals:0<2}").parse::<u128>().ok()?;
    (1..=10_000).contains(&parts).then_some(parts)
}

/// Writes parts of 10,000 with as few decimals as possible.
fn ratio_text(parts: u128) -> String {
    let (whole, rest) = (parts / 100, parts % 100);
    match rest {
        0 => format!("{whole}%"),
        _ if rest % 10 == 0 => format!("{whole}.{}%", rest / 10),
        _ => format!("{whole}.{rest:02}%"),
    }
}

#[cfg(test)]
mod tests;
