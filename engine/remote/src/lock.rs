//! The lock on a remote state, as far as others can see it.
//!
//! - Reads: what is known of the holder.
//! - Returns: a [`Held`], which says whom to ask and how to unlock.
//! - Never: takes the lock or ends it; that is for [`super::place`].

use pospool_engine::store::Holder;

use crate::lease::HolderStanding;

/// A lock on a remote state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Name of the lock, which `unlock` must be given.
    pub id: String,
    /// Who took it.
    pub holder: Holder,
    /// Whether the holder may still be at work. If not, the next run takes over by itself.
    pub live: bool,
    /// Seconds until the next run may take over, if nothing is heard of the holder until
    /// then; `None` if the keeper's locks never end by themselves.
    pub ends_in: Option<u64>,
}

impl Held {
    pub(crate) fn new(id: String, holder: Holder, standing: HolderStanding) -> Self {
        let (live, ends_in) = match standing {
            HolderStanding::Live { ends_in } => (true, ends_in),
            HolderStanding::Gone => (false, Some(0)),
        };
        Self {
            id,
            holder,
            live,
            ends_in,
        }
    }
}
