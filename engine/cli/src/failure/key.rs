//! Why a command about a PoS key did nothing.

use std::path::PathBuf;

use pospool_keys::{BundleError, codes};
use pospool_model::{Address, Code, Problem, ProviderError, SecretError};

/// Why a command about a PoS key did nothing.
#[derive(Debug, thiserror::Error)]
pub enum KeyFailure {
    /// A bundle or a file of a key cannot be used.
    #[error("`{}` cannot be used", path.display())]
    Bundle {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// The key of a node cannot be used.
    #[error("the PoS key of `{node}` cannot be used")]
    OfNode {
        /// Which node.
        node: Address,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// A recipient or an identity cannot be meant.
    #[error("the bundle cannot be locked or opened")]
    Secret(#[source] BundleError),
    /// Nothing was named that opens a bundle.
    #[error("nothing is named that opens the bundle")]
    NoOpener,
    /// A secret cannot be read.
    #[error("{what} cannot be read")]
    NoSecret {
        /// Which one.
        what: &'static str,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// The same on a host that may have lost it.
    #[error("{what} cannot be read")]
    LostPassword {
        /// Which one.
        what: &'static str,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// The password of the spec is not that of the bundle.
    #[error("the password that the spec names does not open the key of the bundle")]
    OtherPassword(#[source] BundleError),
    /// Spec, state or volume do not allow it.
    #[error("{}", .0.summary)]
    Refused(Problem),
    /// The volume could not be written.
    #[error("the PoS key of `{node}` could not be put onto its volume")]
    NotPlaced {
        /// Which node.
        node: Address,
        /// Why.
        #[source]
        source: ProviderError,
    },
}

impl KeyFailure {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Bundle { source, .. }
            | Self::OfNode { source, .. }
            | Self::Secret(source)
            | Self::OtherPassword(source) => source.code(),
            Self::NoOpener => codes::NO_OPENER,
            Self::NoSecret { .. } | Self::LostPassword { .. } => codes::NO_SECRET,
            Self::Refused(problem) => problem.code,
            Self::NotPlaced { source, .. } => source.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Refused(problem) => problem.help.clone(),
            Self::LostPassword { .. } | Self::OtherPassword(_) => Some(
                "`--password-to FILE` writes the password of the bundle into a new file, for `pos_key_password` to name"
                    .to_owned(),
            ),
            Self::NotPlaced { .. } => {
                Some("run it again: a key that is half written is written anew".to_owned())
            }
            _ => Some(self.code().remedy().to_owned()),
        }
    }
}
