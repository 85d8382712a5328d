//! How a contract is made.
//!
//! - Reads: what is wanted, what is there, artifacts, facts.
//! - Returns: transactions in nonce order. Addresses are known before the contracts exist, so setters follow their
//!   contract without waiting for it.
//! - Never: makes an implementation again that an earlier run left behind, and never takes a contract off the chain.

use pospool_model::plan::{Action, EffectId, Need};
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Attributes, Problem, Value};

use super::artifact::{self, Artifact};
use super::setters::{self, SetterCall};
use super::{CodeName, is_proxied, update, upgrade};
use crate::abi;
use crate::chain_address::{ChainAddress, Space};
use crate::codes;
use crate::draft::{Draft, Plan, Sender};
use crate::facts::{ContractFacts, Facts};
use crate::gas;
use crate::resolve::{argument_of, chain_address_of, wrong_space};
use crate::settings::{self, Holds, Setting};
use crate::text::hex_text;

/// Output: what the proxy's constructor was given, as hex. An upgrade changes what the proxy points at, and not that.
pub(crate) const PROXY_ARGUMENTS: &str = "proxy_arguments";
/// Call that gives a pool its first settings and its manager.
pub(crate) const INITIALIZE: &str = "initialize()";

/// Designs one change.
pub(crate) fn design(
    task: &Task<'_>,
    world: &mut World<'_>,
    facts: &Facts,
) -> Result<Design, Vec<Problem>> {
    let result = match task.action {
        Action::Delete | Action::Forget => return Ok(leave(task)),
        Action::Create | Action::Replace => create(task, world, facts),
        Action::Update | Action::Adopt => update::design(task, world, facts),
    };
    result.map_err(|problem| vec![problem])
}

fn leave(task: &Task<'_>) -> Design {
    let outputs = task.recorded.map(|recorded| &recorded.outputs);
    let address = outputs
        .and_then(|outputs| outputs.get("address"))
        .and_then(Value::as_text);
    let note = match address {
        Some(address) => {
            format!("the contract stays on the chain at {address}; its owner keeps it")
        }
        None => "nothing that users could call was made".to_owned(),
    };
    Design::forgotten(vec![note])
}

/// What both ways need.
pub(super) struct Scope<'a> {
    pub(super) code: CodeName,
    pub(super) owner: Sender<'a>,
    pub(super) known: ContractFacts,
}

impl<'a> Scope<'a> {
    pub(super) fn new(task: &Task<'a>, facts: &'a Facts) -> Result<Self, Problem> {
        let space = Space::of_kind(task.address.kind()).unwrap_or(Space::Core);
        let code = task
            .wanted
            .get("code")
            .and_then(CodeName::read)
            .ok_or_else(|| Problem::new(codes::NO_CODE, &["code"], "the code is not known yet"))?;
        let owner = task
            .wanted
            .get("owner")
            .and_then(Value::as_resource)
            .ok_or_else(|| {
                Problem::new(
                    codes::UNKNOWN_ACCOUNT,
                    &["owner"],
                    "the owner is not an account of the spec",
                )
            })?;
        Ok(Self {
            code,
            owner: Sender::find_in(space, facts, owner)?,
            known: facts
                .contracts
                .get(task.address)
                .cloned()
                .unwrap_or_default(),
        })
    }
}

fn create(task: &Task<'_>, world: &mut World<'_>, facts: &Facts) -> Result<Design, Problem> {
    let scope = Scope::new(task, facts)?;
    let found = artifact::find(world.outputs, &scope.code)?;
    let mut draft = Draft::new(task.address);
    let address = if is_proxied(task.wanted) {
        let implementation = implementation(task, world, &scope, &found, &mut draft)?;
        draft.output("implementation", Value::Text(implementation.to_string()));
        proxy(world, &scope, &found, implementation, &mut draft)?
    } else {
        let outputs = |address| vec![("address", text(address)), ("code", scope.code.value())];
        let address = deploy(
            task, world, &scope, &found, "contract", &outputs, &mut draft,
        )?;
        if found.has_initialize() {
            initialize(world, scope.owner, address, &mut draft)?;
        }
        address
    };
    let owner = scope.owner.facts.address;
    draft.output("address", text(address));
    draft.output("owner_address", text(owner));
    draft.output("code", scope.code.value());
    let value = artifact::value(world.outputs, &scope.code)?;
    if let Some(storage) = upgrade::storage_of(value) {
        draft.output(upgrade::STORAGE, storage.record());
    }
    let nothing = Attributes::new();
    for call in wanted_calls(task, world, &scope, &nothing, &|_| true)? {
        send_call(world, scope.owner, address, call, Vec::new(), &mut draft)?;
    }
    Ok(draft.done())
}

fn text(address: ChainAddress) -> Value {
    Value::Text(address.to_string())
}

/// The implementation that an earlier run left behind, or a new one.
fn implementation(
    task: &Task<'_>,
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    draft: &mut Draft<'_>,
) -> Result<ChainAddress, Problem> {
    let deployed = task
        .recorded
        .and_then(|recorded| recorded.outputs.get("code"));
    if let Some(address) = scope.known.implementation
        && deployed.and_then(CodeName::read).as_ref() == Some(&scope.code)
    {
        draft.note(format!(
            "goes on with the implementation at {address}, which an earlier run made"
        ));
        return Ok(address);
    }
    let outputs = |address| {
        vec![
            ("implementation", text(address)),
            ("code", scope.code.value()),
        ]
    };
    deploy(task, world, scope, found, "implementation", &outputs, draft)
}

