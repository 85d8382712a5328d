//! Resources in an order in which each comes after those that it uses.
//!
//! - Reads: the direct dependencies of each resource.
//! - Returns: one order, the same for equal inputs.
//! - Never: fails; a cycle was reported by the config stage, and what is in one
//!   comes last here.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};
use pospool_model::Address;

/// Returns the addresses, dependencies first; among equals by name.
#[must_use]
pub fn order(dependencies: &BTreeMap<&Address, BTreeSet<&Address>>) -> Vec<Address> {
    let mut graph: DiGraph<&Address, ()> = DiGraph::new();
    let index: BTreeMap<&Address, NodeIndex> = dependencies
        .keys()
        .map(|&address| (address, graph.add_node(address)))
        .collect();
    let mut waiting: BTreeMap<&Address, usize> = BTreeMap::new();
    for (address, uses) in dependencies {
        let known: Vec<_> = uses.iter().filter_map(|used| index.get(used)).collect();
        waiting.insert(address, known.len());
        for used in known {
            graph.add_edge(*used, index[address], ());
        }
    }
    // Kahn's algorithm with a sorted ready set: petgraph's own `toposort` follows
    // insertion and recursion order, which reads as random in a plan.
    let mut ready: BTreeSet<&Address> = waiting
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(address, _)| *address)
        .collect();
    let mut ordered = Vec::with_capacity(dependencies.len());
    while let Some(address) = ready.pop_first() {
        waiting.remove(address);
        ordered.push(address.clone());
        for user in graph.neighbors(index[address]) {
            let user = graph[user];
            if let Some(count) = waiting.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(user);
                }
            }
        }
    }
    ordered.extend(waiting.into_keys().cloned());
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(edges: &[(&str, &[&str])]) -> Vec<String> {
        let named: Vec<(Address, Vec<Address>)> = edges
            .iter()
            .map(|(address, uses)| {
                let uses = uses.iter().map(|used| used.parse().unwrap()).collect();
                (address.parse().unwrap(), uses)
            })
            .collect();
        let map = named
            .iter()
            .map(|(a, uses)| (a, uses.iter().collect()))
            .collect();
        order(&map).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_used_comes_first_and_equals_come_by_name() {
        let edges: &[(&str, &[&str])] = &[
            ("a.user", &["z.base", "b.mid"]),
            ("b.mid", &["z.base"]),
            ("z.base", &[]),
            ("c.free", &[]),
        ];
        assert_eq!(ordered(edges), ["c.free", "z.base", "b.mid", "a.user"]);
    }

    #[test]
    fn unknown_names_and_cycles_do_not_stop_it() {
        let edges: &[(&str, &[&str])] = &[("a.a", &["b.b"]), ("b.b", &["a.a"]), ("c.c", &["x.x"])];
        assert_eq!(ordered(edges), ["c.c", "a.a", "b.b"]);
    }
}
