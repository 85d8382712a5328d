//! What can be wrong with a state.
//!
//! - Reads: nothing.
//! - Returns: errors that say what, where, why and what next, each with a stable code.
//! - Never: holds more of a state than its path and its names.

use pospool_model::Code;
use pospool_model::shown::clean_line;
use std::path::{Path, PathBuf};

use super::holder::Holder;
use crate::codes;

/// Why a state cannot be used. The code of each is stable.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the state.
    #[error("the state is in use by {holder} (lock `{}`)", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// Nothing in the file.
    #[error(
        "the state file `{}` is empty; restore it from a backup (an empty file is never read as a new state)",
        path.display()
    )]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Not a state of pospool.
    #[error("`{}` is not a state of pospool; name another file with --state", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A file that the user names to be written is not one of ours.
    #[error("`{}` is {what}, and would be replaced", path.display())]
    OtherFile {
        /// Which file.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// The bytes are not what their version promises.
    #[error("the file `{}` is damaged{}; restore it from a backup", path.display(), in_part(within))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which part of the document, such as `state.resources.node.main.outputs`; empty where none can be named.
        within: String,
        /// Where it breaks.
        #[source]
        source: serde_json::Error,
    },
    /// Somebody has a newer program.
    #[error("`{}` has version {found}, and this program reads up to {newest}; use a newer pospool", path.display())]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Version in the file.
        found: u64,
        /// The newest that is known of this form.
        newest: u64,
    },
    /// There is a key, and this was written without one.
    #[error("`{}` has no seal, and the spec has a key for its state; nothing was read from it", path.display())]
    NotSealed {
        /// Which file.
        path: PathBuf,
    },
    /// The code of something is not that of its content.
    #[error("`{}` is not as it was sealed{}: somebody without the key wrote it; nothing was read from it", path.display(), in_line(*line))]
    NotAuthentic {
        /// Which file.
        path: PathBuf,
        /// In which line of a journal, counted from 1.
        line: Option<usize>,
    },
    /// It was sealed with another key.
    #[error("`{}` is sealed with another key than the one that was given; nothing was read from it", path.display())]
    OtherKey {
        /// Which file.
        path: PathBuf,
    },
    /// It is sealed, and there is no key.
    #[error("`{}` is sealed, and no key was given; nothing was read from it", path.display())]
    Sealed {
        /// Which file.
        path: PathBuf,
    },
    /// It has no seal, and had one when it was seen last.
    #[error("`{}` has no seal, and was sealed when it was seen last, with serial {serial}, by `{}`: somebody replaced it, or took the seal away elsewhere; nothing was done with it", path.display(), seen.display())]
    SealLost {
        /// Which state.
        path: PathBuf,
        /// Serial of the sealed one.
        serial: u64,
        /// Where that is noted.
        seen: PathBuf,
    },
    /// A newer state was seen before.
    #[error("`{}` is not the newest state: {why}, by `{}`; nothing was done with it", path.display(), seen.display())]
    Older {
        /// Which state.
        path: PathBuf,
        /// What is there, and what was seen.
        why: String,
        /// Where that is noted.
        seen: PathBuf,
    },
    /// A line inside the journal is wrong, and lines after it are not.
    #[error(
        "the journal `{}` is damaged in line {line}{}, not only at its end; restore both files from a backup",
        path.display(), in_part(within)
    )]
    DamagedJournal {
        /// Which file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Which part of the line; empty where none can be named.
        within: String,
    },
    /// The journal belongs to another state or to a later version of this one.
    #[error("the journal `{}` does not belong to this state file; put the state back that it was written with", path.display())]
    ForeignJournal {
        /// Which file.
        path: PathBuf,
    },
    /// There is a journal and no state.
    #[error("there is a journal `{}` and no state file beside it; put the state file back", path.display())]
    JournalWithoutState {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody replaced the state while a run was going on.
    #[error(
        "the state `{}` was replaced while this run was going on, and nothing was begun after that. \
         The state of this run is kept as `{}`, its journal lies beside the state: to go on with them, put the kept state back",
        path.display(),
        kept.display()
    )]
    Changed {
        /// Which file.
        path: PathBuf,
        /// Where the state is that the run went on from.
        kept: PathBuf,
    },
    /// Another process holds the state with its keeper.
    #[error("the state `{}` is in use by {holder} (lock {})", path.display(), clean_line(id))]
    Leased {
        /// Where the state is.
        path: PathBuf,
        /// Who holds it.
        holder: Box<Holder>,
        /// Name of the lock.
        id: String,
        /// After how many seconds the next run may take over, if nothing is heard of the
        /// holder until then; `None` if the keeper's locks never end by themselves.
        ends_in: Option<u64>,
    },
    /// Somebody else became the writer.
    #[error("this run lost the state `{}` to {by}, and nothing was begun after that", path.display())]
    LockLost {
        /// Where the state is.
        path: PathBuf,
        /// Who has it now.
        by: Box<Holder>,
    },
    /// The state lives somewhere else now.
    #[error("the state `{}` was moved to `{}`", path.display(), clean_line(to))]
    Moved {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        to: String,
    },
    /// The keeper of a remote state refused, or did not answer.
    #[error("cannot {verb} `{}`", path.display())]
    Keeper {
        /// What was tried.
        verb: &'static str,
        /// On which state.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operating system refused.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state has no JSON form.
    #[error("cannot write the state as JSON")]
    Encode {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl StoreError {
    pub(crate) fn io(verb: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            verb,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether it is about whose bytes something is, and not about what they say.
    #[must_use]
    pub fn is_of_seal(&self) -> bool {
        matches!(
            self,
            Self::NotSealed { .. }
                | Self::NotAuthentic { .. }
                | Self::OtherKey { .. }
                | Self::Sealed { .. }
                | Self::SealLost { .. }
                | Self::Older { .. }
        )
    }

    /// Stable code, listed in the reference.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Locked { .. } | Self::Leased { .. } => codes::STATE_LOCKED,
            Self::LockLost { .. } => codes::STATE_LOCK_LOST,
            Self::Moved { .. } => codes::STATE_MOVED,
            Self::Keeper { .. } => codes::STATE_KEEPER,
            Self::Empty { .. } => codes::STATE_EMPTY,
            Self::Foreign { .. } => codes::STATE_FOREIGN,
            Self::OtherFile { .. } => codes::STATE_OTHER_FILE,
            Self::Damaged { .. } => codes::STATE_DAMAGED,
            Self::TooNew { .. } => codes::STATE_TOO_NEW,
            Self::NotSealed { .. } => codes::STATE_NOT_SEALED,
            Self::NotAuthentic { .. } => codes::STATE_NOT_AUTHENTIC,
            Self::OtherKey { .. } => codes::STATE_OTHER_KEY,
            Self::Sealed { .. } => codes::STATE_SEALED,
            Self::SealLost { .. } => codes::STATE_SEAL_LOST,
            Self::Older { .. } => codes::STATE_OLDER,
            Self::DamagedJournal { .. } => codes::STATE_JOURNAL_DAMAGED,
            Self::ForeignJournal { .. } => codes::STATE_JOURNAL_FOREIGN,
            Self::JournalWithoutState { .. } => codes::STATE_JOURNAL_WITHOUT_STATE,
            Self::Changed { .. } => codes::STATE_REPLACED,
            Self::Io { .. } => codes::STATE_IO,
            Self::Encode { .. } => codes::STATE_ENCODE,
        }
    }
}

/// Names a line in a message.
fn in_line(line: Option<usize>) -> String {
    line.map(|line| format!(" in line {line}"))
        .unwrap_or_default()
}

/// Names a part of a document in a message.
fn in_part(within: &str) -> String {
    match within {
        "" => String::new(),
        within => format!(" at `{within}`"),
    }
}
