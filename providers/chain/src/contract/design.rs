//! How a contract is made and changed.
//!
//! - Reads: what is wanted, what is there, artifacts, facts.
//! - Returns: transactions in nonce order. Addresses are known before the contracts exist, so setters follow their
//!   contract without waiting for it.
//! - Never: makes an implementation again that an earlier run left behind, and never takes a contract off the chain.

use pospool_model::plan::{Action, EffectId, Level, Need};
use pospool_model::provider::{Design, Observed, Task, World};
use pospool_model::{Attributes, Problem, Value};

use super::artifact::{self, Artifact};
use super::setters::{self, SetterCall};
use super::{CodeName, is_proxied};
use crate::abi;
use crate::address::CoreAddress;
use crate::draft::{Draft, Plan, Sender};
use crate::facts::{ContractFacts, Facts};
use crate::gas;
use crate::resolve::address_of;
use crate::settings::{self, Caller, MANAGER, Setting};

/// Call that gives a pool its first settings and its manager.
const INITIALIZE: &str = "initialize()";

/// Designs one change.
pub(crate) fn design(task: &Task<'_>, world: &mut World<'_>, facts: &Facts) -> Result<Design, Vec<Problem>> {
    let result = match task.action {
        Action::Delete | Action::Forget => return Ok(leave(task)),
        Action::Create | Action::Replace => create(task, world, facts),
        Action::Update | Action::Adopt => update(task, world, facts),
    };
    result.map_err(|problem| vec![problem])
}

fn leave(task: &Task<'_>) -> Design {
    let outputs = task.recorded.map(|recorded| &recorded.outputs);
    let address = outputs.and_then(|outputs| outputs.get("address")).and_then(Value::as_text);
    let note = match address {
        Some(address) => format!("the contract stays on the chain at {address}; its owner keeps it"),
        None => "nothing that users could call was made".to_owned(),
    };
    Design {
        forget: true,
        notes: vec![note],
        ..Design::default()
    }
}

/// What both ways need.
struct Scope<'a> {
    code: CodeName,
    owner: Sender<'a>,
    known: ContractFacts,
}

