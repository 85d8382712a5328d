//! Where a run ends.

/// When in a request the client dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The node never saw the request.
    Before,
    /// The node did what was asked.
    After,
}

/// Where a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// At which request, counted from the begin of the run.
    pub request: u64,
    /// When in it.
    pub moment: Moment,
}
