//! States that somebody else keeps: object stores, and servers of the HTTP state protocol.
//!
//! - Reads and writes: one document per state, which holds the snapshot, the journal and the lease.
//! - Returns: a [`Medium`] for `pospool_engine::store::Store`, which knows nothing of networks.
//! - Never: writes over a document that is not the one it wrote last, and never puts a
//!   credential into a message or a document.

mod backups;
mod document;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod hold;
mod http;
mod lease;
mod location;
mod lock;
mod medium;
mod objects;
mod place;
mod runtime;
mod seen;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pospool_engine::store::{Medium, Mode, StateKey, Store, StoreError, seal_medium};

pub use backups::PackedBackup;
pub use document::Document;
pub use lease::Lease;
pub use location::{Location, LocationError};
pub use lock::Held;
pub use settings::{HttpSettings, RemoteSettings, SettingsError};

use place::Backend;

/// What a state is sealed with; nothing, if nobody named a key.
pub type Key = Option<Arc<StateKey>>;

/// Opens what keeps the state of a location, behind the seal of a key. To change it, the lock is taken first.
pub fn open_medium(
    location: &Location,
    mode: Mode,
    command: &str,
    settings: &RemoteSettings,
    key: &Key,
) -> Result<Box<dyn Medium>, StoreError> {
    let medium = open_unsealed(location, mode, command, settings)?;
    Ok(match key {
        Some(key) => seal_medium(medium, &location.name(), Arc::clone(key)),
        None => medium,
    })
}

/// Opens what keeps the state of a location as it is kept, whatever it is sealed with.
pub fn open_unsealed(
    location: &Location,
    mode: Mode,
    command: &str,
    settings: &RemoteSettings,
) -> Result<Box<dyn Medium>, StoreError> {
    if let Location::File(path) = location {
        return Store::keeper(path, mode, command);
    }
    let place = Backend::new(location, settings)?;
    match mode {
        Mode::Read | Mode::Glance => Ok(Box::new(medium::open_unlocked(place)?)),
        Mode::Write => {
            let lease = Lease::new(command, place.lease_seconds(settings));
            Ok(Box::new(medium::open_locked(place, lease)?))
        }
    }
}

/// Opens the state of a location.
pub fn open_store(
    location: &Location,
    mode: Mode,
    command: &str,
    settings: &RemoteSettings,
    key: &Key,
) -> Result<Store, StoreError> {
    let medium = open_medium(location, mode, command, settings, key)?;
    Store::over(medium, &location.name(), mode)
}

/// Opens the state of a location to put another one in its place, also where what is there cannot be read.
pub fn open_to_restore(
    location: &Location,
    command: &str,
    settings: &RemoteSettings,
    key: &Key,
) -> Result<Store, StoreError> {
    let medium = open_medium(location, Mode::Write, command, settings, key)?;
    Store::over_any(medium, &location.name())
}

/// Who holds the lock; `None` if nobody does, and for files, whose locks end with their process.
pub fn read_lock_holder(
    location: &Location,
    settings: &RemoteSettings,
) -> Result<Option<Held>, StoreError> {
    if let Location::File(_) = location {
        return Ok(None);
    }
    let place = Backend::new(location, settings)?;
    runtime::block_on_thread(async move { place.held().await })
}

/// Takes the lock of this name away from its holder, whose next write then fails.
pub fn force_unlock(
    location: &Location,
    settings: &RemoteSettings,
    id: &str,
) -> Result<(), StoreError> {
    if let Location::File(_) = location {
        return Ok(());
    }
    let place = Backend::new(location, settings)?;
    let id = id.to_owned();
    runtime::block_on_thread(async move { place.unlock(&id).await })
}
