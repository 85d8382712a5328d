//! From wanted settings to calls: which, in what order, by whom.
//!
//! - Reads: wanted and observed values.
//! - Returns: [`SetterCall`]s.
//! - Never: hands out nonces or limits.

use pospool_model::{Problem, Value};

use crate::abi::{self, Argument};
use crate::settings::{Caller, Setting, SettingType};

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

/// Turns a wanted entry into the text that stands for it: resources become addresses.
pub(super) type Resolve<'a> = &'a dyn Fn(&Value) -> Result<Value, Problem>;

/// Calls that bring one setting from what is there to what is wanted.
pub(super) fn calls(
    setting: &'static Setting,
    wanted: &Value,
    there: &Value,
    resolve: Resolve<'_>,
) -> Result<Vec<SetterCall>, Problem> {
    let SettingType::Addresses { remover } = setting.ty else {
        let value = resolve(wanted)?;
        let argument = usable(setting, &value)?;
        let name = format!("set {}", setting.name);
        let summary = format!("set `{}` to {wanted}", setting.name);
        return Ok(vec![one(setting, setting.setter, name, summary, &argument)]);
    };
    let wanted = wanted.as_list().unwrap_or_default();
    let there = there.as_list().unwrap_or_default();
    let texts = wanted.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
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
                &usable(setting, text)?,
            ));
        }
    }
    for text in there.iter().filter(|text| !texts.contains(text)) {
        let name = format!("remove {}", plain(text));
        let summary = format!("remove {} from `{}`", plain(text), setting.name);
        calls.push(one(
            setting,
            remover,
            name,
            summary,
            &usable(setting, text)?,
        ));
    }
    Ok(calls)
}

fn one(
    setting: &'static Setting,
    signature: &str,
    name: String,
    summary: String,
    argument: &Argument,
) -> SetterCall {
    SetterCall {
        name,
        summary,
        data: abi::call(signature, std::slice::from_ref(argument)),
        keys: setting.keys(argument),
        caller: setting.caller,
        setting: setting.name,
    }
}

fn usable(setting: &Setting, value: &Value) -> Result<Argument, Problem> {
    setting.argument(value).ok_or_else(|| {
        let summary = format!("`{}` cannot be set to {value}", setting.name);
        Problem::new("chain/bad-setting", &["settings", setting.name], summary)
    })
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
    use crate::address::CoreAddress;
    use crate::settings::table;

    fn text(byte: u8) -> Value {
        Value::Text(CoreAddress::new([byte; 20], 1).to_string())
    }

    #[test]
    fn a_set_gains_what_is_missing_and_loses_what_is_left_over() {
        let pools = table("PoolManager").unwrap().setting("pools").unwrap();
        let pool: pospool_model::Address = "core_contract.pool".parse().unwrap();
        let resolve = |value: &Value| match value {
            Value::Resource(_) => Ok(text(1)),
            other => Ok(other.clone()),
        };
        let wanted = Value::List(vec![Value::Resource(pool), text(2)]);
        let there = Value::List(vec![text(3), text(2)]);
        let found = calls(pools, &wanted, &there, &resolve).unwrap();
        let names: Vec<_> = found.iter().map(|call| call.name.clone()).collect();
        let left_over = format!("remove {}", text(3).as_text().unwrap());
        assert_eq!(names, ["add core_contract.pool".to_owned(), left_over]);
        assert_eq!(
            found[0].data,
            abi::call("addPool(address)", &[Argument::Address([1; 20])])
        );
        assert_eq!(
            found[1].data,
            abi::call("removePool(address)", &[Argument::Address([3; 20])])
        );
    }

    #[test]
    fn a_value_is_set_by_one_call() {
        let ratio = table("PoSPool")
            .unwrap()
            .setting("user_share_ratio")
            .unwrap();
        let same = |value: &Value| Ok(value.clone());
        let found = calls(ratio, &Value::from("90%"), &Value::Null, &same).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "set user_share_ratio");
        let data = abi::call("setPoolUserShareRatio(uint64)", &[Argument::Number(9000)]);
        assert_eq!(found[0].data, data);
    }
}
