//! A part of a spec: what `--target` names, without what `--exclude` names.
//!
//! - Reads: what each resource uses, by the spec, or by the state for what is taken down.
//! - Returns: what is left out.
//! - Never: leaves a half: what a wanted part needs is in it, and nothing is in it that needs what is left out.

use std::collections::{BTreeMap, BTreeSet};

use pospool_lang::config::Config;
use pospool_model::state::State;
use pospool_model::{Address, dependency};

use crate::blocked::used_by;

/// What the user names; nothing means everything.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only these, and what they need.
    pub target: BTreeSet<Address>,
    /// Not these, nor what needs them.
    pub exclude: BTreeSet<Address>,
}

type Uses<'a> = BTreeMap<&'a Address, BTreeSet<&'a Address>>;

impl Scope {
    /// What an apply leaves out: a target needs what it uses.
    #[must_use]
    pub fn left_out_of_apply(&self, config: &Config, state: &State) -> BTreeSet<Address> {
        if self.is_whole() {
            return BTreeSet::new();
        }
        let wanted = config.resources().map(|resource| &resource.address);
        let all: BTreeSet<&Address> = wanted.chain(state.resources.keys()).collect();
        let uses = all.iter().map(|address| {
            let mut used = used_by(address, config, state);
            // Settings may name what is made later; it is needed all the same.
            let early = config.get(address).map(|resource| &resource.named_early);
            used.extend(early.into_iter().flatten());
            (*address, used)
        });
        self.left_out(&uses.collect())
    }

    /// What a destroy leaves out: before a target goes, what uses it has to.
    #[must_use]
    pub fn left_out_of_destroy(&self, state: &State) -> BTreeSet<Address> {
        if self.is_whole() {
            return BTreeSet::new();
        }
        let resources = state.resources.iter();
        let uses: Uses<'_> = resources
            .map(|(address, recorded)| {
                let used = dependency::reached_resources(&recorded.depends_on, &state.groups);
                (address, used)
            })
            .collect();
        let mut left_out = self.left_out(&turned(&uses));
        // What nothing was made of is none of a destroy's.
        left_out.retain(|address| state.resources.contains_key(address));
        left_out
    }

    /// Whether it is everything: then nobody needs to know who uses what.
    fn is_whole(&self) -> bool {
        self.target.is_empty() && self.exclude.is_empty()
    }

    fn left_out(&self, uses: &Uses<'_>) -> BTreeSet<Address> {
        let excluded = reached(&self.exclude, &turned(uses));
        let wanted = reached(&self.target, uses);
        let is_in = |address: &Address| {
            (self.target.is_empty() || wanted.contains(address)) && !excluded.contains(address)
        };
        let all = uses.keys().filter(|address| !is_in(address));
        all.map(|address| (*address).clone()).collect()
    }
}

/// Who is used by whom.
fn turned<'a>(uses: &Uses<'a>) -> Uses<'a> {
    let mut turned: Uses<'a> = uses
        .keys()
        .map(|address| (*address, BTreeSet::new()))
        .collect();
    for (user, used) in uses {
        for one in used {
            turned.entry(one).or_default().insert(user);
        }
    }
    turned
}

/// These, and all that edges lead to.
fn reached<'a>(from: &'a BTreeSet<Address>, edges: &Uses<'a>) -> BTreeSet<&'a Address> {
    let (mut found, mut open) = (BTreeSet::new(), from.iter().collect::<Vec<_>>());
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    found
}
