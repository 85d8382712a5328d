//! What is there of a contract.
//!
//! - Reads: what is recorded of it, and the chain's answers at one epoch.
//! - Returns: its attributes as far as they can be seen, in normal form.
//! - Never: searches the chain for a contract of which nothing is recorded.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::provider::{Observed, Scene, Target};
use pospool_model::{Attributes, Value};

use super::CodeName;
use crate::abi;
use crate::address::CoreAddress;
use crate::batch::{Answers, At, Batch, Slot};
use crate::facts::ContractFacts;
use crate::settings::{self, Setting};

/// Questions about one contract.
pub(crate) struct Asked<'a> {
    target: Target<'a>,
    there: Option<AskedThere>,
    implementation: Option<(CoreAddress, Slot)>,
}

/// Questions about the contract that users call.
struct AskedThere {
    address: CoreAddress,
    code: Slot,
    pointed_at: Slot,
    owner: Slot,
    manager: Option<Slot>,
    settings: Vec<(&'static Setting, Slot)>,
}

/// Asks about one contract.
pub(crate) fn ask<'a>(target: Target<'a>, batch: &mut Batch, at: At, network: u32) -> Asked<'a> {
    let recorded = |name: &str| {
        let text = target.recorded?.outputs.get(name)?.as_text()?;
        text.parse::<CoreAddress>()
            .ok()
            .filter(|address| address.network() == network)
    };
    let implementation =
        recorded("implementation").map(|address| (address, batch.code(address, at)));
    Asked {
        there: recorded("address").map(|address| ask_there(target, batch, at, address)),
        implementation,
        target,
    }
}

fn ask_there(target: Target<'_>, batch: &mut Batch, at: At, address: CoreAddress) -> AskedThere {
    let table = code_of(target).and_then(|code| settings::table(&code.contract));
    let names = setting_names(target);
    let all = table.map(|table| table.settings).unwrap_or_default();
    let wanted = all.iter().filter(|setting| names.contains(setting.name));
    let mut view = |signature: &str| batch.view(address, &abi::selector(signature), at);
    AskedThere {
        address,
        owner: view("owner()"),
        manager: table.and_then(|table| table.manager).map(&mut view),
        settings: wanted
            .map(|setting| (setting, view(setting.getter)))
            .collect(),
        code: batch.code(address, at),
        pointed_at: batch.implementation(address, at),
    }
}

/// The code that was deployed, or that is wanted if nothing says what was.
fn code_of(target: Target<'_>) -> Option<CodeName> {
    let recorded = target.recorded.map(|recorded| {
        recorded
            .attributes
            .get("code")
            .or_else(|| recorded.outputs.get("code"))
    });
    let wanted = || target.wanted.and_then(|wanted| wanted.get("code"));
    recorded.flatten().or_else(wanted).and_then(CodeName::read)
}

/// Settings that the spec or the last run speak of.
fn setting_names(target: Target<'_>) -> BTreeSet<&str> {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let sides = [target.wanted, recorded].into_iter().flatten();
    let maps = sides.filter_map(|attributes| attributes.get("settings").and_then(Value::as_map));
    maps.flat_map(|map| map.keys().map(String::as_str))
        .collect()
}

impl Asked<'_> {
    /// All questions whose answers say what is there.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        let there = self.there.iter().flat_map(|there| {
            let fixed = [there.code, there.pointed_at, there.owner];
            let settings = there.settings.iter().map(|(_, slot)| *slot);
            fixed.into_iter().chain(there.manager).chain(settings)
        });
        there.chain(self.implementation.map(|(_, slot)| slot))
    }
}

/// Reads the answers about one contract.
pub(crate) fn read(
    asked: &Asked<'_>,
    answers: &Answers,
    scene: &Scene<'_>,
) -> (Observed, ContractFacts) {
    let mut facts = ContractFacts {
        implementation: asked
            .implementation
            .filter(|(_, slot)| answers.has_code(*slot) == Some(true))
            .map(|(address, _)| address),
        manager: None,
    };
    let there = asked
        .there
        .as_ref()
        .filter(|there| answers.has_code(there.code) == Some(true));
    let Some(there) = there else {
        return (Observed::Absent, facts);
    };
    facts.manager = there
        .manager
        .and_then(|slot| answers.bytes(slot))
        .and_then(|bytes| abi::read_address(&bytes));
    (present(asked.target, there, answers, scene), facts)
}

