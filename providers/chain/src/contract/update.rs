//! How a contract is changed: other code first, then one transaction for each setting.
//!
//! - Reads: what differs, and who may change it.
//! - Returns: calls by the owner or by the manager, whichever account the contract asks for.
//! - Never: touches a setting that does not differ.

use pospool_conflux::{ChainAddress, CoreAddress, Space};
use pospool_model::plan::Need;
use pospool_model::provider::{ChangeRequest, Observed};
use pospool_model::{Attributes, Problem};

use super::setters::SetterCall;
use super::steps::{DeployScope, draft_initialisation, send_call, wanted_calls};
use super::upgrade;
use super::{ContractSpec, handover, weigh};
use crate::codes;
use crate::contract::settings::{Caller, MANAGER, Setting};
use crate::draft::{ChangeDraft, Sender};
use crate::profit::design::design_profit;
use crate::resolve::address_of;

/// Designs the change of code and settings.
pub(super) fn design_update(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let task = draft.task;
    let scope = DeployScope::new(&task, draft.facts)?;
    let address = address(&task)?;
    let is_meant = |setting: &Setting| task.changed.iter().any(|path| concerns(path, setting.name));
    let calls = wanted_calls(draft, &scope, address, &settings_there(&task), &is_meant)?;
    weigh::weigh_calls(draft, &scope, &calls, false)?;
    let managed = calls.iter().any(|call| call.caller == Caller::Manager);
    let hands = if managed || is_half_made(&task, &scope) {
        hands(draft, &scope)?
    } else {
        SignerChoice::Now(scope.owner)
    };
    let is_upgraded = task.changed.iter().any(|path| path == "code");
    let is_owners = |call: &SetterCall| call.caller == Caller::Owner;
    if is_upgraded || calls.iter().any(is_owners) {
        scope.check_owner()?;
    }
    design_profit(scope.owner, address, draft)?;
    if is_upgraded {
        upgrade::design_upgrade(&scope, address, draft)?;
    }
    if matches!(hands, SignerChoice::AfterInitialize(_)) {
        draft_initialisation(scope.owner, address, draft)?;
    }
    let is_first =
        |call: &SetterCall| matches!(hands, SignerChoice::After(_)) && call.setting == MANAGER;
    let (first, rest): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_first);
    let mut needs = Vec::new();
    for call in first {
        let effect = send_call(scope.owner, address, call, Vec::new(), draft)?;
        needs.push(Need::ended(effect));
    }
    // Calls of a manager who signs in another lane: another account's nonces say nothing of when these are executed.
    let mut before_handover = Vec::new();
    for call in rest {
        let sender = match call.caller {
            Caller::Owner => scope.owner,
            Caller::Manager => hands.sender(),
            Caller::Admin => weigh::admin_now(&scope, draft.facts)?,
        };
        let mut needs = needs.clone();
        if call.setting == MANAGER {
            // Afterwards the old manager may set nothing any more: the calls would fail, and cost gas.
            needs.append(&mut before_handover);
        }
        let is_apart = sender.facts.address != scope.owner.facts.address;
        let is_managers = call.caller == Caller::Manager;
        let effect = send_call(sender, address, call, needs, draft)?;
        before_handover.extend((is_managers && is_apart).then(|| Need::ended(effect)));
    }
    Ok(())
}

/// An earlier run made the contract and came no further: it has no manager yet, and nobody may use it so.
fn is_half_made(task: &ChangeRequest<'_>, scope: &DeployScope<'_>) -> bool {
    let incomplete = task.recorded.is_some_and(|recorded| !recorded.complete);
    incomplete && scope.known.manager == Some([0; 20])
}

/// Where the contract is: as recorded, or as the spec says and a look has found.
fn address(task: &ChangeRequest<'_>) -> Result<ChainAddress, Problem> {
    let recorded = task.recorded.map(|recorded| &recorded.outputs);
    let seen = match task.observed {
        Observed::Present { outputs, .. } => Some(outputs),
        Observed::Absent => None,
    };
    let both = [recorded, seen].into_iter().flatten();
    let mut texts = both.filter_map(|outputs| outputs.get("address")?.as_text());
    let text = texts.next();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Problem::new(
            codes::UNKNOWN_ADDRESS,
            &[],
            "the contract's address is not recorded",
        )
    })
}

/// Settings as they were seen.
fn settings_there(task: &ChangeRequest<'_>) -> Attributes {
    let settings = match task.observed {
        Observed::Present { attributes, .. } => ContractSpec::read(attributes).settings.known(),
        Observed::Absent => None,
    };
    settings.cloned().unwrap_or_default()
}

/// Whether a changed path is this setting or contains it.
fn concerns(path: &str, setting: &str) -> bool {
    let Some(rest) = path.strip_prefix("settings") else {
        return false;
    };
    let Some(rest) = rest
        .strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(setting))
    else {
        return rest.is_empty();
    };
    rest.is_empty() || rest.starts_with(['.', '['])
}

/// Who sets what only the manager may set.
#[derive(Clone, Copy)]
enum SignerChoice<'a> {
    Now(Sender<'a>),
    /// Once the pool has a manager at all.
    AfterInitialize(Sender<'a>),
    /// Once the owner has made this account the manager, in another lane.
    After(Sender<'a>),
}

impl<'a> SignerChoice<'a> {
    fn sender(self) -> Sender<'a> {
        match self {
            Self::Now(sender) | Self::AfterInitialize(sender) | Self::After(sender) => sender,
        }
    }
}

fn hands<'a>(
    draft: &ChangeDraft<'a>,
    scope: &DeployScope<'a>,
) -> Result<SignerChoice<'a>, Problem> {
    let (task, world, facts) = (draft.task, draft.world, draft.facts);
    let Some(manager) = scope.known.manager else {
        return Ok(SignerChoice::Now(scope.owner));
    };
    if manager == [0; 20] {
        return Ok(SignerChoice::AfterInitialize(scope.owner));
    }
    let account = |bytes: [u8; 20]| -> Option<Sender<'a>> {
        if scope.owner.facts.address.bytes() == bytes {
            return Some(scope.owner);
        }
        handover::account_with(facts, Space::Core, bytes)
    };
    if let Some(sender) = account(manager) {
        return Ok(SignerChoice::Now(sender));
    }
    let network = scope.owner.chain.network;
    let wanted = ContractSpec::read(task.wanted).settings.known();
    let wanted = wanted.and_then(|settings| settings.get(MANAGER));
    let wanted = wanted
        .and_then(|value| address_of(value, world.outputs, network, &["settings", MANAGER]).ok());
    if let Some(sender) = wanted.and_then(|address| account(address.bytes())) {
        return Ok(SignerChoice::After(sender));
    }
    let manager = CoreAddress::new(manager, network);
    let summary = format!(
        "only the manager {manager} may change these settings, and no account of the spec has its key"
    );
    Err(Problem::new(codes::NOT_MANAGER, &["settings"], summary)
        .help("add an `account` with that key, or set `manager` to an account of the spec"))
}
