//! What each effect waits for.

use pospool_model::dependency::MOST_NAMED;
use pospool_model::plan::{Barrier, Effect, EffectId, Need};
use pospool_model::{Address, Dependency, GroupId, Groups};

use super::Planning;
use super::ends::NeededEnd;

impl Planning<'_> {
    /// Gives effects their needs and remembers them for those that come after. Returns the barriers before them, too.
    pub(super) fn link(
        &mut self,
        address: &Address,
        before: Vec<NeededEnd>,
        mut effects: Vec<Effect>,
        ordered: bool,
    ) -> (Vec<Effect>, Vec<String>) {
        let ids: Vec<EffectId> = effects
            .iter()
            .map(|effect| EffectId {
                address: address.clone(),
                name: effect.name.clone(),
            })
            .collect();
        let mut barriers = Vec::new();
        let ends = match ids.last() {
            None => before,
            // Ordered ones have their needs, and may end in any order.
            Some(_) if ordered => ids.iter().cloned().map(NeededEnd::Effect).collect(),
            Some(last) => {
                let mut waits;
                (waits, barriers) = split(before);
                for (effect, id) in effects.iter_mut().zip(&ids) {
                    for need in std::mem::take(&mut waits) {
                        if !effect.needs.contains(&need) {
                            effect.needs.push(need);
                        }
                    }
                    waits.push(Need::ended(id.clone()));
                }
                // A chain of effects ends with its last one.
                vec![NeededEnd::Effect(last.clone())]
            }
        };
        let ends = self.bundle(address.as_str(), ends);
        self.ends.insert(address.clone(), ends);
        self.effects.insert(address.clone(), ids);
        (effects, barriers)
    }

    /// What must have ended before somebody may use all of these.
    pub(super) fn ends_of<'b>(
        &mut self,
        depends_on: impl IntoIterator<Item = &'b Dependency>,
        groups: &Groups,
    ) -> Vec<NeededEnd> {
        let mut ends = Vec::new();
        for used in depends_on {
            match used {
                Dependency::Resource(address) => {
                    ends.extend(self.ends.get(address).into_iter().flatten().cloned());
                }
                Dependency::Group(id) => ends.extend(self.ends_of_group(id, groups)),
            }
        }
        ends.sort();
        ends.dedup();
        ends
    }

    /// The same of a group; found out once, when the first of its users is planned.
    fn ends_of_group(&mut self, id: &GroupId, groups: &Groups) -> Vec<NeededEnd> {
        if let Some(ends) = self.group_ends.get(id) {
            return ends.clone();
        }
        let ends = match groups.get(id) {
            Some(members) => self.ends_of(members, groups),
            None => Vec::new(),
        };
        let ends = self.bundle(id.as_str(), ends);
        self.group_ends.insert(id.clone(), ends.clone());
        ends
    }

    /// Ends in a form that many can be told: more than [`MOST_NAMED`] become a barrier.
    pub(super) fn bundle(&mut self, name: &str, ends: Vec<NeededEnd>) -> Vec<NeededEnd> {
        if ends.len() <= MOST_NAMED {
            return ends;
        }
        let (needs, barriers) = split(ends);
        self.barriers
            .insert(name.to_owned(), Barrier { needs, barriers });
        vec![NeededEnd::Barrier(name.to_owned())]
    }
}

fn split(ends: Vec<NeededEnd>) -> (Vec<Need>, Vec<String>) {
    let (mut needs, mut barriers) = (Vec::new(), Vec::new());
    for end in ends {
        match end {
            NeededEnd::Effect(id) => needs.push(Need::ended(id)),
            NeededEnd::Barrier(name) => barriers.push(name),
        }
    }
    (needs, barriers)
}
