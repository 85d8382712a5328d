//! Locals: what they lead to, and the value of those that are constant.
//!
//! - Reads: the expressions of all `locals` blocks.
//! - Returns: what each leads to; constants are evaluated once, here.
//! - Never: recurses along a chain of locals, which may be as long as the spec.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::{Address, Value};

use super::evaluate::Evaluator;
use super::linking::report_circle;
use super::paths::knows;
use super::problems::Problems;
use super::references::{References, Walker};
use super::{Config, Kinds, Scope, bytes_of, cycles};
use crate::spec;

/// How many locals may stand on each other: evaluation goes down all of them.
const DEEPEST: usize = 100;

/// What a local leads to, by itself and by the locals that it uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    pub(super) resources: BTreeSet<Address>,
    pub(super) uses: BTreeSet<(Address, String)>,
    whole: BTreeSet<Address>,
    loose: BTreeSet<String>,
    /// How many locals stand on each other.
    depth: usize,
}

impl Reach {
    /// Adds what something used leads to.
    pub(super) fn add(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth + 1);
        self.resources.extend(other.resources.iter().cloned());
        self.uses.extend(other.uses.iter().cloned());
        self.whole.extend(other.whole.iter().cloned());
        self.loose.extend(other.loose.iter().cloned());
    }

    /// What an expression leads to by itself.
    pub(super) fn of(found: &References) -> Self {
        Self {
            resources: found.resources.keys().cloned().collect(),
            uses: found.uses.clone(),
            whole: found.whole.clone(),
            loose: found.loose.clone(),
            depth: 0,
        }
    }

    /// Adds every name that may be read of a resource which is used as a value.
    pub(super) fn settle(mut self, config: &Config) -> Self {
        for address in self.whole.iter().filter(|_| !self.loose.is_empty()) {
            let Some(resource) = config.resources.get(address) else {
                continue;
            };
            for name in self
                .loose
                .iter()
                .filter(|name| knows(resource.schema, name))
            {
                self.uses.insert((address.clone(), name.clone()));
            }
        }
        self
    }
}

/// Links all locals and evaluates the constant ones.
pub(super) fn link(
    config: &mut Config,
    kinds: &Kinds,
    problems: &mut Problems,
) -> BTreeMap<String, Reach> {
    let names: Vec<String> = config.locals.keys().cloned().collect();
    let found = references(config, kinds, problems);
    let position = |name: &String| names.binary_search(name).ok();
    let uses: Vec<Vec<usize>> = found
        .iter()
        .map(|found| found.locals.keys().filter_map(position).collect())
        .collect();
    let mut reaches: BTreeMap<String, Reach> = BTreeMap::new();
    for group in cycles::groups(&uses) {
        let circle = cycles::circle(&group, &uses);
        for &member in &group {
            let mut reach = Reach::of(&found[member]);
            for used in found[member].locals.keys() {
                if let Some(used) = reaches.get(used) {
                    reach.add(used);
                }
            }
            let name = &names[member];
            let value = match circle {
                Some(_) => Some(Value::Unknown),
                None => constant(config, name, &mut reach, problems),
            };
            if let Some(local) = config.locals.get_mut(name) {
                local.constant = value;
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
                report_circle(&written, source.span(place.clone()), problems);
            }
        }
    }
    reaches
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
    if !reach.resources.is_empty() {
        return None;
    }
    let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
    };
    let mut evaluator = Evaluator::new(config, &scope, source);
    let value = evaluator.whole(&attribute.value);
    problems.extend(evaluator.problems);
    Some(value)
}
