//! Why something cannot be taken up.

use pospool_model::{Address, Code};

use crate::codes;

/// Why something cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// The spec has no such block.
    #[error("the spec has no `{0}`")]
    NoBlock(Address),
    /// Its kind has no place that could be said.
    #[error("a `{}` is not taken up by an address", .0.kind())]
    NoPlace(Address),
    /// The state has it.
    #[error("the state knows `{0}` already")]
    Known(Address),
    /// Its block says another place.
    #[error("the block of `{address}` has an `address` already, and it is not {place}")]
    Said {
        /// Which one.
        address: Address,
        /// What the user said.
        place: String,
    },
    /// The state is that of another spec.
    #[error("the state here knows {0} resources of another spec")]
    OtherState(usize),
    /// More of the spec was made, and the state knows nothing of it.
    #[error("this state knows of nothing, and more of the spec was made before: {}", .0.join("; "))]
    More(Vec<String>),
    /// Somebody wrote into the spec meanwhile.
    #[error("the spec changed since it was read; it and the state are as they were")]
    Changed,
    /// Its block cannot be given a line.
    #[error("the block of `{address}` is on one line, and gets no `address` by itself")]
    OneLine {
        /// Which one.
        address: Address,
        /// The line.
        line: String,
    },
    /// More than one thing may be meant.
    #[error("`{address}` may be one of {}: {}", places.len(), places.join(", "))]
    Ambiguous {
        /// Which one.
        address: Address,
        /// Where they are.
        places: Vec<String>,
    },
    /// Containers and volumes of more than one state have the spec's names.
    #[error("containers and volumes of {} states have the names of this spec: {}", .0.len(), .0.join(", "))]
    Lineages(Vec<String>),
    /// None of them is the one that was named.
    #[error("no container or volume was made by a state of lineage `{named}`; there are {}", known.join(", "))]
    NoLineage {
        /// What was named.
        named: String,
        /// What there is.
        known: Vec<String>,
    },
}

impl ImportFailure {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NoBlock(_)
            | Self::NoPlace(_)
            | Self::Known(_)
            | Self::Said { .. }
            | Self::Changed
            | Self::OtherState(_)
            | Self::OneLine { .. } => codes::IMPORT_BLOCK,
            Self::More(_) => pospool_engine::codes::STATE_LOST,
            Self::Ambiguous { .. } | Self::Lineages(_) | Self::NoLineage { .. } => {
                codes::IMPORT_AMBIGUOUS
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoBlock(_) => "write the block first, as if it were to be made".to_owned(),
            Self::NoPlace(_) => {
                "only contracts are; containers, volumes and registrations are found by `pospool import --scan`, and by each apply"
                    .to_owned()
            }
            Self::Known(_) => "`pospool state show` says where it is; `pospool plan` shows what differs".to_owned(),
            Self::Said { .. } => "look in an explorer which one it is, and write that one into the block".to_owned(),
            Self::More(_) => {
                "add --scan to take up all of it: with a part of it in the state, the next apply would make the rest a second time"
                    .to_owned()
            }
            Self::Changed => "run it again".to_owned(),
            Self::OtherState(_) => {
                "go to an empty folder, or name another place with --state: the next plan would stop what this state runs".to_owned()
            }
            Self::OneLine { line, .. } => format!("write the block with line breaks and {line} in it"),
            Self::Ambiguous { address, .. } => format!(
                "see in an explorer which one it is, and name it: `pospool import {address} PLACE`"
            ),
            Self::Lineages(_) | Self::NoLineage { .. } => {
                "name the one that is meant with --lineage; `docker ps --all --format '{{.Names}} {{.Labels}}'` shows them".to_owned()
            }
        }
    }
}
