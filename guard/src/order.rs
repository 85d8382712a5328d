//! What the guard wants of the process of conflux.

use std::fmt;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It must not sign anything more.
    Kill(String),
    /// It must not sign anything more, though nothing is wrong with it.
    Silence(String),
    /// It has to begin anew, and may close its databases first.
    Restart(String),
}

impl Order {
    pub(crate) fn at_once(&self) -> bool {
        !matches!(self, Self::Restart(_))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Kill(why) | Self::Silence(why) | Self::Restart(why)) = self;
        f.write_str(why)
    }
}
