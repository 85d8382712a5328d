//! The pool's syncer: `pospool sync` for one bridge, in a container of its own.
//!
//! - Reads: the syncer's wishes; the program that runs; what the container says of itself.
//! - Returns: an image with the program and a spec, a volume for its journal, and a container that has its key.
//! - Never: writes the key, or an endpoint that holds one, anywhere but to the container's standard input, or starts it
//!   without one.
//!
//! What it says is read with its own health check: `pospool sync --health --json`, run inside.

mod container;
mod design;
mod endpoints;
mod image;
pub(crate) mod job;
mod kind;
mod observe;
mod report;
mod run;
mod spec;
mod wish;

use pospool_model::ProviderError;

use crate::job::Job;
use crate::secret::private_key;

pub(crate) use design::design;
pub(crate) use endpoints::{Current, take_over};
pub(crate) use kind::SYNCER;
pub(crate) use observe::{SyncerFacts, observe};
pub(crate) use run::{image, run};
pub(crate) use wish::normalise;

/// Checks that the key can be read: a run that cannot should end before it changes anything.
pub(crate) fn prepare(job: &Job, current: &Current) -> Result<(), ProviderError> {
    match job {
        Job::Syncer(job) => private_key(&job.key).map(drop),
        Job::Sync(job) => {
            current.lines(&job.made)?;
            private_key(&job.key).map(drop)
        }
        _ => Ok(()),
    }
}
