//! Attributes before and after.

use std::collections::BTreeMap;

use pospool_model::plan::AttributeChange;
use pospool_model::provider::Observed;
use pospool_model::state::Recorded;
use pospool_model::{Address, AttributeSchema, Attributes, KindSchema, OnChange, Type, Value};

use crate::observe::current_attributes;

/// Turns a resource inside settings into the value that stands for it.
type Identity<'a> = &'a dyn Fn(&Address) -> Value;
/// Whether an attribute differs from the last run, and is no drift.
type IsEdited<'a> = &'a dyn Fn(&str) -> bool;

/// What differs between a spec and the outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Changes to make, in the order of the schema.
    pub(super) changes: Vec<AttributeChange>,
    /// Paths that differ and must not.
    pub(super) refused: Vec<String>,
    /// All of them concern only how pospool reaches the object.
    pub(super) only_ignored: bool,
    /// All of them are differences between the outside and the last run, not the spec.
    pub(super) all_drifted: bool,
}

impl Comparison {
    /// One difference.
    pub(super) fn of_one(path: &str, before: Value, after: Value) -> Self {
        let change = AttributeChange {
            path: path.to_owned(),
            before,
            after,
            forces_replacement: false,
        };
        Self {
            changes: vec![change],
            ..Self::default()
        }
    }
}

/// Compares what is wanted with what is there.
pub(super) fn compare_resource(
    schema: &KindSchema,
    wanted: &Attributes,
    observed: &Observed,
    recorded: Option<&Recorded>,
    identity: Identity<'_>,
    is_edited: IsEdited<'_>,
) -> Comparison {
    if *observed == Observed::Absent {
        return Comparison {
            changes: created(schema, wanted, identity),
            ..Comparison::default()
        };
    }
    let mut before = current_attributes(observed, recorded);
    for attribute in schema
        .attributes
        .iter()
        .filter(|a| a.on_change == OnChange::Ignore)
    {
        // What changes nothing outside cannot be learned from outside.
        match recorded.and_then(|recorded| recorded.attributes.get(attribute.name)) {
            Some(value) => before.insert(attribute.name.to_owned(), value.clone()),
            None => before.remove(attribute.name),
        };
    }
    let mut found = Comparison {
        only_ignored: true,
        all_drifted: true,
        ..Comparison::default()
    };
    for attribute in schema.attributes {
        let after = wanted_form(attribute, wanted, identity);
        let change = |path: String, before: Value, after: Value| AttributeChange {
            path,
            before,
            after,
            forces_replacement: attribute.on_change == OnChange::Replace,
        };
        let old = before.get(attribute.name).cloned().unwrap_or_default();
        let differing = differing_paths(attribute, &old, &after);
        for (path, old, new) in differing {
            if attribute.on_change == OnChange::Refuse {
                found.refused.push(path.clone());
            }
            found.only_ignored &= attribute.on_change == OnChange::Ignore;
            found.all_drifted &=
                recorded_at(attribute, recorded, &path) == new && !is_edited(attribute.name);
            found.changes.push(change(path, old, new));
        }
    }
    if found.changes.is_empty() {
        found.only_ignored = false;
        found.all_drifted = false;
    }
    found
}

/// Paths whose change does something outside.
pub(super) fn effective_paths(schema: &KindSchema, changes: &[AttributeChange]) -> Vec<String> {
    let is_ignored = |path: &str| {
        let attribute = schema.attribute(path.split('.').next().unwrap_or(path));
        attribute.is_some_and(|attribute| attribute.on_change == OnChange::Ignore)
    };
    let paths = changes.iter().map(|change| &change.path);
    paths.filter(|path| !is_ignored(path)).cloned().collect()
}

/// Every written attribute of a new object.
fn created(
    schema: &KindSchema,
    wanted: &Attributes,
    identity: Identity<'_>,
) -> Vec<AttributeChange> {
    let attributes = schema
        .attributes
        .iter()
        .filter(|a| wanted.contains_key(a.name));
    attributes
        .map(|attribute| AttributeChange {
            path: attribute.name.to_owned(),
            before: Value::Null,
            after: wanted_form(attribute, wanted, identity),
            forces_replacement: false,
        })
        .collect()
}

