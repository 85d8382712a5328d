//! Names to what they mean: who uses whom.
//!
//! - Reads: all expressions, once.
//! - Returns: dependencies of every resource, local and output; locals that are
//!   constants are evaluated.
//! - Never: leaves a circle unreported, since all later stages need an order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::expr::Expression;
use pospool_model::{Address, Presence, Type, Value};

use super::evaluate::Evaluator;
use super::paths::knows;
use super::problems::Problems;
use super::references::{References, Walker};
use super::{Config, Kinds, Resource, Scope, cycles, types};
use crate::spec;

/// What a local leads to, by itself and by the locals that it uses.
#[derive(Clone, Debug, Default)]
struct Reach {
    resources: BTreeSet<Address>,
    uses: BTreeSet<(Address, String)>,
    whole: BTreeSet<Address>,
    loose: BTreeSet<String>,
}

impl Reach {
    fn add(&mut self, other: &Self) {
        self.resources.extend(other.resources.iter().cloned());
        self.uses.extend(other.uses.iter().cloned());
        self.whole.extend(other.whole.iter().cloned());
        self.loose.extend(other.loose.iter().cloned());
    }

    fn of(found: &References) -> Self {
        Self {
            resources: found.resources.keys().cloned().collect(),
            uses: found.uses.clone(),
            whole: found.whole.clone(),
            loose: found.loose.clone(),
        }
    }

    /// Adds every name that may be read of a resource which is used as a value.
    fn settle(mut self, config: &Config) -> Self {
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

/// Links locals, then resources, then outputs.
pub(super) fn link(
    config: &mut Config,
    kinds: &Kinds,
    nameless: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let locals = link_locals(config, kinds, problems);
    imply(config, nameless, problems);
    let links: Vec<Link> = config
        .resources
        .values()
        .map(|resource| link_resource(config, kinds, resource, &locals, problems))
        .collect();
    report_circles(config, &links, problems);
    for (resource, link) in config.resources.values_mut().zip(links) {
        resource.depends_on = link.reach.resources;
        resource.uses = link.reach.uses;
    }
    let outputs: Vec<Reach> = config
        .outputs
        .values()
        .map(|output| {
            let Some((source, attribute)) = output.value.and_then(|place| config.attribute(place))
            else {
                return Reach::default();
            };
            let mut walker = Walker::new(config, kinds, source, problems);
            walker.walk(&attribute.value);
            let mut reach = Reach::of(&walker.found);
            for name in walker.found.locals.keys() {
                reach.add(&locals[name]);
            }
            reach.settle(config)
        })
        .collect();
    for (output, reach) in config.outputs.values_mut().zip(outputs) {
        output.depends_on = reach.resources;
        output.uses = reach.uses;
    }
}

fn link_locals(
    config: &mut Config,
    kinds: &Kinds,
    problems: &mut Problems,
) -> BTreeMap<String, Reach> {
    let names: Vec<String> = config.locals.keys().cloned().collect();
    let mut found = Vec::with_capacity(names.len());
    for local in config.locals.values() {
        let Some((source, attribute)) = config.attribute(local.place) else {
            found.push(References::default());
            continue;
        };
        let mut walker = Walker::new(config, kinds, source, problems);
        walker.walk(&attribute.value);
        found.push(walker.found);
    }
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
                None if reach.resources.is_empty() => Some(constant(config, name, problems)),
                None => None,
            };
            if let Some(local) = config.locals.get_mut(name) {
                local.constant = value;
            }
            reaches.insert(name.clone(), reach);
        }
        if let Some(circle) = circle {
            let written: Vec<String> = circle
                .iter()
                .map(|&member| format!("local.{}", names[member]))
                .collect();
            let place = found[circle[0]]
                .locals
                .get(&names[circle[1]])
                .cloned()
                .unwrap_or_default();
            if let Some((source, _)) = config
                .locals
                .get(&names[circle[0]])
                .and_then(|local| config.attribute(local.place))
            {
                report_circle(&written, source.span(place), problems);
            }
        }
    }
    reaches
}

/// Evaluates a local that no resource has a part in.
fn constant(config: &Config, name: &str, problems: &mut Problems) -> Value {
    let found = config
        .locals
        .get(name)
        .and_then(|local| config.attribute(local.place));
    let Some((source, attribute)) = found else {
        return Value::Unknown;
    };
    let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
    };
    let mut evaluator = Evaluator::new(config, &scope, source);
    let mut value = evaluator.value(&attribute.value);
    if types::too_deep(&value) {
        evaluator.error(
            spec::TOO_DEEP,
            "the value is nested too deep",
            &attribute.value,
        );
        value = Value::Unknown;
    }
    evaluator
        .problems
        .into_list()
        .into_iter()
        .for_each(|problem| problems.push(problem));
    value
}

/// What a resource leads to, and where it names it.
struct Link {
    reach: Reach,
    places: BTreeMap<Address, Range<usize>>,
}

