//! Events for the log, beside whoever else hears them.

use tracing::{debug, info, warn};

use super::event::{Event, Listener};

/// Logs each event, and passes it on.
pub(crate) struct Logged<'a>(pub(crate) &'a dyn Listener);

impl Listener for Logged<'_> {
    fn hear(&self, event: &Event<'_>) {
        match event {
            Event::Started { id, summary } => info!(effect = %id, summary, "effect begun"),
            Event::Waiting { id, what, seconds } => {
                debug!(effect = %id, what, seconds, "effect waits");
            }
            Event::Ended { id, seconds, .. } => info!(effect = %id, seconds, "effect ended"),
            Event::Failed { id, error } => {
                warn!(effect = %id, code = %error.code(), %error, "effect did not end well");
            }
            Event::Recorded { address } => debug!(resource = %address, "resource recorded"),
        }
        self.0.hear(event);
    }
}
