//! What was found, as blocks of a spec.
//!
//! - Reads: contracts, owners, keys.
//! - Returns: blocks that name each other, where an address is that of another block.
//! - Never: takes two owners for one key because of half an address: an account of eSpace tells its address in Core Space.

use std::collections::BTreeMap;

use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, CoreAddress};
use pospool_model::provider::FoundBlock;
use pospool_model::{Address, Drip, Value};

use super::around::Around;
use super::graph::{FoundContract, Graph};
use crate::contract::settings::MANAGER;
use crate::registration::DEPOSIT;

/// An account that owns something.
struct Owner {
    name: Address,
    /// Its address in Core Space.
    core: CoreAddress,
    /// Its address in eSpace, if it owns something there.
    espace: Option<ChainAddress>,
}

/// Writes the blocks.
pub(super) fn write_blocks(found: &Graph, around: &Around<'_>) -> Vec<FoundBlock> {
    let owners = name_owners(found, around.network);
    let names = name_contracts(&found.contracts);
    let mut blocks: Vec<FoundBlock> = owners.iter().map(write_account).collect();
    for contract in &found.contracts {
        blocks.push(write_contract(contract, &names, &owners));
    }
    for (pool, key) in &found.keys {
        let Some(name) = names.get(pool) else {
            continue;
        };
        blocks.push(FoundBlock {
            address: label("pos_registration", name.label()),
            attributes: vec![
                ("pool".to_owned(), Value::Resource(name.clone())),
                ("pos_address".to_owned(), Value::Text(hex_text(key))),
                ("deposit".to_owned(), Value::Amount(Drip(DEPOSIT))),
            ],
            code: None,
        });
    }
    blocks
}

fn label(kind: &str, label: &str) -> Address {
    let text = format!("{kind}.{label}");
    text.parse().expect("labels of this module are words")
}

/// What a contract of the reference is called in a spec.
fn word_of(contract: &str) -> &'static str {
    match contract {
        "PoSPool" | "ESpacePoSPool" => "pool",
        "PoolManager" => "manager",
        "CoreBridge" => "bridge",
        "VotingEscrow" | "EVotingEscrow" => "voting_escrow",
        _ => "contract",
    }
}

fn name_contracts(contracts: &[FoundContract]) -> BTreeMap<ChainAddress, Address> {
    let mut used: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let named = contracts.iter().map(|found| {
        let kind = match found.at {
            ChainAddress::Core(_) => "core_contract",
            ChainAddress::Espace(_) => "espace_contract",
        };
        let word = word_of(found.table.contract);
        let number = used.entry((kind, word)).or_default();
        *number += 1;
        let name = match *number {
            1 => word.to_owned(),
            number => format!("{word}_{number}"),
        };
        (found.at, label(kind, &name))
    });
    named.collect()
}

fn name_owners(found: &Graph, network: u32) -> Vec<Owner> {
    let mut owners: Vec<Owner> = Vec::new();
    for owner in found.contracts.iter().filter_map(|it| it.owner) {
        let (core, espace) = match owner {
            ChainAddress::Core(core) => (core, None),
            ChainAddress::Espace(it) => (
                CoreAddress::new(it.same_key_in_core(), network),
                Some(owner),
            ),
        };
        if let Some(known) = owners.iter_mut().find(|it| it.core == core) {
            known.espace = known.espace.or(espace);
            continue;
        }
        let name = match owners.len() {
            0 => "operator".to_owned(),
            number => format!("owner_{}", number + 1),
        };
        owners.push(Owner {
            name: label("account", &name),
            core,
            espace,
        });
    }
    owners
}

fn write_account(owner: &Owner) -> FoundBlock {
    let text = |address: String| Value::Text(address);
    let mut attributes = vec![("address".to_owned(), text(owner.core.to_string()))];
    let espace = owner.espace.map(|it| text(it.to_string()));
    attributes.extend(espace.map(|it| ("espace_address".to_owned(), it)));
    FoundBlock {
        address: owner.name.clone(),
        attributes,
        code: None,
    }
}

fn write_contract(
    found: &FoundContract,
    names: &BTreeMap<ChainAddress, Address>,
    owners: &[Owner],
) -> FoundBlock {
    let owner = owners.iter().find(|owner| match found.owner {
        Some(ChainAddress::Core(core)) => owner.core == core,
        espace => espace.is_some() && owner.espace == espace,
    });
    let mut attributes = vec![("address".to_owned(), Value::Text(found.at.to_string()))];
    let line = owner.map(|owner| ("owner".to_owned(), Value::Resource(owner.name.clone())));
    attributes.extend(line);
    if found.proxied {
        attributes.push(("proxy".to_owned(), Value::Bool(true)));
    }
    // That its owner is its manager needs no line.
    let owner = found.owner.map(|owner| Value::Text(owner.to_string()));
    let told = found.settings.iter();
    let told =
        told.filter(|(setting, value)| setting.name != MANAGER || Some(value) != owner.as_ref());
    let settings: BTreeMap<String, Value> = told
        .map(|(setting, value)| (setting.name.to_owned(), named_value(value, names)))
        .collect();
    if !settings.is_empty() {
        attributes.push(("settings".to_owned(), Value::Map(settings)));
    }
    FoundBlock {
        address: names[&found.at].clone(),
        attributes,
        code: Some(found.table.contract),
    }
}

/// A value in which the addresses of other blocks are these.
fn named_value(value: &Value, names: &BTreeMap<ChainAddress, Address>) -> Value {
    match value {
        Value::Text(text) => {
            let address = text.parse::<ChainAddress>().ok();
            let known = address.and_then(|address| names.get(&address));
            known.map_or_else(|| value.clone(), |name| Value::Resource(name.clone()))
        }
        Value::List(list) => Value::List(list.iter().map(|it| named_value(it, names)).collect()),
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|(key, it)| (key.clone(), named_value(it, names)));
            Value::Map(entries.collect())
        }
        other => other.clone(),
    }
}
