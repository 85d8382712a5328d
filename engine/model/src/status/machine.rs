//! How a machine is, before anything is on it.

use serde::Serialize;

use super::Figure;

/// What a Docker Engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineWord {
    /// Its release.
    pub version: String,
    /// How it keeps images and containers.
    pub storage_driver: String,
    /// Whether containers go on while it is stopped or upgraded.
    pub live_restore: bool,
}

/// How a machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MachineStatus {
    /// When it was looked at, in seconds since 1970.
    pub made_at: u64,
    /// The folder in which the data of a node will lie.
    pub folder: String,
    /// Processors that may be used.
    pub cores: Figure<u64>,
    /// All of its memory.
    pub memory_bytes: Figure<u64>,
    /// Free bytes on the disk of the folder.
    pub disk_free_bytes: Figure<u64>,
    /// How fast a file is written there, with all of it on the disk at the end.
    pub disk_write_bytes_per_second: Figure<u64>,
    /// Whether a time source keeps the clock.
    pub clock_synchronised: Figure<bool>,
    /// Ports of a node that somebody has already.
    pub taken_ports: Figure<Vec<String>>,
    /// The Docker Engine.
    pub engine: Figure<EngineWord>,
    /// Most files that a program of this user may have open.
    pub open_files_limit: Figure<u64>,
}
