//! What is wrong with a bundle, a key, or the secret for either.

use pospool_model::Code;

use crate::age::AgeError;
use crate::codes;
use crate::pos_key::PosKeyError;

/// What is wrong. No variant carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The lock does not open, or is no lock.
    #[error(transparent)]
    Age(#[from] AgeError),
    /// What is in the lock is no bundle.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It has a form that this program does not know.
    #[error("it has form {0}, and this pospool reads form 1")]
    NewerForm(u64),
    /// The file of the key gives no key.
    #[error("the PoS key: {0}")]
    PosKey(#[from] PosKeyError),
    /// It is another key.
    #[error("it is the PoS key {found}, and it should be {expected}")]
    OtherKey {
        /// The key that is there.
        found: String,
        /// The key that should be.
        expected: String,
    },
    /// The safety file cannot be used.
    #[error("the safety file: {0}")]
    SafetyFile(String),
}

impl BundleError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Age(error) => code_of_age(error),
            Self::Damaged(_) => codes::DAMAGED,
            Self::NewerForm(_) => codes::NEWER_FORM,
            Self::PosKey(PosKeyError::WrongPassword) => codes::WRONG_PASSWORD,
            Self::PosKey(_) => codes::POS_KEY_DAMAGED,
            Self::OtherKey { .. } => codes::OTHER_KEY,
            Self::SafetyFile(_) => codes::SAFETY_FILE,
        }
    }
}

fn code_of_age(error: &AgeError) -> Code {
    match error {
        AgeError::NotAge | AgeError::TooLarge => codes::NOT_A_BUNDLE,
        AgeError::Damaged(_) => codes::DAMAGED,
        AgeError::OtherRecipient => codes::WRONG_RECIPIENT,
        AgeError::WrongPassphrase | AgeError::TooMuchWork(_) => codes::WRONG_PASSPHRASE,
        AgeError::WantsPassphrase | AgeError::WantsIdentity => codes::WRONG_LOCK,
        AgeError::BadRecipient(_) | AgeError::Nobody => codes::BAD_RECIPIENT,
        AgeError::BadIdentity => codes::BAD_IDENTITY,
        AgeError::NoRandom => codes::NO_RANDOM,
    }
}
