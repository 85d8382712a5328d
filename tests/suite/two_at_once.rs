//! Two runs, two people or two copies of one state: one of them goes on, and each of them is told.

mod copies;
mod processes;
mod visitors;
