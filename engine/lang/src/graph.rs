//! Resources in an order in which each comes after those that it uses.
//!
//! - Reads: what each resource uses directly, and the groups in it.
//! - Returns: one order, the same for equal inputs.
//! - Never: fails; a cycle was reported by the config stage, and what is in one
//!   comes last here.

use std::collections::BTreeSet;

use pospool_model::{Address, Dependency, GroupId, Groups};

/// Returns the addresses, dependencies first; among equals by name. `resources` come sorted by address.
#[must_use]
pub fn order_resources<'a, U>(
    resources: impl IntoIterator<Item = (&'a Address, U)>,
    groups: &Groups,
) -> Vec<Address>
where
    U: IntoIterator<Item = &'a Dependency>,
{
    let (addresses, dependencies): (Vec<&Address>, Vec<U>) = resources.into_iter().unzip();
    let ids: Vec<&GroupId> = groups.keys().collect();
    // Resources are the first nodes, in the order of their names; groups come after them.
    let count = addresses.len();
    let node = |used: &Dependency| match used {
        Dependency::Resource(address) => addresses.binary_search(&address).ok(),
        Dependency::Group(id) => ids.binary_search(&id).ok().map(|at| count + at),
    };
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); count + ids.len()];
    let mut waiting = vec![0_usize; count + ids.len()];
    let mut wait = |user: usize, used: &Dependency| {
        if let Some(used) = node(used) {
            users[used].push(user);
            waiting[user] += 1;
        }
    };
    for (user, depends_on) in dependencies.into_iter().enumerate() {
        for used in depends_on {
            wait(user, used);
        }
    }
    for (user, members) in (count..).zip(groups.values()) {
        for member in members {
            wait(user, member);
        }
    }
    // Kahn's algorithm with a sorted ready set: the order of a search along the edges
    // reads as random in a plan. A group is through as soon as its last member is, so it moves nothing.
    let mut ready: BTreeSet<usize> = (0..count).filter(|&at| waiting[at] == 0).collect();
    let mut through: Vec<usize> = (count..users.len())
        .filter(|&at| waiting[at] == 0)
        .collect();
    let mut ordered = Vec::with_capacity(count);
    loop {
        while let Some(used) = through.pop() {
            for &user in &users[used] {
                waiting[user] -= 1;
                match waiting[user] {
                    0 if user < count => _ = ready.insert(user),
                    0 => through.push(user),
                    _ => {}
                }
            }
        }
        let Some(next) = ready.pop_first() else {
            break;
        };
        ordered.push(addresses[next].clone());
        through.push(next);
    }
    let left = addresses.into_iter().zip(&waiting);
    ordered.extend(
        left.filter(|(_, waiting)| **waiting > 0)
            .map(|(left, _)| left.clone()),
    );
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(used: &[&str]) -> BTreeSet<Dependency> {
        used.iter().map(|used| used.parse().unwrap()).collect()
    }

    fn ordered(edges: &[(&str, &[&str])], groups: &Groups) -> Vec<String> {
        let named: std::collections::BTreeMap<Address, BTreeSet<Dependency>> = edges
            .iter()
            .map(|(address, used)| (address.parse().unwrap(), uses(used)))
            .collect();
        order_resources(&named, groups)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_used_comes_first_and_equals_come_by_name() {
        let edges: &[(&str, &[&str])] = &[
            ("a.user", &["z.base", "b.mid"]),
            ("b.mid", &["z.base"]),
            ("z.base", &[]),
            ("c.free", &[]),
        ];
        let found = ordered(edges, &Groups::new());
        assert_eq!(found, ["c.free", "z.base", "b.mid", "a.user"]);
    }

    #[test]
    fn unknown_names_and_cycles_do_not_stop_it() {
        let edges: &[(&str, &[&str])] = &[("a.a", &["b.b"]), ("b.b", &["a.a"]), ("c.c", &["x.x"])];
        assert_eq!(ordered(edges, &Groups::new()), ["c.c", "a.a", "b.b"]);
    }

    /// Whatever is used by way of a group is ordered as if it were named.
    #[test]
    fn a_group_is_used_when_all_in_it_is() {
        let inner = uses(&["z.a", "z.b"]);
        let outer: BTreeSet<Dependency> = [Dependency::Group(GroupId::of(&inner))]
            .into_iter()
            .chain(uses(&["y.y"]))
            .collect();
        let name = GroupId::of(&outer);
        let groups = Groups::from([(GroupId::of(&inner), inner), (name.clone(), outer)]);
        let with: &[(&str, &[&str])] = &[
            ("a.user", &[name.as_str()]),
            ("b.free", &[]),
            ("y.y", &[]),
            ("z.a", &["b.free"]),
            ("z.b", &["z.a"]),
        ];
        let found = ordered(with, &groups);
        assert_eq!(found, ["b.free", "y.y", "z.a", "z.b", "a.user"]);
        let without: &[(&str, &[&str])] =
            &[&[("a.user", &["z.a", "z.b", "y.y"] as &[&str])], &with[1..]].concat();
        assert_eq!(found, ordered(without, &Groups::new()));
    }
}
