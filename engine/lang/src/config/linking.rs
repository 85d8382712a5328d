//! Who uses whom.
//!
//! - Reads: all expressions, once.
//! - Returns: dependencies of every resource and output, and the names that are read of each resource.
//! - Never: leaves a circle unreported, since all later stages need an order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pospool_model::{Address, Dependency, Type, dependency};

use super::blocks::Resource;
use super::cycles::{self, report_cycle};
use super::decoded::Config;
use super::kinds::Kinds;
use super::locals::Linked;
use super::paths::is_readable_name;
use super::problems::Problems;
use super::references::{References, Walker};
use super::{implied, locals};
use crate::{graph, spec};

/// Links locals, then resources, then outputs.
pub(super) fn link_config(
    config: &mut Config,
    kinds: &Kinds,
    nameless: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let locals = locals::link_locals(config, kinds, problems);
    implied::fill_implied_references(config, nameless, problems);
    let links: Vec<ResourceLinks> = config
        .resources
        .values()
        .map(|resource| link_resource(config, kinds, resource, &locals, problems))
        .collect();
    let outputs: Vec<References> = config
        .outputs
        .values()
        .map(|output| {
            let Some((source, attribute)) = output.value.and_then(|place| config.attribute(place))
            else {
                return References::default();
            };
            let mut walker = Walker::new(config, kinds, source, problems);
            walker.walk(&attribute.value);
            walker.found
        })
        .collect();
    let readers = links.iter().map(|link| &link.found).chain(&outputs);
    config.reads = reads(config, &locals, readers);
    let open = open_circles(config, &links, &locals, problems);
    for ((resource, link), named_early) in config.resources.values_mut().zip(links).zip(open) {
        let mut depends_on = link.uses;
        depends_on.retain(|used| {
            !used
                .resource()
                .is_some_and(|used| named_early.contains(used))
        });
        resource.depends_on = depends_on;
        resource.named_early = named_early;
    }
    for (output, found) in config.outputs.values_mut().zip(outputs) {
        output.depends_on = uses_of(&found, &locals);
    }
    let resources = config.resources.iter();
    let uses = resources.map(|(address, resource)| (address, &resource.depends_on));
    config.order = graph::order_resources(uses, &config.groups);
}

/// What an owner uses: what it names, and what the locals that it names lead to.
fn uses_of(found: &References, locals: &Linked) -> BTreeSet<Dependency> {
    let named = found.resources.keys().cloned().map(Dependency::Resource);
    let through = found
        .locals
        .keys()
        .flat_map(|name| &locals.reaches[name].uses);
    named.chain(through.cloned()).collect()
}

/// What a resource leads to, and where it names it.
struct ResourceLinks {
    uses: BTreeSet<Dependency>,
    /// What it only names inside of its settings.
    soft: BTreeSet<Address>,
    found: References,
}

fn link_resource(
    config: &Config,
    kinds: &Kinds,
    resource: &Resource,
    locals: &Linked,
    problems: &mut Problems,
) -> ResourceLinks {
    let found = references_of(config, kinds, resource, problems);
    let mut uses = uses_of(&found, locals);
    let itself = Dependency::Resource(resource.address.clone());
    for (name, bytes) in &found.locals {
        // What a group leads back to is seen among the circles.
        if locals.reaches[name].uses.contains(&itself) {
            report_itself(resource, name, bytes, problems);
        }
    }
    uses.extend(
        resource
            .implied
            .iter()
            .map(|(_, used)| Dependency::Resource(used.clone())),
    );
    uses.remove(&itself);
    let through = found
        .locals
        .keys()
        .flat_map(|name| &locals.reaches[name].uses);
    let through: BTreeSet<&Address> = through.filter_map(Dependency::resource).collect();
    let is_implied = |address: &Address| resource.implied.iter().any(|(_, used)| used == address);
    let soft = found.resources.keys().filter(|address| {
        !found.firm.contains(*address) && !through.contains(*address) && !is_implied(address)
    });
    ResourceLinks {
        soft: soft.cloned().collect(),
        uses,
        found,
    }
}

