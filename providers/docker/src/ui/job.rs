//! What an effect of a page carries.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a secret; a page has none.

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
