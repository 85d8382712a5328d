//! The pool's syncer: `pospool sync` for one bridge, in a container of its own.
//!
//! - Reads: the syncer's desired config; the program that runs; what the container says of itself.
//! - Returns: an image with the program and a spec, a volume for its journal, and a container that has its key.
//! - Never: writes the key, or an endpoint that holds one, anywhere but to the container's standard input, or starts it
//!   without one.
//!
//! What it says is read with its own health check: `pospool sync --health --json`, run inside.

mod container;
mod design;
mod endpoints;
pub(crate) mod image;
mod kind;
mod observe;
pub(crate) mod report;
mod run;
mod schema;
mod spec;
mod wish;

pub(crate) use endpoints::{CurrentEndpoints, inherit_endpoints, is_keyed, own_or_of_chain};
pub(crate) use kind::SyncerKind;
pub(crate) use observe::signing_accounts;
pub(crate) use schema::SYNCER;
pub(crate) use wish::normalise_endpoints;
