//! What an effect of a page carries.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a secret; a page has none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::container::Made;
use super::image::{PageRecipe, ServerRecipe};
use crate::names::Name;

/// The page's files as an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageJob {
    pub(crate) docker: String,
    pub(crate) recipe: PageRecipe,
}

/// The same with the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerJob {
    pub(crate) docker: String,
    pub(crate) recipe: ServerRecipe,
}

/// A container to make, or to start again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServeJob {
    pub(crate) docker: String,
    pub(crate) made: Made,
    /// Whether it may be made; otherwise it must be there.
    pub(crate) create: bool,
    /// Id of the container that this one replaces, and that must be gone.
    pub(crate) replaces: Option<Name>,
}

/// A container to end, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    pub(crate) container: Name,
    /// Network of its own, when it goes as well.
    pub(crate) network: Option<Name>,
    /// Labels that the network must have to be ours.
    pub(crate) owner: BTreeMap<String, String>,
    /// Images that may go if nothing uses them.
    pub(crate) images: Vec<String>,
}
