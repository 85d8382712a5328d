//! Who uses whom.
//!
//! - Reads: all expressions, once.
//! - Returns: dependencies of every resource and output.
//! - Never: leaves a circle unreported, since all later stages need an order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pospool_model::{Address, Span, Type};

use super::locals::Reach;
use super::problems::Problems;
use super::references::{References, Walker};
use super::{Config, Kinds, Resource, cycles, implied, locals};
use crate::spec;

/// Links locals, then resources, then outputs.
pub(super) fn link(
    config: &mut Config,
    kinds: &Kinds,
    nameless: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let locals = locals::link(config, kinds, problems);
    implied::fill(config, nameless, problems);
    let links: Vec<Link> = config
        .resources
        .values()
        .map(|resource| link_resource(config, kinds, resource, &locals, problems))
        .collect();
    let open = open_circles(config, &links, problems);
    for ((resource, link), named_early) in config.resources.values_mut().zip(links).zip(open) {
        let mut depends_on = link.reach.resources;
        depends_on.retain(|used| !named_early.contains(used));
        resource.depends_on = depends_on;
        resource.named_early = named_early;
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

/// What a resource leads to, and where it names it.
struct Link {
    reach: Reach,
    /// What it only names inside of its settings.
    soft: BTreeSet<Address>,
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
    let mut firm = found.firm;
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
        firm.extend(through.resources.iter().cloned());
        for address in &through.resources {
            places
                .entry(address.clone())
                .or_insert_with(|| bytes.clone());
        }
    }
    for (_, address) in &resource.implied {
        reach.resources.insert(address.clone());
        firm.insert(address.clone());
        places
            .entry(address.clone())
            .or_insert_with(|| resource.span.bytes.clone());
    }
    reach.resources.remove(&resource.address);
    Link {
        soft: reach.resources.difference(&firm).cloned().collect(),
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
            Some((_, attribute)) if attribute.has_key("depends_on") => {
                walker.settings = false;
                walker.depends_on(&attribute.value);
            }
            Some((_, attribute)) => {
                let schema = resource.schema.attribute(attribute.key.as_str());
                walker.settings = schema.is_some_and(|schema| schema.ty == Type::Settings);
                walker.walk(&attribute.value);
            }
            None => {}
        }
    }
    if !walker.found.loose.is_empty() {
        // Some name is read of a value that may be any of them.
        let whole = walker.found.whole.iter().cloned();
        walker.found.firm.extend(whole);
    }
    std::mem::swap(&mut found, &mut walker.found);
    found
}

/// Opens every circle that goes through settings: such a resource is named by its identity,
/// which the plan foretells. Returns for each resource what it names before that is planned,
/// and reports the circles that are left.
fn open_circles(
    config: &Config,
    links: &[Link],
    problems: &mut Problems,
) -> Vec<BTreeSet<Address>> {
    let addresses: Vec<&Address> = config.resources.keys().collect();
    let position = |address: &Address| addresses.binary_search(&address).ok();
    let all: Vec<Vec<usize>> = links
        .iter()
        .map(|link| link.reach.resources.iter().filter_map(position).collect())
        .collect();
    let mut named_early = vec![BTreeSet::new(); links.len()];
    let mut firm = all.clone();
    for group in cycles::groups(&all).iter().filter(|group| group.len() > 1) {
        let inside: BTreeSet<usize> = group.iter().copied().collect();
        for &user in group {
            firm[user].retain(|used| {
                let address = addresses[*used];
                let opens = inside.contains(used) && links[user].soft.contains(address);
                if opens {
                    named_early[user].insert(address.clone());
                }
                !opens
            });
        }
    }
    for group in cycles::groups(&firm).iter().filter(|group| group.len() > 1) {
        let Some(circle) = cycles::circle(group, &firm) else {
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
    named_early
}

/// Reports a circle at the place of its first step.
pub(super) fn report_circle(circle: &[String], span: Span, problems: &mut Problems) {
    let summary = format!("none of these can come first: {}", circle.join(" -> "));
    problems.error_with_help(spec::CYCLE, summary, span, "remove one of the references");
}
