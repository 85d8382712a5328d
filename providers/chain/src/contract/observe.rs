//! What is there of a contract.
//!
//! - Reads: what is recorded of it, storage layouts of sources, and the chain's answers at one epoch.
//! - Returns: its attributes as far as they can be seen, in normal form.
//! - Never: searches the chain for a contract of which nothing is recorded.

use crate::contract::schema::space_of_kind;
use std::collections::{BTreeMap, BTreeSet};

use pospool_conflux::ChainAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::provider::{ObserveContext, Observed, Target};
use pospool_model::{Attributes, Value};

use super::layout::{self, AddressSlot};
use super::{CodeName, ContractSpec, artifact};
use crate::contract::settings::{self, Getter, Holds, PAIR, Setting, SettingType};
use crate::facts::ContractFacts;
use crate::verification::{CompiledPart, Likeness, compare_code};

/// Questions about one contract.
pub(crate) struct AskedContract<'a> {
    target: Target<'a>,
    there: Option<AskedThere>,
    implementation: Option<(ChainAddress, Slot)>,
    /// The code that is wanted from now on, and the question for the one that is there.
    other_code: Option<(CodeName, Slot)>,
    /// Network id of Core addresses.
    network: u32,
}

/// Questions about the contract that users call.
struct AskedThere {
    address: ChainAddress,
    code: Slot,
    pointed_at: Slot,
    owner: Slot,
    manager: Option<Slot>,
    settings: Vec<(&'static Setting, AskedSetting)>,
}

/// Questions about a setting.
enum AskedSetting {
    View(Slot),
    /// A word of storage, and where in it the setting stands.
    Word(Slot, AddressSlot),
    /// One question for each pool of Core Space that the spec or the last run paired.
    Pairs(Vec<(ChainAddress, Slot)>),
    /// Nobody can tell.
    Nothing,
}

impl AskedSetting {
    fn slots(&self) -> Vec<Slot> {
        match self {
            Self::View(slot) | Self::Word(slot, _) => vec![*slot],
            Self::Pairs(pairs) => pairs.iter().map(|(_, slot)| *slot).collect(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// Asks about one contract; `network` is that of the chain's Core addresses.
pub(crate) fn ask_contract<'a>(
    target: Target<'a>,
    scene: &ObserveContext<'_>,
    batch: &mut Batch,
    at: At,
    network: u32,
) -> AskedContract<'a> {
    let space = space_of_kind(target.address.kind());
    let recorded = |name: &str| {
        let text = target.recorded?.outputs.get(name)?.as_text()?;
        let address = text.parse::<ChainAddress>().ok()?;
        let fits = match address {
            ChainAddress::Core(core) => core.network() == network,
            ChainAddress::Espace(_) => true,
        };
        Some(address).filter(|address| fits && Some(address.space()) == space)
    };
    let implementation =
        recorded("implementation").map(|address| (address, batch.code(address, at)));
    let place = recorded("implementation").or_else(|| recorded("address"));
    let other_code = other_code(target).zip(place);
    AskedContract {
        other_code: other_code.map(|(code, place)| (code, batch.whole_code(place, at))),
        there: recorded("address").map(|address| ask_there(target, scene, batch, at, address)),
        implementation,
        target,
        network,
    }
}

fn ask_there(
    target: Target<'_>,
    scene: &ObserveContext<'_>,
    batch: &mut Batch,
    at: At,
    address: ChainAddress,
) -> AskedThere {
    let table = code_of(target).and_then(|code| settings::settings_of(&code.contract));
    let names = setting_names(target);
    let all = table.map(|table| table.settings).unwrap_or_default();
    let wanted = all.iter().filter(|setting| names.contains(setting.name));
    let mut view = |signature: &str| batch.view(address, &abi::function_selector(signature), at);
    AskedThere {
        address,
        owner: view("owner()"),
        manager: table.and_then(|table| table.manager).map(&mut view),
        settings: wanted
            .map(|setting| {
                (
                    setting,
                    ask_setting(target, scene, batch, at, address, setting),
                )
            })
            .collect(),
        code: batch.code(address, at),
        pointed_at: batch.implementation(address, at),
    }
}

fn ask_setting(
    target: Target<'_>,
    scene: &ObserveContext<'_>,
    batch: &mut Batch,
    at: At,
    address: ChainAddress,
    setting: &Setting,
) -> AskedSetting {
    match setting.getter {
        Getter::View(signature) if setting.ty == SettingType::Pairs => {
            let pools = paired(target, setting.name, scene).into_iter();
            let asked = pools.map(|pool| {
                let data = abi::encode_call(signature, &[Argument::Address(pool.bytes())]);
                (pool, batch.view(address, &data, at))
            });
            AskedSetting::Pairs(asked.collect())
        }
        Getter::View(signature) => {
            AskedSetting::View(batch.view(address, &abi::function_selector(signature), at))
        }
        Getter::Variable(name) => {
            let place =
                code_of(target).and_then(|code| layout::find_place(scene.outputs, &code, name));
            place.map_or(AskedSetting::Nothing, |place| {
                AskedSetting::Word(batch.storage(address, &place.slot(), at), place)
            })
        }
    }
}

/// The wanted code, if it is not what the last run recorded.
fn other_code(target: Target<'_>) -> Option<CodeName> {
    let code = |block| CodeName::read(ContractSpec::read(block).code.known()?);
    let wanted = code(target.wanted?)?;
    (code(&target.recorded?.attributes)? != wanted).then_some(wanted)
}

/// How like the wanted code is to what is there.
fn likeness(
    asked: &AskedContract<'_>,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
) -> Option<Likeness> {
    let (code, slot) = asked.other_code.as_ref()?;
    let wanted = artifact::artifact_value(scene.outputs, code).ok()?;
    let wanted = CompiledPart::read(wanted).ok()?;
    Some(compare_code(
        &wanted.runtime,
        &wanted.holes,
        &answers.bytes(*slot)?,
    ))
}

/// Settings as the spec wants them, and as the last run recorded them.
fn settings_of_both(target: Target<'_>) -> impl Iterator<Item = &Attributes> {
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

/// Pools of Core Space that stand in a list of pairs, the wanted ones first.
fn paired(target: Target<'_>, name: &str, scene: &ObserveContext<'_>) -> Vec<ChainAddress> {
    let mut pools = Vec::new();
    let lists = both_sides(target, name).filter_map(Value::as_list);
    for pair in lists.flatten().filter_map(Value::as_map) {
        let text = pair.get(PAIR[0].0).and_then(|pool| known_text(pool, scene));
        if let Some(Ok(pool)) = text.map(str::parse::<ChainAddress>)
            && !pools.contains(&pool)
        {
            pools.push(pool);
        }
    }
    pools
}

/// The code that was deployed, or that is wanted if nothing says what was.
fn code_of(target: Target<'_>) -> Option<CodeName> {
    let code = |block| ContractSpec::read(block).code.known();
    let recorded = target
        .recorded
        .and_then(|recorded| code(&recorded.attributes).or_else(|| recorded.outputs.get("code")));
    let code = recorded.or_else(|| code(target.wanted?));
    code.and_then(CodeName::read)
}

/// Settings that the spec or the last run speak of.
fn setting_names(target: Target<'_>) -> BTreeSet<&str> {
    let names = settings_of_both(target).flat_map(Attributes::keys);
    names.map(String::as_str).collect()
}

impl AskedContract<'_> {
    /// All questions whose answers say what is there.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        let there = self.there.iter().flat_map(|there| {
            let fixed = [there.code, there.pointed_at, there.owner];
            let settings = there.settings.iter();
            let settings = settings.flat_map(|(_, asked)| asked.slots());
            fixed.into_iter().chain(there.manager).chain(settings)
        });
        let code = self.other_code.as_ref().map(|(_, slot)| *slot);
        there
            .chain(self.implementation.map(|(_, slot)| slot))
            .chain(code)
    }
}

