//! Who uses whom.
//!
//! - Reads: all expressions, once.
//! - Returns: dependencies of every resource and output.
//! - Never: leaves a circle unreported, since all later stages need an order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pospool_model::{Address, Span};

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
            Some((_, attribute)) if attribute.has_key("depends_on") => {
                walker.depends_on(&attribute.value);
            }
            Some((_, attribute)) => walker.walk(&attribute.value),
            None => {}
        }
    }
    std::mem::swap(&mut found, &mut walker.found);
    found
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

/// Reports a circle at the place of its first step.
pub(super) fn report_circle(circle: &[String], span: Span, problems: &mut Problems) {
    let summary = format!("none of these can come first: {}", circle.join(" -> "));
    problems.error_with_help(spec::CYCLE, summary, span, "remove one of the references");
}
