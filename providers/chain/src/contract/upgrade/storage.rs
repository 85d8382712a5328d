//! Whether new code can go on with the storage that old code has filled.
//!
//! - Reads: storage layouts as the compiler writes them, and as a state has recorded them.
//! - Returns: each variable in one line of text; what keeps two layouts from fitting, with its slot.
//! - Never: takes a variable for another one because both have the same type.
//!
//! A proxy keeps its storage when it is pointed at other code. So each variable of the old code must have the same
//! place and type in the new one. A variable may be new behind the others, or have another name if that name is new too;
//! what is called `__gap` is free space.

use std::collections::BTreeMap;
use std::fmt;

use pospool_model::Value;
use serde::Deserialize;

/// Start of the names of free space.
const GAP: &str = "__gap";

/// One variable; its text is `slot:offset name type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::contract) struct StorageVariable {
    slot: String,
    /// Bytes of the word that other variables take, from its end.
    offset: usize,
    name: String,
    /// Its type with all that is in it, and without names that mean nothing to the storage.
    ty: String,
}

impl StorageVariable {
    fn place(&self) -> (&str, usize) {
        (&self.slot, self.offset)
    }

    fn is_gap(&self) -> bool {
        self.name.starts_with(GAP)
    }
}

impl fmt::Display for StorageVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} {}", self.slot, self.offset, self.name, self.ty)
    }
}

/// All variables of some code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::contract) struct Storage(Vec<StorageVariable>);

/// What solc writes as `storageLayout`.
#[derive(Deserialize)]
struct StorageLayout {
    storage: Vec<Member>,
    #[serde(default)]
    types: Option<BTreeMap<String, Ty>>,
}

#[derive(Deserialize)]
struct Member {
    label: String,
    slot: String,
    offset: usize,
    #[serde(rename = "type")]
    ty: String,
}

#[derive(Deserialize)]
struct Ty {
    label: String,
    #[serde(default)]
    members: Vec<Member>,
    key: Option<String>,
    value: Option<String>,
    base: Option<String>,
}

impl Storage {
    /// Reads the compiler's layout.
    pub(in crate::contract) fn of_compiler(text: &str) -> Option<Self> {
        let layout: StorageLayout = serde_json::from_str(text).ok()?;
        let types = layout.types.unwrap_or_default();
        let variables = layout.storage.iter().map(|member| StorageVariable {
            slot: member.slot.clone(),
            offset: member.offset,
            name: member.label.clone(),
            ty: written(&types, &member.ty, &mut Vec::new()),
        });
        Some(Self(variables.collect()))
    }

    /// Reads what a state has recorded.
    pub(in crate::contract) fn of_record(value: &Value) -> Option<Self> {
        let variables = value.as_list()?.iter().map(|line| {
            let mut words = line.as_text()?.splitn(3, ' ');
            let (slot, offset) = words.next()?.split_once(':')?;
            Some(StorageVariable {
                slot: slot.to_owned(),
                offset: offset.parse().ok()?,
                name: words.next()?.to_owned(),
                ty: words.next()?.to_owned(),
            })
        });
        variables.collect::<Option<_>>().map(Self)
    }

    /// Returns what a state records.
    pub(in crate::contract) fn record(&self) -> Value {
        let lines = self
            .0
            .iter()
            .map(|variable| Value::from(variable.to_string()));
        Value::List(lines.collect())
    }

    fn named(&self, name: &str) -> Option<&StorageVariable> {
        self.0.iter().find(|variable| variable.name == name)
    }

    /// What keeps `new` from going on with this storage; empty if nothing does.
    pub(in crate::contract) fn clashes(&self, new: &Self) -> Vec<String> {
        let kept = self.0.iter().filter(|variable| !variable.is_gap());
        kept.filter_map(|old| self.clash(old, new)).collect()
    }

    fn clash(&self, old: &StorageVariable, new: &Self) -> Option<String> {
        let StorageVariable { slot, name, ty, .. } = old;
        let there = new
            .0
            .iter()
            .find(|variable| variable.place() == old.place());
        let moved = new.named(name).filter(|found| found.place() != old.place());
        let Some(there) = there else {
            return Some(match moved {
                Some(found) => format!("slot {slot}: `{name}` moved to slot {}", found.slot),
                None => format!("slot {slot}: `{name}` is gone"),
            });
        };
        if there.name == *name {
            let same = there.ty == *ty;
            return (!same).then(|| format!("slot {slot}: `{name}` was {ty} and is {}", there.ty));
        }
        if let Some(found) = moved {
            let (other, place) = (&there.name, &found.slot);
            return Some(format!(
                "slot {slot}: `{name}` moved to slot {place}, and `{other}` is in its place"
            ));
        }
        if self.named(&there.name).is_some() || there.ty != *ty {
            return Some(format!(
                "slot {slot}: `{}` is in the place of `{name}`",
                there.name
            ));
        }
        // Only its name is another.
        None
    }
}

