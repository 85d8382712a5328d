//! Which effects may begin.

use std::collections::HashMap;

use pospool_model::plan::{Effect, EffectId, Level, Need, Plan};

/// Effects of a plan by number, and after them its barriers, with what each still waits for.
pub(super) struct Schedule<'a> {
    effects: Vec<(EffectId, &'a Effect, usize)>,
    /// Who waits for each one, with the level that they wait for.
    users: Vec<Vec<(usize, Level)>>,
    waiting: Vec<usize>,
    reached: Vec<Option<Level>>,
    ready: Vec<usize>,
    begun: usize,
    left: Vec<usize>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut effects = Vec::new();
        for (step_index, step) in plan.steps.iter().enumerate() {
            for effect in &step.effects {
                let id = EffectId {
                    address: step.address.clone(),
                    name: effect.name.clone(),
                };
                effects.push((id, effect, step_index));
            }
        }
        let index: HashMap<&EffectId, usize> = effects
            .iter()
            .enumerate()
            .map(|(index, (id, ..))| (id, index))
            .collect();
        let barriers = (effects.len()..).zip(plan.barriers.keys());
        let barriers: HashMap<&str, usize> =
            barriers.map(|(at, name)| (name.as_str(), at)).collect();
        let nodes = effects.len() + barriers.len();
        let mut users = vec![Vec::new(); nodes];
        let mut waiting = vec![0; nodes];
        let mut wait = |position: usize, needs: &[Need], behind: &[String]| {
            let needs = needs
                .iter()
                .map(|need| (index.get(&need.effect), need.level));
            let behind = behind
                .iter()
                .map(|name| (barriers.get(name.as_str()), Level::Done));
            for (before, level) in needs.chain(behind) {
                if let Some(&before) = before {
                    users[before].push((position, level));
                    waiting[position] += 1;
                }
            }
        };
        for (position, (_, effect, step)) in effects.iter().enumerate() {
            wait(position, &effect.needs, &plan.steps[*step].barriers);
        }
        for (position, barrier) in (effects.len()..).zip(plan.barriers.values()) {
            wait(position, &barrier.needs, &barrier.barriers);
        }
        let left = plan.steps.iter().map(|step| step.effects.len()).collect();
        let (ready, passed) = (0..nodes)
            .filter(|&at| waiting[at] == 0)
            .partition::<Vec<usize>, _>(|&at| at < effects.len());
        let mut schedule = Self {
            reached: vec![None; nodes],
            effects,
            users,
            waiting,
            ready,
            begun: 0,
            left,
        };
        for barrier in passed {
            schedule.mark(barrier, Level::Done);
        }
        schedule
    }

    pub(super) fn len(&self) -> usize {
        self.effects.len()
    }

    /// Name and content of an effect.
    pub(super) fn effect(&self, index: usize) -> (EffectId, &'a Effect) {
        let (id, effect, _) = &self.effects[index];
        (id.clone(), effect)
    }

    pub(super) fn step(&self, index: usize) -> usize {
        self.effects[index].2
    }

    /// Effects that may begin now, each given once.
    pub(super) fn take_ready(&mut self) -> Vec<usize> {
        self.begun += self.ready.len();
        std::mem::take(&mut self.ready)
    }

    /// Notes how far an effect is; reaching a level reaches the levels below it.
    pub(super) fn mark(&mut self, index: usize, level: Level) {
        let mut reached = vec![(index, level)];
        while let Some((index, level)) = reached.pop() {
            let before = self.reached[index];
            if before >= Some(level) {
                continue;
            }
            self.reached[index] = Some(level);
            for &(user, needed) in &self.users[index] {
                let newly = before < Some(needed) && needed <= level;
                if newly {
                    self.waiting[user] -= 1;
                    match self.waiting[user] {
                        0 if user < self.effects.len() => self.ready.push(user),
                        // A barrier is passed as soon as the last before it is there.
                        0 => reached.push((user, Level::Done)),
                        _ => {}
                    }
                }
            }
            if let Some((.., step)) = self.effects.get(index).filter(|_| level == Level::Done) {
                self.left[*step] -= 1;
            }
        }
    }

    /// Whether all effects of a step have ended.
    pub(super) fn step_ended(&self, step: usize) -> bool {
        self.left[step] == 0
    }

    /// Counts an effect that was taken as not begun after all.
    pub(super) fn give_back(&mut self) {
        self.begun -= 1;
    }

    pub(super) fn not_begun(&self) -> usize {
        self.effects.len() - self.begun
    }
}
