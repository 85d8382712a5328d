//! Why a command on the state did nothing.

use pospool_engine::store::{Holder, WeakKey};
use pospool_model::shown::clean_line;
use pospool_model::{Address, Code, Problem, SecretError, SecretRef};
use pospool_remote::Location;

use crate::codes;
use crate::exit::Exit;

/// Why a command on the state did nothing.
#[derive(Debug, thiserror::Error)]
pub enum StateFailure {
    /// The key of the state cannot be read.
    #[error("the key of the state cannot be read")]
    NoKey(#[source] SecretError),
    /// The key of the state can be guessed.
    #[error("`{named}` is no key for a state")]
    WeakKey {
        /// Which secret.
        named: SecretRef,
        /// Why.
        #[source]
        source: WeakKey,
    },
    /// A state is to be sealed or opened, and nobody said with what.
    #[error("no key is named for the state")]
    KeyNotNamed,
    /// There is nothing to work on.
    #[error("there is no state `{0}`")]
    None(Location),
    /// A pushed state is that of another project.
    #[error("the file is a state of lineage {given}, and `{location}` is one of lineage {there}")]
    OtherLineage {
        /// Where the state is.
        location: Location,
        /// Lineage of the file.
        given: String,
        /// Lineage of the state.
        there: String,
    },
    /// A pushed state is older than what is there.
    #[error("the file has serial {given}, and `{location}` has serial {there} already")]
    OlderSerial {
        /// Where the state is.
        location: Location,
        /// Serial of the file.
        given: u64,
        /// Serial of the state.
        there: u64,
    },
    /// A pushed state went another way than what is there.
    #[error("the file and `{location}` both have serial {serial}, and are two different versions")]
    Forked {
        /// Where the state is.
        location: Location,
        /// Serial of both.
        serial: u64,
    },
    /// A number that no kept state has.
    #[error("`{location}` keeps no replaced state {number}")]
    NoBackup {
        /// Where the state is.
        location: Location,
        /// The number that was given.
        number: u64,
    },
    /// Something is under way.
    #[error("an earlier run left {0} effects under way, whose tickets only this state has")]
    OpenEffects(usize),
    /// No ticket has this name.
    #[error("nothing that is under way has the name `{name}`{}", meant.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default())]
    NoTicket {
        /// The name that was given.
        name: String,
        /// A similar one.
        meant: Option<String>,
    },
    /// The new name is another resource's.
    #[error("`{0}` is in the state already")]
    Taken(Address),
    /// A new name of another kind.
    #[error("`{from}` cannot become `{to}`: a name can change, a kind cannot")]
    OtherKind {
        /// The resource.
        from: Address,
        /// The name that it cannot have.
        to: Address,
    },
    /// What was made of it stays with its address.
    #[error("`{from}` cannot become `{to}`: {}", problem.summary)]
    Stays {
        /// The resource.
        from: Address,
        /// The name that it cannot have.
        to: Address,
        /// Why, and what to do.
        problem: Problem,
    },
    /// A resource that must not be forgotten.
    #[error(
        "`{0}` is protected by `prevent_destroy`, and forgetting it would let a later run make it a second time"
    )]
    Protected(Address),
    /// A state would be moved over another one.
    #[error("there is a state at `{0}` already")]
    NotEmpty(Location),
    /// A state would be moved to where it is.
    #[error("the state is at `{0}` already")]
    SamePlace(Location),
    /// What was copied is not what is read back.
    #[error("`{0}` does not give back what was written to it; the state was left where it is")]
    NotCopied(Location),
    /// Another lock than the one that was named is held.
    #[error("the lock is {} of {holder}, not {given}", clean_line(id))]
    WrongLock {
        /// The name that was given.
        given: String,
        /// The name of the lock.
        id: String,
        /// Who holds it.
        holder: Holder,
    },
    /// The holder of a lock is alive, or may be.
    #[error(
        "the lock {} of {holder} holds for another {seconds} s at least",
        clean_line(id)
    )]
    LiveLock {
        /// The name of the lock.
        id: String,
        /// Who holds it.
        holder: Holder,
        /// Seconds until it ends by itself, if nothing is heard of the holder until then.
        seconds: u64,
    },
}