/// A type by what it takes in the storage. `open` holds the structs that are being written, which may contain
/// themselves in mappings.
fn written<'a>(types: &'a BTreeMap<String, Ty>, id: &'a str, open: &mut Vec<&'a str>) -> String {
    if id.starts_with("t_contract") || id.starts_with("t_address") {
        return "address".to_owned();
    }
    let Some(ty) = types.get(id) else {
        return id.to_owned();
    };
    if let (Some(key), Some(value)) = (&ty.key, &ty.value) {
        let key = written(types, key, open);
        return format!("mapping({key} => {})", written(types, value, open));
    }
    if let Some(base) = &ty.base {
        // The label ends with the length: `struct A[3]`, `uint256[]`.
        let length = ty.label.rfind('[').map_or("[]", |at| &ty.label[at..]);
        return format!("{}{length}", written(types, base, open));
    }
    if ty.members.is_empty() || open.contains(&id) {
        return ty.label.clone();
    }
    open.push(id);
    let members = ty.members.iter().map(|member| {
        let ty = written(types, &member.ty, open);
        format!("{}:{} {} {ty}", member.slot, member.offset, member.label)
    });
    let members: Vec<_> = members.collect();
    open.pop();
    format!("struct {{ {} }}", members.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn storage(variables: &[(&str, usize, &str, &str)]) -> Storage {
        let of = |(slot, offset, name, ty): &(&str, usize, &str, &str)| StorageVariable {
            slot: (*slot).to_owned(),
            offset: *offset,
            name: (*name).to_owned(),
            ty: (*ty).to_owned(),
        };
        Storage(variables.iter().map(of).collect())
    }

    fn old() -> Storage {
        storage(&[
            ("0", 0, "owner", "address"),
            ("0", 20, "open", "bool"),
            ("1", 0, "count", "uint256"),
            ("2", 0, "total", "uint256"),
        ])
    }

    #[test]
    fn what_is_added_behind_or_only_renamed_fits() {
        let mut more = old();
        more.0
            .push(storage(&[("3", 0, "more", "uint256")]).0.remove(0));
        assert_eq!(old().clashes(&old()), Vec::<String>::new());
        assert_eq!(old().clashes(&more), Vec::<String>::new());
        more.0[2].name = "number".to_owned();
        assert_eq!(old().clashes(&more), Vec::<String>::new());
        assert!(
            !more.clashes(&old()).is_empty(),
            "the other way something is gone"
        );
    }

    #[test]
    fn each_clash_names_its_slot() {
        let mut swapped = old();
        let names = [swapped.0[2].name.clone(), swapped.0[3].name.clone()];
        [swapped.0[3].name, swapped.0[2].name] = names;
        assert_eq!(
            old().clashes(&swapped),
            [
                "slot 1: `count` moved to slot 2, and `total` is in its place",
                "slot 2: `total` moved to slot 1, and `count` is in its place",
            ]
        );
        let mut narrower = old();
        narrower.0[3].ty = "uint128".to_owned();
        assert_eq!(
            old().clashes(&narrower),
            ["slot 2: `total` was uint256 and is uint128"]
        );
        let mut gone = old();
        gone.0.remove(1);
        assert_eq!(old().clashes(&gone), ["slot 0: `open` is gone"]);
        let mut other = old();
        other.0[3] = storage(&[("2", 0, "name", "string")]).0.remove(0);
        assert_eq!(
            old().clashes(&other),
            ["slot 2: `name` is in the place of `total`"]
        );
    }

    #[test]
    fn free_space_may_be_used() {
        let gap = storage(&[("0", 0, "a", "uint256"), ("1", 0, "__gap", "uint256[50]")]);
        let used = storage(&[
            ("0", 0, "a", "uint256"),
            ("1", 0, "b", "uint256"),
            ("2", 0, "__gap", "uint256[49]"),
        ]);
        assert_eq!(gap.clashes(&used), Vec::<String>::new());
    }

    #[test]
    fn a_layout_is_read_and_kept_with_all_that_is_in_its_types() {
        let text = json!({
            "storage": [
                { "label": "users", "offset": 0, "slot": "0", "type": "t_map" },
                { "label": "next", "offset": 0, "slot": "1", "type": "t_contract(INext)7" },
                { "label": "fixed", "offset": 0, "slot": "2", "type": "t_array" },
            ],
            "types": {
                "t_map": { "label": "mapping(address => struct P.User)", "key": "t_address", "value": "t_struct(User)12_storage" },
                "t_struct(User)12_storage": { "label": "struct P.User", "members": [
                    { "label": "stake", "offset": 0, "slot": "0", "type": "t_uint256" },
                    { "label": "friends", "offset": 0, "slot": "1", "type": "t_inner" },
                ] },
                "t_inner": { "label": "mapping(uint256 => struct P.User)", "key": "t_uint256", "value": "t_struct(User)12_storage" },
                "t_array": { "label": "uint256[3]", "base": "t_uint256" },
                "t_uint256": { "label": "uint256" },
                "t_contract(INext)7": { "label": "contract INext" },
            },
        });
        let read = Storage::of_compiler(&text.to_string()).unwrap();
        let lines: Vec<_> = read.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "0:0 users mapping(address => struct { 0:0 stake uint256; 1:0 friends mapping(uint256 => struct P.User) })",
                "1:0 next address",
                "2:0 fixed uint256[3]",
            ]
        );
        assert_eq!(Storage::of_record(&read.record()), Some(read));
        let empty = Storage::of_compiler(r#"{"storage":[],"types":null}"#);
        assert_eq!(empty, Some(Storage::default()));
        assert_eq!(Storage::of_compiler("null"), None);
    }
}
