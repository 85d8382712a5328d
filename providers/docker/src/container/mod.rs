//! What the containers of nodes, pages and syncers have in common.
//!
//! - Reads: decisions of a plan; what the engine says of a container.
//! - Returns: how a container is hardened and labelled, what was changed on it, and the one that is there.
//! - Never: knows what runs inside.

pub(crate) mod drift;
pub(crate) mod end;
pub(crate) mod hardened;
pub(crate) mod helper;
pub(crate) mod labels;
pub(crate) mod look;
pub(crate) mod run;
