//! What every command works with.

use pospool_engine::registry::Registry;

use crate::console::Console;
use crate::interrupt::Interrupt;
use crate::project::Project;

/// What a command works with.
pub struct Session<'a, 'b> {
    /// Files.
    pub project: &'a Project,
    /// Providers.
    pub registry: &'a Registry,
    /// Streams.
    pub console: &'a mut Console<'b>,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
}
