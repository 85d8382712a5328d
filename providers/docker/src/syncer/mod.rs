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

/// Explanations of the codes of this kind.
pub const CODES: &[(&str, &str)] = &[
    (
        "docker/bad-key",
        "The private key of a syncer is one line, since it goes to the container's standard input as one.",
    ),
    (
        "docker/bad-time",
        "The time between two rounds of a syncer is a whole number and a unit, such as `30s`, `5m` or `1h`.",
    ),
    (
        "docker/inner-rpc",
        "A syncer runs in a container, where `127.0.0.1` is the container itself and not the host. Write `core_rpc` in \
         its block: a public RPC, or the address of a node inside the network that `docker_network` names.",
    ),
    (
        "docker/no-certificates",
        "The syncer's image gets the certificate authorities of this machine, and none were found. Install them \
         (package `ca-certificates`), or name a file in `ca_bundle`.",
    ),
    (
        "docker/no-key",
        "The container of a syncer runs and says nothing: it did not take its key, or its first round takes longer \
         than it may. Run `pospool apply` again.",
    ),
    (
        "docker/other-endpoints",
        "The container of a syncer gets the endpoints of the current spec, and those are not the ones that the plan or \
         the ticket was made with. Nothing was changed. Plan again.",
    ),
    (
        "docker/syncer-unwell",
        "The container of a syncer has its key, and its rounds fail. The message ends with what it says itself; the \
         table in docs/guide/syncer.md explains it.",
    ),
];

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
