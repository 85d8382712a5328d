//! What is there of a contract.
//!
//! - Reads: what is recorded of it, storage layouts of sources, and the chain's answers at one epoch.
//! - Returns: its attributes as far as they can be seen, in normal form.
//! - Never: searches the chain for a contract of which nothing is recorded.

mod asked;

use std::collections::BTreeSet;

use pospool_conflux::{ChainAddress, abi};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Slot};
use pospool_model::provider::{ObserveContext, Observed, Target};
use pospool_model::{Attributes, Problem, Value};

use self::asked::{AskedSetting, as_written, ask_setting, read_setting, settings_of_both};
use super::{CodeName, ContractSpec, artifact, place, takeup};
use crate::contract::schema::space_of_kind;
use crate::contract::settings::{self, OWNER, Setting};
use crate::facts::ContractFacts;
use crate::verification::{CompiledPart, Likeness, compare_code};

/// Questions about one contract.
pub(crate) struct AskedContract<'a> {
    target: Target<'a>,
    there: Option<AskedThere>,
    implementation: Option<(ChainAddress, Slot)>,
    /// Where it is by the spec alone: no state knows it.
    stated: Option<ChainAddress>,
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
    // Where nothing is recorded, the spec may say where it is.
    let stated = target.wanted.and_then(place::stated_address);
    let stated = stated.filter(|_| target.recorded.is_none());
    let implementation =
        recorded("implementation").map(|address| (address, batch.code(address, at)));
    let at_record = recorded("implementation").or_else(|| recorded("address"));
    let other_code = other_code(target).zip(at_record);
    let there = recorded("address").or(stated);
    AskedContract {
        other_code: other_code.map(|(code, place)| (code, batch.whole_code(place, at))),
        there: there.map(|address| ask_there(target, scene, batch, at, address)),
        implementation,
        stated,
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
    let table = asked::code_of(target).and_then(|code| settings::settings_of(&code.contract));
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

/// Settings that the spec or the last run speak of.
fn setting_names(target: Target<'_>) -> BTreeSet<&str> {
    let names = settings_of_both(target).flat_map(Attributes::keys);
    names.map(String::as_str).collect()
}

impl<'a> AskedContract<'a> {
    /// What was asked about.
    pub(crate) fn target(&self) -> Target<'a> {
        self.target
    }

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

/// Asks for the code of what no state knows, once it is told where that code runs; an address at which there is nothing is a
/// problem, since what is said to be there is never made.
pub(crate) fn ask_taken_code(
    asked: &AskedContract<'_>,
    answers: &BatchAnswers,
    batch: &mut Batch,
    at: At,
) -> Result<Option<Slot>, Problem> {
    let (Some(stated), Some(there)) = (asked.stated, &asked.there) else {
        return Ok(None);
    };
    if answers.has_code(there.code) != Some(true) {
        return Err(place::nothing_there(stated));
    }
    let pointed_at = answers.pointed_at(there.pointed_at);
    let running = pointed_at.map_or(stated, |bytes| stated.beside(bytes));
    Ok(Some(takeup::ask_running_code(batch, running, at)))
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
    let address = |slot| {
        answers
            .bytes(slot)
            .and_then(|bytes| abi::read_address(&bytes))
    };
    facts.manager = there.manager.and_then(address);
    facts.owner = address(there.owner);
    facts.admin = there
        .settings
        .iter()
        .find_map(|(_, asked)| asked.admin())
        .and_then(address);
    (present(asked, there, &facts, answers, scene), facts)
}

fn present(
    asked: &AskedContract<'_>,
    there: &AskedThere,
    facts: &ContractFacts,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
) -> Observed {
    let target = asked.target;
    let mut attributes = unseen(target);
    attributes.insert("proxy".to_owned(), Value::Bool(facts.pointed_at.is_some()));
    let mut outputs = Attributes::new();
    if let Some(stated) = asked.stated {
        outputs.insert("address".to_owned(), Value::Text(stated.to_string()));
    }
    if let Some(implementation) = facts.pointed_at {
        let implementation = Value::Text(implementation.to_string());
        outputs.insert("implementation".to_owned(), implementation);
    }
    if let Some(bytes) = facts.owner {
        let owner = there.address.beside(bytes).to_string();
        // Where the settings say whose it is to be, the attribute says who made it.
        if !is_given_away(target) {
            attributes.insert("owner".to_owned(), owner_value(target, &owner, scene));
        }
        outputs.insert("owner_address".to_owned(), Value::Text(owner));
    }
    let settings = there.settings.iter().map(|(setting, question)| {
        let value = read_setting(target, setting, question, answers, asked.network);
        (
            setting.name.to_owned(),
            as_written(target, setting, value, scene),
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
    if let Some(code) = asked::code_of(target)
        && missing("code")
    {
        attributes.insert("code".to_owned(), code.value());
    }
    attributes
}

/// Whether the settings of the spec say who is to own it.
fn is_given_away(target: Target<'_>) -> bool {
    let wanted = target.wanted.map(ContractSpec::read);
    let settings = wanted.and_then(|block| block.settings.known());
    settings.is_some_and(|settings| settings.contains_key(OWNER))
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
    if let Some(wanted) = wanted
        && !has_known_address(wanted, scene)
        && let Some(recorded) = target.recorded
        && recorded
            .outputs
            .get("owner_address")
            .and_then(Value::as_text)
            == Some(owner)
        && let Some(kept) = recorded.attributes.get("owner")
    {
        // Nobody can tell the wanted account's address now, such as without its key; the owner is who it was.
        return kept.clone();
    }
    let accounts = scene
        .outputs
        .keys()
        .filter(|address| address.kind() == "account");
    match wanted.into_iter().chain(accounts).find(has_address) {
        Some(account) => Value::Resource(account.clone()),
        None => Value::from(owner),
    }
}

/// Whether the address of an account is known.
fn has_known_address(account: &pospool_model::Address, scene: &ObserveContext<'_>) -> bool {
    let outputs = scene.outputs.get(account);
    outputs.is_some_and(|outputs| outputs.contains_key("address"))
}
