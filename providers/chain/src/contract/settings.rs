//! The settings of contracts, as tables: one line each says how to read it, write it, and who may.
//!
//! - Reads: values of a spec, answers of getters.
//! - Returns: normal forms, call arguments, problems.
//! - Never: asks the chain.

mod tables;

use std::collections::BTreeMap;

use pospool_conflux::abi::{self, Argument};
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Space};
use pospool_model::diagnostic::did_you_mean;
use pospool_model::{Blocks, Code, Problem, Value};

use crate::codes;
use crate::resolve::wrong_space;

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
}

/// Who may set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Owner,
    Manager,
}

/// What it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingType {
    Text,
    /// Percent of 10,000 parts.
    Ratio,
    Blocks,
    Address(Holds),
    /// A set of addresses, and the function that takes one out.
    Addresses {
        remover: &'static str,
    },
    /// Which pool of eSpace belongs to which of Core Space: maps with [`PAIR`]. The getter takes the first; a second
    /// that is zero takes the pair out.
    Pairs,
}

/// Names in a pair of pools, and which addresses they hold.
pub(crate) const PAIR: [(&str, Holds); 2] = [("pool", Holds::Core), ("espace_pool", Holds::Espace)];

/// Which addresses a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Those of Core Space.
    Core,
    /// Those of eSpace.
    Espace,
    /// The account in eSpace through which one of Core Space acts there.
    Mapped,
}

impl Holds {
    /// What is set for an address; `None` for one of the wrong space.
    pub(crate) fn stored(self, address: ChainAddress) -> Option<ChainAddress> {
        match (self, address) {
            (Self::Core, ChainAddress::Core(_)) | (Self::Espace, ChainAddress::Espace(_)) => {
                Some(address)
            }
            (Self::Mapped, _) => Some(address.in_espace().into()),
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
            Self::Core | Self::Mapped => Space::Core,
            Self::Espace => Space::Espace,
        }
    }

    /// The address that a contract answered.
    fn read(self, bytes: [u8; 20], network: u32) -> ChainAddress {
        match self {
            Self::Core => CoreAddress::new(bytes, network).into(),
            Self::Espace | Self::Mapped => EspaceAddress::new(bytes).into(),
        }
    }

    /// Whether a resource of this kind can be named.
    fn names(self, kind: &str) -> bool {
        match self {
            Self::Core => kind != "espace_contract",
            Self::Espace => kind == "espace_contract",
            Self::Mapped => true,
        }
    }
}

/// Name of the setting that says who may set the others.
pub(crate) const MANAGER: &str = "manager";

