//! What the guard wants of the process of conflux.

use std::fmt;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It must not sign anything more.
    Kill(String),
    /// It has to begin anew, and may close its databases first.
    Restart(String),
    /// It has to end, and is not started again before a person says so.
    GiveUp(String),
}

impl Order {
    pub(crate) fn at_once(&self) -> bool {
        !matches!(self, Self::Restart(_))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Kill(why) | Self::Restart(why) | Self::GiveUp(why)) = self;
        f.write_str(why)
    }
}
