//! How the duties of a bridge are done.
//!
//! - Reads: the calls that a look found ready.
//! - Returns: one transaction for each, in the account's lane: none waits for the end of another.
//! - Never: takes anything down; a service that leaves the spec leaves nothing outside.

use pospool_model::plan::Action;
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Problem, Value};

use super::duties::Kind;
use crate::codes;
use crate::draft::{Draft, Plan, Sender};
use crate::facts::Facts;

/// Designs one change.
pub(crate) fn design_bridge(
    task: &Task<'_>,
    world: &mut World<'_>,
    facts: &Facts,
) -> Result<Design, Vec<Problem>> {
    let known = facts.bridges.get(task.address);
    let gone = matches!(task.action, Action::Delete | Action::Forget);
    let Some(known) = known.filter(|_| !gone) else {
        return Ok(Design {
            forget: gone,
            ..Design::default()
        });
    };
    let mut draft = Draft::new(task.address);
    let account = task.wanted.get("account").and_then(Value::as_resource);
    for call in &known.calls {
        let sender = account.ok_or_else(no_account).map_err(one)?;
        let sender = Sender::find(facts, sender).map_err(one)?;
        let mut plan = Plan::new(call.duty.kind.name(), call.duty.summary(), call.limits);
        plan.to = Some(known.bridge.into());
        plan.data = Some(call.duty.data());
        if call.duty.kind == Kind::Claim {
            let block = i64::try_from(known.block).unwrap_or(i64::MAX);
            plan.outputs
                .insert("claimed_block".to_owned(), Value::Integer(block));
        }
        draft.send(world, sender, plan).map_err(one)?;
    }
    Ok(draft.done())
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

fn no_account() -> Problem {
    Problem::new(
        codes::UNKNOWN_ACCOUNT,
        &["account"],
        "no account of the spec calls",
    )
}
