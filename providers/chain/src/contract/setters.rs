//! From wanted settings to calls: which, in what order, by whom.
//!
//! - Reads: wanted and observed values.
//! - Returns: [`SetterCall`]s.
//! - Never: hands out nonces or limits.

use pospool_conflux::ChainAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_model::{Problem, Value};

use crate::codes;
use crate::contract::settings::{Caller, Holds, PAIR, Setting, SettingType};

/// One call that sets something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetterCall {
    /// Name of the effect.
    pub(super) name: String,
    /// What a person reads.
    pub(super) summary: String,
    pub(super) data: Vec<u8>,
    /// Storage entries that it may fill.
    pub(super) keys: u64,
    pub(super) caller: Caller,
    pub(super) setting: &'static str,
}

/// Turns an address or a resource of a spec into the text of the address that is set.
pub(super) type Resolve<'a> = &'a dyn Fn(&Value, Holds) -> Result<Value, Problem>;

/// Calls that bring one setting of a contract from what is there to what is wanted.
pub(super) fn setter_calls(
    setting: &'static Setting,
    contract: ChainAddress,
    wanted: &Value,
    there: &Value,
    resolve: Resolve<'_>,
) -> Result<Vec<SetterCall>, Problem> {
    let entries = (
        wanted.as_list().unwrap_or_default(),
        there.as_list().unwrap_or_default(),
    );
    let value = match setting.ty {
        SettingType::Addresses { holds, remover } | SettingType::Members { holds, remover, .. } => {
            return members(
                setting,
                (holds, Some(remover)),
                entries.0,
                entries.1,
                resolve,
            );
        }
        SettingType::Growing(holds) => {
            return members(setting, (holds, None), entries.0, entries.1, resolve);
        }
        SettingType::Pairs => return pairs(setting, entries.0, entries.1, resolve),
        SettingType::Address(holds) => resolve(wanted, holds)?,
        SettingType::Text | SettingType::Ratio | SettingType::Blocks | SettingType::Price => {
            wanted.clone()
        }
    };
    let mut arguments = vec![usable(setting, &value)?];
    if setting.caller == Caller::Admin {
        arguments.insert(0, Argument::Address(contract.bytes()));
    }
    let name = format!("set {}", setting.name);
    let summary = format!("set `{}` to {wanted}", setting.name);
    Ok(vec![one(
        setting,
        setting.setter,
        name,
        summary,
        &arguments,
    )])
}

/// Calls that make a set hold what is wanted; without a function that takes one out it can only grow.
fn members(
    setting: &'static Setting,
    (holds, remover): (Holds, Option<&str>),
    wanted: &[Value],
    there: &[Value],
    resolve: Resolve<'_>,
) -> Result<Vec<SetterCall>, Problem> {
    let texts = wanted
        .iter()
        .map(|value| resolve(value, holds))
        .collect::<Result<Vec<_>, _>>()?;
    let mut calls = Vec::new();
    for (entry, text) in wanted.iter().zip(&texts) {
        if !there.contains(text) {
            let name = format!("add {}", plain(entry));
            let summary = format!("add {} to `{}`", plain(entry), setting.name);
            calls.push(one(
                setting,
                setting.setter,
                name,
                summary,
                &[usable(setting, text)?],
            ));
        }
    }
    for text in there.iter().filter(|text| !texts.contains(text)) {
        let remover = remover.ok_or_else(|| cannot_shrink(setting, text))?;
        let name = format!("remove {}", plain(text));
        let summary = format!("remove {} from `{}`", plain(text), setting.name);
        calls.push(one(
            setting,
            remover,
            name,
            summary,
            &[usable(setting, text)?],
        ));
    }
    Ok(calls)
}

