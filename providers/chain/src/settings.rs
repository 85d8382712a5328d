//! The settings of contracts, as tables: one line each says how to read it, write it, and who may.
//!
//! - Reads: values of a spec, answers of getters.
//! - Returns: normal forms, call arguments, problems.
//! - Never: asks the chain.

use pospool_model::diagnostic::did_you_mean;
use pospool_model::{Blocks, Problem, Value};

use crate::abi::{self, Argument};
use crate::address::CoreAddress;

/// Settings of one contract.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the contract in its source.
    pub(crate) contract: &'static str,
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
    /// Signature of the function that answers it.
    pub(crate) getter: &'static str,
    /// Signature of the function that sets it, or adds one to it.
    pub(crate) setter: &'static str,
    pub(crate) caller: Caller,
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
    Address,
    /// A set of addresses, and the function that takes one out.
    Addresses {
        remover: &'static str,
    },
}

/// All tables.
pub(crate) const TABLES: &[Table] = &[POS_POOL, POOL_MANAGER];

const fn managed(
    name: &'static str,
    ty: SettingType,
    getter: &'static str,
    setter: &'static str,
) -> Setting {
    Setting {
        name,
        ty,
        getter,
        setter,
        caller: Caller::Manager,
    }
}

/// Names and callers: `contracts/PoSPool.sol` of the reference, version 1.9.0. `manager` comes last, since afterwards
/// its old holder may set nothing any more.
const POS_POOL: Table = Table {
    contract: "PoSPool",
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
            SettingType::Address,
            "votingEscrow()",
            "setVotingEscrow(address)",
        ),
        Setting {
            name: MANAGER,
            ty: SettingType::Address,
            getter: "manager()",
            setter: "setManager(address)",
            caller: Caller::Owner,
        },
    ],
};

const POOL_MANAGER: Table = Table {
    contract: "PoolManager",
    manager: None,
    settings: &[Setting {
        name: "pools",
        ty: SettingType::Addresses {
            remover: "removePool(address)",
        },
        getter: "getPoolAddresses()",
        setter: "addPool(address)",
        caller: Caller::Owner,
    }],
};

/// Name of the setting that says who may set the others.
pub(crate) const MANAGER: &str = "manager";

const WRONG: &str = "chain/bad-setting";

/// Finds the table of a contract.
pub(crate) fn table(contract: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.contract == contract)
}

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
        Problem::new("chain/unknown-setting", &["settings", name], summary).help(help)
    }
}

impl Setting {
    /// Whether its values stand for accounts or contracts.
    pub(crate) fn holds_addresses(&self) -> bool {
        matches!(
            self.ty,
            SettingType::Address | SettingType::Addresses { .. }
        )
    }

    /// Brings a wanted value into its normal form, which is the one that [`Setting::read`] returns.
    pub(crate) fn normal(&self, value: Value) -> Result<Value, Problem> {
        let wrong = |found: &Value, expected: &str| {
            let summary = format!("`{}` is {found}, and {expected} is expected", self.name);
            Problem::new(WRONG, &["settings", self.name], summary)
        };
        match (self.ty, value) {
            (_, value @ Value::Unknown)
            | (SettingType::Text, value @ Value::Text(_))
            | (SettingType::Blocks, value @ Value::Blocks(_))
            | (SettingType::Address, value @ Value::Resource(_)) => Ok(value),
            (SettingType::Text, value) => Err(wrong(&value, "text")),
            (SettingType::Blocks, value) => Err(wrong(&value, "a number of blocks")
                .help("write it with its unit: `blocks(2250000)`")),
            (SettingType::Ratio, value) => match value.as_text().and_then(parse_ratio) {
                Some(parts) => Ok(Value::Text(ratio_text(parts))),
                None => Err(wrong(&value, "a percentage")
                    .help("write it like \"90%\" or \"90.5%\": more than 0, at most 100, at most two decimals")),
            },
            (SettingType::Address, value) => normal_address(&value)
                .ok_or_else(|| wrong(&value, "an account or contract of Core Space").help(ADDRESS_HELP)),
            (SettingType::Addresses { .. }, Value::List(list)) => self.normal_list(list),
            (SettingType::Addresses { .. }, value) => {
                Err(wrong(&value, "a list of contracts").help("write it like `[core_contract.pool]`"))
            }
        }
    }

    fn normal_list(&self, list: Vec<Value>) -> Result<Value, Problem> {
        let mut normal = Vec::new();
        for value in list {
            let entry = match &value {
                Value::Resource(_) | Value::Unknown => Some(value.clone()),
                other => normal_address(other),
            };
            let problem = |what: String| Problem::new(WRONG, &["settings", self.name], what);
            let entry = entry.ok_or_else(|| {
                problem(format!(
                    "{value} in `{}` is not a contract of Core Space",
                    self.name
                ))
                .help(ADDRESS_HELP)
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
        let address = |bytes: [u8; 20]| Value::Text(CoreAddress::new(bytes, network).to_string());
        let value = match self.ty {
            SettingType::Text => abi::read_text(answer).map(Value::Text),
            SettingType::Ratio => {
                abi::read_number(answer).map(|parts| Value::Text(ratio_text(parts)))
            }
            SettingType::Blocks => abi::read_number(answer)
                .and_then(|number| u64::try_from(number).ok())
                .map(|number| Value::Blocks(Blocks(number))),
            SettingType::Address => abi::read_address(answer)
                .filter(|bytes| *bytes != [0; 20])
                .map(address),
            SettingType::Addresses { .. } => abi::read_addresses(answer)
                .map(|list| Value::List(list.into_iter().map(address).collect())),
        };
        value.unwrap_or_default()
    }

    /// Turns a normal value, or one entry of a list, into the setter's argument; `None` if it is of no use there.
    pub(crate) fn argument(&self, value: &Value) -> Option<Argument> {
        match (self.ty, value) {
            (SettingType::Text, Value::Text(text)) => Some(Argument::Text(text.clone())),
            (SettingType::Ratio, Value::Text(text)) => parse_ratio(text).map(Argument::Number),
            (SettingType::Blocks, Value::Blocks(blocks)) => Some(Argument::Number(blocks.0.into())),
            (SettingType::Address | SettingType::Addresses { .. }, Value::Text(text)) => {
                let address: CoreAddress = text.parse().ok()?;
                Some(Argument::Address(address.bytes()))
            }
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

const ADDRESS_HELP: &str =
    "write a resource such as `core_contract.pool`, or a Core address in base32";

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
