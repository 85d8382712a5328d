//! Questions about the settings of one contract, and what the answers say.
//!
//! - Reads: what the spec and the last run name, storage layouts of sources, and the chain's answers.
//! - Returns: values in the form in which the spec writes them.
//! - Never: takes what nobody can tell for what is not there: then what the last run set is all that is known.

use pospool_conflux::ChainAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Attributes, Value};

use crate::contract::layout::{self, VariablePlace};
use crate::contract::settings::{EVERYTHING, Getter, Holds, PAIR, Setting, SettingType};
use crate::contract::{CodeName, ContractSpec};
use crate::internal::admin_control;

/// Most entries of a list in storage that a look reads.
const LONGEST: u64 = 16;

/// Questions about a setting.
pub(super) enum AskedSetting {
    View(Slot),
    /// What the chain's own contract says.
    Admin(Slot),
    /// A word of storage, and where in it the setting stands.
    Word(Slot, VariablePlace),
    /// A list in storage: its length, and its first entries.
    List(Slot, Vec<Slot>),
    /// One question for each pool of Core Space that the spec or the last run paired.
    Pairs(Vec<(ChainAddress, Slot)>),
    /// One for each address that the spec or the last run named, and one for all others.
    Members(Slot, Vec<(ChainAddress, Slot)>),
    /// Nobody can tell.
    Nothing,
}

impl AskedSetting {
    pub(super) fn slots(&self) -> Vec<Slot> {
        let each = |entries: &[(ChainAddress, Slot)]| -> Vec<Slot> {
            entries.iter().map(|(_, slot)| *slot).collect()
        };
        match self {
            Self::View(slot) | Self::Admin(slot) | Self::Word(slot, _) => vec![*slot],
            Self::List(length, entries) => [&[*length], &entries[..]].concat(),
            Self::Pairs(pairs) => each(pairs),
            Self::Members(others, members) => [&[*others], &each(members)[..]].concat(),
            Self::Nothing => Vec::new(),
        }
    }

    /// The question for the admin.
    pub(super) fn admin(&self) -> Option<Slot> {
        match self {
            Self::Admin(slot) => Some(*slot),
            _ => None,
        }
    }
}

/// Asks for one setting of the contract at an address.
pub(super) fn ask_setting(
    target: Target<'_>,
    scene: &ObserveContext<'_>,
    batch: &mut Batch,
    at: At,
    address: ChainAddress,
    setting: &Setting,
) -> AskedSetting {
    let variable = |name| layout::find_place(scene.outputs, &code_of(target)?, name);
    let each = |batch: &mut Batch, signature: &str, of: Vec<ChainAddress>| -> Vec<_> {
        let asked = of.into_iter().map(|one| {
            let data = abi::encode_call(signature, &[Argument::Address(one.bytes())]);
            (one, batch.view(address, &data, at))
        });
        asked.collect()
    };
    match (setting.getter, setting.ty) {
        (Getter::View(signature), SettingType::Pairs) => {
            AskedSetting::Pairs(each(batch, signature, paired(target, setting.name, scene)))
        }
        (Getter::View(signature), SettingType::Members { others, .. }) => {
            let others = batch.view(address, &abi::function_selector(others), at);
            let named = named(target, setting.name, scene);
            AskedSetting::Members(others, each(batch, signature, named))
        }
        (Getter::View(signature), _) => {
            AskedSetting::View(batch.view(address, &abi::function_selector(signature), at))
        }
        (Getter::AdminControl(signature), _) => match address {
            ChainAddress::Core(contract) => {
                let data = abi::encode_call(signature, &[Argument::Address(contract.bytes())]);
                let control = admin_control(contract.network());
                AskedSetting::Admin(batch.view(control, &data, at))
            }
            ChainAddress::Espace(_) => AskedSetting::Nothing,
        },
        (Getter::Variable(name), ty) => match (variable(name), ty) {
            (None, _) => AskedSetting::Nothing,
            (Some(place), SettingType::Growing(_)) => {
                let entries = (0..LONGEST).map(|number| place.entry(number));
                let entries = entries
                    .map(|slot| batch.storage(address, &slot, at))
                    .collect();
                AskedSetting::List(batch.storage(address, &place.slot(), at), entries)
            }
            (Some(place), _) => {
                AskedSetting::Word(batch.storage(address, &place.slot(), at), place)
            }
        },
    }
}

/// What the answers say of one setting.
pub(super) fn read_setting(
    target: Target<'_>,
    setting: &Setting,
    question: &AskedSetting,
    answers: &BatchAnswers,
    network: u32,
) -> Value {
    let bytes = |slot: Slot| answers.bytes(slot).unwrap_or_default();
    match question {
        AskedSetting::View(slot) | AskedSetting::Admin(slot) => {
            setting.read(&bytes(*slot), network)
        }
        AskedSetting::Word(slot, place) => {
            let word = match setting.ty {
                SettingType::Address(_) => place.address(&bytes(*slot)),
                _ => bytes(*slot),
            };
            setting.read(&word, network)
        }
        AskedSetting::List(length, entries) => {
            let length = abi::read_number(&bytes(*length)).unwrap_or_default();
            match usize::try_from(length) {
                Ok(length) if length <= entries.len() => {
                    let found = entries[..length].iter();
                    let found = found.map(|slot| setting.read_entry(&bytes(*slot), network));
                    Value::List(found.collect())
                }
                _ => recorded_setting(target, setting),
            }
        }
        AskedSetting::Pairs(pairs) => {
            let found = pairs
                .iter()
                .filter_map(|(pool, slot)| Setting::read_pair(*pool, &bytes(*slot)));
            Value::List(found.collect())
        }
        AskedSetting::Members(others, members) => {
            let all = |slot: Slot| abi::read_number(&bytes(slot)) == Some(EVERYTHING);
            if all(*others) {
                return recorded_setting(target, setting);
            }
            let found = members.iter().filter(|(_, slot)| all(*slot));
            Value::List(found.map(|(one, _)| Value::Text(one.to_string())).collect())
        }
        AskedSetting::Nothing => recorded_setting(target, setting),
    }
}