/// Calls that pair each wanted pool of Core Space with its pool of eSpace, and no other one with any.
fn pairs(
    setting: &'static Setting,
    wanted: &[Value],
    there: &[Value],
    resolve: Resolve<'_>,
) -> Result<Vec<SetterCall>, Problem> {
    let mut calls = Vec::new();
    let mut pools = Vec::new();
    for entry in wanted {
        let sides = PAIR.map(|(name, holds)| {
            let value = entry.as_map().and_then(|map| map.get(name));
            let value = value.unwrap_or(&Value::Null);
            Ok((value.clone(), resolve(value, holds)?, holds))
        });
        let [pool, espace_pool] = sides;
        let (pool, espace_pool) = (pool?, espace_pool?);
        pools.push(pool.1.clone());
        let pair = PAIR.iter().zip([&pool.1, &espace_pool.1]);
        let pair = pair.map(|((name, _), value)| ((*name).to_owned(), value.clone()));
        if there.contains(&Value::Map(pair.collect())) {
            continue;
        }
        let name = format!("pair {}", plain(&pool.0));
        let summary = format!("pair {} with {}", plain(&pool.0), plain(&espace_pool.0));
        let arguments = [side(setting, &pool)?, side(setting, &espace_pool)?];
        calls.push(one(setting, setting.setter, name, summary, &arguments));
    }
    for entry in there {
        let pool = entry.as_map().and_then(|map| map.get(PAIR[0].0));
        let Some(pool) = pool.filter(|pool| !pools.contains(pool)) else {
            continue;
        };
        let name = format!("part {}", plain(pool));
        let summary = format!("pair {} with no pool of eSpace", plain(pool));
        let core = side(setting, &(pool.clone(), pool.clone(), Holds::Core))?;
        let arguments = [core, Argument::Address([0; 20])];
        calls.push(one(setting, setting.setter, name, summary, &arguments));
    }
    Ok(calls)
}

/// One side of a pair, as an argument.
fn side(setting: &Setting, (_, text, holds): &(Value, Value, Holds)) -> Result<Argument, Problem> {
    let argument = text.as_text().and_then(|text| holds.argument(text));
    argument.ok_or_else(|| cannot_be(setting, text))
}

fn one(
    setting: &'static Setting,
    signature: &str,
    name: String,
    summary: String,
    arguments: &[Argument],
) -> SetterCall {
    SetterCall {
        name,
        summary,
        data: abi::encode_call(signature, arguments),
        keys: arguments
            .iter()
            .map(|one| setting.keys(one))
            .max()
            .unwrap_or(1),
        caller: setting.caller,
        setting: setting.name,
    }
}

fn usable(setting: &Setting, value: &Value) -> Result<Argument, Problem> {
    setting
        .argument(value)
        .ok_or_else(|| cannot_be(setting, value))
}

/// The problem of an entry that the contract keeps for ever.
fn cannot_shrink(setting: &Setting, entry: &Value) -> Problem {
    let summary = format!(
        "{} is in `{}` of the contract, which has no function that takes one out",
        plain(entry),
        setting.name
    );
    Problem::new(codes::BAD_SETTING, &["settings", setting.name], summary)
        .help("write it into the list too, or make another contract")
}

fn cannot_be(setting: &Setting, value: &Value) -> Problem {
    let summary = format!("`{}` cannot be set to {value}", setting.name);
    Problem::new(codes::BAD_SETTING, &["settings", setting.name], summary)
}

