//! How a contract is made.
//!
//! - Reads: what is wanted, what is there, artifacts, facts.
//! - Returns: transactions in nonce order. Addresses are known before the contracts exist, so setters follow their
//!   contract without waiting for it.
//! - Never: makes an implementation again that an earlier run left behind, and never takes a contract off the chain.

use pospool_conflux::ChainAddress;
use pospool_conflux::hex::hex_text;
use pospool_conflux_tx::gas;
use pospool_model::plan::Action;
use pospool_model::{Attributes, Problem, Value};

use super::artifact::{self, DeployableCode};
use super::creation::{MADE_WITH, PROXY_ARGUMENTS, record_creation};
use super::steps::{
    DeployScope, address_text, creation_address, draft_deployment, draft_initialisation,
    own_implementation, send_call, wanted_calls,
};
use super::{CodeName, is_proxied, update, upgrade, weigh};
use crate::draft::{ChangeDraft, PlannedTransaction};

/// Designs one change.
pub(crate) fn design_contract(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    match draft.task.action {
        Action::Delete | Action::Forget => {
            leave(draft);
            Ok(())
        }
        Action::Create | Action::Replace => create(draft),
        Action::Update | Action::Adopt => update::design_update(draft),
    }
}

fn leave(draft: &mut ChangeDraft<'_>) {
    let outputs = draft.task.recorded.map(|recorded| &recorded.outputs);
    let address = outputs
        .and_then(|outputs| outputs.get("address"))
        .and_then(Value::as_text);
    let note = match address {
        Some(address) => {
            format!("the contract stays on the chain at {address}; its owner keeps it")
        }
        None => "nothing that users could call was made".to_owned(),
    };
    draft.forget([note]);
}

fn create(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let (task, world) = (draft.task, draft.world);
    let scope = DeployScope::new(&task, draft.facts)?;
    let found = artifact::find_artifact(world.outputs, &scope.code)?;
    let address = if is_proxied(task.wanted) {
        let implementation = implementation(&scope, &found, draft)?;
        draft.output("implementation", Value::Text(implementation.to_string()));
        proxy(&scope, &found, implementation, draft)?
    } else {
        let outputs = |address| {
            vec![
                ("address", address_text(address)),
                ("code", scope.code.value()),
            ]
        };
        let address = draft_deployment(&scope, &found, "contract", &outputs, draft)?;
        if found.has_initialize() {
            draft_initialisation(scope.owner, address, draft)?;
        }
        address
    };
    let owner = scope.owner.facts.address;
    draft.output("address", address_text(address));
    draft.output("owner_address", address_text(owner));
    draft.output("code", scope.code.value());
    let value = artifact::artifact_value(world.outputs, &scope.code)?;
    if let Some(storage) = upgrade::storage_of(value) {
        draft.output(upgrade::STORAGE, storage.record());
    }
    let nothing = Attributes::new();
    let calls = wanted_calls(draft, &scope, address, &nothing, &|_| true)?;
    weigh::weigh_calls(draft, &scope, &calls, true)?;
    for call in calls {
        send_call(scope.owner, address, call, Vec::new(), draft)?;
    }
    Ok(())
}

/// The implementation that an earlier run left behind, or a new one.
fn implementation(
    scope: &DeployScope<'_>,
    found: &DeployableCode,
    draft: &mut ChangeDraft<'_>,
) -> Result<ChainAddress, Problem> {
    let recorded = draft.task.recorded;
    let deployed = recorded.and_then(|recorded| recorded.outputs.get("code"));
    if deployed.and_then(CodeName::read).as_ref() == Some(&scope.code)
        && let Some(address) = own_implementation(scope, found, draft)?
    {
        draft.note(format!(
            "goes on with the implementation at {address}, which an earlier run made"
        ));
        return Ok(address);
    }
    let outputs = |address| {
        vec![
            ("implementation", address_text(address)),
            ("code", scope.code.value()),
        ]
    };
    draft_deployment(scope, found, "implementation", &outputs, draft)
}

fn proxy(
    scope: &DeployScope<'_>,
    found: &DeployableCode,
    implementation: ChainAddress,
    draft: &mut ChangeDraft<'_>,
) -> Result<ChainAddress, Problem> {
    let proxy = artifact::find_proxy(draft.world.outputs, &scope.code)?;
    let arguments = found.proxy_arguments(implementation.bytes());
    let made_with = Value::Text(hex_text(&arguments));
    let init = [proxy.init, arguments].concat();
    let origin = record_creation(draft.next_nonce(scope.owner), &init);
    let address = creation_address(draft, scope.owner, &init);
    let summary = format!("create its proxy at {address}");
    let limits = gas::creation_limits(scope.owner.space(), &init, proxy.runtime_length);
    let mut plan = PlannedTransaction::new("proxy", summary, limits);
    plan.data = Some(init);
    plan.creates = Some(address);
    plan.outputs
        .insert("address".to_owned(), address_text(address));
    let name = PROXY_ARGUMENTS.to_owned();
    plan.outputs.insert(name, made_with.clone());
    draft.output(PROXY_ARGUMENTS, made_with);
    plan.outputs.insert(MADE_WITH.to_owned(), origin.clone());
    draft.output(MADE_WITH, origin);
    draft.send(scope.owner, plan)?;
    Ok(address)
}

#[cfg(test)]
mod tests;
