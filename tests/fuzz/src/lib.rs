//! Bodies of the fuzz targets: every input that pospool reads, as a function of bytes.
//!
//! - Reads: bytes that a fuzzer chose, or a file of the corpus.
//! - Returns: nothing; a broken promise is a panic.
//! - Never: reaches the network, Docker, or a file.

// A target says what it found wrong by a panic.
#![allow(clippy::missing_panics_doc)]

mod chain;
mod docker;
mod journal;
mod medium;
mod plan_file;
mod remote;
mod sealed;
mod shown;
mod sources;
mod spec;
mod state;
mod texts;
mod variables;

#[cfg(test)]
mod corpus;

/// The targets: functions of bytes that panic when a promise is broken. Each program of `fuzz_targets` is one line
/// around one of them.
pub mod targets {
    pub use crate::chain::fuzz_chain as rpc_answer;
    pub use crate::docker::fuzz_docker as docker_answer;
    pub use crate::journal::fuzz_journal as journal;
    pub use crate::plan_file::fuzz_plan_file as plan_file;
    pub use crate::remote::fuzz_remote_document as remote_document;
    pub use crate::sources::compiler_output;
    pub use crate::sources::fuzz_source_files as sources;
    pub use crate::spec::fuzz_spec as spec;
    pub use crate::state::fuzz_state as state;
    pub use crate::texts::fuzz_texts as texts;
    pub use crate::texts::register_data;
    pub use crate::variables::fuzz_variables as variables;
}
