//! Everything that crosses crates, in one test binary.

mod heals;
mod layering;
mod live;
mod plans;
mod state_files;