/// Differences of one attribute: itself, or one path per entry of settings.
fn differing_paths(
    attribute: &AttributeSchema,
    old: &Value,
    new: &Value,
) -> Vec<(String, Value, Value)> {
    if attribute.ty != Type::Settings {
        let same = old == new;
        let whole = (attribute.name.to_owned(), old.clone(), new.clone());
        return if same { Vec::new() } else { vec![whole] };
    }
    let nothing = BTreeMap::new();
    let old = old.as_map().unwrap_or(&nothing);
    // Only what the spec writes is managed: a setting that it leaves out is nobody's wish.
    new.as_map()
        .unwrap_or(&nothing)
        .iter()
        .filter_map(|(name, new)| {
            let old = old.get(name).cloned().unwrap_or_default();
            (old != *new).then(|| (format!("{}.{name}", attribute.name), old, new.clone()))
        })
        .collect()
}

/// Differences between what the last run left and what is there now.
pub(super) fn find_drift(
    schema: &KindSchema,
    recorded: &Recorded,
    seen: &Attributes,
    is_edited: IsEdited<'_>,
) -> Vec<AttributeChange> {
    let mut changes = Vec::new();
    for attribute in schema
        .attributes
        .iter()
        .filter(|a| a.on_change != OnChange::Ignore && !is_edited(a.name))
    {
        let Some(now) = seen.get(attribute.name) else {
            continue;
        };
        let then = recorded
            .attributes
            .get(attribute.name)
            .cloned()
            .unwrap_or_default();
        for (path, now, then) in differing_paths(attribute, now, &then) {
            changes.push(AttributeChange {
                path,
                before: then,
                after: now,
                forces_replacement: false,
            });
        }
    }
    changes
}

/// The value at a path in what the last run recorded.
fn recorded_at(attribute: &AttributeSchema, recorded: Option<&Recorded>, path: &str) -> Value {
    let whole = recorded.and_then(|recorded| recorded.attributes.get(attribute.name));
    let at = match path
        .strip_prefix(attribute.name)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        Some(key) => whole.and_then(Value::as_map).and_then(|map| map.get(key)),
        None => whole,
    };
    at.cloned().unwrap_or_default()
}

/// Wanted attributes in the form in which the state keeps them and they are compared.
pub(super) fn recorded_form(
    schema: &KindSchema,
    wanted: &Attributes,
    identity: Identity<'_>,
) -> Attributes {
    schema
        .attributes
        .iter()
        .filter(|attribute| wanted.contains_key(attribute.name))
        .map(|attribute| {
            let value = wanted_form(attribute, wanted, identity);
            (attribute.name.to_owned(), value)
        })
        .collect()
}

fn wanted_form(attribute: &AttributeSchema, wanted: &Attributes, identity: Identity<'_>) -> Value {
    let value = wanted.get(attribute.name).cloned().unwrap_or_default();
    if attribute.ty == Type::Settings {
        identified(value, identity)
    } else {
        value
    }
}

fn identified(value: Value, identity: Identity<'_>) -> Value {
    match value {
        Value::Resource(address) => identity(&address),
        Value::List(list) => Value::List(
            list.into_iter()
                .map(|value| identified(value, identity))
                .collect(),
        ),
        Value::Map(map) => Value::Map(
            map.into_iter()
                .map(|(name, value)| (name, identified(value, identity)))
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::schema::{Presence, Role};

    use super::*;

    const SCHEMA: KindSchema = KindSchema {
        kind: "box",
        doc: "",
        role: Role::Managed,
        attributes: &[AttributeSchema::new(
            "made",
            Type::Text,
            Presence::Optional,
            OnChange::Replace,
            "",
        )],
        outputs: &[],
        open_outputs: false,
        identity: None,
        irreversible: None,
        example: "",
    };

    /// What an object is made from changed with the spec: nobody touched it outside.
    #[test]
    fn case_own_edit_called_drift_what_the_spec_changed_is_no_drift() {
        let made = |value: &str| Attributes::from([("made".to_owned(), Value::from(value))]);
        let recorded = Recorded {
            attributes: made("as made"),
            complete: true,
            ..Recorded::default()
        };
        let observed = Observed::Present {
            attributes: made("changed"),
            outputs: Attributes::new(),
        };
        for edited in [false, true] {
            let identity = |_: &Address| Value::Null;
            let wanted = made("as made");
            let is_edited = |_: &str| edited;
            let found = compare_resource(
                &SCHEMA,
                &wanted,
                &observed,
                Some(&recorded),
                &identity,
                &is_edited,
            );
            assert_eq!((found.changes.len(), found.all_drifted), (1, !edited));
            let drift = find_drift(&SCHEMA, &recorded, &made("changed"), &is_edited);
            assert_eq!(drift.is_empty(), edited);
        }
    }
}
