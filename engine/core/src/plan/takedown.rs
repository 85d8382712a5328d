//! What is recorded and no longer wanted, users before what they use.

use std::collections::{BTreeMap, BTreeSet};

use pospool_lang::graph;
use pospool_model::plan::{Action, AttributeChange, Reason, Step};
use pospool_model::provider::{ChangeRequest, Design, Observed};
use pospool_model::state::{Recorded, State};
use pospool_model::{Address, Attributes, Dependency, Diagnostic, GroupId, Value};

use super::Planning;
use super::decide::protected_error;
use super::ends::{Ends, NeededEnd};
use crate::blocked::Block;
use crate::codes;

impl Planning<'_> {
    /// Plans the removal of everything that the spec no longer has.
    pub(super) fn take_down(&mut self) {
        let resources = self.state.resources.iter();
        let resources = resources.map(|(address, recorded)| (address, &recorded.depends_on));
        let mut order = graph::order_resources(resources, &self.state.groups);
        order.reverse();
        let mut users = Users::of(self.state);
        for address in order {
            if self.options.destroy || self.config.get(&address).is_none() {
                self.remove(&address, &mut users);
            }
        }
        self.hint_at_renamed();
    }

    /// Says where the spec may only have another name for what is there: what is forgotten beside something new of its
    /// kind, such as a contract.
    fn hint_at_renamed(&mut self) {
        let is = |step: &&Step, action, reason| step.action == action && step.reason == reason;
        let forgotten = self.steps.iter().filter(|step| {
            let address = &step.address;
            is(step, Action::Forget, Reason::Unwanted)
                && !self.config.forgets(address)
                && *self.seen.object(address) != Observed::Absent
        });
        let hints = forgotten.filter_map(|old| {
            let old = &old.address;
            let new = self.steps.iter().filter(|step| is(step, Action::Create, Reason::Missing));
            let new: Vec<&str> = new
                .filter(|step| step.address.kind() == old.kind())
                .map(|step| step.address.as_str())
                .collect();
            let first = new.first()?;
            let what = format!("`{old}` is forgotten, and `{}` is made anew", new.join("`, `"));
            let help = format!(
                "if only the name of the block changed, write `moved {{ from = {old} to = {first} }}` (each on a line of its \
                 own) or run `pospool state mv {old} {first}`, and plan again; if they are two things, go on"
            );
            Some(Diagnostic::warning(codes::PLAN_RENAMED_BLOCK, what).help(help))
        });
        let hints: Vec<Diagnostic> = hints.collect();
        self.problems.extend(hints);
    }

    fn remove(&mut self, address: &Address, users: &mut Users) {
        let Some(recorded) = self.state.resources.get(address) else {
            return;
        };
        if recorded.protected {
            self.problems.push(protected_error(address));
            return;
        }
        if self.blocked.holds(address) {
            self.shown_blocked.extend(self.blocked.shown(address));
            return;
        }
        if let Some(user) = self.staying_user(address, users) {
            return self.keep_for(address, &user);
        }
        if let Some(new) = self.blocked_successor(address) {
            return self.keep_beside(address, &new);
        }
        let observed = self.seen.object(address);
        let nothing = Attributes::new();
        let task = ChangeRequest {
            address,
            action: Action::Delete,
            wanted: &nothing,
            observed,
            recorded: Some(recorded),
            changed: &[],
            delete_by_name: self.options.delete.contains(address),
        };
        let design = match self.why_nothing_is_taken_down(address, recorded) {
            Some(note) => Ok(Design::forgotten(vec![note.to_owned()])),
            None => self.design(&task),
        };
        let design = match design {
            Ok(design) => design,
            Err(problems) => return self.refuse(address, &problems),
        };
        let forget = design.forget;
        let before = self.ends_of_users(&Dependency::Resource(address.clone()), users);
        let (effects, barriers) = self.link(address, before, design.effects, design.ordered);
        self.steps.push(Step {
            address: address.clone(),
            action: if forget {
                Action::Forget
            } else {
                Action::Delete
            },
            reason: Reason::Unwanted,
            changes: all_removed(&recorded.attributes),
            irreversible: None,
            notes: design.notes,
            costs: design.costs,
            effects,
            barriers,
            record: None,
        });
    }
}

impl Planning<'_> {
    /// Why a resource only leaves the state, if that is known without its provider.
    fn why_nothing_is_taken_down(
        &self,
        address: &Address,
        recorded: &Recorded,
    ) -> Option<&'static str> {
        if *self.seen.object(address) == Observed::Absent && recorded.complete {
            return Some("it is gone already");
        }
        let is_left = self.config.forgets(address) && !self.options.destroy;
        is_left.then_some("`removed` says so: what it is outside stays as it is")
    }
}

