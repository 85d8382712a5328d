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
    /// It has lost its network: the same, or at once where it votes.
    CutOff {
        /// What shows it.
        why: String,
        /// Whether it may sign.
        votes: bool,
    },
}

impl Order {
    pub(crate) fn at_once(&self) -> bool {
        match self {
            Self::Kill(_) | Self::Silence(_) => true,
            Self::Restart(_) => false,
            Self::CutOff { votes, .. } => *votes,
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Kill(why) | Self::Silence(why) | Self::Restart(why) | Self::CutOff { why, .. }) =
            self;
        f.write_str(why)
    }
}
