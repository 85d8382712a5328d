//! What nothing is done with, and why: one fault stops only what depends on it.
//!
//! - Reads: faults of a look, of earlier effects, of a design; what each resource uses.
//! - Returns: the same as data, for a look, a plan and its reader.
//! - Never: takes what was not looked at for what is not there.

use std::collections::{BTreeMap, BTreeSet};

use pospool_lang::config::Config;
use pospool_model::plan::BlockedResource;
use pospool_model::state::State;
use pospool_model::{Address, Diagnostic, Problem, dependency};

use crate::codes;

/// Why nothing is done with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Faults of its own.
    Faults(Vec<Diagnostic>),
    /// It needs something of this one, which is blocked.
    Needs(Address),
    /// The user left it out: that is no fault.
    LeftOut,
}

/// Resources and lanes that nothing is done with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// Why, by resource.
    pub resources: BTreeMap<Address, Block>,
    /// Lanes that no effect may enter, and why: [`pospool_model::provider::Planner::hold`].
    pub lanes: BTreeMap<String, String>,
    /// Resources that nobody needs to look at, and that are no less known for that.
    pub unlooked: BTreeSet<Address>,
}

impl Blocked {
    /// Blocks a resource: faults add up, and what it was blocked for before stays.
    pub fn add(&mut self, address: &Address, block: Block) {
        match (self.resources.get_mut(address), block) {
            (Some(Block::Faults(faults)), Block::Faults(more)) => {
                for fault in more {
                    if !faults.contains(&fault) {
                        faults.push(fault);
                    }
                }
            }
            (Some(_), _) => {}
            (None, block) => _ = self.resources.insert(address.clone(), block),
        }
    }

    /// What blocks a resource with this problem: one that it needs and that is blocked, else the fault itself.
    pub(crate) fn block_of(&self, problem: &Problem, fault: Diagnostic) -> Block {
        match problem.needs().filter(|needed| self.holds(needed)) {
            Some(needed) => Block::Needs(needed.clone()),
            None => Block::Faults(vec![fault]),
        }
    }

    /// Whether a resource is blocked.
    #[must_use]
    pub fn holds(&self, address: &Address) -> bool {
        self.resources.contains_key(address)
    }

    /// What the user left out.
    #[must_use]
    pub fn left_out(&self) -> BTreeSet<Address> {
        let all = self.resources.iter();
        let left_out = all.filter(|(_, block)| **block == Block::LeftOut);
        left_out.map(|(address, _)| address.clone()).collect()
    }

    /// Leaves resources out; one with a fault still has it, such as an effect of an earlier run that is open.
    pub fn leave_out(&mut self, addresses: impl IntoIterator<Item = Address>) {
        for address in addresses {
            self.add(&address, Block::LeftOut);
        }
    }

    /// What of that which a resource uses directly is blocked.
    pub(crate) fn needs_of<'a>(
        &'a self,
        address: &Address,
        config: &'a Config,
        state: &'a State,
    ) -> impl Iterator<Item = &'a Address> {
        // Mostly nothing is blocked, and then nobody needs to know what it uses.
        let used = if self.resources.is_empty() {
            BTreeSet::new()
        } else {
            used_by(address, config, state)
        };
        let blocked = used.into_iter();
        blocked.filter_map(|used| Some(self.resources.get_key_value(used)?.0))
    }

    /// The resource whose own fault is behind the block of this one.
    pub(crate) fn root<'a>(&'a self, address: &'a Address) -> &'a Address {
        let (mut at, mut seen) = (address, BTreeSet::new());
        while let Some(Block::Needs(next)) = self.resources.get(at)
            && seen.insert(at)
        {
            at = next;
        }
        at
    }

    /// What a plan says of a blocked resource: nothing of what was left out.
    pub(crate) fn shown(&self, address: &Address) -> Vec<BlockedResource> {
        let block = self.resources.get(address);
        block.map_or_else(Vec::new, |block| self.shown_block(address, block))
    }

    /// The same of one block.
    pub(crate) fn shown_block(&self, address: &Address, block: &Block) -> Vec<BlockedResource> {
        match block {
            Block::Faults(faults) => {
                let faults = faults.iter();
                faults.map(|fault| shown_fault(address, fault)).collect()
            }
            Block::Needs(needed) => vec![self.shown_need(address, needed)],
            Block::LeftOut => Vec::new(),
        }
    }

    /// What a plan says of a resource that needs another one, which is blocked.
    pub(crate) fn shown_need(&self, address: &Address, needed: &Address) -> BlockedResource {
        let code = match self.resources.get(self.root(needed)) {
            Some(Block::Faults(faults)) => faults.first().map(|fault| fault.code),
            _ => None,
        };
        BlockedResource {
            address: address.clone(),
            attribute: None,
            code: code.unwrap_or(codes::PLAN_LEFT_OUT).to_string(),
            summary: format!("needs `{needed}`"),
            help: None,
            needs: Some(needed.clone()),
        }
    }
}

fn shown_fault(address: &Address, fault: &Diagnostic) -> BlockedResource {
    let named = format!("`{address}`: ");
    let summary = fault.summary.strip_prefix(&named);
    BlockedResource {
        address: address.clone(),
        attribute: None,
        code: fault.code.to_string(),
        summary: summary.unwrap_or(&fault.summary).to_owned(),
        help: fault.help.clone(),
        needs: None,
    }
}

/// What a resource uses directly: as the spec says, or as recorded where the spec does not have it.
pub(crate) fn used_by<'a>(
    address: &Address,
    config: &'a Config,
    state: &'a State,
) -> BTreeSet<&'a Address> {
    match (config.get(address), state.resources.get(address)) {
        (Some(resource), _) => dependency::reached_resources(&resource.depends_on, config.groups()),
        (None, Some(recorded)) => {
            dependency::reached_resources(&recorded.depends_on, &state.groups)
        }
        (None, None) => BTreeSet::new(),
    }
}