/// A creation with the constructor's arguments.
pub(super) fn deploy(
    task: &Task<'_>,
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    name: &str,
    outputs: &dyn Fn(ChainAddress) -> Vec<(&'static str, Value)>,
    draft: &mut Draft<'_>,
) -> Result<ChainAddress, Problem> {
    let arguments = task.wanted.get("constructor").and_then(Value::as_list);
    let (known, network) = (world.outputs, scope.owner.chain.network);
    let space = scope.owner.space();
    let resolve = |value: &Value| argument_of(value, space, known, network, &["constructor"]);
    let init = found.init_with(arguments.unwrap_or_default(), &resolve)?;
    let address = creation_address(world, scope.owner, &init);
    let what = if name == "implementation" {
        " implementation"
    } else {
        ""
    };
    let summary = format!("create the {}{what} at {address}", scope.code.contract);
    let mut plan = Plan::new(
        name,
        summary,
        gas::creation(space, &init, found.runtime_length),
    );
    plan.data = Some(init);
    plan.creates = Some(address);
    let named = outputs(address).into_iter();
    plan.outputs = named
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    draft.send(world, scope.owner, plan)?;
    Ok(address)
}

/// Where the next transaction of an account puts a contract.
fn creation_address(world: &World<'_>, sender: Sender<'_>, init: &[u8]) -> ChainAddress {
    let nonce = sender.nonce(world);
    sender.facts.address.of_creation(nonce, init)
}

fn proxy(
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    implementation: ChainAddress,
    draft: &mut Draft<'_>,
) -> Result<ChainAddress, Problem> {
    let proxy = artifact::find_proxy(world.outputs, &scope.code)?;
    // In the same transaction, so that nobody can call it in between.
    let first_call = if found.has_initialize() {
        &abi::selector(INITIALIZE)[..]
    } else {
        &[]
    };
    let arguments = abi::proxy_arguments(implementation.bytes(), first_call);
    let made_with = Value::Text(hex_text(&arguments));
    let init = [proxy.init, arguments].concat();
    let address = creation_address(world, scope.owner, &init);
    let summary = format!("create its proxy at {address}");
    let limits = gas::creation(scope.owner.space(), &init, proxy.runtime_length);
    let mut plan = Plan::new("proxy", summary, limits);
    plan.data = Some(init);
    plan.creates = Some(address);
    plan.outputs.insert("address".to_owned(), text(address));
    let name = PROXY_ARGUMENTS.to_owned();
    plan.outputs.insert(name, made_with.clone());
    draft.output(PROXY_ARGUMENTS, made_with);
    draft.send(world, scope.owner, plan)?;
    Ok(address)
}

pub(super) fn initialize(
    world: &mut World<'_>,
    owner: Sender<'_>,
    address: ChainAddress,
    draft: &mut Draft<'_>,
) -> Result<(), Problem> {
    let data = abi::selector(INITIALIZE);
    let mut plan = Plan::new(
        "initialize",
        "give it its first settings",
        gas::call(owner.space(), &data, 16),
    );
    plan.to = Some(address);
    plan.data = Some(data.to_vec());
    draft.send(world, owner, plan).map(|_| ())
}

pub(super) fn send_call(
    world: &mut World<'_>,
    sender: Sender<'_>,
    to: ChainAddress,
    call: SetterCall,
    needs: Vec<Need>,
    draft: &mut Draft<'_>,
) -> Result<EffectId, Problem> {
    let limits = gas::call(sender.space(), &call.data, call.keys);
    let mut plan = Plan::new(call.name, call.summary, limits);
    plan.to = Some(to);
    plan.data = Some(call.data);
    plan.needs = needs;
    draft.send(world, sender, plan)
}

/// Calls for the wanted settings, in the table's order.
pub(super) fn wanted_calls(
    task: &Task<'_>,
    world: &World<'_>,
    scope: &Scope<'_>,
    there: &Attributes,
    is_meant: &dyn Fn(&Setting) -> bool,
) -> Result<Vec<SetterCall>, Problem> {
    let Some(wanted) = task.wanted.get("settings").and_then(Value::as_map) else {
        return Ok(Vec::new());
    };
    let table = settings::table(&scope.code.contract);
    let network = scope.owner.chain.network;
    let mut calls = Vec::new();
    for setting in table.map(|table| table.settings).unwrap_or_default() {
        let Some(value) = wanted.get(setting.name).filter(|_| is_meant(setting)) else {
            continue;
        };
        // An address that is written out is checked too: it may be one of another network.
        let path = ["settings", setting.name];
        let resolve = |value: &Value, holds: Holds| {
            let space = holds.space();
            let address = chain_address_of(value, space, world.outputs, network, &path)?;
            let stored = holds.stored(address);
            stored
                .map(text)
                .ok_or_else(|| wrong_space(value, space, &path))
        };
        let nothing = Value::Null;
        let now = there.get(setting.name).unwrap_or(&nothing);
        calls.extend(setters::calls(setting, value, now, &resolve)?);
    }
    Ok(calls)
}

#[cfg(test)]
mod tests;
