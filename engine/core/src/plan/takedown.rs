//! What is recorded and no longer wanted, users before what they use.

use std::collections::BTreeMap;

use pospool_lang::graph;
use pospool_model::plan::{Action, AttributeChange, Reason, Step};
use pospool_model::provider::{ChangeRequest, Design, Observed};
use pospool_model::state::State;
use pospool_model::{Address, Attributes, Dependency, GroupId, Value};

use super::Planning;
use super::decide::protected_error;
use super::ends::{Ends, NeededEnd};

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
    }

    fn remove(&mut self, address: &Address, users: &mut Users) {
        let Some(recorded) = self.state.resources.get(address) else {
            return;
        };
        if recorded.protected {
            self.problems.push(protected_error(address));
            return;
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
        let gone = *observed == Observed::Absent && recorded.complete;
        let design = if gone {
            Design::forgotten(vec!["it is gone already".to_owned()])
        } else {
            match self.design(&task) {
                Ok(design) => design,
                Err(problems) => return self.report(address, &problems),
            }
        };
        let changes = recorded
            .attributes
            .iter()
            .map(|(name, value)| AttributeChange {
                path: name.clone(),
                before: value.clone(),
                after: Value::Null,
                forces_replacement: false,
            })
            .collect();
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
            changes,
            irreversible: None,
            notes: design.notes,
            costs: design.costs,
            effects,
            barriers,
            record: None,
        });
    }
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
        Self {
            of,
            ends: Ends::new(),
        }
    }
}

impl Planning<'_> {
    /// What must have ended before nobody uses this any more.
    fn ends_of_users(&mut self, used: &Dependency, users: &mut Users) -> Vec<NeededEnd> {
        let mut ends = Vec::new();
        // Each is looked at once: a group has its ends from its first member on.
        for user in users.of.remove(used).unwrap_or_default() {
            match &user {
                Dependency::Resource(address) => {
                    ends.extend(self.ends.get(address).into_iter().flatten().cloned());
                }
                Dependency::Group(id) => {
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