/// What the last run set.
fn recorded_setting(target: Target<'_>, setting: &Setting) -> Value {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let settings = recorded.and_then(|block| ContractSpec::read(block).settings.known());
    let value = settings.and_then(|settings| settings.get(setting.name));
    value.cloned().unwrap_or_default()
}

/// Writes a value the way the spec does, where it says the same.
pub(super) fn as_written(
    target: Target<'_>,
    setting: &Setting,
    value: Value,
    scene: &ObserveContext<'_>,
) -> Value {
    match setting.ty {
        SettingType::Address(Holds::Mapped) => unmapped(target, setting.name, &value, scene),
        SettingType::Address(Holds::EspaceUser) => of_account(target, setting.name, value, scene),
        _ => in_wanted_order(target, setting.name, value, scene),
    }
}

/// Settings as the spec wants them, and as the last run recorded them.
pub(super) fn settings_of_both(target: Target<'_>) -> impl Iterator<Item = &Attributes> {
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let sides = [target.wanted, recorded].into_iter().flatten();
    sides.filter_map(|block| ContractSpec::read(block).settings.known())
}

/// A setting as the spec wants it, and as the last run recorded it.
fn both_sides<'a>(target: Target<'a>, name: &str) -> impl Iterator<Item = &'a Value> {
    settings_of_both(target).filter_map(move |settings| settings.get(name))
}

/// The text of an address that a spec writes, or of a resource whose address is known.
fn known_text<'a>(value: &'a Value, scene: &ObserveContext<'a>) -> Option<&'a str> {
    match value {
        Value::Resource(address) => scene.outputs.get(address)?.get("address")?.as_text(),
        other => other.as_text(),
    }
}

/// Addresses whose text is known, each once.
fn known_addresses<'a>(
    values: impl Iterator<Item = &'a Value>,
    scene: &ObserveContext<'a>,
) -> Vec<ChainAddress> {
    let mut addresses = Vec::new();
    for value in values {
        if let Some(Ok(address)) = known_text(value, scene).map(str::parse::<ChainAddress>)
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

/// Pools of Core Space that stand in a list of pairs, the wanted ones first.
fn paired(target: Target<'_>, name: &str, scene: &ObserveContext<'_>) -> Vec<ChainAddress> {
    let lists = both_sides(target, name).filter_map(Value::as_list);
    let pairs = lists.flatten().filter_map(Value::as_map);
    known_addresses(pairs.filter_map(|pair| pair.get(PAIR[0].0)), scene)
}

/// Addresses that stand in a list, the wanted ones first.
fn named(target: Target<'_>, name: &str, scene: &ObserveContext<'_>) -> Vec<ChainAddress> {
    let lists = both_sides(target, name).filter_map(Value::as_list);
    known_addresses(lists.flatten(), scene)
}

/// What was set is the account in eSpace that a Core contract acts through. It is shown as that contract if the spec
/// or the last run named it.
fn unmapped(target: Target<'_>, name: &str, value: &Value, scene: &ObserveContext<'_>) -> Value {
    let mut texts = both_sides(target, name).filter_map(|named| known_text(named, scene));
    let is_it = |text: &&str| {
        let address = text.parse::<ChainAddress>();
        address.is_ok_and(|address| value.as_text() == Some(&address.in_espace().to_string()))
    };
    texts.find(is_it).map_or(value.clone(), Value::from)
}

/// What was set is the address in eSpace of an account that the spec names: it is shown as that account.
fn of_account(target: Target<'_>, name: &str, value: Value, scene: &ObserveContext<'_>) -> Value {
    let wanted = both_sides(target, name).next().and_then(Value::as_resource);
    let outputs = wanted.and_then(|account| scene.outputs.get(account));
    match outputs.map(|outputs| (outputs.get("espace_address"), outputs.get("address"))) {
        Some((Some(espace), Some(core))) if *espace == value => core.clone(),
        _ => value,
    }
}

/// A set that holds what is wanted is written in the wanted order.
fn in_wanted_order(
    target: Target<'_>,
    name: &str,
    value: Value,
    scene: &ObserveContext<'_>,
) -> Value {
    let settings = target.wanted.map(ContractSpec::read);
    let settings = settings.and_then(|block| block.settings.known());
    let wanted = settings.and_then(|settings| settings.get(name)?.as_list());
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

/// The code that was deployed, or that is wanted if nothing says what was.
pub(super) fn code_of(target: Target<'_>) -> Option<CodeName> {
    let code = |block| ContractSpec::read(block).code.known();
    let recorded = target
        .recorded
        .and_then(|recorded| code(&recorded.attributes).or_else(|| recorded.outputs.get("code")));
    let code = recorded.or_else(|| code(target.wanted?));
    code.and_then(CodeName::read)
}

#[cfg(test)]
mod tests;
