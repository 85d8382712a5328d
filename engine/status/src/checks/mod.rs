//! The table of states, in four parts.

pub(crate) mod node;
pub(crate) mod pool;
pub(crate) mod sync;
pub(crate) mod vote;