fn present(
    target: Target<'_>,
    there: &AskedThere,
    answers: &Answers,
    scene: &Scene<'_>,
) -> Observed {
    let network = there.address.network();
    let pointed_at = answers.pointed_at(there.pointed_at);
    let mut attributes = unseen(target);
    attributes.insert("proxy".to_owned(), Value::Bool(pointed_at.is_some()));
    let mut outputs = Attributes::new();
    if let Some(bytes) = pointed_at {
        let implementation = CoreAddress::new(bytes, network).to_string();
        outputs.insert("implementation".to_owned(), Value::Text(implementation));
    }
    let owner = answers
        .bytes(there.owner)
        .and_then(|bytes| abi::read_address(&bytes));
    if let Some(bytes) = owner {
        let owner = CoreAddress::new(bytes, network).to_string();
        attributes.insert("owner".to_owned(), owner_value(target, &owner, scene));
        outputs.insert("owner_address".to_owned(), Value::Text(owner));
    }
    let settings = there.settings.iter().map(|(setting, slot)| {
        let answer = answers.bytes(*slot).unwrap_or_default();
        let value = setting.read(&answer, network);
        (
            setting.name.to_owned(),
            in_wanted_order(target, setting.name, value, scene),
        )
    });
    attributes.insert("settings".to_owned(), Value::Map(settings.collect()));
    Observed::Present {
        attributes,
        outputs,
    }
}

/// Attributes that cannot be seen. What a run that was cut off has not recorded is what the spec wants: the code
/// because its digest is an output of the effect that deployed it, the rest because only the same plan can have
/// begun it.
fn unseen(target: Target<'_>) -> Attributes {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let missing = |name: &str| recorded.is_none_or(|attributes| !attributes.contains_key(name));
    let mut attributes = Attributes::new();
    for name in ["chain", "constructor", "owner"] {
        if let Some(value) = target.wanted.and_then(|wanted| wanted.get(name))
            && missing(name)
        {
            attributes.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(code) = code_of(target)
        && missing("code")
    {
        attributes.insert("code".to_owned(), code.value());
    }
    attributes
}

/// The account of the spec that has this address; the wanted one first, since two names may have one key.
fn owner_value(target: Target<'_>, owner: &str, scene: &Scene<'_>) -> Value {
    let has_address = |account: &&pospool_model::Address| {
        let outputs = scene.outputs.get(*account);
        outputs
            .and_then(|outputs| outputs.get("address"))
            .and_then(Value::as_text)
            == Some(owner)
    };
    let wanted = target
        .wanted
        .and_then(|wanted| wanted.get("owner"))
        .and_then(Value::as_resource);
    let accounts = scene
        .outputs
        .keys()
        .filter(|address| address.kind() == "account");
    match wanted.into_iter().chain(accounts).find(has_address) {
        Some(account) => Value::Resource(account.clone()),
        None => Value::from(owner),
    }
}

/// A set that holds what is wanted is written in the wanted order.
fn in_wanted_order(target: Target<'_>, name: &str, value: Value, scene: &Scene<'_>) -> Value {
    let empty = BTreeMap::new();
    let settings = target
        .wanted
        .and_then(|wanted| wanted.get("settings"))
        .and_then(Value::as_map);
    let wanted = settings
        .unwrap_or(&empty)
        .get(name)
        .and_then(Value::as_list);
    let (Some(wanted), Some(found)) = (wanted, value.as_list()) else {
        return value;
    };
    let texts = wanted.iter().map(|entry| match entry {
        Value::Resource(address) => scene.outputs.get(address)?.get("address").cloned(),
        other => Some(other.clone()),
    });
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts)
            if texts.len() == found.len() && found.iter().all(|one| texts.contains(one)) =>
        {
            Value::List(texts)
        }
        _ => value,
    }
}
