//! Sealed states: who has not the key can neither write nor change one, and where it is encrypted not read it either.
//!
//! - Reads: bytes of snapshots, journals and plans, and the key of the spec.
//! - Returns: what was sealed, if it is as it was sealed.
//! - Never: takes something without a seal, or with another one, for a state.
//!
//! The primitives are crates'; decision 38 has the forms and the reasons.

mod document;
mod key;
mod lines;
mod medium;
mod seen;

pub use document::{SealedFile, open_plan, seal_plan};
pub use key::{StateKey, WeakKey};
pub use lines::SealedHeader;
pub use medium::seal_medium;

#[cfg(test)]
mod tests;

pub(super) use document::{is_sealed_state, open_state, seal_state};
pub(super) use key::{Salt, draw_salt};
pub(super) use lines::{is_sealed_header, open_journal};
pub(super) use seen::{Memory, SeenVersion};
