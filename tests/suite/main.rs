//! Everything that crosses crates, in one test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is over")]

mod examples;
mod heals;
mod layering;
mod live;
mod plans;
mod reference;
mod sources_fake_npm;
mod sources_stand_ins;
mod state_files;
