//! The narrow way in for the fuzz target of the remote document (`tests/fuzz`).
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: nothing; a broken promise is a panic.
//! - Never: is called by the program, or reaches a backend.

use std::path::Path;
use std::time::Duration;

use crate::backups::unpack_all;
use crate::document::Document;
use crate::lease::HolderStanding;

/// Reads bytes as a document; frees its lock, writes into it, and reads what was written.
///
/// # Panics
/// When a document that was read cannot be gone on with.
pub fn fuzz_document(bytes: &[u8]) {
    let name = Path::new("remote");
    let Ok(document) = Document::decode(name, bytes) else {
        return;
    };
    if let Some(lease) = &document.lease {
        assert!(!lease.rhythm().is_zero() || lease.seconds == 0);
        let is_gone = lease.standing_by_age(Some(Duration::MAX)) == HolderStanding::Gone;
        assert_eq!(is_gone, lease.seconds > 0);
    }
    // Damaged ones are an error, and packed ones are bounded.
    let _ = unpack_all(name, &document.backups);
    let ours = document.leased(None);
    assert_eq!(ours.serial, document.serial + 1);
    // A journal is any text, and a snapshot any JSON, so both are written as they were read.
    let kept = document.kept();
    let next = ours.with(&kept, &ours.backups);
    let next = next.expect("what was read can be written");
    let written = next.encode().expect("a small document has its bytes");
    let again = Document::decode(name, &written).expect("what was written can be read");
    assert_eq!((again.kept(), again.serial), (kept, document.serial + 2));
}
