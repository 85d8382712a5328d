//! The snapshot of a state.
//!
//! - Reads: any bytes as `pospool.state.json`.
//! - Checks: no panic while it is read, shown and saved; what was read is what is written; a saved state is the
//!   next version of the same one. Where there is a key, nothing of it is believed; sealed, it is the same.

use std::path::Path;

use pospool_cli::view::{self, Paint};
use pospool_engine::store::{Mode, ResealEnd, Store, decode_snapshot, reseal_state};

use crate::medium::Memory;
use crate::sealed;
use crate::shown;

/// One run.
pub fn fuzz_state(bytes: &[u8]) {
    let name = Path::new("state.json");
    let memory = Memory::new(Some(bytes.to_vec()), None);
    assert!(
        sealed::open(&memory, Mode::Write).is_err(),
        "nobody has the key"
    );
    let Ok(state) = decode_snapshot(name, bytes) else {
        return;
    };
    let mut store = Store::over(Box::new(memory.clone()), name, Mode::Write)
        .expect("a state that can be read can be opened");
    assert_eq!(*store.state(), state);
    shown::check_shown(&view::state::format_state(
        store.state(),
        &store,
        Paint::PLAIN,
    ));
    assert!(view::state::state_to_json(store.state(), &store).is_object());
    if store.conclude(|_| {}).is_err() {
        // Refused, and left as it was.
        assert_eq!(memory.kept().snapshot.as_deref(), Some(bytes));
        return;
    }
    let written = memory.kept().snapshot.clone().expect("it was saved");
    let mut again = decode_snapshot(name, &written).expect("what was written can be read");
    assert_eq!(again.serial, state.serial.saturating_add(1));
    assert_ne!(again.version, state.version);
    (again.serial, again.version) = (state.serial, state.version.clone());
    assert_eq!(again, state);
    let mut memory = Memory::new(Some(written), None);
    let end = reseal_state(&mut memory, name, sealed::first_seal()).expect("it has no seal");
    assert!(matches!(end, ResealEnd::Done(done) if done.state));
    let opened = sealed::open(&memory, Mode::Read).expect("what was sealed can be opened");
    assert_eq!(opened.state(), store.state());
}
