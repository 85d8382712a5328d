//! Locals: what they lead to, and their values.
//!
//! - Reads: the expressions of all `locals` blocks.
//! - Returns: what each leads to; constants are evaluated once, here.
//! - Never: recurses along a chain of locals, which may be as long as the spec; hands on more than
//!   [`MOST_NAMED`] names to each reader: a larger local becomes a group that its readers use.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::dependency::MOST_NAMED;
use pospool_model::{Dependency, GroupId, Groups, Value};

use super::cycles::{self, report_cycle};
use super::decoded::Config;
use super::evaluate::Evaluator;
use super::kinds::Kinds;
use super::problems::Problems;
use super::references::{References, Walker};
use super::scope::{LocalValues, Scope};
use crate::spec::{self, bytes_of};

/// How many locals may stand on each other: evaluation goes down all of them.
const DEEPEST: usize = 100;

/// What a local leads to, by itself and by the locals that it uses: never more than [`MOST_NAMED`].
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    pub(super) uses: BTreeSet<Dependency>,
    /// How many locals stand on each other.
    depth: usize,
}

/// Locals with their links.
pub(super) struct Linked {
    /// Names of all locals, sorted.
    pub(super) names: Vec<String>,
    /// What the expression of each names by itself.
    pub(super) found: Vec<References>,
    /// What each leads to.
    pub(super) reaches: BTreeMap<String, Reach>,
    /// All of them, each after those that it uses.
    pub(super) order: Vec<usize>,
}

/// Links all locals and evaluates the constant ones.
pub(super) fn link_locals(config: &mut Config, kinds: &Kinds, problems: &mut Problems) -> Linked {
    let names: Vec<String> = config.locals.keys().cloned().collect();
    let found = references(config, kinds, problems);
    let position = |name: &String| names.binary_search(name).ok();
    let uses: Vec<Vec<usize>> = found
        .iter()
        .map(|found| found.locals.keys().filter_map(position).collect())
        .collect();
    let mut reaches: BTreeMap<String, Reach> = BTreeMap::new();
    let groups = cycles::group_cycles(&uses);
    for group in &groups {
        let circle = cycles::find_shortest_cycle(group, &uses);
        for &member in group {
            let mut reach = reach_of(&found[member], &reaches, &mut config.groups);
            let name = &names[member];
            let value = match circle {
                Some(_) => Some(Value::Unknown),
                None => constant(config, name, &mut reach, problems),
            };
            if let Some(local) = config.locals.get_mut(name) {
                local.constant = value;
                local.uses.clone_from(&reach.uses);
            }
            reaches.insert(name.clone(), reach);
        }
        if let Some(circle) = circle {
            let place = found[circle[0]].locals.get(&names[circle[1]]);
            let source = config
                .locals
                .get(&names[circle[0]])
                .and_then(|local| config.attribute(local.place));
            let written: Vec<String> = circle
                .iter()
                .map(|&member| format!("local.{}", names[member]))
                .collect();
            if let (Some(place), Some((source, _))) = (place, source) {
                report_cycle(&written, source.span(place.clone()), problems);
            }
        }
    }
    Linked {
        names,
        found,
        reaches,
        order: groups.into_iter().flatten().collect(),
    }
}

/// What a local leads to, when that is known of those that it uses.
fn reach_of(found: &References, reaches: &BTreeMap<String, Reach>, groups: &mut Groups) -> Reach {
    let named = found.resources.keys().cloned().map(Dependency::Resource);
    let mut reach = Reach {
        uses: named.collect(),
        depth: 0,
    };
    for used in found.locals.keys().filter_map(|used| reaches.get(used)) {
        reach.depth = reach.depth.max(used.depth + 1);
        reach.uses.extend(used.uses.iter().cloned());
    }
    if reach.uses.len() > MOST_NAMED {
        let members = std::mem::take(&mut reach.uses);
        let id = GroupId::of(&members);
        groups.insert(id.clone(), members);
        reach.uses.insert(Dependency::Group(id));
    }
    reach
}

fn references(config: &Config, kinds: &Kinds, problems: &mut Problems) -> Vec<References> {
    let mut found = Vec::with_capacity(config.locals.len());
    for local in config.locals.values() {
        found.push(match config.attribute(local.place) {
            Some((source, attribute)) => {
                let mut walker = Walker::new(config, kinds, source, problems);
                walker.walk(&attribute.value);
                walker.found
            }
            None => References::default(),
        });
    }
    found
}

/// Evaluates a local; `None` if a resource has a part in it.
fn constant(
    config: &Config,
    name: &str,
    reach: &mut Reach,
    problems: &mut Problems,
) -> Option<Value> {
    let local = config.locals.get(name)?;
    let (source, attribute) = config.attribute(local.place)?;
    if reach.depth > DEEPEST {
        let summary = format!("more than {DEEPEST} locals stand on each other here");
        problems.error(
            spec::TOO_DEEP,
            summary,
            source.span(bytes_of(&attribute.key)),
        );
        // The next one counts from here, so that one chain is not reported at each of its links.
        reach.depth = 0;
        return Some(Value::Unknown);
    }
    if !reach.uses.is_empty() {
        return None;
    }
    let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
    let locals = LocalValues::default();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    let mut evaluator = Evaluator::new(config, &scope, source);
    let value = evaluator.whole(&attribute.value);
    problems.extend(evaluator.problems);
    Some(value)
}
