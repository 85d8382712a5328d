//! Seals, for the targets of what can be sealed.
//!
//! - Reads: a keeper in memory.
//! - Returns: the same behind a seal, whose key no fuzzer finds.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use pospool_engine::store::{Mode, SealChange, StateKey, Store, StoreError, seal_medium};
use pospool_model::Secret;

use crate::medium::Memory;

/// The key of all targets.
pub(crate) fn key() -> &'static Arc<StateKey> {
    static KEY: OnceLock<Arc<StateKey>> = OnceLock::new();
    KEY.get_or_init(|| {
        let secret = Secret::new("5eed".repeat(16));
        Arc::new(StateKey::new(&secret, false).expect("a key of 64 digits"))
    })
}

/// The first seal of a state in plain.
pub(crate) fn first_seal() -> SealChange<'static> {
    SealChange {
        to: Some(key()),
        ..SealChange::default()
    }
}

/// Opens what is kept behind the seal.
pub(crate) fn open(memory: &Memory, mode: Mode) -> Result<Store, StoreError> {
    let name = Path::new("state.json");
    let medium = seal_medium(Box::new(memory.clone()), name, Arc::clone(key()));
    Store::over(medium, name, mode)
}