fn link_resource(
    config: &Config,
    kinds: &Kinds,
    resource: &Resource,
    locals: &BTreeMap<String, Reach>,
    problems: &mut Problems,
) -> Link {
    let found = references_of(config, kinds, resource, problems);
    let mut reach = Reach::of(&found);
    let mut places = found.resources;
    for (name, bytes) in &found.locals {
        let through = &locals[name];
        if through.resources.contains(&resource.address) {
            let mut span = resource.span.clone();
            span.bytes = bytes.clone();
            let summary = format!(
                "`{}` refers to itself by way of `local.{name}`",
                resource.address
            );
            problems.error(spec::SELF_REFERENCE, summary, span);
        }
        reach.add(through);
        for address in &through.resources {
            places
                .entry(address.clone())
                .or_insert_with(|| bytes.clone());
        }
    }
    for (_, address) in &resource.implied {
        reach.resources.insert(address.clone());
        places
            .entry(address.clone())
            .or_insert_with(|| resource.span.bytes.clone());
    }
    reach.resources.remove(&resource.address);
    Link {
        reach: reach.settle(config),
        places,
    }
}

/// Walks through the attributes and `depends_on` of a resource.
fn references_of(
    config: &Config,
    kinds: &Kinds,
    resource: &Resource,
    problems: &mut Problems,
) -> References {
    let mut found = References::default();
    let mut written = resource
        .attributes
        .iter()
        .map(|(_, place)| *place)
        .chain(resource.after)
        .peekable();
    let Some((source, _)) = written.peek().and_then(|place| config.attribute(*place)) else {
        return found;
    };
    let mut walker = Walker::new(config, kinds, source, problems).owned_by(&resource.address);
    for place in written {
        match config.attribute(place) {
            Some((_, attribute)) if attribute.has_key("depends_on") => match &attribute.value {
                Expression::Array(list) => list.iter().for_each(|item| walker.bare_resource(item)),
                other => walker.bare_resource(other),
            },
            Some((_, attribute)) => walker.walk(&attribute.value),
            None => {}
        }
    }
    std::mem::swap(&mut found, &mut walker.found);
    found
}

/// Fills in references that are left out.
fn imply(config: &mut Config, nameless: &BTreeSet<String>, problems: &mut Problems) {
    let mut by_kind: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for address in config.resources.keys() {
        by_kind.entry(address.kind()).or_default().push(address);
    }
    let mut implied = Vec::with_capacity(config.resources.len());
    for resource in config.resources.values() {
        let mut own = Vec::new();
        for schema in resource.schema.attributes {
            let Type::Reference(kinds) = schema.ty else {
                continue;
            };
            if schema.presence != Presence::Implied || is_written(config, resource, schema.name) {
                continue;
            }
            let known = kinds.iter().filter_map(|kind| by_kind.get(kind)).flatten();
            // Three are enough to see that more than one could be meant.
            let meant: Vec<&Address> = known
                .copied()
                .filter(|address| **address != resource.address)
                .take(3)
                .collect();
            match meant.as_slice() {
                [one] => own.push((schema, (*one).clone())),
                [] if kinds.iter().any(|kind| nameless.contains(*kind)) => {}
                several => report_implied(resource, schema.name, kinds, several, problems),
            }
        }
        implied.push(own);
    }
    for (resource, own) in config.resources.values_mut().zip(implied) {
        resource.implied = own;
    }
}

fn is_written(config: &Config, resource: &Resource, name: &str) -> bool {
    let written = resource
        .attributes
        .iter()
        .find(|(schema, _)| schema.name == name);
    let attribute = written.and_then(|(_, place)| config.attribute(*place));
    attribute.is_some_and(|(_, attribute)| !attribute.value.is_null())
}

fn report_implied(
    resource: &Resource,
    name: &str,
    kinds: &[&str],
    meant: &[&Address],
    problems: &mut Problems,
) {
    let address = &resource.address;
    if let Some(first) = meant.first() {
        let several: Vec<String> = meant.iter().map(|address| format!("`{address}`")).collect();
        problems.error_with_help(
            spec::IMPLIED_AMBIGUOUS,
            format!(
                "`{address}` leaves out `{name}`, and several could be meant: {}",
                several.join(", ")
            ),
            resource.span.clone(),
            format!("write `{name} = {first}`, or the one that is meant"),
        );
    } else {
        let kind = kinds.first().copied().unwrap_or_default();
        problems.error_with_help(
            spec::IMPLIED_MISSING,
            format!("`{address}` leaves out `{name}`, and the spec has no `{kind}`"),
            resource.span.clone(),
            format!("declare one: `{kind} \"main\" {{ … }}`"),
        );
    }
}

fn report_circles(config: &Config, links: &[Link], problems: &mut Problems) {
    let addresses: Vec<&Address> = config.resources.keys().collect();
    let uses: Vec<Vec<usize>> = links
        .iter()
        .map(|link| {
            let used = link.reach.resources.iter();
            used.filter_map(|used| addresses.binary_search(&used).ok())
                .collect()
        })
        .collect();
    for group in cycles::groups(&uses).iter().filter(|group| group.len() > 1) {
        let Some(circle) = cycles::circle(group, &uses) else {
            continue;
        };
        let written: Vec<String> = circle
            .iter()
            .map(|&member| addresses[member].to_string())
            .collect();
        let mut span = config.resources[addresses[circle[0]]].span.clone();
        if let Some(bytes) = links[circle[0]].places.get(addresses[circle[1]]) {
            span.bytes = bytes.clone();
        }
        report_circle(&written, span, problems);
    }
}

fn report_circle(circle: &[String], span: pospool_model::Span, problems: &mut Problems) {
    let summary = format!("none of these can come first: {}", circle.join(" -> "));
    problems.error_with_help(spec::CYCLE, summary, span, "remove one of the references");
}
