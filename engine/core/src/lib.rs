//! The engine: one module per stage, in the order in which data passes through them.
//!
//! ```text
//! spec text -> blocks -> typed resources -> graph -+
//!                                                  +-> plan -> check -> apply -> journal -> state
//! state file -> observe (providers read) ----------+
//! ```
//!
//! Invariants: planning is synchronous and deterministic and makes every decision;
//! apply makes none. Nothing here prints, and only [`store`] writes files.

pub mod apply;
pub mod approval;
pub mod blocked;
pub mod check;
pub mod codes;
pub mod moves;
pub mod observe;
pub mod plan;
pub mod planfile;
pub mod record;
pub mod registry;
pub mod resolve;
pub mod scope;
pub mod settle;
pub mod status;
pub mod store;
