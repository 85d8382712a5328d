//! Whole runs of the real binary against a real Conflux network and a real Docker Engine.
//!
//! Some run side by side, each on a network of its own (`networks`). Where `POSPOOL_REFERENCE_DIR` names a checkout of
//! the reference, they use its contracts.

mod both_spaces;
mod chaos;
mod docker_desk;
mod docker_failures;
mod docker_killed;
mod docker_life;
mod docker_swap;
mod elsewhere;
mod engine_apart;
mod espace_ground;
mod first_pool;
mod fund;
mod gateway;
mod guard;
mod key_bundles;
mod kills;
mod ledger;
mod networks;
mod one_fault;
mod outages;
mod points;
mod profit;
pub(crate) mod project;
mod public_files;
mod secrets;
mod snapshot;
mod staker;
mod stall;
mod state_mv;
mod syncer;
mod syncer_container;
mod ui;
mod unwell;
mod upgrade;
mod upgraded;
mod verified;
mod voter;
