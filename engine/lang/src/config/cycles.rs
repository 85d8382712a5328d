//! Circles in "uses".
//!
//! - Reads: which node uses which, by position.
//! - Returns: groups of nodes, used ones first, and a circle in a group that has one; the problem that it is.
//! - Never: recurses, since a chain may be as long as the spec.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use pospool_model::Span;

use super::problems::Problems;
use crate::spec;

/// Groups nodes that reach each other; every group comes after those that it uses.
pub(super) fn group_cycles(uses: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    for _ in uses {
        graph.add_node(());
    }
    for (user, used) in uses.iter().enumerate() {
        for &used in used {
            graph.add_edge(NodeIndex::new(user), NodeIndex::new(used), ());
        }
    }
    kosaraju_scc(&graph)
        .into_iter()
        .map(|group| group.into_iter().map(NodeIndex::index).collect())
        .collect()
}

/// Returns the shortest circle through the first node of a group, that node at both
/// ends; `None` if the group has no circle.
pub(super) fn find_shortest_cycle(group: &[usize], uses: &[Vec<usize>]) -> Option<Vec<usize>> {
    let start = *group.iter().min()?;
    let inside: std::collections::BTreeSet<usize> = group.iter().copied().collect();
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(user) = waiting.pop_front() {
        for &used in uses[user].iter().filter(|used| inside.contains(used)) {
            if used == start {
                let mut path = vec![start];
                let mut node = user;
                while node != start {
                    path.push(node);
                    node = came_from[&node];
                }
                path.push(start);
                path.reverse();
                return Some(path);
            }
            if let std::collections::btree_map::Entry::Vacant(entry) = came_from.entry(used) {
                entry.insert(user);
                waiting.push_back(used);
            }
        }
    }
    None
}

/// Reports a circle at the place of its first step.
pub(super) fn report_cycle(circle: &[String], span: Span, problems: &mut Problems) {
    let summary = format!("none of these can come first: {}", circle.join(" -> "));
    problems.error_with_help(spec::CYCLE, summary, span, "remove one of the references");
}
