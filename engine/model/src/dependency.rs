//! What a resource uses: other resources by name, and groups of resources that many use together.
//!
//! A local that names 2,000 resources and is read by 2,000 others stands for four million edges. As a group
//! it is 4,000: each reader uses the group, and the group has its members once. What is named by a group is
//! used by everybody who uses the group; there is no other meaning in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Sha3_256};

use crate::{Address, hex};

/// How many groups may lie in each other: more are never made, and whoever goes through them may recurse.
pub const DEEPEST: usize = 128;

/// How many names each of many is told; more become a group of a spec, or a barrier of a plan. A pool is some twenty
/// blocks, so that in its plan and state each resource says by name what it uses; with thousands, the names would be the
/// square of the spec.
pub const MOST_NAMED: usize = 32;

/// Groups by name.
pub type Groups = BTreeMap<GroupId, BTreeSet<Dependency>>;

/// One thing that a resource uses: written `kind.label` or `group:DIGEST`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Dependency {
    /// A resource.
    Resource(Address),
    /// Everything in a group.
    Group(GroupId),
}

impl Dependency {
    /// The resource, if it is one.
    #[must_use]
    pub fn resource(&self) -> Option<&Address> {
        match self {
            Self::Resource(address) => Some(address),
            Self::Group(_) => None,
        }
    }

    /// The group, if it is one.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Resource(_) => None,
            Self::Group(id) => Some(id),
        }
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(address) => address.fmt(f),
            Self::Group(id) => id.fmt(f),
        }
    }
}

impl FromStr for Dependency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with(GroupId::PREFIX) {
            return text.to_owned().try_into().map(Self::Group);
        }
        let address: Result<Address, _> = text.parse();
        address
            .map(Self::Resource)
            .map_err(|error| error.to_string())
    }
}

impl TryFrom<String> for Dependency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Dependency> for String {
    fn from(dependency: Dependency) -> Self {
        match dependency {
            Dependency::Resource(address) => address.into(),
            Dependency::Group(id) => id.0,
        }
    }
}

/// Name of a group: a digest of what is in it.
///
/// So a group never changes under its name: a state that was half brought to another spec holds the groups of
/// both, and whether two resources use the same is a comparison of names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupId(String);

impl GroupId {
    const PREFIX: &str = "group:";

    /// The name of a group with these members.
    #[must_use]
    pub fn of(members: &BTreeSet<Dependency>) -> Self {
        let mut hasher = Sha3_256::new();
        for member in members {
            // No name has a line feed in it.
            hasher.update(format!("{member}\n"));
        }
        let digest = hasher.finalize();
        Self(format!("{}{}", Self::PREFIX, hex::encode(&digest[..16])))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for GroupId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix(Self::PREFIX).unwrap_or_default();
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() == 32 && digits.bytes().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not the name of a group"))
        }
    }
}

impl From<GroupId> for String {
    fn from(id: GroupId) -> Self {
        id.0
    }
}

/// All resources that these lead to, whether by name or by a group.
#[must_use]
pub fn reached_resources<'a>(
    uses: impl IntoIterator<Item = &'a Dependency>,
    groups: &'a Groups,
) -> BTreeSet<&'a Address> {
    let uses: Vec<&Dependency> = uses.into_iter().collect();
    let inside = reached_groups(uses.iter().copied(), groups);
    let members = inside.into_iter().flat_map(|id| &groups[id]);
    let all = uses.into_iter().chain(members);
    all.filter_map(Dependency::resource).collect()
}

/// Whether these lead to a resource, by name or by a group.
#[must_use]
pub fn leads_to(uses: &BTreeSet<Dependency>, groups: &Groups, address: &Address) -> bool {
    let wanted = Dependency::Resource(address.clone());
    uses.contains(&wanted)
        || reached_groups(uses, groups)
            .into_iter()
            .any(|id| groups[id].contains(&wanted))
}

/// All groups that these lead to and that there are, each once.
#[must_use]
pub fn reached_groups<'a>(
    uses: impl IntoIterator<Item = &'a Dependency>,
    groups: &'a Groups,
) -> BTreeSet<&'a GroupId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&GroupId> = uses.into_iter().filter_map(Dependency::group).collect();
    while let Some(id) = open.pop() {
        let Some((id, members)) = groups.get_key_value(id) else {
            continue;
        };
        if found.insert(id) {
            open.extend(members.iter().filter_map(Dependency::group));
        }
    }
    found
}

/// Groups in an order in which each comes after those that lie in it; what lies in itself is left out.
#[must_use]
pub fn inner_first(groups: &Groups) -> Vec<&GroupId> {
    let mut outer: BTreeMap<&GroupId, Vec<&GroupId>> = BTreeMap::new();
    let mut waiting: BTreeMap<&GroupId, usize> = BTreeMap::new();
    for (id, members) in groups {
        let inner: Vec<&GroupId> = members.iter().filter_map(Dependency::group).collect();
        let known = inner.iter().filter(|inner| groups.contains_key(**inner));
        waiting.insert(id, known.count());
        for inner in inner {
            outer.entry(inner).or_default().push(id);
        }
    }
    let mut ordered: Vec<&GroupId> = Vec::with_capacity(groups.len());
    ordered.extend(
        waiting
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(id, _)| *id),
    );
    let mut next = 0;
    while let Some(id) = ordered.get(next).copied() {
        next += 1;
        for outer in outer.remove(id).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(outer) {
                *count -= 1;
                if *count == 0 {
                    ordered.push(outer);
                }
            }
        }
    }
    ordered
}

