//! How votes that are due are staked again: one call of the manager, and a wait for what is not free yet.
//!
//! - Reads: what a look found due, and which resources change in the same plan.
//! - Returns: effects of a registration.
//! - Never: plans a number that is not due now.

use std::collections::BTreeMap;

use pospool_conflux::Space;
use pospool_conflux::hex::hex_text;
use pospool_model::plan::Need;
use pospool_model::{Address, Problem};

use super::{RESTAKE_DUE, restake_call};
use crate::contract::handover::account_with;
use crate::draft::{ChangeDraft, PlannedTransaction};
use crate::facts::RestakeFacts;
use crate::registration::RegistrationSpec;
use crate::work::{AwaitFree, AwaitVotes, EffectWork, RestakeWork};

/// Designs what is due of a registration; says whether that is a part of the change.
pub(crate) fn design_restake(draft: &mut ChangeDraft<'_>) -> Result<bool, Problem> {
    let (task, facts) = (draft.task, draft.facts);
    let known = facts.registrations.get(task.address);
    let known = known.and_then(|registration| registration.restake.as_ref());
    let is_meant = task.changed.iter().any(|path| path == RESTAKE_DUE);
    let Some(known) = known.filter(|_| is_meant) else {
        return Ok(false);
    };
    let Some(sender) = account_with(facts, Space::Core, known.manager) else {
        return Ok(false);
    };
    let block = RegistrationSpec::read(task.wanted);
    let used = [block.pool.known(), block.node.known()];
    let moving = used.into_iter().flatten().find(|name| changes(draft, name));
    let waits = match moving {
        Some(name) => Some(format!("`{name}` changes first")),
        None => known.waits.clone(),
    };
    let chain = sender.chain.reference.clone();
    let pos_address = hex_text(&known.identifier);
    if let (None, Some(limits)) = (&waits, known.limits) {
        let votes = known.due.now;
        let mut plan = PlannedTransaction::new("restake", summary(votes), limits).estimated();
        plan.to = Some(known.pool.into());
        plan.data = Some(restake_call(votes));
        plan.restake = Some(RestakeWork {
            pool: known.pool,
            pos_address: pos_address.clone(),
            votes,
        });
        let effect = draft.send(sender, plan)?;
        let work = EffectWork::AwaitVotes(AwaitVotes {
            chain: chain.clone(),
            pos_address: Some(pos_address.clone()),
            at_least: Some(known.working.saturating_add(votes)),
        });
        let needs = vec![Need::ended(effect)];
        let summary = "wait until PoS counts them".to_owned();
        draft.wait("vote", summary, &work, BTreeMap::new(), needs);
        if !known.sees_node {
            draft.note(
                "no node of this spec that can be asked has the key: see that the node which has it votes, or it is retired again"
                    .to_owned(),
            );
        }
    }
    if let Some((view, what)) = rest(known, waits) {
        let work = EffectWork::AwaitFree(AwaitFree {
            chain,
            pos_address,
            view,
            what: what.clone(),
        });
        let needs = used.into_iter().flatten();
        let needs = needs.flat_map(|name| draft.world.effects.get(name).into_iter().flatten());
        let needs = needs.cloned().map(Need::ended).collect();
        draft.wait("free", what, &work, BTreeMap::new(), needs);
    }
    Ok(true)
}

/// Whether this plan changes a resource.
fn changes(draft: &ChangeDraft<'_>, name: &Address) -> bool {
    let effects = draft.world.effects.get(name);
    effects.is_some_and(|effects| !effects.is_empty())
}

fn summary(votes: u64) -> String {
    match votes {
        1 => "stake 1 vote of the pool again".to_owned(),
        votes => format!("stake {votes} votes of the pool again"),
    }
}

/// What this plan leaves to a later one: from which view on, and what it is.
fn rest(known: &RestakeFacts, waits: Option<String>) -> Option<(u64, String)> {
    if let (true, Some(why)) = (known.due.now > 0, waits) {
        return Some((
            0,
            format!("{}, once this is over: {why}", summary(known.due.now)),
        ));
    }
    let later = known.due.later?;
    let what = format!("{}, once they are free", summary(later.votes));
    Some((later.view, what))
}
