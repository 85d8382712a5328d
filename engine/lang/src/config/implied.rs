//! References that may be left out.
//!
//! - Reads: which resources there are of each kind.
//! - Returns: the only one that can be meant, filled in.
//! - Never: chooses between two.

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::{Address, Presence, Type};

use super::blocks::Resource;
use super::decoded::Config;
use super::problems::Problems;
use crate::spec;

/// Fills in references that are left out.
pub(super) fn fill_implied_references(
    config: &mut Config,
    nameless: &BTreeSet<String>,
    problems: &mut Problems,
) {
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
            let may_be_left_out = matches!(schema.presence, Presence::Implied | Presence::Assumed);
            if !may_be_left_out || is_written(config, resource, schema.name) {
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
                [] if schema.presence == Presence::Assumed => {}
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
