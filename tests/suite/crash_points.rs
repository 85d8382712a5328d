//! An apply that is stopped at each of its points, and a disk that fails at each of them: no state is
//! lost, no effect is doubled, and the next apply reaches the spec.
//!
//! `POSPOOL_POINTS=kinds` tries every way in which a power cut can leave the disk, and prints a table with a row for each
//! kind of point; `POSPOOL_POINTS=all` prints one for each point. Without it each point is tried with two disks:
//! nothing unsynced is there, and all of it is.

mod backups;
mod faults;
mod kills;
mod pool;
mod processes;
mod stage;
mod table;

use pospool_tests::simdisk::Cuts;

/// How much is tried, and printed.
fn depth() -> (Cuts, table::Rows) {
    match std::env::var("POSPOOL_POINTS").as_deref() {
        Ok("all") => (Cuts::All, table::Rows::EachPoint),
        Ok(_) => (Cuts::All, table::Rows::EachKind),
        Err(_) => (Cuts::Two, table::Rows::EachKind),
    }
}
