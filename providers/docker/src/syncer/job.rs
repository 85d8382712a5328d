//! What an effect of a syncer carries.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a key, only its name.

use pospool_model::SecretRef;
use serde::{Deserialize, Serialize};

use super::container::Made;
use super::image::Recipe;
use crate::names::Name;

/// The image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncerJob {
    pub(crate) docker: String,
    pub(crate) recipe: Recipe,
    /// Secret that later effects need: a run that cannot read it should end before it stops anything.
    pub(crate) key: SecretRef,
}

/// A container to make, or to start again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncJob {
    pub(crate) docker: String,
    pub(crate) made: Made,
    /// Whether it may be made; otherwise it must be there.
    pub(crate) create: bool,
    /// Id of the container that this one replaces, and that must be gone.
    pub(crate) replaces: Option<Name>,
    /// When the process was started that is to end: it was not well, or had no key. One that was started later stays.
    pub(crate) ends: Option<String>,
    pub(crate) key: SecretRef,
}
