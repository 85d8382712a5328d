//! The part of a plan that takes up what is there and no state knows, and does nothing outside.
//!
//! - Reads: a plan, and what was seen.
//! - Returns: steps without effects, and the state that knows them: what differs from the spec is recorded as it is, so that
//!   the next plan shows it.
//! - Never: takes up anything of which nothing was found, or of which the spec does not say yet what it is to be.

use pospool_model::plan::{Action, Plan, Reason, Record, Step};
use pospool_model::provider::Observed;
use pospool_model::state::{Recorded, State};
use pospool_model::{Address, Value};

use crate::observe::SeenResources;

/// The steps of a plan that take something up; of one resource alone, if it is named.
#[must_use]
pub fn find_takeable(plan: &Plan, seen: &SeenResources, only: Option<&Address>) -> Vec<Step> {
    let steps = plan.steps.iter();
    let meant = steps.filter(|step| only.is_none_or(|only| *only == step.address));
    let taken = meant.filter_map(|step| match step.reason {
        Reason::Found => take_up(step, seen),
        // All that making it would do has been done.
        Reason::Missing if step.effects.is_empty() => keep_record(step, step.record.clone()?),
        _ => None,
    });
    taken.collect()
}

/// One thing as it is: a difference from the spec stays one.
fn take_up(step: &Step, seen: &SeenResources) -> Option<Step> {
    let Observed::Present {
        attributes,
        outputs,
    } = seen.object(&step.address)
    else {
        return None;
    };
    let mut record = step.record.clone()?;
    for change in &step.changes {
        let name = change.path.split(['.', '[']).next().unwrap_or_default();
        // What cannot be seen is as the spec says: only somebody who has the same spec can have made it.
        if let Some(value) = attributes.get(name) {
            record.attributes.insert(name.to_owned(), value.clone());
        }
    }
    record.outputs.clone_from(outputs);
    keep_record(step, record)
}

fn keep_record(step: &Step, record: Record) -> Option<Step> {
    if record.attributes.values().any(Value::has_unknown) {
        return None;
    }
    Some(Step {
        address: step.address.clone(),
        action: Action::Adopt,
        reason: step.reason,
        changes: Vec::new(),
        irreversible: None,
        notes: Vec::new(),
        costs: Vec::new(),
        effects: Vec::new(),
        barriers: Vec::new(),
        record: Some(record),
    })
}

/// Writes what was taken up into a state, with the chains and accounts that it stands on.
pub fn record_taken(steps: &[Step], plan: &Plan, seen: &SeenResources, state: &mut State) {
    for step in steps {
        if let Some(record) = step.record.clone() {
            let Record {
                attributes,
                outputs,
                depends_on,
                protected,
            } = record;
            let recorded = Recorded {
                attributes,
                outputs,
                depends_on,
                protected,
                complete: true,
            };
            state.resources.insert(step.address.clone(), recorded);
        }
    }
    state.chains.extend(plan.chains.clone());
    state.accounts.extend(plan.accounts.clone());
    state.groups.extend(plan.groups.clone());
    state.forget_unused_groups();
    let known = plan
        .outputs
        .iter()
        .filter(|(_, value)| !value.has_unknown());
    state
        .outputs
        .extend(known.map(|(name, value)| (name.clone(), value.clone())));
    // Whoever signs from now on is seen.
    state.counters.extend(seen.counters.clone());
}
