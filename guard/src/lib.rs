//! PID 1 of a node's container: it keeps conflux running, and lets it vote only through one door.
//!
//! - Reads: the local RPC of the node, its safety file, other sources of the chain, the guard's own journal on the volume.
//! - Returns: when the container is to end. Until then a report of what it sees and why.
//! - Never: starts conflux as a voter, or lets it vote while it cannot account for what its key did meanwhile.
//!
//! ```text
//!  volume: lock, journal, safety file --+
//!  node: local RPC ---------------------+--> facts --> door (pure) --> let it vote | hold | stop it
//!  sources: public RPC -----------------+                                  |
//!                                          child: spawn, stop, restart <---+--> journal, report
//! ```

mod account;
mod child;
mod door;
mod error;
mod faults;
mod guard;
mod journal;
mod machine;
mod network;
mod observe;
mod order;
mod pulse;
mod report;
mod restarts;
mod round;
mod run;
mod safety;
mod settings;
mod silence;
mod volume;

pub use crate::error::GuardError;
pub use crate::guard::clear_guard;
pub use crate::journal::brought_journal;
pub use crate::report::read_report;
pub use crate::run::{Handed, StopRequest, listen_for_stop, run_guard};
pub use crate::settings::read_settings;
