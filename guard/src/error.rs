//! Why a guard does not start its node.

/// Why a guard ends before it has started conflux.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The settings of the image cannot be used.
    #[error("the settings of the guard cannot be used: {0}")]
    Settings(String),
    /// Nobody handed it a password.
    #[error("no password came; start this node with `pospool apply`")]
    NoPassword,
    /// The password that is mounted cannot be read.
    #[error("the password of the PoS key cannot be used: {0}")]
    Password(String),
    /// The engine allows too few open files.
    #[error("too many open files would be needed: this engine allows {0}, and a node needs 10000")]
    Files(u64),
    /// A copy or a snapshot did not come to its end.
    #[error("the data is not whole: a copy or a snapshot did not come to its end; apply it again")]
    Unfinished,
    /// Another guard has the volume.
    #[error("another guard has this volume: two processes with one PoS key must never vote")]
    InUse,
    /// The volume cannot be used.
    #[error("the volume cannot be used: {0}")]
    Volume(String),
    /// An endpoint of another source cannot be used.
    #[error("an endpoint cannot be used: {0}")]
    Endpoint(String),
    /// A signal cannot be listened for.
    #[error("signals cannot be received: {0}")]
    Signals(String),
}

impl GuardError {
    /// Exit code of the container.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::NoPassword => 64,
            Self::Files(_) => 65,
            Self::Unfinished => 66,
            Self::InUse => 67,
            Self::Password(_) => 68,
            _ => 70,
        }
    }
}