/// Why a table of groups that was read cannot be used; `uses` are all that the table is for.
pub fn check_groups<'a>(
    uses: impl IntoIterator<Item = &'a Dependency>,
    groups: &'a Groups,
) -> Result<(), String> {
    let inside = groups.values().flatten();
    let mut named = uses.into_iter().chain(inside).filter_map(Dependency::group);
    if let Some(id) = named.find(|id| !groups.contains_key(*id)) {
        return Err(format!("`{id}` is used, and it is not among the groups"));
    }
    let mut depths: BTreeMap<&GroupId, usize> = BTreeMap::new();
    for id in inner_first(groups) {
        let inner = groups[id].iter().filter_map(Dependency::group);
        let depth = 1 + inner.map(|inner| depths[inner]).max().unwrap_or_default();
        if depth > DEEPEST {
            return Err(format!(
                "more than {DEEPEST} groups lie in each other at `{id}`"
            ));
        }
        depths.insert(id, depth);
    }
    match groups.keys().find(|id| !depths.contains_key(id)) {
        Some(id) => Err(format!("`{id}` lies in itself")),
        None => Ok(()),
    }
}

/// Says `to` wherever the groups say `from`, or nothing where there is no `to`. Returns the new name of each
/// group whose name is another one now.
pub fn rename_in_groups(
    groups: &mut Groups,
    from: &Address,
    to: Option<&Address>,
) -> BTreeMap<GroupId, GroupId> {
    let order: Vec<GroupId> = inner_first(groups).into_iter().cloned().collect();
    let mut renamed = BTreeMap::new();
    for id in order {
        let Some(members) = groups.remove(&id) else {
            continue;
        };
        let members: BTreeSet<Dependency> = members
            .into_iter()
            .filter_map(|member| renamed_one(member, from, to, &renamed))
            .collect();
        let name = GroupId::of(&members);
        groups.insert(name.clone(), members);
        if name != id {
            renamed.insert(id, name);
        }
    }
    renamed
}

/// What a dependency is called after [`rename_in_groups`]; `None` if it is no more.
#[must_use]
pub fn renamed_one(
    dependency: Dependency,
    from: &Address,
    to: Option<&Address>,
    groups: &BTreeMap<GroupId, GroupId>,
) -> Option<Dependency> {
    match dependency {
        Dependency::Resource(address) if address == *from => to.cloned().map(Dependency::Resource),
        Dependency::Group(id) => Some(Dependency::Group(groups.get(&id).cloned().unwrap_or(id))),
        Dependency::Resource(address) => Some(Dependency::Resource(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Dependency {
        text.parse().unwrap()
    }

    /// A group of these, put into the table.
    fn group(groups: &mut Groups, members: &[Dependency]) -> Dependency {
        let members: BTreeSet<Dependency> = members.iter().cloned().collect();
        let id = GroupId::of(&members);
        groups.insert(id.clone(), members);
        Dependency::Group(id)
    }

    /// `outer` has `inner` and `b.b` in it, `inner` has `a.a`.
    fn nested() -> (Groups, Dependency, Dependency) {
        let mut groups = Groups::new();
        let inner = group(&mut groups, &[used("a.a")]);
        let outer = group(&mut groups, &[used("b.b"), inner.clone()]);
        (groups, inner, outer)
    }

    #[test]
    fn a_name_is_one_of_the_two_forms_and_survives_its_text() {
        let (_, inner, _) = nested();
        for dependency in [used("a.a"), inner] {
            assert_eq!(used(&dependency.to_string()), dependency);
        }
        for text in [
            "group:",
            "group:xyz",
            "a",
            "group.A",
            "group:0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert!(text.parse::<Dependency>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_lies_in_a_group_of_a_group_is_used_too() {
        let (groups, inner, outer) = nested();
        let uses = BTreeSet::from([outer, used("c.c")]);
        let names: Vec<String> = reached_resources(&uses, &groups)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["a.a", "b.b", "c.c"]);
        let leads = |uses: &BTreeSet<Dependency>, name: &str| {
            leads_to(uses, &groups, &name.parse().unwrap())
        };
        assert!(leads(&uses, "a.a") && leads(&uses, "c.c"));
        assert!(!leads(&BTreeSet::from([inner]), "b.b"));
    }

    #[test]
    fn a_table_that_cannot_be_walked_through_is_refused() {
        let (groups, _, outer) = nested();
        assert_eq!(check_groups([&outer], &groups), Ok(()));
        let unknown = check_groups([&outer], &Groups::new()).unwrap_err();
        assert!(unknown.contains("not among the groups"), "{unknown}");
        let Dependency::Group(id) = &outer else {
            panic!("{outer}");
        };
        let circle = Groups::from([(id.clone(), BTreeSet::from([outer.clone()]))]);
        let circle = check_groups([&outer], &circle).unwrap_err();
        assert!(circle.contains("lies in itself"), "{circle}");
        let (mut groups, mut last, _) = nested();
        for _ in 0..DEEPEST {
            last = group(&mut groups, &[last]);
        }
        let deep = check_groups([&last], &groups).unwrap_err();
        assert!(deep.contains("lie in each other"), "{deep}");
    }

    #[test]
    fn a_group_with_another_member_has_another_name_in_all_that_use_it() {
        let (mut groups, inner, outer) = nested();
        let (from, to) = ("a.a".parse().unwrap(), "a.z".parse().unwrap());
        let names = rename_in_groups(&mut groups, &from, Some(&to));
        assert_eq!(names.len(), 2, "{names:?}");
        let now = renamed_one(outer, &from, Some(&to), &names).unwrap();
        assert_eq!(check_groups([&now], &groups), Ok(()));
        let uses = BTreeSet::from([now]);
        assert!(leads_to(&uses, &groups, &to) && !leads_to(&uses, &groups, &from));
        let inner = renamed_one(inner, &from, Some(&to), &names).unwrap();
        assert!(leads_to(&BTreeSet::from([inner]), &groups, &to));
    }
}
