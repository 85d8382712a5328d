//! What is wrong with an age file, or with the secret for it.

/// What is wrong with an age file, or with the secret that is to open it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// Another kind of file.
    #[error("it is not an age file")]
    NotAge,
    /// It is larger than anything that pospool writes.
    #[error("it is larger than 1 MB, so it is no bundle")]
    TooLarge,
    /// It was cut or changed.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It is for somebody else.
    #[error("this identity is none of its recipients")]
    OtherRecipient,
    /// The passphrase is another one.
    #[error("the passphrase is another one")]
    WrongPassphrase,
    /// It opens with a passphrase.
    #[error("it is locked with a passphrase, and not for an identity")]
    WantsPassphrase,
    /// It opens with an identity.
    #[error("it is locked for recipients, and not with a passphrase")]
    WantsIdentity,
    /// Its passphrase asks for more work than is given.
    #[error("its passphrase asks for 2^{0} steps of work, and at most 2^20 are done")]
    TooMuchWork(u8),
    /// A public name cannot be meant.
    #[error("`{0}` is not a recipient: it begins with `age1` and has 62 letters and digits")]
    BadRecipient(String),
    /// A secret name cannot be meant. It is not shown.
    #[error("there is no identity in it: a line that begins with `AGE-SECRET-KEY-1`")]
    BadIdentity,
    /// Nobody could open it.
    #[error("nobody is named who could open it")]
    Nobody,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}
