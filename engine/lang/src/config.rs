//! Blocks and schemas to typed resources.
//!
//! - Reads: the parsed spec, the providers' kinds, and values of variables.
//! - Returns: a [`Config`]: resources with their dependencies, whose expressions can
//!   be evaluated as soon as what they read is known; and every problem, not the first.
//! - Never: asks a provider, opens a file, reads the environment, or holds a secret:
//!   `env("NAME")` and `file("PATH")` stay names here.

mod blocks;
mod calls;
mod collect;
mod cycles;
mod decode;
mod decoded;
mod evaluate;
mod functions;
mod implied;
mod kinds;
mod linking;
mod locals;
mod lookup;
mod loops;
mod moves;
mod names;
mod operators;
mod paths;
mod place;
mod problems;
mod references;
mod resource;
mod scope;
mod sections;
mod state_place;
mod templates;
mod types;
mod variables;

pub use crate::spec::CODES;
pub use blocks::{Lifecycle, OutputBlock, Resource};
pub use decode::decode_spec;
pub use decoded::Config;
pub use functions::{FUNCTIONS, SpecFunction};
pub use kinds::Kinds;
pub use moves::Move;
pub use scope::{LocalValues, Scope};
pub use state_place::{StateBlock, state_block};
pub use variables::VariableInputs;

#[cfg(test)]
mod tests;
