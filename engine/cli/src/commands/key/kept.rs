//! When a node's key was last kept in a bundle, and when a bundle of it was last opened: in the state, beside its address.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pospool_engine::store::{Store, StoreError};
use pospool_model::state::State;
use pospool_model::{Address, Value};

/// Output of a node: the last bundle of its key.
pub(super) const BACKUP: &str = "key_backup";
/// Output of a node: the last bundle of its key that was opened.
pub(super) const DRILL: &str = "key_drill";

/// The time now, as the state and a manifest have it.
pub(super) fn time_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Notes a date at a node, and which key it is about: a node may get another one.
pub(super) fn note_date(
    store: &mut Store,
    node: &Address,
    output: &str,
    pos_address: &str,
    at: &str,
) -> Result<(), StoreError> {
    let date = BTreeMap::from([
        ("at".to_owned(), Value::from(at)),
        ("pos_address".to_owned(), Value::from(pos_address)),
    ]);
    store.update(|state| {
        if let Some(recorded) = state.resources.get_mut(node) {
            let date = Value::Map(date);
            recorded.outputs.insert(output.to_owned(), date);
        }
    })
}

/// The PoS address that the state records of a node.
pub(super) fn recorded_key<'a>(state: &'a State, node: &Address) -> Option<&'a str> {
    let recorded = state.resources.get(node)?;
    recorded.outputs.get("pos_address")?.as_text()
}

/// The node of the state that has a key.
pub(super) fn find_key_holder<'a>(state: &'a State, pos_address: &str) -> Option<&'a Address> {
    let mut nodes = state.resources.keys().filter(|it| it.kind() == "node");
    nodes.find(|node| recorded_key(state, node) == Some(pos_address))
}

/// The keys that the state says are bound to a pool through a node.
pub(super) fn registered_keys<'a>(
    state: &'a State,
    node: &'a Address,
) -> impl Iterator<Item = &'a str> {
    let registrations = state.resources.iter();
    let registrations = registrations.filter(move |(address, recorded)| {
        let of = recorded.attributes.get("node").and_then(Value::as_resource);
        address.kind() == "pos_registration" && of == Some(node)
    });
    registrations.filter_map(|(_, recorded)| recorded.outputs.get("pos_address")?.as_text())
}
