//! A plan that starts one thing that was made and does not run, and does nothing else.
//!
//! - Reads: what was seen of it and of what it stands on; nothing of the rest of the spec is looked at.
//! - Returns: one step, or why there is none.
//! - Never: makes, replaces or changes anything: whatever else differs from the spec stays as it is and as it is recorded.

use std::collections::BTreeSet;

use pospool_lang::config::Config;
use pospool_model::plan::{Action, Nature, Plan, Reason};
use pospool_model::provider::{ChangeRequest, Observed};
use pospool_model::state::{Recorded, State};
use pospool_model::{Address, Diagnostic, KindSchema, OnChange, Role, Value};

use super::{Options, PlannedChanges, Planning, decide, diff};
use crate::blocked::{Block, Blocked, used_by};
use crate::codes;
use crate::observe::SeenResources;
use crate::registry::Registry;

/// The attribute that says whether something runs, and its value where it does.
const STATE: &str = "state";
const RUNNING: &str = "running";

/// Everything that a start does without: all that its own provider does not answer for, such as a chain, an account and a
/// source.
#[must_use]
pub fn leave_out_for_start(
    config: &Config,
    state: &State,
    registry: &Registry,
    address: &Address,
) -> Blocked {
    let provider = registry.position(address.kind());
    let (mut needed, mut open) = (BTreeSet::new(), vec![address]);
    while let Some(next) = open.pop() {
        if registry.position(next.kind()) == provider && needed.insert(next) {
            open.extend(used_by(next, config, state));
        }
    }
    let wanted = config.resources().map(|resource| &resource.address);
    let all = wanted.chain(state.resources.keys());
    let mut blocked = Blocked::default();
    blocked.leave_out(all.filter(|address| !needed.contains(address)).cloned());
    blocked
}

/// Plans the start of one resource; `refusals` say why there is none. A plan without an effect that acts means that it runs.
#[must_use]
pub fn plan_start(
    config: &Config,
    state: &State,
    seen: &SeenResources,
    registry: &Registry,
    address: &Address,
) -> PlannedChanges {
    let options = Options::default();
    let mut planning = Planning::new(config, state, seen, registry, &options);
    planning.blocked.clone_from(&seen.blocked);
    for one in config.order() {
        if one != address {
            planning.pass_over(one);
        }
    }
    if planning.blocked.holds(address) {
        planning.pass_over(address);
    } else if let Err(why) = planning.start(address) {
        planning.problems.push(why);
    }
    planning.show_refused_need(address);
    let (mut planned, refused) = planning.finish();
    for block in refused.resources.into_values() {
        if let Block::Faults(faults) = block {
            planned.refusals.extend(faults);
        }
    }
    // A start makes nothing from what was left out.
    let blocked = &mut planned.plan.blocked;
    blocked.retain(|one| one.attribute.is_none());
    if blocked.is_empty() {
        planned.faults.clear();
    }
    planned.plan.drift.clear();
    if planned.plan.keeps_outputs() {
        planned.plan.outputs.clear();
    }
    planned.plan.groups.clear();
    planned.plan.counters.clone_from(&state.counters);
    planned
}

/// Whether a plan does more than look whether everything is there.
#[must_use]
pub fn acts(plan: &Plan) -> bool {
    let mut effects = plan.steps.iter().flat_map(|step| &step.effects);
    effects.any(|effect| effect.nature == Nature::Act)
}

/// What a start needs to know of a resource, once it may be started.
struct StartRequest<'a> {
    schema: &'static KindSchema,
    recorded: &'a Recorded,
    /// The attribute `state`, as it was seen.
    before: Value,
}

/// Refuses what cannot be started, whatever the engine says.
fn find_startable<'a>(
    config: &Config,
    state: &'a State,
    seen: &SeenResources,
    registry: &Registry,
    address: &Address,
) -> Result<StartRequest<'a>, Diagnostic> {
    let runs = |schema: &&KindSchema| {
        let attribute = schema.attribute(STATE);
        schema.role == Role::Managed
            && attribute.is_some_and(|attribute| attribute.on_change == OnChange::Update)
    };
    let schema = registry.schema(address.kind()).filter(runs);
    let (Some(schema), Some(resource)) = (schema, config.get(address)) else {
        let what = format!("`{address}` is nothing that runs");
        return Err(refusal(
            what,
            "name a `node`, a `ui` or a `syncer` of the spec",
        ));
    };
    let recorded = state.resources.get(address);
    let recorded = recorded.filter(|recorded| recorded.complete);
    let (Some(recorded), Observed::Present { attributes, .. }) = (recorded, seen.object(address))
    else {
        let what =
            format!("`{address}` was not made, or not to its end: there is nothing to start");
        let help = "run `pospool apply`: it makes what is missing";
        return Err(refusal(what, help).at(resource.span.clone()));
    };
    Ok(StartRequest {
        schema,
        recorded,
        before: attributes.get(STATE).cloned().unwrap_or_default(),
    })
}

impl Planning<'_> {
    fn start(&mut self, address: &Address) -> Result<(), Diagnostic> {
        let StartRequest {
            schema,
            recorded,
            before,
        } = find_startable(self.config, self.state, self.seen, self.registry, address)?;
        let Some(wanted) = self.resolved(address) else {
            return Ok(());
        };
        // Nothing is made from it, so what is recorded is as good as what is not known now.
        let wanted = self.without_blocked_values(address, schema, wanted);
        let wanted = wanted.unwrap_or_else(|_| recorded.attributes.clone());
        if wanted.get(STATE).and_then(Value::as_text) != Some(RUNNING) {
            let what = format!("the spec wants `{address}` stopped");
            let help = "write `state = \"running\"` and run `pospool apply`";
            return Err(refusal(what, help));
        }
        if let Some(needed) = self.unseen_need(address) {
            self.block_for(address, needed);
            return Ok(());
        }
        // What runs may still wait for a person who looks; its provider knows.
        let runs = before == Value::from(RUNNING);
        let changed: Vec<String> = (!runs).then(|| STATE.to_owned()).into_iter().collect();
        let task = ChangeRequest {
            address,
            action: Action::Update,
            wanted: &wanted,
            observed: self.seen.object(address),
            recorded: Some(recorded),
            changed: &changed,
            delete_by_name: false,
        };
        let design = match self.design(&task) {
            Ok(design) => design,
            Err(problems) => {
                self.refuse(address, &problems);
                return Ok(());
            }
        };
        let mut found = diff::Comparison::of_one(STATE, before, Value::from(RUNNING));
        if runs {
            found.changes.clear();
        }
        let decision = decide::Decision {
            action: Action::Update,
            reason: Reason::Drifted,
        };
        self.push(address, schema, &wanted, found, decision, design);
        if let Some(record) = self.steps.last_mut().and_then(|step| step.record.as_mut()) {
            // Only what runs changes: what else the spec says is for an apply.
            record.attributes.clone_from(&recorded.attributes);
            record.depends_on.clone_from(&recorded.depends_on);
            record.protected = recorded.protected;
        }
        Ok(())
    }

    /// Shows that a design needs something blocked: no second planning does it.
    fn show_refused_need(&mut self, address: &Address) {
        let block = self.refused.resources.get(address);
        let refused = block.filter(|_| !self.blocked.holds(address));
        if let Some(Block::Needs(needed)) = refused {
            let shown = self.blocked.shown_need(address, needed);
            self.shown_blocked.push(shown);
        }
    }
}

fn refusal(what: String, help: &str) -> Diagnostic {
    Diagnostic::error(codes::PLAN_NO_START, what).help(help)
}
