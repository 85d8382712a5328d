//! Wanted and observed in, steps with their reasons out.
//!
//! - Reads: the config, the state, and what was seen outside.
//! - Returns: a [`Plan`], complete enough that applying it makes no choice, what is blocked in it, and refusals.
//! - Never: waits, asks the outside, reads a clock or picks at random. Equal inputs
//!   give byte-equal plans, and tests rely on that.

mod decide;
mod diff;
mod ends;
mod found;
mod hold;
mod needs;
mod start;
mod takedown;

use std::collections::{BTreeMap, BTreeSet};

use pospool_lang::config::{Config, LocalValues, Resource, Scope};
use pospool_model::plan::{
    Action, AttributeChange, Barrier, BlockedResource, Drift, EffectId, Plan, Reason, Record, Step,
};
use pospool_model::provider::{ChangeRequest, Design, Facts, Observed, PlanContext, Planner};
use pospool_model::state::{Recorded, State};
use pospool_model::{
    Address, Attributes, Dependency, Diagnostic, GroupId, Groups, KindSchema, Problem, Role, Value,
    dependency,
};

use ends::{Ends, NeededEnd};

pub use found::{find_takeable, record_taken};
pub use start::{acts, leave_out_for_start, plan_start};

use crate::blocked::Blocked;
use crate::codes;
use crate::observe::SeenResources;
use crate::registry::Registry;
use crate::resolve::{self, Outputs, Wanted};

/// What the user asks of one plan beyond the spec.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Take everything down, whatever the spec says.
    pub destroy: bool,
    /// Resources that may really be deleted although they hold something precious.
    pub delete: BTreeSet<Address>,
}

/// A plan, and what its reader must know before it is applied.
#[derive(Clone, Debug, Default)]
pub struct PlannedChanges {
    /// The plan.
    pub plan: Plan,
    /// Why it must not be applied; empty if it may be.
    pub refusals: Vec<Diagnostic>,
    /// Faults that block something of it, with their places.
    pub faults: Vec<Diagnostic>,
}

/// Plans everything that is not blocked.
#[must_use]
pub fn plan_changes(
    config: &Config,
    state: &State,
    seen: &SeenResources,
    registry: &Registry,
    options: &Options,
) -> PlannedChanges {
    let mut blocked = seen.blocked.clone();
    loop {
        let (planned, refused) = plan_around(config, state, seen, registry, options, &blocked);
        // What a design refused may have taken a nonce or money before it was: it is planned again without it, so
        // that no other design counts on that. Each time something more is blocked, so this comes to an end.
        if refused == Blocked::default() {
            return planned;
        }
        for (address, block) in refused.resources {
            blocked.add(&address, block);
        }
        blocked.lanes.extend(refused.lanes);
    }
}

/// Plans everything but what is blocked; returns what designs refused, too.
fn plan_around(
    config: &Config,
    state: &State,
    seen: &SeenResources,
    registry: &Registry,
    options: &Options,
    blocked: &Blocked,
) -> (PlannedChanges, Blocked) {
    let order = if options.destroy { &[] } else { config.order() };
    let early = named_early(config);
    let mut foretold = known_beforehand(&early, state, registry, blocked);
    // Each round foretells with what the one before found out. A resource's identity may depend
    // on how many effects come before it, so a second round may move it, a third finds it there.
    for round in 0..=early.len() + 2 {
        let mut planner = Planning::new(config, state, seen, registry, options);
        planner.blocked.clone_from(blocked);
        planner.outputs.extend(foretold.clone());
        for address in order {
            planner.visit(address);
        }
        let mut found = planner.identities(&early);
        found.retain(|address, _| !planner.blocked.holds(address));
        let unsettled = unsettled(&found, &foretold);
        if unsettled.is_none() || order.is_empty() {
            planner.take_down();
            return planner.finish();
        }
        if round == early.len() + 2 {
            // With other problems this one only follows from them.
            let unsettled = unsettled.filter(|_| planner.problems.is_empty());
            let problem = unsettled.map(|address| cannot_foretell(config, address));
            planner.problems.extend(problem);
            return planner.finish();
        }
        foretold = found;
        let kept = known_beforehand(&early, state, registry, blocked).into_iter();
        foretold.extend(kept.filter(|(address, _)| blocked.holds(address)));
    }
    unreachable!("the last round returns")
}

