//! Which effects may begin.

use std::collections::HashMap;

use pospool_model::plan::{Effect, EffectId, Level, Plan};

/// Effects of a plan by number, with what each still waits for.
pub(super) struct Schedule<'a> {
    effects: Vec<(EffectId, &'a Effect, usize)>,
    /// Effects that wait for each one, with the level that they wait for.
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
        let mut users = vec![Vec::new(); effects.len()];
        let mut waiting = vec![0; effects.len()];
        for (position, (_, effect, _)) in effects.iter().enumerate() {
            for need in &effect.needs {
                if let Some(&before) = index.get(&need.effect) {
                    users[before].push((position, need.level));
                    waiting[position] += 1;
                }
            }
        }
        let mut left = vec![0; plan.steps.len()];
        for (_, _, step) in &effects {
            left[*step] += 1;
        }
        let ready = (0..effects.len()).filter(|&at| waiting[at] == 0).collect();
        Self {
            reached: vec![None; effects.len()],
            effects,
            users,
            waiting,
            ready,
            begun: 0,
            left,
        }
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
        let before = self.reached[index];
        if before >= Some(level) {
            return;
        }
        self.reached[index] = Some(level);
        for &(user, needed) in &self.users[index] {
            let newly = before < Some(needed) && needed <= level;
            if newly {
                self.waiting[user] -= 1;
                if self.waiting[user] == 0 {
                    self.ready.push(user);
                }
            }
        }
        if level == Level::Done {
            self.left[self.effects[index].2] -= 1;
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
