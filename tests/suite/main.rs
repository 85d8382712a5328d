//! Everything that crosses crates, in one test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is over")]

mod agent;
mod big_local;
mod crash_points;
mod cycles;
mod documents;
mod edited_plan;
mod elsewhere;
mod example_world;
mod examples;
mod golden;
mod heals;
mod import;
mod key_in_url;
mod keyless;
mod layering;
mod left_behind;
mod live;
mod logging;
mod model_chain;
mod monitoring;
mod page_build;
mod phone;
mod plans;
mod planted;
mod planted_accounts;
mod planted_documents;
mod planted_records;
mod public_files;
mod quiet_day;
mod reference;
mod remote_state;
mod retired;
mod secret_late;
mod sources_fake_npm;
mod sources_stand_ins;
mod specsuite;
mod state_files;
mod terminal;
mod too_little_money;
mod two_at_once;
mod validate;
mod verification;
mod watching;