/// Resources that others name inside of their settings before they are planned themselves.
fn named_early(config: &Config) -> BTreeSet<&Address> {
    let resources = config.resources();
    resources
        .flat_map(|resource| &resource.named_early)
        .collect()
}

/// Identities that the first round goes out from: recorded ones, else "unknown", which a
/// provider fills with a placeholder.
fn known_beforehand(
    early: &BTreeSet<&Address>,
    state: &State,
    registry: &Registry,
    blocked: &Blocked,
) -> Outputs {
    let mut known = Outputs::new();
    for &address in early {
        let schema = registry.schema(address.kind());
        let Some(name) = schema.and_then(|schema| schema.identity) else {
            continue;
        };
        let recorded = state.resources.get(address);
        let identity = recorded.and_then(|recorded| recorded.outputs.get(name));
        let identity = identity.cloned().unwrap_or(Value::Unknown);
        // Nothing is planned for it, so no later round finds out what would stand in the place of a placeholder.
        if identity == Value::Unknown && blocked.holds(address) {
            continue;
        }
        known.insert(
            address.clone(),
            Attributes::from([(name.to_owned(), identity)]),
        );
    }
    known
}

/// A resource whose identity is not the one that this round went out from. What was planned
/// with a placeholder is never the last round.
fn unsettled<'a>(found: &'a Outputs, foretold: &Outputs) -> Option<&'a Address> {
    let is_settled = |(address, identity): &(&Address, &Attributes)| {
        foretold.get(*address) == Some(*identity) && !identity.values().any(Value::has_unknown)
    };
    let mut moved = found.iter().filter(|found| !is_settled(found));
    moved.next().map(|(address, _)| address)
}

/// The problem of an identity that each round of planning finds somewhere else, or nowhere.
fn cannot_foretell(config: &Config, address: &Address) -> Diagnostic {
    let summary = format!("the identity of `{address}` cannot be foretold");
    let problem = Diagnostic::error(codes::PLAN_UNSETTLED, summary).help(
        "take it out of the settings of the resource that it depends on, apply, and put it back",
    );
    match config.get(address) {
        Some(resource) => problem.at(resource.span.clone()),
        None => problem,
    }
}

/// One planning in progress. It only ever appends.
struct Planning<'a> {
    config: &'a Config,
    state: &'a State,
    seen: &'a SeenResources,
    registry: &'a Registry,
    options: &'a Options,
    wanted: Wanted,
    outputs: Outputs,
    effects: BTreeMap<Address, Vec<EffectId>>,
    /// What somebody who uses this resource must wait for.
    ends: Ends<Address>,
    /// The same for the groups that were used so far.
    group_ends: Ends<GroupId>,
    barriers: BTreeMap<String, Barrier>,
    /// Groups that the records of the steps use.
    groups: Groups,
    locals: LocalValues,
    blocked: Blocked,
    /// The same, as the plan's reader sees it.
    shown_blocked: Vec<BlockedResource>,
    /// What designs of this planning refused.
    refused: Blocked,
    /// The providers' own planners, by position in the registry; made when they are first needed.
    planners: BTreeMap<usize, Box<dyn Planner + 'a>>,
    drift: Vec<Drift>,
    steps: Vec<Step>,
    problems: Vec<Diagnostic>,
}