fn report_itself(resource: &Resource, local: &str, bytes: &Range<usize>, problems: &mut Problems) {
    let mut span = resource.span.clone();
    span.bytes = bytes.clone();
    let address = &resource.address;
    let summary = format!("`{address}` refers to itself by way of `local.{local}`");
    problems.error(spec::SELF_REFERENCE, summary, span);
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
    links: &[ResourceLinks],
    locals: &Linked,
    problems: &mut Problems,
) -> Vec<BTreeSet<Address>> {
    let mut named_early = vec![BTreeSet::new(); links.len()];
    // Resources are the first nodes, groups come after them.
    let addresses: Vec<&Address> = config.resources.keys().collect();
    let groups: Vec<_> = config.groups.keys().collect();
    let node = |used: &Dependency| match used {
        Dependency::Resource(address) => addresses.binary_search(&address).ok(),
        Dependency::Group(id) => groups
            .binary_search(&id)
            .ok()
            .map(|at| addresses.len() + at),
    };
    let nodes = |uses: &BTreeSet<Dependency>| uses.iter().filter_map(node).collect();
    let resources = links.iter().map(|link| &link.uses);
    let mut firm: Vec<Vec<usize>> = resources.chain(config.groups.values()).map(nodes).collect();
    let circular = |uses: &[Vec<usize>]| {
        let groups = cycles::group_cycles(uses).into_iter();
        groups.filter(|group| group.len() > 1).collect::<Vec<_>>()
    };
    for group in circular(&firm) {
        let inside: BTreeSet<usize> = group.iter().copied().collect();
        for &user in group.iter().filter(|user| **user < links.len()) {
            firm[user].retain(|used| {
                let address = addresses.get(*used).filter(|_| inside.contains(used));
                let opened = address.filter(|address| links[user].soft.contains(**address));
                named_early[user].extend(opened.map(|address| (*address).clone()));
                opened.is_none()
            });
        }
    }
    for group in circular(&firm) {
        let members = group.iter().filter(|member| **member < links.len());
        let reported: Vec<usize> = members
            .copied()
            .filter(|&member| {
                names_itself(config, addresses[member], &links[member], locals, problems)
            })
            .collect();
        let Some(mut circle) = cycles::find_shortest_cycle(&group, &firm) else {
            continue;
        };
        circle.retain(|member| *member < links.len());
        let [first, next, ..] = circle[..] else {
            continue;
        };
        if first == next && reported.contains(&first) {
            continue;
        }
        let mut span = config.resources[addresses[first]].span.clone();
        if let Some(bytes) = place_of(config, &links[first], addresses[next], locals) {
            span.bytes = bytes;
        }
        let written: Vec<String> = circle.iter().map(|&at| addresses[at].to_string()).collect();
        report_cycle(&written, span, problems);
    }
    named_early
}

/// Reports each local by which a resource that lies in a circle refers to itself through a group.
fn names_itself(
    config: &Config,
    address: &Address,
    link: &ResourceLinks,
    locals: &Linked,
    problems: &mut Problems,
) -> bool {
    let itself = Dependency::Resource(address.clone());
    let mut found = false;
    for (name, bytes) in &link.found.locals {
        let uses = &locals.reaches[name].uses;
        // What is named without a group was reported when it was linked.
        if !uses.contains(&itself) && dependency::leads_to(uses, &config.groups, address) {
            report_itself(&config.resources[address], name, bytes, problems);
            found = true;
        }
    }
    found
}

/// Where a resource names another one, or a local that leads to it.
fn place_of(
    config: &Config,
    link: &ResourceLinks,
    used: &Address,
    locals: &Linked,
) -> Option<Range<usize>> {
    let by_local = || {
        let mut names = link.found.locals.iter();
        names.find(|(name, _)| {
            dependency::leads_to(&locals.reaches[*name].uses, &config.groups, used)
        })
    };
    let named = link.found.resources.get(used);
    named
        .or_else(|| by_local().map(|(_, bytes)| bytes))
        .cloned()
}

/// Names of outputs and attributes by the resource that they are read of.
type Reads = BTreeMap<Address, BTreeSet<String>>;

/// Collects the names that resources and outputs read, by themselves and by locals. No local is gone through once for each
/// of its readers: it is told what its readers ask for.
fn reads<'a>(
    config: &Config,
    locals: &Linked,
    readers: impl Iterator<Item = &'a References>,
) -> Reads {
    let position = |name: &String| locals.names.binary_search(name).ok();
    let loose = loose_names(locals);
    // What the readers of each local may read of a resource that they get from it; `None` if it has none.
    let mut asked: Vec<Option<BTreeSet<String>>> = vec![None; locals.found.len()];
    let ask =
        |asked: &mut Vec<Option<BTreeSet<String>>>, of: &References, names: &BTreeSet<String>| {
            for used in of.locals.keys().filter_map(position) {
                let asked = asked[used].get_or_insert_default();
                asked.extend(names.difference(asked).cloned().collect::<Vec<_>>());
            }
        };
    let mut reads = Reads::new();
    for reader in readers {
        let mut names = reader.loose.clone();
        for used in reader.locals.keys().filter_map(position) {
            names.extend(loose[used].iter().cloned());
        }
        add(config, reader, &names, &mut reads);
        ask(&mut asked, reader, &names);
    }
    for &local in locals.order.iter().rev() {
        let Some(names) = asked[local].clone() else {
            continue;
        };
        add(config, &locals.found[local], &names, &mut reads);
        ask(&mut asked, &locals.found[local], &names);
    }
    reads
}

/// Names that each local, and those that it uses, read of values which may turn out to be a resource.
fn loose_names(locals: &Linked) -> Vec<BTreeSet<String>> {
    let mut loose: Vec<BTreeSet<String>> = vec![BTreeSet::new(); locals.found.len()];
    for &local in &locals.order {
        let found = &locals.found[local];
        let mut names = found.loose.clone();
        for used in found.locals.keys() {
            if let Ok(used) = locals.names.binary_search(used) {
                names.extend(loose[used].iter().cloned());
            }
        }
        loose[local] = names;
    }
    loose
}

/// Adds what one owner names, and every name that may be read of a resource which it uses as a value.
fn add(config: &Config, of: &References, names: &BTreeSet<String>, reads: &mut Reads) {
    for (address, name) in &of.uses {
        reads
            .entry(address.clone())
            .or_default()
            .insert(name.clone());
    }
    for address in &of.whole {
        let Some(resource) = config.resources.get(address) else {
            continue;
        };
        let known = names
            .iter()
            .filter(|name| is_readable_name(resource.schema, name));
        for name in known {
            reads
                .entry(address.clone())
                .or_default()
                .insert(name.clone());
        }
    }
}
