//! The life of one ticket against nodes in memory.

mod endpoints;
mod life;
mod nodes;
mod prices;
mod scene;
