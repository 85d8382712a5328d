//! What a spec writes for a setting, in the form in which the contract's answer is read too.

use std::collections::BTreeMap;

use pospool_model::{Code, Drip, Problem, Value};

use super::holds::{Holds, address_help, parse_address};
use super::{PAIR, Setting, SettingType, parse_ratio, ratio_text};
use crate::codes;
use crate::resolve::wrong_space;

const WRONG: Code = codes::BAD_SETTING;
pub(super) const PAIR_HELP: &str =
    "write it like `[{ pool = core_contract.pool, espace_pool = espace_contract.pool }]`";

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
            (SettingType::Price, Value::Amount(drip)) if drip.0 > 0 && drip.0 % Drip::PER_CFX == 0 => {
                Ok(Value::Amount(drip))
            }
            (SettingType::Price, value) => Err(wrong(&value, "a number of whole CFX")
                .help("write it like `cfx(1000)`")),
            (SettingType::Address(holds), value) => self.normal_address(holds, &value),
            (SettingType::Text, value) => Err(wrong(&value, "text")),
            (SettingType::Blocks, value) => Err(wrong(&value, "a number of blocks")
                .help("write it with its unit: `blocks(2250000)`")),
            (SettingType::Ratio, value) => match value.as_text().and_then(parse_ratio) {
                Some(parts) => Ok(Value::Text(ratio_text(parts))),
                None => Err(wrong(&value, "a percentage")
                    .help("write it like \"90%\" or \"90.5%\": more than 0, at most 100, at most two decimals")),
            },
            (SettingType::Pairs, Value::List(list)) => self.normal_pairs(&list),
            (SettingType::Pairs, value) => {
                Err(wrong(&value, "a list of pairs").help(PAIR_HELP))
            }
            (
                SettingType::Addresses { holds, .. }
                | SettingType::Members { holds, .. }
                | SettingType::Growing(holds),
                value,
            ) => match value {
                Value::List(list) => self.normal_list(holds, list),
                value => Err(wrong(&value, "a list of addresses")
                    .help("write it like `[core_contract.pool]`")),
            },
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
        fits.ok_or_else(|| match holds {
            Holds::User => {
                let summary = format!("`{}` is {value}, and only an account can be it", self.name);
                Problem::new(WRONG, &path, summary).help(address_help(holds))
            }
            _ => wrong_space(value, holds.space(), &path),
        })
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

    fn normal_list(&self, holds: Holds, list: Vec<Value>) -> Result<Value, Problem> {
        let mut normal = Vec::new();
        for value in list {
            let entry = self.normal_address(holds, &value)?;
            if entry != Value::Unknown && normal.contains(&entry) {
                let summary = format!("{entry} is twice in `{}`", self.name);
                return Err(Problem::new(WRONG, &["settings", self.name], summary));
            }
            normal.push(entry);
        }
        Ok(Value::List(normal))
    }
}
