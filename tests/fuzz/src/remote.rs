//! The document that a backend keeps of a state.
//!
//! - Reads: any bytes as that document.
//! - Checks: no panic while it is read, unlocked and written into; snapshot and journal come back byte for byte, and the next
//!   document has the next serial.

pub use pospool_remote::fuzzing::fuzz_document as fuzz_remote_document;
