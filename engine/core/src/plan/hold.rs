//! What a plan does around a fault: what is blocked stays as it is, and everything else goes on.
//!
//! - Reads: what is blocked, what each resource uses, what is recorded.
//! - Returns: wanted attributes without what nobody knows now; the list for the plan's reader.
//! - Never: plans a change of something blocked, or with a value of it that is not recorded.

use std::collections::BTreeSet;

use pospool_model::plan::BlockedResource;
use pospool_model::provider::Observed;
use pospool_model::{
    Address, Attributes, Diagnostic, KindSchema, Problem, Type, Value, dependency,
};

use super::Planning;
use crate::blocked::{Block, used_by};
use crate::resolve;

impl Planning<'_> {
    /// The faults behind what a plan lists. What many have alike, such as an endpoint that does not answer, is said once.
    pub(super) fn list_faults(&self) -> Vec<Diagnostic> {
        let (blocked, seen, shown) = (&self.blocked, self.seen, &self.shown_blocked);
        let named = shown
            .iter()
            .flat_map(|one| [Some(&one.address), one.needs.as_ref()]);
        let named: BTreeSet<&Address> = named.flatten().collect();
        let blocks = named
            .iter()
            .filter_map(|address| blocked.resources.get(*address));
        let unseen = seen.unseen.iter();
        let unseen = unseen.filter(|(address, ..)| named.contains(address));
        let blocks = blocks.chain(unseen.map(|(.., block)| block));
        let faults = blocks.filter_map(|block| match block {
            Block::Faults(faults) => Some(faults),
            Block::Needs(_) | Block::LeftOut => None,
        });
        let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
        let new = faults.flatten().filter(|fault| {
            let words = fault.summary.split_once("`: ");
            let words = words.map_or(fault.summary.as_str(), |(_, words)| words);
            said.insert((fault.code.as_str(), words))
        });
        new.cloned().collect()
    }

    /// Plans nothing for a resource: it is as it was recorded for those that use it.
    pub(super) fn pass_over(&mut self, address: &Address) {
        self.shown_blocked.extend(self.blocked.shown(address));
        if let Some(recorded) = self.state.resources.get(address) {
            self.outputs
                .insert(address.clone(), recorded.outputs.clone());
        }
        let ends = self.ends_of_dependencies(address);
        let ends = self.bundle(address.as_str(), ends);
        self.ends.insert(address.clone(), ends);
    }

    /// Blocks a resource, since one that it uses is; in the next planning from the start, since what was planned before it
    /// may count on it.
    pub(super) fn block_for(&mut self, address: &Address, needed: Address) {
        let block = Block::Needs(needed);
        self.refused.add(address, block.clone());
        self.blocked.add(address, block);
        self.pass_over(address);
    }

    /// Notes that a design was refused: in the next planning its resource is blocked.
    pub(super) fn refuse(&mut self, address: &Address, problems: &[Problem]) {
        for problem in problems {
            let fault = resolve::locate_problem(self.config, address, problem);
            if problem.is_against_everything() {
                self.problems.push(fault);
                continue;
            }
            if let Some(lane) = problem.lane() {
                let lanes = &mut self.refused.lanes;
                lanes.insert(lane.to_owned(), fault.summary.clone());
            }
            let block = self.blocked.block_of(problem, fault);
            self.refused.add(address, block);
        }
        self.pass_over(address);
    }

    /// The same of faults that the engine found itself.
    pub(super) fn refuse_with(&mut self, address: &Address, faults: Vec<Diagnostic>) {
        self.refused.add(address, Block::Faults(faults));
        self.pass_over(address);
    }

    /// The first thing that a resource uses and that is blocked, where a change needs that it could be looked at.
    pub(super) fn unseen_need(&self, address: &Address) -> Option<Address> {
        let provider = self.registry.of_kind(address.kind())?;
        let mut needed = self.blocked.needs_of(address, self.config, self.state);
        let needed = needed.find(|used| provider.needs_sight(address, used));
        needed.cloned()
    }

    /// Wanted attributes in which what reads something of a blocked resource that nobody knows now is as recorded; else
    /// the blocked one that is needed.
    pub(super) fn without_blocked_values(
        &mut self,
        address: &Address,
        schema: &KindSchema,
        mut wanted: Attributes,
    ) -> Result<Attributes, Address> {
        self.show_unseen(address);
        let unknown: Vec<String> = wanted
            .iter()
            .filter(|(_, value)| value.has_unknown())
            .map(|(name, _)| name.clone())
            .collect();
        if unknown.is_empty() {
            return Ok(wanted);
        }
        let mut needed = self.blocked.needs_of(address, self.config, self.state);
        let Some(needed) = needed.next().cloned() else {
            return Ok(wanted);
        };
        let recorded = self.state.resources.get(address);
        let recorded = recorded.filter(|recorded| recorded.complete);
        let is_there = *self.seen.object(address) != Observed::Absent;
        let Some(recorded) = recorded.filter(|_| is_there && !self.uses_unknown(address)) else {
            return Err(needed);
        };
        for name in unknown {
            let kept = recorded.attributes.get(&name);
            let is_settings = schema
                .attribute(&name)
                .is_some_and(|attribute| attribute.ty == Type::Settings);
            let value = wanted.get_mut(&name).zip(kept);
            let known = value.is_some_and(|(value, kept)| take_recorded(value, kept, is_settings));
            if !known {
                return Err(needed);
            }
            let mut shown = self.blocked.shown_need(address, &needed);
            shown.attribute = Some(name);
            self.shown_blocked.push(shown);
        }
        self.wanted.insert(address.clone(), wanted.clone());
        Ok(wanted)
    }

    /// Whether something that it uses changes in this plan, so that a value may be unknown for that.
    fn uses_unknown(&self, address: &Address) -> bool {
        let used = used_by(address, self.config, self.state).into_iter();
        let mut moving = used.filter(|used| !self.blocked.holds(used));
        moving.any(|used| {
            let outputs = self.outputs.get(used);
            outputs.is_some_and(|outputs| outputs.values().any(Value::has_unknown))
        })
    }

    /// Lists attributes that could not be looked at.
    fn show_unseen(&mut self, address: &Address) {
        let mine = self.seen.unseen.iter().filter(|(of, ..)| of == address);
        let shown = mine.flat_map(|(_, name, block)| {
            let mut shown = self.blocked.shown_block(address, block);
            for one in &mut shown {
                one.attribute = Some((*name).to_owned());
            }
            shown
        });
        let shown: Vec<BlockedResource> = shown.collect();
        self.shown_blocked.extend(shown);
    }

    /// Whether an `output` block reads something blocked.
    pub(super) fn reads_blocked(&self, output: &str) -> bool {
        let Some(block) = self.config.outputs().get(output) else {
            return false;
        };
        let groups = self.config.groups();
        let used: BTreeSet<&Address> = dependency::reached_resources(&block.depends_on, groups);
        used.iter().any(|used| self.blocked.holds(used))
    }
}

/// Puts what is recorded in the place of what is not known; says whether it could.
fn take_recorded(value: &mut Value, kept: &Value, is_settings: bool) -> bool {
    if !is_settings {
        value.clone_from(kept);
        return true;
    }
    let (Value::Map(value), Some(kept)) = (value, kept.as_map()) else {
        return false;
    };
    let mut unknown = value.iter_mut().filter(|(_, value)| value.has_unknown());
    unknown.all(|(name, value)| match kept.get(name) {
        Some(kept) => {
            value.clone_from(kept);
            true
        }
        None => false,
    })
}
