//! Opening a state that only this process uses.

use std::time::Duration;

use pospool_engine::store::{Store, StoreError};

/// How often, every 10 ms, a lock is tried that this very process holds.
const TRIES: u32 = 500;

/// Opens the store for the one run that is on its way. A child that another test of this process is starting just now has copies
/// of all open files until it is another program: for that moment the lock of a run that has ended is still held.
pub(crate) fn open_patiently(
    open: impl Fn() -> Result<Store, StoreError>,
) -> Result<Store, StoreError> {
    let own = std::process::id();
    for _ in 0..TRIES {
        match open() {
            Err(StoreError::Locked { holder, .. }) if holder.pid == own => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
    open()
}
