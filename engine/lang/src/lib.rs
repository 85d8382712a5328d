//! The language of specs: parsing, names and references, types and units, evaluation.
//!
//! ```text
//! text -> spec (blocks that know their places) -> config (typed resources, variables, outputs) -> values
//! ```
//!
//! - Returns: a [`config::Config`], and values of attributes as far as outputs are known; every problem with its place.
//! - Never: opens a file, asks a provider, or knows a kind by name: kinds are given as schemas.

pub mod config;
pub mod graph;
pub mod spec;
