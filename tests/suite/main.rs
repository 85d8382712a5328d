//! Everything that crosses crates, in one test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is over")]

mod heals;
mod layering;
mod live;
mod plans;
mod state_files;