impl<'a> Planning<'a> {
    fn new(
        config: &'a Config,
        state: &'a State,
        seen: &'a SeenResources,
        registry: &'a Registry,
        options: &'a Options,
    ) -> Self {
        Self {
            config,
            state,
            seen,
            registry,
            options,
            wanted: seen.wanted.clone(),
            outputs: seen.known_outputs(),
            effects: BTreeMap::new(),
            ends: Ends::new(),
            group_ends: Ends::new(),
            barriers: BTreeMap::new(),
            groups: Groups::new(),
            locals: config.local_values(),
            blocked: Blocked::default(),
            shown_blocked: Vec::new(),
            refused: Blocked::default(),
            planners: BTreeMap::new(),
            drift: Vec::new(),
            steps: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The outputs that stand for these resources, as far as they are known.
    fn identities(&self, of: &BTreeSet<&Address>) -> Outputs {
        let named = of.iter().filter_map(|&address| {
            let name = self.registry.schema(address.kind())?.identity?;
            let identity = Attributes::from([(name.to_owned(), self.identity(address))]);
            Some((address.clone(), identity))
        });
        named.collect()
    }

    /// Plans one resource of the spec.
    fn visit(&mut self, address: &Address) {
        if self.blocked.holds(address) {
            return self.pass_over(address);
        }
        let Some(schema) = self.registry.schema(address.kind()) else {
            return;
        };
        if schema.role == Role::Given {
            return;
        }
        let Some(wanted) = self.resolved(address) else {
            return;
        };
        let wanted = match self.without_blocked_values(address, schema, wanted) {
            Ok(wanted) => wanted,
            Err(needed) => return self.block_for(address, needed),
        };
        let recorded = self.state.resources.get(address);
        let observed = self.seen.object(address);
        self.note_drift(address, schema, observed, recorded);
        let found = diff::compare_resource(
            schema,
            &wanted,
            observed,
            recorded,
            &|resource| self.identity(resource),
            &|attribute| self.seen.is_edited(address, attribute),
        );
        let complete = recorded.is_some_and(|r| r.complete);
        if let Some(decision) =
            decide::decide_change(observed, recorded.is_some(), complete, &found)
        {
            return self.change(address, schema, &wanted, found, decision);
        }
        let about = recorded.map(|recorded| self.about_the_record(address, recorded));
        match about.filter(|changes| !changes.is_empty()) {
            None => self.keep(address, observed, recorded),
            Some(changes) => {
                let found = diff::Comparison {
                    changes,
                    ..diff::Comparison::default()
                };
                let decision = decide::Decision {
                    action: Action::Update,
                    reason: Reason::Differs,
                };
                self.push(address, schema, &wanted, found, decision, Design::default());
            }
        }
    }

    /// What the spec wants of a resource, now that those which it uses are planned; `None` if that has a problem.
    fn resolved(&mut self, address: &Address) -> Option<Attributes> {
        let seen = self.seen.wanted.get(address);
        if let Some(wanted) = seen.filter(|_| resolve::stands_alone(self.config, address)) {
            return Some(wanted.clone());
        }
        let scope = Scope {
            wanted: &self.wanted,
            outputs: &self.outputs,
            locals: &self.locals,
        };
        let (wanted, problems) = resolve::resolve_one(self.config, address, self.registry, &scope);
        self.wanted.insert(address.clone(), wanted.clone());
        let is_good = problems.is_empty();
        self.problems.extend(problems);
        is_good.then_some(wanted)
    }

    /// What the spec says otherwise than the state of the resource itself, not of the object:
    /// whether it is protected, and what it uses. The state must know both when the block is gone.
    fn about_the_record(&self, address: &Address, recorded: &Recorded) -> Vec<AttributeChange> {
        let Some(resource) = self.config.get(address) else {
            return Vec::new();
        };
        let change = |path: &str, before, after| AttributeChange {
            path: path.to_owned(),
            before,
            after,
            forces_replacement: false,
        };
        let mut changes = Vec::new();
        let (before, after) = (recorded.protected, resource.lifecycle.prevent_destroy);
        if before != after {
            changes.push(change(
                "lifecycle.prevent_destroy",
                Value::Bool(before),
                Value::Bool(after),
            ));
        }
        if !self.uses_the_same(recorded, resource) {
            let before = recorded.depends_on.iter().map(shown).collect();
            let after = resource.depends_on.iter().map(shown).collect();
            changes.push(change(
                "depends_on",
                Value::List(before),
                Value::List(after),
            ));
        }
        changes
    }

    /// Whether a resource uses what it did when it was recorded.
    fn uses_the_same(&self, recorded: &Recorded, resource: &Resource) -> bool {
        if recorded.depends_on.iter().eq(&resource.depends_on) {
            return true;
        }
        let is_group = |used: &Dependency| used.group().is_some();
        // A program that knew no groups recorded every name. (Two groups are compared by their names: to go through
        // both for each of their readers would be the square again.)
        recorded.depends_on.iter().any(is_group) != resource.depends_on.iter().any(is_group)
            && dependency::reached_resources(&recorded.depends_on, &self.state.groups)
                == dependency::reached_resources(&resource.depends_on, self.config.groups())
    }

    /// Nothing to do: the resource's outputs stay as they are.
    fn keep(&mut self, address: &Address, observed: &Observed, recorded: Option<&Recorded>) {
        let outputs = outputs_now(observed, recorded);
        self.outputs.insert(address.clone(), outputs);
        let ends = self.ends_of_dependencies(address);
        let ends = self.bundle(address.as_str(), ends);
        self.ends.insert(address.clone(), ends);
    }

    /// What must have ended before a resource of the spec may have all that it uses.
    fn ends_of_dependencies(&mut self, address: &Address) -> Vec<NeededEnd> {
        match self.config.get(address) {
            Some(resource) => self.ends_of(&resource.depends_on, self.config.groups()),
            None => Vec::new(),
        }
    }

    fn change(
        &mut self,
        address: &Address,
        schema: &'static KindSchema,
        wanted: &Attributes,
        found: diff::Comparison,
        decision: decide::Decision,
    ) {
        let fixed = decide::find_fixed(self.config, address, decision, &found);
        if !fixed.is_empty() {
            return self.refuse_with(address, fixed);
        }
        let refused = decide::find_refusals(self.config, address, schema, decision, self.state);
        self.problems.extend(refused);
        if let Some(needed) = self.unseen_need(address) {
            return self.block_for(address, needed);
        }
        let changed = diff::effective_paths(schema, &found.changes);
        let task = ChangeRequest {
            address,
            action: decision.action,
            wanted,
            observed: self.seen.object(address),
            recorded: self.state.resources.get(address),
            changed: &changed,
            delete_by_name: false,
        };
        // What an earlier run did not finish may need effects although nothing differs.
        let unfinished = decision.reason == Reason::Incomplete;
        let only_recorded = decision.action == Action::Adopt || (found.only_ignored && !unfinished);
        let design = if only_recorded {
            Design::default()
        } else {
            match self.design(&task) {
                Ok(design) => design,
                Err(problems) => return self.refuse(address, &problems),
            }
        };
        if let Some(why) = &design.irreversible {
            let refused = decide::refuse_unaccepted(self.config, address, why);
            self.problems.extend(refused);
        }
        self.push(address, schema, wanted, found, decision, design);
    }

    fn push(
        &mut self,
        address: &Address,
        schema: &'static KindSchema,
        wanted: &Attributes,
        found: diff::Comparison,
        decision: decide::Decision,
        design: Design,
    ) {
        let outputs = self.planned_outputs(address, schema, decision.action, &design);
        self.outputs.insert(address.clone(), outputs.clone());
        let depends_on: Vec<Dependency> = self
            .config
            .get(address)
            .map(|resource| resource.depends_on.iter().cloned().collect())
            .unwrap_or_default();
        self.keep_groups(&depends_on);
        let before = self.ends_of_dependencies(address);
        let (effects, barriers) = self.link(address, before, design.effects, design.ordered);
        let of_kind = schema
            .irreversible
            .filter(|_| matches!(decision.action, Action::Create | Action::Replace));
        let whys: Vec<&str> = of_kind
            .into_iter()
            .chain(design.irreversible.as_deref())
            .collect();
        let irreversible = (!whys.is_empty()).then(|| whys.join("; "));
        self.steps.push(Step {
            address: address.clone(),
            action: decision.action,
            reason: decision.reason,
            changes: found.changes,
            irreversible,
            notes: design.notes,
            costs: design.costs,
            effects,
            barriers,
            record: Some(Record {
                attributes: diff::recorded_form(schema, wanted, &|resource| {
                    self.identity(resource)
                }),
                outputs: outputs
                    .into_iter()
                    .filter(|(_, value)| !value.has_unknown())
                    .collect(),
                depends_on,
                protected: self
                    .config
                    .get(address)
                    .is_some_and(|resource| resource.lifecycle.prevent_destroy),
            }),
        });
    }

    /// Puts the groups among these into the plan, with all that lie in them.
    fn keep_groups(&mut self, uses: &[Dependency]) {
        let missing = uses
            .iter()
            .filter_map(Dependency::group)
            .any(|id| !self.groups.contains_key(id));
        if missing {
            let groups = self.config.groups();
            let inside = dependency::reached_groups(uses, groups).into_iter();
            self.groups
                .extend(inside.map(|id| (id.clone(), groups[id].clone())));
        }
    }

    /// Asks the provider how it would make the change.
    fn design(&mut self, task: &ChangeRequest<'_>) -> Result<Design, Vec<Problem>> {
        let kind = task.address.kind();
        let Some((provider, position)) = self
            .registry
            .of_kind(kind)
            .zip(self.registry.position(kind))
        else {
            return Ok(Design::forgotten(Vec::new()));
        };
        let none = Facts::default();
        let world = PlanContext {
            lineage: &self.state.lineage,
            facts: self.seen.facts.get(&position).unwrap_or(&none),
            wanted: &self.wanted,
            recorded: &self.state.resources,
            outputs: &self.outputs,
            effects: &self.effects,
        };
        let planner = self.planners.entry(position).or_insert_with(|| {
            let mut planner = provider.planner();
            planner.hold(&self.blocked.lanes);
            planner
        });
        planner.design(task, &world)
    }

    /// Outputs after a change: what the design knows; what is there already, unless
    /// the object is made anew; and "known after apply" for the rest.
    fn planned_outputs(
        &self,
        address: &Address,
        schema: &KindSchema,
        action: Action,
        design: &Design,
    ) -> Attributes {
        let mut outputs: Attributes = schema
            .outputs
            .iter()
            .map(|output| (output.name.to_owned(), Value::Unknown))
            .collect();
        if !matches!(action, Action::Create | Action::Replace) {
            let recorded = self.state.resources.get(address);
            outputs.extend(outputs_now(self.seen.object(address), recorded));
        }
        outputs.extend(design.outputs.clone());
        outputs
    }

    /// The output that stands for a resource inside settings.
    fn identity(&self, address: &Address) -> Value {
        self.registry
            .schema(address.kind())
            .and_then(|schema| schema.identity)
            .and_then(|name| self.outputs.get(address)?.get(name).cloned())
            .unwrap_or(Value::Unknown)
    }

    fn note_drift(
        &mut self,
        address: &Address,
        schema: &KindSchema,
        observed: &Observed,
        recorded: Option<&Recorded>,
    ) {
        let Some(recorded) = recorded.filter(|recorded| recorded.complete) else {
            return;
        };
        let changes = match observed {
            Observed::Absent => Vec::new(),
            Observed::Present { attributes, .. } => {
                let is_edited = |attribute: &str| self.seen.is_edited(address, attribute);
                diff::find_drift(schema, recorded, attributes, &is_edited)
            }
        };
        let gone = *observed == Observed::Absent;
        if gone || !changes.is_empty() {
            self.drift.push(Drift {
                address: address.clone(),
                changes,
                gone,
            });
        }
    }

    fn finish(mut self) -> (PlannedChanges, Blocked) {
        let planners = self.planners.values();
        let short: Vec<_> = planners.flat_map(|it| it.shortfalls()).collect();
        for (address, problem) in short {
            self.refuse(&address, &[problem]);
        }
        let mut outputs = BTreeMap::new();
        if !self.options.destroy {
            let scope = Scope {
                wanted: &self.wanted,
                outputs: &self.outputs,
                locals: &self.locals,
            };
            for name in self.config.output_names() {
                let (value, problems) = self.config.evaluate_output(name, &scope);
                self.problems.extend(problems);
                let value = if value.has_unknown() && self.reads_blocked(name) {
                    self.state.outputs.get(name).cloned()
                } else {
                    Some(value)
                };
                outputs.extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        let mut counters = BTreeMap::new();
        if !self.blocked.resources.is_empty() {
            // What was not looked at stands where it stood.
            counters.clone_from(&self.state.counters);
        }
        counters.extend(self.seen.counters.clone());
        for planner in self.planners.values() {
            counters.extend(planner.counters());
        }
        let faults = self.list_faults();
        let plan = Plan {
            spec_digest: self.config.digest().to_owned(),
            lineage: self.state.lineage.clone(),
            serial: self.state.serial,
            chains: self.seen.chains.clone(),
            accounts: self.seen.accounts.clone(),
            bindings: self.seen.bindings.clone(),
            moved: BTreeMap::new(),
            drift: self.drift,
            steps: self.steps,
            outputs,
            counters,
            groups: self.groups,
            barriers: self.barriers,
            blocked: self.shown_blocked,
            left_out: self.blocked.left_out(),
        };
        let planned = PlannedChanges {
            plan,
            refusals: self.problems,
            faults,
        };
        (planned, self.refused)
    }
}

/// One thing that is used, as a plan shows it.
fn shown(used: &Dependency) -> Value {
    match used {
        Dependency::Resource(address) => Value::Resource(address.clone()),
        Dependency::Group(id) => Value::from(id.as_str()),
    }
}

/// Outputs of an object that stays: recorded ones, refreshed by what is seen.
fn outputs_now(observed: &Observed, recorded: Option<&Recorded>) -> Attributes {
    let mut outputs = recorded.map(|r| r.outputs.clone()).unwrap_or_default();
    if let Observed::Present { outputs: seen, .. } = observed {
        outputs.extend(seen.clone());
    }
    outputs
}
