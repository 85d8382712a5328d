//! What is recorded and no longer wanted, users before what they use.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::plan::{Action, AttributeChange, Reason, Step};
use pospool_model::provider::{Design, Observed, Task};
use pospool_model::{Address, Attributes, Value};

use super::Planning;
use super::decide::protected_error;
use crate::graph;

impl Planning<'_> {
    /// Plans the removal of everything that the spec no longer has.
    pub(super) fn take_down(&mut self) {
        let dependencies: BTreeMap<&Address, BTreeSet<&Address>> = self
            .state
            .resources
            .iter()
            .map(|(address, recorded)| (address, recorded.depends_on.iter().collect()))
            .collect();
        let mut order = graph::order(&dependencies);
        order.reverse();
        let users = users(self.state.resources.iter().map(|(a, r)| (a, &r.depends_on)));
        for address in order {
            if self.options.destroy || self.config.get(&address).is_none() {
                self.remove(&address, &users);
            }
        }
    }

    fn remove(&mut self, address: &Address, users: &BTreeMap<Address, Vec<Address>>) {
        let Some(recorded) = self.state.resources.get(address) else {
            return;
        };
        if recorded.protected {
            self.problems.push(protected_error(address));
            return;
        }
        let observed = self.seen.object(address);
        let nothing = Attributes::new();
        let task = Task {
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
        let empty = Vec::new();
        let before: Vec<Address> = users.get(address).unwrap_or(&empty).clone();
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
        let effects = self.link(address, &before, design.effects, design.ordered);
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
            record: None,
        });
    }
}

/// Who uses each resource directly, according to the state.
fn users<'a>(
    resources: impl Iterator<Item = (&'a Address, &'a Vec<Address>)>,
) -> BTreeMap<Address, Vec<Address>> {
    let mut users: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    for (address, depends_on) in resources {
        for used in depends_on {
            users.entry(used.clone()).or_default().push(address.clone());
        }
    }
    users
}
