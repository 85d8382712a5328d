//! What calls of an owner or an admin give away, and who may make them.
//!
//! - Reads: calls that are planned, accounts of the spec.
//! - Returns: notes, what cannot be undone, the account that signs.
//! - Never: plans a call by somebody whose key no account of the spec has.

use pospool_conflux::Space;
use pospool_model::Problem;

use super::ContractSpec;
use super::handover::{account_with, not_owner};
use super::setters::SetterCall;
use super::settings::{ADMIN, OWNER, VOTE_PRICE};
use super::steps::DeployScope;
use crate::draft::{ChangeDraft, Sender};
use crate::facts::ChainProviderFacts;
use crate::resolve::chain_address_of;

/// Who may name another admin.
pub(super) fn admin_now<'a>(
    scope: &DeployScope<'a>,
    facts: &'a ChainProviderFacts,
) -> Result<Sender<'a>, Problem> {
    let Some(bytes) = scope.known.admin else {
        return Ok(scope.owner);
    };
    let path = ["settings", ADMIN];
    account_with(facts, Space::Core, bytes)
        .ok_or_else(|| not_owner(ADMIN, scope.owner.facts.address.beside(bytes), &path))
}

/// Says what these calls give away, and what of it cannot be undone; `is_new` is a contract that nobody uses yet.
pub(super) fn weigh_calls(
    draft: &mut ChangeDraft<'_>,
    scope: &DeployScope<'_>,
    calls: &[SetterCall],
    is_new: bool,
) -> Result<(), Problem> {
    let (facts, space) = (draft.facts, scope.owner.space());
    for call in calls {
        match call.setting {
            VOTE_PRICE if !is_new => draft.cannot_undo(
                "votes that were staked at the old price are paid out at the new one".to_owned(),
            ),
            name @ (OWNER | ADMIN) => {
                let settings = ContractSpec::read(draft.task.wanted).settings.known();
                let value = settings.and_then(|settings| settings.get(name));
                let value = value.cloned().unwrap_or_default();
                let path = ["settings", name];
                let (outputs, network) = (draft.world.outputs, scope.owner.chain.network);
                let to = chain_address_of(&value, space, outputs, network, &path)?;
                // Without a key it is an address like any other.
                let account = account_with(facts, space, to.bytes());
                match account.filter(|sender| sender.facts.key.is_some()) {
                    Some(sender) => draft.note(format!("from then on `{}` is its {name}", sender.name)),
                    None => draft.cannot_undo(format!(
                        "{to} becomes its {name}, and no account of the spec has that key: pospool can do nothing more that only the {name} may"
                    )),
                }
            }
            _ => {}
        }
    }
    Ok(())
}
