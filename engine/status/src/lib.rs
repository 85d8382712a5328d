//! What follows from a look at a pool: the verdict, and the states that the doctor knows.
//!
//! - Reads: a [`PoolStatus`](pospool_model::status::PoolStatus), which providers have filled in.
//! - Returns: figures that follow from several parts, a verdict, and for each known state whether it is present, absent or
//!   cannot be told.
//! - Never: does I/O, reads a clock, or takes what is not known for well.

mod checks;
mod derive;
mod doctor;
mod machine;
mod metrics;
mod page;
mod state;
mod verdict;
mod words;

pub use derive::complete_status;
pub use doctor::{Answer, Diagnosis, diagnose, find_state, states};
pub use machine::{Grade, Graded, Requirement, grade_machine, requirements};
pub use metrics::{METRICS, Metric, Sample, format_metrics};
pub use page::format_states_page;
pub use state::{Check, Checked, Level, State};
pub use verdict::{Answered, Light, Verdict, find_verdict};
pub use words::{format_age, format_bytes, format_duration};

#[cfg(test)]
mod tests;