impl StateFailure {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NoKey(_) | Self::KeyNotNamed => codes::STATE_NO_KEY,
            Self::WeakKey { .. } => codes::STATE_WEAK_KEY,
            Self::None(_) => codes::STATE_NONE,
            Self::OtherLineage { .. } => codes::STATE_OTHER_LINEAGE,
            Self::OlderSerial { .. } => codes::STATE_OLDER_SERIAL,
            Self::Forked { .. } => codes::STATE_FORKED,
            Self::NoBackup { .. } => codes::STATE_NO_BACKUP,
            Self::OpenEffects(_) => codes::STATE_OPEN_EFFECTS,
            Self::NoTicket { .. } => codes::STATE_NO_TICKET,
            Self::Taken(_) => codes::STATE_TAKEN_NAME,
            Self::OtherKind { .. } => codes::STATE_OTHER_KIND,
            Self::Stays { problem, .. } => problem.code,
            Self::Protected(_) => pospool_engine::codes::PLAN_PROTECTED,
            Self::NotEmpty(_) => codes::STATE_NOT_EMPTY,
            Self::SamePlace(_) => codes::STATE_SAME_PLACE,
            Self::NotCopied(_) => codes::STATE_NOT_COPIED,
            Self::WrongLock { .. } => codes::STATE_WRONG_LOCK,
            Self::LiveLock { .. } => codes::STATE_LIVE_LOCK,
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> String {
        match self {
            Self::NoKey(_) | Self::KeyNotNamed | Self::WeakKey { .. } => self.code().remedy().to_owned(),
            Self::None(_) => "name another with --state; `pospool plan` starts a new one".to_owned(),
            Self::OtherLineage { .. } => {
                "name the state that the file belongs to with --state; --force replaces this one, and nothing knows then what it made".to_owned()
            }
            Self::Forked { .. } => {
                "find out which one says what is there outside; --force takes the file's word for it".to_owned()
            }
            Self::OlderSerial { .. } => {
                "fetch the newer one with `pospool state pull`; --force goes back to the older one, and what was made since is forgotten".to_owned()
            }
            Self::NoBackup { .. } => "`pospool state restore` lists what is kept".to_owned(),
            Self::OpenEffects(_) => "run `pospool apply` first: it finds out what came of them; `pospool state settle` shows them".to_owned(),
            Self::NoTicket { .. } => "`pospool state settle` shows what is under way".to_owned(),
            Self::Taken(_) => "give it another name, or move that one away first".to_owned(),
            Self::OtherKind { .. } => "write the same kind on both sides".to_owned(),
            Self::Stays { problem, .. } => problem.help.clone().unwrap_or_default(),
            Self::Protected(address) => {
                format!("take `prevent_destroy` out of the spec's block of `{address}` and apply, if it must be forgotten")
            }
            Self::NotEmpty(location) => {
                format!("name an empty place; if the state at `{location}` is the right one, use it with --state")
            }
            Self::SamePlace(_) => "name another place with --to".to_owned(),
            Self::NotCopied(location) => format!("see what `{location}` keeps; nothing was lost"),
            Self::WrongLock { .. } => "somebody else took the lock meanwhile: look again with `pospool state unlock`".to_owned(),
            Self::LiveLock { .. } => {
                "wait; the next run takes over by itself when the lock has ended. --force takes it away now: its holder then stops at its next write".to_owned()
            }
        }
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Protected(_) => Exit::Protected,
            Self::LiveLock { .. } => Exit::Locked,
            Self::OtherLineage { .. } | Self::OlderSerial { .. } | Self::Forked { .. } => {
                Exit::BadState
            }
            _ => Exit::Error,
        }
    }
}