/// Every attribute of what goes.
fn all_removed(attributes: &Attributes) -> Vec<AttributeChange> {
    let removed = attributes.iter().map(|(name, value)| AttributeChange {
        path: name.clone(),
        before: value.clone(),
        after: Value::Null,
        forces_replacement: false,
    });
    removed.collect()
}

/// Who uses each resource and each group directly, according to the state.
struct Users {
    of: BTreeMap<Dependency, Vec<Dependency>>,
    /// What must have ended before nobody uses a group any more.
    ends: Ends<GroupId>,
}

impl Users {
    fn of(state: &State) -> Self {
        let resources = state.resources.iter();
        let resources = resources.flat_map(|(address, recorded)| {
            let user = || Dependency::Resource(address.clone());
            recorded.depends_on.iter().map(move |used| (used, user()))
        });
        let groups = state.groups.iter();
        let groups = groups.flat_map(|(id, members)| {
            let user = || Dependency::Group(id.clone());
            members.iter().map(move |used| (used, user()))
        });
        let mut of: BTreeMap<Dependency, Vec<Dependency>> = BTreeMap::new();
        for (used, user) in resources.chain(groups) {
            of.entry(used.clone()).or_default().push(user);
        }
        let ends = Ends::new();
        Self { of, ends }
    }
}

impl Planning<'_> {
    /// Somebody who uses a resource, and stays because he is blocked.
    fn staying_user(&self, address: &Address, users: &Users) -> Option<Address> {
        if self.blocked.resources.is_empty() {
            return None;
        }
        let mut open = vec![Dependency::Resource(address.clone())];
        let mut seen = BTreeSet::new();
        while let Some(used) = open.pop() {
            for user in users.of.get(&used).into_iter().flatten() {
                match user {
                    Dependency::Resource(user) if self.blocked.holds(user) => {
                        return Some(user.clone());
                    }
                    Dependency::Group(_) if seen.insert(user.clone()) => open.push(user.clone()),
                    _ => {}
                }
            }
        }
        None
    }

    /// What is new in the spec, of the same kind, and blocked: it may be this one under another name.
    fn blocked_successor(&self, address: &Address) -> Option<Address> {
        if self.options.destroy || self.config.forgets(address) {
            return None;
        }
        let mut blocked = self.blocked.resources.iter().filter(|(other, block)| {
            let is_new = !self.state.resources.contains_key(*other);
            is_new && other.kind() == address.kind() && **block != Block::LeftOut
        });
        blocked.next().map(|(other, _)| other.clone())
    }

    /// Does not take down what may be the same as something that cannot be made now.
    fn keep_beside(&mut self, address: &Address, new: &Address) {
        let summary = format!(
            "`{address}` stays: `{new}` cannot be made now, and may be the same under another name"
        );
        let fault = Diagnostic::error(codes::PLAN_MAY_BE_RENAMED, summary);
        self.blocked.add(address, Block::Faults(vec![fault]));
        self.shown_blocked.extend(self.blocked.shown(address));
    }

    /// Does not take down what somebody still uses.
    fn keep_for(&mut self, address: &Address, user: &Address) {
        let summary = format!("`{address}`: `{user}` uses it, and stays");
        let fault = Diagnostic::error(codes::PLAN_IN_USE, summary);
        self.blocked.add(address, Block::Faults(vec![fault]));
        self.shown_blocked.extend(self.blocked.shown(address));
    }

    /// What must have ended before nobody uses this any more.
    fn ends_of_users(&mut self, used: &Dependency, users: &mut Users) -> Vec<NeededEnd> {
        let mut ends = Vec::new();
        for user in users.of.get(used).cloned().unwrap_or_default() {
            match &user {
                Dependency::Resource(address) => {
                    ends.extend(self.ends.get(address).into_iter().flatten().cloned());
                }
                Dependency::Group(id) => {
                    // Each is looked at once: a group has its ends from its first member on.
                    if !users.ends.contains_key(id) {
                        let found = self.ends_of_users(&user, users);
                        let found = self.bundle(&format!("users of {id}"), found);
                        users.ends.insert(id.clone(), found);
                    }
                    ends.extend(users.ends[id].iter().cloned());
                }
            }
        }
        ends.sort();
        ends.dedup();
        ends
    }
}