const WRONG: Code = codes::BAD_SETTING;

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
    /// Brings a wanted value into its normal form, which is the one that [`Setting::read`] returns.
    pub(crate) fn normal(&self, value: Value) -> Result<Value, Problem> {
        let wrong = |found: &Value, expected: &str| {
            let summary = format!("`{}` is {found}, and {expected} is expected", self.name);
            Problem::new(WRONG, &["settings", self.name], summary)
        };
        match (self.ty, value) {
            (_, value @ Value::Unknown)
            | (SettingType::Text, value @ Value::Text(_))
            | (SettingType::Blocks, value @ Value::Blocks(_)) => Ok(value),
            (SettingType::Address(holds), value) => self.normal_address(holds, &value),
            (SettingType::Text, value) => Err(wrong(&value, "text")),
            (SettingType::Blocks, value) => Err(wrong(&value, "a number of blocks")
                .help("write it with its unit: `blocks(2250000)`")),
            (SettingType::Ratio, value) => match value.as_text().and_then(parse_ratio) {
                Some(parts) => Ok(Value::Text(ratio_text(parts))),
                None => Err(wrong(&value, "a percentage")
                    .help("write it like \"90%\" or \"90.5%\": more than 0, at most 100, at most two decimals")),
            },
            (SettingType::Addresses { .. }, Value::List(list)) => self.normal_list(list),
            (SettingType::Addresses { .. }, value) => {
                Err(wrong(&value, "a list of contracts").help("write it like `[core_contract.pool]`"))
            }
            (SettingType::Pairs, Value::List(list)) => self.normal_pairs(&list),
            (SettingType::Pairs, value) => {
                Err(wrong(&value, "a list of pairs").help(PAIR_HELP))
            }
        }
    }

    fn normal_address(&self, holds: Holds, value: &Value) -> Result<Value, Problem> {
        let path = ["settings", self.name];
        let fits = match value {
            Value::Unknown => return Ok(Value::Unknown),
            Value::Resource(resource) => holds.names(resource.kind()).then(|| value.clone()),
            other => {
                let address = other.as_text().and_then(parse_address).ok_or_else(|| {
                    let name = self.name;
                    let summary =
                        format!("`{name}` is {value}, and an account or contract is expected");
                    Problem::new(WRONG, &path, summary).help(address_help(holds))
                })?;
                let stored = holds.stored(address);
                stored.map(|stored| Value::Text(stored.to_string()))
            }
        };
        fits.ok_or_else(|| wrong_space(value, holds.space(), &path))
    }

    fn normal_pairs(&self, list: &[Value]) -> Result<Value, Problem> {
        let problem =
            |what: String| Problem::new(WRONG, &["settings", self.name], what).help(PAIR_HELP);
        let mut normal: Vec<Value> = Vec::new();
        let mut pools = Vec::new();
        for value in list {
            if *value == Value::Unknown {
                normal.push(Value::Unknown);
                continue;
            }
            let map = value.as_map().filter(|map| map.len() == PAIR.len());
            let sides = PAIR.map(|(name, holds)| Some((name, holds, map?.get(name)?)));
            let [Some(pool), Some(other)] = sides else {
                return Err(problem(format!(
                    "{value} in `{}` is not a pair of pools",
                    self.name
                )));
            };
            let mut pair = BTreeMap::new();
            for (name, holds, value) in [pool, other] {
                pair.insert(name.to_owned(), self.normal_address(holds, value)?);
            }
            if pools.contains(&pair[PAIR[0].0]) {
                return Err(problem(format!(
                    "{} is twice in `{}`",
                    pair[PAIR[0].0], self.name
                )));
            }
            pools.push(pair[PAIR[0].0].clone());
            normal.push(Value::Map(pair));
        }
        Ok(Value::List(normal))
    }

    fn normal_list(&self, list: Vec<Value>) -> Result<Value, Problem> {
        let mut normal = Vec::new();
        for value in list {
            let entry = match &value {
                Value::Resource(resource) => {
                    Some(value.clone()).filter(|_| Holds::Core.names(resource.kind()))
                }
                Value::Unknown => Some(value.clone()),
                other => normal_address(other),
            };
            let problem = |what: String| Problem::new(WRONG, &["settings", self.name], what);
            let entry = entry.ok_or_else(|| {
                problem(format!(
                    "{value} in `{}` is not a contract of Core Space",
                    self.name
                ))
                .help(address_help(Holds::Core))
            })?;
            if entry != Value::Unknown && normal.contains(&entry) {
                return Err(problem(format!("{entry} is twice in `{}`", self.name)));
            }
            normal.push(entry);
        }
        Ok(Value::List(normal))
    }

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
            SettingType::Addresses { .. } => abi::read_addresses(answer).map(|list| {
                let list = list.into_iter().map(|bytes| address(Holds::Core, bytes));
                Value::List(list.collect())
            }),
            // It has an answer for each pair: [`Setting::read_pair`].
            SettingType::Pairs => None,
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

    /// Turns a normal value, or one entry of a list, into the setter's argument; `None` if it is of no use there.
    pub(crate) fn argument(&self, value: &Value) -> Option<Argument> {
        match (self.ty, value) {
            (SettingType::Text, Value::Text(text)) => Some(Argument::Text(text.clone())),
            (SettingType::Ratio, Value::Text(text)) => parse_ratio(text).map(Argument::Number),
            (SettingType::Blocks, Value::Blocks(blocks)) => Some(Argument::Number(blocks.0.into())),
            (SettingType::Address(holds), Value::Text(text)) => holds.argument(text),
            (SettingType::Addresses { .. }, Value::Text(text)) => Holds::Core.argument(text),
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
            (SettingType::Addresses { .. }, _) => 3,
            _ => 1,
        }
    }
}

const PAIR_HELP: &str =
    "write it like `[{ pool = core_contract.pool, espace_pool = espace_contract.pool }]`";

fn address_help(holds: Holds) -> &'static str {
    match holds {
        Holds::Core => "write a resource such as `core_contract.pool`, or a Core address in base32",
        Holds::Espace => "write a resource such as `espace_contract.pool`, or an address in hex",
        Holds::Mapped => {
            "write a resource such as `core_contract.bridge`, a Core address in base32, or an address in hex"
        }
    }
}

fn parse_address(text: &str) -> Option<ChainAddress> {
    text.parse().ok()
}

/// Normal form of an address: base32, lower case, without its type part.
fn normal_address(value: &Value) -> Option<Value> {
    let address: CoreAddress = value.as_text()?.parse().ok()?;
    Some(Value::Text(address.to_string()))
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
