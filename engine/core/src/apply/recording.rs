//! Which steps may be recorded.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::plan::Plan;
use pospool_model::{Address, Dependency, GroupId};

/// Steps of a plan by number, and after them its groups, with what each still waits for: a step for the end of its own
/// effects, and for the record of everything that it uses.
pub(super) struct Recording {
    users: Vec<Vec<usize>>,
    waiting: Vec<usize>,
    ready: BTreeSet<usize>,
    steps: usize,
    left: usize,
}

impl Recording {
    pub(super) fn new(plan: &Plan) -> Self {
        let count = plan.steps.len();
        let steps = plan.steps.iter().enumerate();
        let steps: BTreeMap<&Address, usize> =
            steps.map(|(at, step)| (&step.address, at)).collect();
        let groups: BTreeMap<&GroupId, usize> = plan.groups.keys().zip(count..).collect();
        let node = |used: &Dependency| match used {
            Dependency::Resource(address) => steps.get(address).copied(),
            Dependency::Group(id) => groups.get(id).copied(),
        };
        let mut users = vec![Vec::new(); count + groups.len()];
        // One for the step's own effects.
        let mut waiting = vec![1; count];
        waiting.resize(users.len(), 0);
        let mut wait = |user: usize, used: &Dependency| {
            if let Some(used) = node(used) {
                users[used].push(user);
                waiting[user] += 1;
            }
        };
        for (at, step) in plan.steps.iter().enumerate() {
            let depends_on = step.record.iter().flat_map(|record| &record.depends_on);
            for used in depends_on {
                wait(at, used);
            }
        }
        for (at, members) in (count..).zip(plan.groups.values()) {
            for member in members {
                wait(at, member);
            }
        }
        let mut recording = Self {
            steps: count,
            left: count,
            users,
            ready: BTreeSet::new(),
            waiting,
        };
        // A group of which the plan has no member.
        for at in count..recording.waiting.len() {
            if recording.waiting[at] == 0 {
                recording.tell(at);
            }
        }
        recording
    }

    /// The effects of a step have ended.
    pub(super) fn ended(&mut self, step: usize) {
        self.waiting[step] -= 1;
        if self.waiting[step] == 0 {
            self.ready.insert(step);
        }
    }

    /// The next step that may be recorded, in the order of the plan.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.ready.pop_first()
    }

    /// A step was recorded.
    pub(super) fn recorded(&mut self, step: usize) {
        self.left -= 1;
        self.tell(step);
    }

    /// Whether every step was recorded.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }

    /// Tells those that use something that it is there.
    fn tell(&mut self, node: usize) {
        let mut through = vec![node];
        while let Some(node) = through.pop() {
            for &user in &self.users[node] {
                self.waiting[user] -= 1;
                match self.waiting[user] {
                    0 if user < self.steps => _ = self.ready.insert(user),
                    0 => through.push(user),
                    _ => {}
                }
            }
        }
    }
}
