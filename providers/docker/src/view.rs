//! One engine, as a refresh found it.

use crate::client::{Engine, ListedContainer, ListedVolume};
use crate::facts::EngineFacts;

/// One engine, as a refresh found it.
pub(crate) struct EngineView {
    /// Its URL.
    pub(crate) docker: String,
    /// The connection.
    pub(crate) engine: Engine,
    /// All containers.
    pub(crate) containers: Vec<ListedContainer>,
    /// All volumes.
    pub(crate) volumes: Vec<ListedVolume>,
    /// Whether users of a container are other users on the host.
    pub(crate) maps_users: bool,
    /// Facts for `design`.
    pub(crate) facts: EngineFacts,
}