/// Reads the answers about one contract.
pub(crate) fn read_contract(
    asked: &AskedContract<'_>,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
) -> (Observed, ContractFacts) {
    let mut facts = ContractFacts {
        implementation: asked
            .implementation
            .filter(|(_, slot)| answers.has_code(*slot) == Some(true))
            .map(|(address, _)| address),
        likeness: likeness(asked, answers, scene),
        ..ContractFacts::default()
    };
    let there = asked
        .there
        .as_ref()
        .filter(|there| answers.has_code(there.code) == Some(true));
    let Some(there) = there else {
        return (Observed::Absent, facts);
    };
    let pointed_at = answers.pointed_at(there.pointed_at);
    facts.pointed_at = pointed_at.map(|bytes| there.address.beside(bytes));
    facts.manager = there
        .manager
        .and_then(|slot| answers.bytes(slot))
        .and_then(|bytes| abi::read_address(&bytes));
    (present(asked, there, answers, scene), facts)
}

fn present(
    asked: &AskedContract<'_>,
    there: &AskedThere,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
) -> Observed {
    let target = asked.target;
    let pointed_at = answers.pointed_at(there.pointed_at);
    let mut attributes = unseen(target);
    attributes.insert("proxy".to_owned(), Value::Bool(pointed_at.is_some()));
    let mut outputs = Attributes::new();
    if let Some(bytes) = pointed_at {
        let implementation = there.address.beside(bytes).to_string();
        outputs.insert("implementation".to_owned(), Value::Text(implementation));
    }
    let owner = answers
        .bytes(there.owner)
        .and_then(|bytes| abi::read_address(&bytes));
    if let Some(bytes) = owner {
        let owner = there.address.beside(bytes).to_string();
        attributes.insert("owner".to_owned(), owner_value(target, &owner, scene));
        outputs.insert("owner_address".to_owned(), Value::Text(owner));
    }
    let settings = there.settings.iter().map(|(setting, question)| {
        let value = read_setting(asked, setting, question, answers);
        let value = match setting.ty {
            SettingType::Address(Holds::Mapped) => unmapped(target, setting.name, &value, scene),
            _ => in_wanted_order(target, setting.name, value, scene),
        };
        (setting.name.to_owned(), value)
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
fn owner_value(target: Target<'_>, owner: &str, scene: &ObserveContext<'_>) -> Value {
    let has_address = |account: &&pospool_model::Address| {
        let Some(outputs) = scene.outputs.get(*account) else {
            return false;
        };
        let mut addresses = ["address", "espace_address"].into_iter();
        addresses.any(|name| outputs.get(name).and_then(Value::as_text) == Some(owner))
    };
    let wanted = target.wanted.map(ContractSpec::read);
    let wanted = wanted.and_then(|block| block.owner.known());
    let accounts = scene
        .outputs
        .keys()
        .filter(|address| address.kind() == "account");
    match wanted.into_iter().chain(accounts).find(has_address) {
        Some(account) => Value::Resource(account.clone()),
        None => Value::from(owner),
    }
}

fn read_setting(
    asked: &AskedContract<'_>,
    setting: &Setting,
    question: &AskedSetting,
    answers: &BatchAnswers,
) -> Value {
    let bytes = |slot: Slot| answers.bytes(slot).unwrap_or_default();
    match question {
        AskedSetting::View(slot) => setting.read(&bytes(*slot), asked.network),
        AskedSetting::Word(slot, place) => setting.read(&place.word(&bytes(*slot)), asked.network),
        AskedSetting::Pairs(pairs) => {
            let found = pairs
                .iter()
                .filter_map(|(pool, slot)| Setting::read_pair(*pool, &bytes(*slot)));
            Value::List(found.collect())
        }
        // No source of the spec says where it is: what the last run set is all that is known.
        AskedSetting::Nothing => {
            let recorded = asked.target.recorded.map(|recorded| &recorded.attributes);
            let settings = recorded.and_then(|block| ContractSpec::read(block).settings.known());
            let value = settings.and_then(|settings| settings.get(setting.name));
            value.cloned().unwrap_or_default()
        }
    }
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

/// A set that holds what is wanted is written in the wanted order.
fn in_wanted_order(
    target: Target<'_>,
    name: &str,
    value: Value,
    scene: &ObserveContext<'_>,
) -> Value {
    let empty = BTreeMap::new();
    let settings = target.wanted.map(ContractSpec::read);
    let settings = settings.and_then(|block| block.settings.known());
    let wanted = settings.unwrap_or(&empty).get(name);
    let wanted = wanted.and_then(Value::as_list);
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
