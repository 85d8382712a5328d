//! How the duties of a bridge are done.
//!
//! - Reads: the calls that a look found ready.
//! - Returns: one transaction for each, in the account's lane: none waits for the end of another.
//! - Never: takes anything down; a service that leaves the spec leaves nothing outside.

use pospool_model::plan::Action;
use pospool_model::{Problem, Value};

use super::BridgeServiceSpec;
use super::duties::DutyKind;
use crate::codes;
use crate::draft::{ChangeDraft, PlannedTransaction, Sender};

/// Designs one change.
pub(crate) fn design_bridge(draft: &mut ChangeDraft<'_>) -> Result<(), Problem> {
    let (task, facts) = (draft.task, draft.facts);
    if matches!(task.action, Action::Delete | Action::Forget) {
        draft.forget(None::<String>);
        return Ok(());
    }
    let Some(known) = facts.bridges.get(task.address) else {
        return Ok(());
    };
    let account = BridgeServiceSpec::read(task.wanted).account.known();
    for call in &known.calls {
        let sender = Sender::find(facts, account.ok_or_else(no_account)?)?;
        let mut plan =
            PlannedTransaction::new(call.duty.kind.name(), call.duty.summary(), call.limits)
                .estimated();
        plan.to = Some(known.bridge.into());
        plan.data = Some(call.duty.data());
        if call.duty.kind == DutyKind::Claim {
            let block = i64::try_from(known.block).unwrap_or(i64::MAX);
            plan.outputs
                .insert("claimed_block".to_owned(), Value::Integer(block));
        }
        draft.send(sender, plan)?;
    }
    Ok(())
}

fn no_account() -> Problem {
    Problem::new(
        codes::UNKNOWN_ACCOUNT,
        &["account"],
        "no account of the spec calls",
    )
}
