//! `core_contract`, `espace_contract`: code, owner and settings of a contract.
//!
//! - Reads: attributes of a block, artifacts of sources, what the chain answers.
//! - Returns: normal forms here; looks and designs in the modules below.
//! - Never: keeps code in a state: a name and a digest stand for it.

pub(crate) mod artifact;
pub(crate) mod creation;
pub(crate) mod design;
pub(crate) mod earlier;
pub(crate) mod handover;
mod layout;
pub(crate) mod observe;
pub(crate) mod origin;
pub(crate) mod place;
pub(crate) mod schema;
mod setters;
pub(crate) mod settings;
pub(crate) mod steps;
pub(crate) mod takeup;
mod update;
mod upgrade;
mod weigh;

use std::collections::BTreeMap;

use pospool_conflux::Space;
use pospool_model::kind::Attribute;
use pospool_model::{Attributes, Problem, Value};

pub(crate) use self::schema::{CORE_CONTRACT, ContractSpec, ESPACE_CONTRACT};
use self::settings::{TABLES, Table};
use crate::codes;
use crate::profit;

/// What stands for code in states and plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeName {
    pub(crate) contract: String,
    pub(crate) digest: String,
}

impl CodeName {
    /// Reads it from an attribute, whole or in normal form.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let text = |name: &str| {
            map.get(name)
                .and_then(Value::as_text)
                .map(ToOwned::to_owned)
        };
        Some(Self {
            contract: text("contract")?,
            digest: text("digest")?,
        })
    }

    /// Returns the normal form.
    pub(crate) fn value(&self) -> Value {
        Value::Map(BTreeMap::from([
            ("contract".to_owned(), Value::from(self.contract.as_str())),
            ("digest".to_owned(), Value::from(self.digest.as_str())),
        ]))
    }
}

/// Brings attributes into their normal form.
pub(crate) fn normalise_contract(
    space: Space,
    mut attributes: Attributes,
) -> Result<Attributes, Vec<Problem>> {
    let mut problems = Vec::new();
    problems.extend(place::normalise_address(space, &mut attributes));
    let code = attributes.get("code").cloned().unwrap_or_default();
    let name = CodeName::read(&code);
    match &name {
        Some(name) => {
            attributes.insert("code".to_owned(), name.value());
        }
        None if code.has_unknown() => {}
        None => problems.push(
            Problem::new(codes::NO_CODE, &["code"], "this is not a compiled contract")
                .help("write a contract of a source, such as `source.reference.PoSPool`"),
        ),
    }
    attributes
        .entry("proxy".to_owned())
        .or_insert(Value::Bool(false));
    let contract = name.as_ref().map(|name| name.contract.as_str());
    problems.extend(profit::normalise_profit(&mut attributes, contract));
    if let Some(Value::Map(settings)) = attributes.get_mut("settings") {
        let contract = code
            .as_map()
            .and_then(|code| code.get("contract")?.as_text());
        match normal_settings(space, contract, std::mem::take(settings)) {
            Ok(normal) => *settings = normal,
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

fn normal_settings(
    space: Space,
    contract: Option<&str>,
    settings: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Problem>> {
    let Some(contract) = contract else {
        // What the names mean is only known together with the contract.
        return Ok(settings);
    };
    if settings.is_empty() {
        return Ok(settings);
    }
    let table = match settings::settings_of(contract) {
        Some(table) if table.space == space => table,
        Some(table) => return Err(vec![misplaced(table)]),
        None => return Err(vec![unknown_contract(space, contract)]),
    };
    let mut normal = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, value) in settings {
        match table.setting(&name).map(|setting| setting.normal(value)) {
            None => problems.push(table.unknown(&name)),
            Some(Ok(value)) => {
                normal.insert(name, value);
            }
            Some(Err(problem)) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(normal)
    } else {
        Err(problems)
    }
}

fn unknown_contract(space: Space, contract: &str) -> Problem {
    let summary = format!("pospool does not know the settings of `{contract}`");
    let known = TABLES.iter().filter(|table| table.space == space);
    let known: Vec<_> = known.map(|table| table.contract).collect();
    Problem::new(codes::UNKNOWN_CONTRACT, &["settings"], summary).help(format!(
        "leave `settings` out; known contracts are {}",
        known.join(", ")
    ))
}

/// A contract that can only work in the other space.
fn misplaced(table: &Table) -> Problem {
    let (contract, space) = (table.contract, table.space);
    let summary = format!("`{contract}` is a contract of {}", space.title());
    Problem::new(codes::WRONG_SPACE, &["code"], summary).help(match space {
        Space::Core => "write it as a `core_contract`",
        Space::Espace => "write it as an `espace_contract`",
    })
}

/// Whether users call it through a proxy.
pub(crate) fn is_proxied(attributes: &Attributes) -> bool {
    ContractSpec::read(attributes).proxy == Attribute::Known(true)
}

#[cfg(test)]
mod espace_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(contract: &str, settings: &[(&str, Value)]) -> Attributes {
        let text = |text: &str| Value::from(text);
        let code = [
            ("contract", contract),
            ("digest", "0x01"),
            ("bytecode", "0x60"),
            ("abi", "[]"),
        ];
        let code = code.map(|(name, value)| (name.to_owned(), text(value)));
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Attributes::from([
            ("code".to_owned(), Value::Map(code.into())),
            ("settings".to_owned(), Value::Map(settings.collect())),
        ])
    }

    #[test]
    fn code_becomes_its_name_and_digest() {
        let normal = normalise_contract(Space::Core, wanted("PoSPool", &[])).unwrap();
        assert_eq!(
            normal["code"].to_string(),
            r#"{ contract = "PoSPool", digest = "0x01" }"#
        );
        assert_eq!(normal["proxy"], Value::Bool(false));
        assert_eq!(
            normalise_contract(Space::Core, normal.clone()).unwrap(),
            normal
        );
    }

    #[test]
    fn all_wrong_settings_are_told_at_once() {
        let settings = [
            ("nam", Value::from("x")),
            ("user_share_ratio", Value::Integer(90)),
        ];
        let problems = normalise_contract(Space::Core, wanted("PoSPool", &settings)).unwrap_err();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["chain/unknown-setting", "chain/bad-setting"]);
        assert_eq!(problems[0].path, ["settings", "nam"]);
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `name`?"));
    }

    #[test]
    fn settings_need_a_contract_that_is_known() {
        let problems =
            normalise_contract(Space::Core, wanted("Other", &[("name", Value::from("x"))]))
                .unwrap_err();
        assert!(
            problems[0]
                .help
                .as_ref()
                .unwrap()
                .contains("PoSPool, PoolManager")
        );
        assert!(normalise_contract(Space::Core, wanted("Other", &[])).is_ok());
    }

    #[test]
    fn code_may_be_unknown_and_must_be_code() {
        let unknown = Attributes::from([("code".to_owned(), Value::Unknown)]);
        assert_eq!(
            normalise_contract(Space::Core, unknown).unwrap()["code"],
            Value::Unknown
        );
        let text = Attributes::from([("code".to_owned(), Value::from("PoSPool"))]);
        assert_eq!(
            normalise_contract(Space::Core, text).unwrap_err()[0].code,
            "chain/no-code"
        );
    }
}