impl<'a> Scope<'a> {
    fn new(task: &Task<'a>, facts: &'a Facts) -> Result<Self, Problem> {
        let code = task.wanted.get("code").and_then(CodeName::read).ok_or_else(|| {
            Problem::new("chain/no-code", &["code"], "the code is not known yet")
        })?;
        let owner = task.wanted.get("owner").and_then(Value::as_resource).ok_or_else(|| {
            Problem::new("chain/unknown-account", &["owner"], "the owner is not an account of the spec")
        })?;
        Ok(Self {
            code,
            owner: Sender::find(facts, owner)?,
            known: facts.contracts.get(task.address).cloned().unwrap_or_default(),
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
        let outputs = |address| [("address", text(address)), ("code", scope.code.value())];
        let address = deploy(task, world, &scope, &found, "contract", &outputs, &mut draft)?;
        if found.has_initialize() {
            initialize(world, scope.owner, address, &mut draft)?;
        }
        address
    };
    let owner = scope.owner.facts.address;
    draft.output("address", text(address));
    draft.output("owner_address", text(owner));
    draft.output("code", scope.code.value());
    let nothing = Attributes::new();
    for call in wanted_calls(task, world, &scope, &nothing, &|_| true)? {
        send_call(world, scope.owner, address, call, Vec::new(), &mut draft)?;
    }
    Ok(draft.done())
}

fn text(address: CoreAddress) -> Value {
    Value::Text(address.to_string())
}

/// The implementation that an earlier run left behind, or a new one.
fn implementation(
    task: &Task<'_>,
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    draft: &mut Draft<'_>,
) -> Result<CoreAddress, Problem> {
    let deployed = task.recorded.and_then(|recorded| recorded.outputs.get("code"));
    if let Some(address) = scope.known.implementation
        && deployed.and_then(CodeName::read).as_ref() == Some(&scope.code)
    {
        draft.note(format!("goes on with the implementation at {address}, which an earlier run made"));
        return Ok(address);
    }
    let outputs = |address| [("implementation", text(address)), ("code", scope.code.value())];
    deploy(task, world, scope, found, "implementation", &outputs, draft)
}

/// A creation with the constructor's arguments.
fn deploy(
    task: &Task<'_>,
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    name: &str,
    outputs: &dyn Fn(CoreAddress) -> [(&'static str, Value); 2],
    draft: &mut Draft<'_>,
) -> Result<CoreAddress, Problem> {
    let arguments = task.wanted.get("constructor").and_then(Value::as_list);
    let (known, network) = (world.outputs, scope.owner.chain.network());
    let resolve = |value: &Value| address_of(value, known, network, &["constructor"]);
    let init = found.init_with(arguments.unwrap_or_default(), &resolve)?;
    let address = CoreAddress::of_creation(scope.owner.facts.address, scope.owner.nonce(world), &init);
    let what = if name == "implementation" { " implementation" } else { "" };
    let summary = format!("create the {}{what} at {address}", scope.code.contract);
    let mut plan = Plan::new(name, summary, gas::creation(&init, found.runtime_length));
    plan.data = Some(init);
    plan.creates = Some(address);
    let named = outputs(address).into_iter();
    plan.outputs = named.map(|(name, value)| (name.to_owned(), value)).collect();
    draft.send(world, scope.owner, plan)?;
    Ok(address)
}

fn proxy(
    world: &mut World<'_>,
    scope: &Scope<'_>,
    found: &Artifact,
    implementation: CoreAddress,
    draft: &mut Draft<'_>,
) -> Result<CoreAddress, Problem> {
    let proxy = artifact::find_proxy(world.outputs, &scope.code)?;
    // In the same transaction, so that nobody can call it in between.
    let first_call = if found.has_initialize() { &abi::selector(INITIALIZE)[..] } else { &[] };
    let init = [proxy.init, abi::proxy_arguments(implementation, first_call)].concat();
    let address = CoreAddress::of_creation(scope.owner.facts.address, scope.owner.nonce(world), &init);
    let summary = format!("create its proxy at {address}");
    let mut plan = Plan::new("proxy", summary, gas::creation(&init, proxy.runtime_length));
    plan.data = Some(init);
    plan.creates = Some(address);
    plan.outputs.insert("address".to_owned(), text(address));
    draft.send(world, scope.owner, plan)?;
    Ok(address)
}

fn initialize(
    world: &mut World<'_>,
    owner: Sender<'_>,
    address: CoreAddress,
    draft: &mut Draft<'_>,
) -> Result<(), Problem> {
    let data = abi::selector(INITIALIZE);
    let mut plan = Plan::new("initialize", "give it its first settings", gas::call(&data, 16));
    plan.to = Some(address);
    plan.data = Some(data.to_vec());
    draft.send(world, owner, plan).map(|_| ())
}

fn send_call(
    world: &mut World<'_>,
    sender: Sender<'_>,
    to: CoreAddress,
    call: SetterCall,
    needs: Vec<Need>,
    draft: &mut Draft<'_>,
) -> Result<EffectId, Problem> {
    let limits = gas::call(&call.data, call.keys);
    let mut plan = Plan::new(call.name, call.summary, limits);
    plan.to = Some(to);
    plan.data = Some(call.data);
    plan.needs = needs;
    draft.send(world, sender, plan)
}

/// Calls for the wanted settings, in the table's order.
fn wanted_calls(
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
    let network = scope.owner.chain.network();
    let mut calls = Vec::new();
    for setting in table.map(|table| table.settings).unwrap_or_default() {
        let Some(value) = wanted.get(setting.name).filter(|_| is_meant(setting)) else {
            continue;
        };
        let resolve = |value: &Value| match value {
            Value::Resource(_) => address_of(value, world.outputs, network, &["settings", setting.name]).map(text),
            other => Ok(other.clone()),
        };
        let nothing = Value::Null;
        let now = there.get(setting.name).unwrap_or(&nothing);
        calls.extend(setters::calls(setting, value, now, &resolve)?);
    }
    Ok(calls)
}

fn update(task: &Task<'_>, world: &mut World<'_>, facts: &Facts) -> Result<Design, Problem> {
    let scope = Scope::new(task, facts)?;
    let outputs = match task.observed {
        Observed::Present { outputs, .. } => Some(outputs),
        Observed::Absent => None,
    };
    let recorded = task.recorded.map(|recorded| &recorded.outputs);
    let address = [recorded, outputs].into_iter().flatten().find_map(|outputs| outputs.get("address"));
    let address = address.and_then(Value::as_text).and_then(|text| text.parse::<CoreAddress>().ok());
    let address = address.ok_or_else(|| {
        Problem::new("chain/unknown-address", &[], "the contract's address is not recorded")
    })?;
    let mut draft = Draft::new(task.address);
    let there = match task.observed {
        Observed::Present { attributes, .. } => attributes.get("settings").and_then(Value::as_map),
        Observed::Absent => None,
    };
    let is_meant = |setting: &Setting| task.changed.iter().any(|path| concerns(path, setting.name));
    let calls = wanted_calls(task, world, &scope, &there.cloned().unwrap_or_default(), &is_meant)?;
    let managed = calls.iter().any(|call| call.caller == Caller::Manager);
    let hands = if managed {
        hands(task, world, &scope, facts)?
    } else {
        Hands::Now(scope.owner)
    };
    let (first, rest): (Vec<_>, Vec<_>) = calls
        .into_iter()
        .partition(|call| matches!(hands, Hands::After(_)) && call.setting == MANAGER);
    if matches!(hands, Hands::AfterInitialize(_)) {
        initialize(world, scope.owner, address, &mut draft)?;
    }
    let mut needs = Vec::new();
    for call in first {
        let effect = send_call(world, scope.owner, address, call, Vec::new(), &mut draft)?;
        needs.push(Need { effect, level: Level::Done });
    }
    for call in rest {
        let sender = match call.caller {
            Caller::Owner => scope.owner,
            Caller::Manager => hands.sender(),
        };
        send_call(world, sender, address, call, needs.clone(), &mut draft)?;
    }
    Ok(draft.done())
}

/// Whether a changed path is this setting or contains it.
fn concerns(path: &str, setting: &str) -> bool {
    let Some(rest) = path.strip_prefix("settings") else {
        return false;
    };
    let Some(rest) = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(setting)) else {
        return rest.is_empty();
    };
    rest.is_empty() || rest.starts_with(['.', '['])
}

/// Who sets what only the manager may set.
#[derive(Clone, Copy)]
enum Hands<'a> {
    Now(Sender<'a>),
    /// Once the pool has a manager at all.
    AfterInitialize(Sender<'a>),
    /// Once the owner has made this account the manager, in another lane.
    After(Sender<'a>),
}

impl<'a> Hands<'a> {
    fn sender(self) -> Sender<'a> {
        match self {
            Self::Now(sender) | Self::AfterInitialize(sender) | Self::After(sender) => sender,
        }
    }
}

fn hands<'a>(
    task: &Task<'_>,
    world: &World<'_>,
    scope: &Scope<'a>,
    facts: &'a Facts,
) -> Result<Hands<'a>, Problem> {
    let Some(manager) = scope.known.manager else {
        return Ok(Hands::Now(scope.owner));
    };
    if manager == [0; 20] {
        return Ok(Hands::AfterInitialize(scope.owner));
    }
    let account = |bytes: [u8; 20]| -> Option<Sender<'a>> {
        if scope.owner.facts.address.bytes() == bytes {
            return Some(scope.owner);
        }
        let (name, _) = facts.accounts.iter().find(|(_, account)| account.address.bytes() == bytes)?;
        Sender::find(facts, name).ok()
    };
    if let Some(sender) = account(manager) {
        return Ok(Hands::Now(sender));
    }
    let network = scope.owner.chain.network();
    let wanted = task.wanted.get("settings").and_then(Value::as_map).and_then(|map| map.get(MANAGER));
    let wanted = wanted.and_then(|value| address_of(value, world.outputs, network, &["settings", MANAGER]).ok());
    if let Some(sender) = wanted.and_then(|address| account(address.bytes())) {
        return Ok(Hands::After(sender));
    }
    let manager = CoreAddress::new(manager, network);
    let summary = format!("only the manager {manager} may change these settings, and no account of the spec has its key");
    Err(Problem::new("chain/not-manager", &["settings"], summary)
        .help("add an `account` with that key, or set `manager` to an account of the spec"))
}


#[cfg(test)]
mod tests;
