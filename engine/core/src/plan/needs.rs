//! What each effect waits for.

use pospool_model::Address;
use pospool_model::plan::{Effect, EffectId, Level, Need};

use super::Planning;

impl Planning<'_> {
    /// Gives effects their needs and remembers them for those that come after.
    pub(super) fn link(
        &mut self,
        address: &Address,
        depends_on: &[Address],
        mut effects: Vec<Effect>,
        ordered: bool,
    ) -> Vec<Effect> {
        let mut before = self.ends_of(depends_on.iter());
        if !ordered {
            for effect in &mut effects {
                let id = EffectId {
                    address: address.clone(),
                    name: effect.name.clone(),
                };
                let waits = std::mem::replace(&mut before, vec![id]);
                for effect_before in waits {
                    let need = Need {
                        effect: effect_before,
                        level: Level::Done,
                    };
                    if !effect.needs.contains(&need) {
                        effect.needs.push(need);
                    }
                }
            }
        }
        let ids: Vec<EffectId> = effects
            .iter()
            .map(|effect| EffectId {
                address: address.clone(),
                name: effect.name.clone(),
            })
            .collect();
        let ends = match ids.last() {
            // A chain of effects ends with its last one; ordered ones may end in any order.
            Some(last) if !ordered => vec![last.clone()],
            Some(_) => ids.clone(),
            None => before,
        };
        self.ends.insert(address.clone(), ends);
        self.effects.insert(address.clone(), ids);
        effects
    }

    /// Effects that must have ended before somebody may use these resources.
    pub(super) fn ends_of<'b>(
        &self,
        addresses: impl Iterator<Item = &'b Address>,
    ) -> Vec<EffectId> {
        let mut ends: Vec<EffectId> = addresses
            .filter_map(|address| self.ends.get(address))
            .flatten()
            .cloned()
            .collect();
        ends.sort();
        ends.dedup();
        ends
    }

    pub(super) fn ends_of_dependencies(&self, address: &Address) -> Vec<EffectId> {
        self.config
            .get(address)
            .map(|resource| self.ends_of(resource.depends_on.iter()))
            .unwrap_or_default()
    }
}
