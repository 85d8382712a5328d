//! The explorer over HTTP, against a chain in memory that has the code of really compiled contracts.
//!
//! Needs `npm`, `node` and a registry that the user's npm settings name: the compilers are real.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is over")]

mod chain;
mod client;
mod codes;
mod faults;
mod pages;
mod reading;
mod refusals;
mod sources;
mod verify;
