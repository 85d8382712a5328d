//! How profit that is due is claimed: the calls that a look found ready, in the owner's lane.

use pospool_conflux::ChainAddress;
use pospool_model::plan::Need;
use pospool_model::{Drip, Problem, Value};

use super::PROFIT_DUE;
use super::due::ProfitCall;
use crate::draft::{ChangeDraft, PlannedTransaction, Sender};

/// Adds the calls to the change of a pool, if they are a part of it. They come before all that could take the owner's
/// rights from him.
pub(crate) fn design_profit(
    owner: Sender<'_>,
    pool: ChainAddress,
    draft: &mut ChangeDraft<'_>,
) -> Result<(), Problem> {
    let (task, facts) = (draft.task, draft.facts);
    if !task.changed.iter().any(|path| path == PROFIT_DUE) {
        return Ok(());
    }
    let Some(known) = facts.profits.get(task.address) else {
        return Ok(());
    };
    let mut before = None;
    for (call, limits) in &known.calls {
        let mut plan = PlannedTransaction::new(call.name(), call.summary(), *limits).estimated();
        plan.to = Some(pool);
        plan.data = Some(call.data());
        let block = Value::Integer(i64::try_from(known.block).unwrap_or(i64::MAX));
        let outputs = match call {
            ProfitCall::Settle => vec![
                ("settled_block", block),
                ("settled_earned", Value::Amount(Drip(known.earned))),
            ],
            ProfitCall::Count => Vec::new(),
            ProfitCall::Withdraw { .. } => vec![("claimed_block", block)],
        };
        let outputs = outputs.into_iter();
        plan.outputs
            .extend(outputs.map(|(name, value)| (name.to_owned(), value)));
        if owner.facts.key.is_none() {
            // No lane puts a payment behind the count before it.
            plan.needs.extend(before.map(Need::ended));
        }
        before = Some(draft.send(owner, plan)?);
    }
    Ok(())
}
