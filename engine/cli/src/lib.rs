//! The program `pospool`: arguments in, text and an exit code out.
//!
//! - Reads: arguments, environment, the spec and files that they name.
//! - Does: calls the engine's stages in their order, one file per command.
//! - Never: makes text for people outside [`view`], names a provider outside
//!   [`wiring`], or writes a state.

pub mod args;
pub mod catalogue;
pub mod codes;
pub mod commands;
pub mod console;
pub mod exit;
pub mod failure;
pub mod interrupt;
pub mod logging;
mod memory;
mod process;
pub mod project;
pub mod view;
pub mod wiring;

pub use process::{report_failure, run_program};

#[cfg(test)]
mod tests;
