//! What the tests that cross crates share: a temporary project folder, and runs of
//! the engine on the fake provider.

pub mod world;