/// A text without its quotes.
fn plain(value: &Value) -> String {
    value
        .as_text()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::settings::settings_of;
    use pospool_conflux::CoreAddress;

    fn text(byte: u8) -> Value {
        Value::Text(CoreAddress::new([byte; 20], 1).to_string())
    }

    /// The contract that is set.
    fn at() -> ChainAddress {
        CoreAddress::new([0x80; 20], 1).into()
    }

    #[test]
    fn a_set_gains_what_is_missing_and_loses_what_is_left_over() {
        let pools = settings_of("PoolManager")
            .unwrap()
            .setting("pools")
            .unwrap();
        let pool: pospool_model::Address = "core_contract.pool".parse().unwrap();
        let resolve = |value: &Value, _: Holds| match value {
            Value::Resource(_) => Ok(text(1)),
            other => Ok(other.clone()),
        };
        let wanted = Value::List(vec![Value::Resource(pool), text(2)]);
        let there = Value::List(vec![text(3), text(2)]);
        let found = setter_calls(pools, at(), &wanted, &there, &resolve).unwrap();
        let names: Vec<_> = found.iter().map(|call| call.name.clone()).collect();
        let left_over = format!("remove {}", text(3).as_text().unwrap());
        assert_eq!(names, ["add core_contract.pool".to_owned(), left_over]);
        assert_eq!(
            found[0].data,
            abi::encode_call("addPool(address)", &[Argument::Address([1; 20])])
        );
        assert_eq!(
            found[1].data,
            abi::encode_call("removePool(address)", &[Argument::Address([3; 20])])
        );
    }

    #[test]
    fn pools_are_paired_and_parted() {
        let pairs = settings_of("PoolManager")
            .unwrap()
            .setting("espace_pools")
            .unwrap();
        let hex = |byte: u8| Value::Text(crate::bench::espace(byte).to_string());
        let pair =
            |pool, espace_pool| crate::bench::map([("pool", pool), ("espace_pool", espace_pool)]);
        let same = |value: &Value, _: Holds| Ok(value.clone());
        let wanted = Value::List(vec![pair(text(1), hex(1)), pair(text(2), hex(2))]);
        let there = Value::List(vec![pair(text(2), hex(2)), pair(text(3), hex(3))]);
        assert_eq!(pairs.normal(wanted.clone()), Ok(wanted.clone()));
        let found = setter_calls(pairs, at(), &wanted, &there, &same).unwrap();
        let expected = |pool, espace_pool| {
            let sides = [
                Argument::Address([pool; 20]),
                Argument::Address([espace_pool; 20]),
            ];
            abi::encode_call("setEspacePool(address,address)", &sides)
        };
        let data: Vec<_> = found.iter().map(|call| call.data.clone()).collect();
        assert_eq!(data, [expected(1, 1), expected(3, 0)]);
        assert!(
            setter_calls(pairs, at(), &wanted, &wanted, &same)
                .unwrap()
                .is_empty()
        );

        let twice = Value::List(vec![pair(text(1), hex(1)), pair(text(1), hex(2))]);
        assert!(pairs.normal(twice).is_err());
        let swapped = Value::List(vec![pair(hex(1), text(1))]);
        assert_eq!(pairs.normal(swapped).unwrap_err().code, "chain/wrong-space");
        assert!(pairs.normal(Value::List(vec![text(1)])).is_err());
    }

    #[test]
    fn a_value_is_set_by_one_call() {
        let ratio = settings_of("PoSPool")
            .unwrap()
            .setting("user_share_ratio")
            .unwrap();
        let same = |value: &Value, _: Holds| Ok(value.clone());
        let found = setter_calls(ratio, at(), &Value::from("90%"), &Value::Null, &same).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "set user_share_ratio");
        let data = abi::encode_call("setPoolUserShareRatio(uint64)", &[Argument::Number(9000)]);
        assert_eq!(found[0].data, data);
    }

    #[test]
    fn a_list_that_only_grows_never_loses_one() {
        let pools = settings_of("PoSPoolBatchCall")
            .unwrap()
            .setting("pools")
            .unwrap();
        let same = |value: &Value, _: Holds| Ok(value.clone());
        let list = |bytes: &[u8]| Value::List(bytes.iter().map(|byte| text(*byte)).collect());
        let calls = |wanted: &Value| setter_calls(pools, at(), wanted, &list(&[1]), &same);
        let found = calls(&list(&[1, 2])).unwrap();
        let add = abi::encode_call("addPoSPool(address)", &[Argument::Address([2; 20])]);
        assert_eq!(
            found.iter().map(|call| &call.data).collect::<Vec<_>>(),
            [&add]
        );
        let problem = calls(&list(&[2])).unwrap_err();
        assert!(
            problem.summary.contains("no function that takes one out"),
            "{problem:?}"
        );
    }
}
