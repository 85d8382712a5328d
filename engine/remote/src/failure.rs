//! What can go wrong between us and a keeper, by what it means for a write.

use std::path::Path;

use pospool_engine::store::StoreError;

/// Any cause.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request had no success.
#[derive(Debug)]
pub(crate) enum RequestFailure {
    /// The keeper says that what is there is not what was expected, or that the lock is another's.
    Refused(Cause),
    /// The request may have arrived or not, and may go through later.
    Passing(Cause),
    /// It will not get better by waiting.
    Lasting(Cause),
}

impl RequestFailure {
    pub(crate) fn cause(self) -> Cause {
        match self {
            Self::Refused(cause) | Self::Passing(cause) | Self::Lasting(cause) => cause,
        }
    }
}

/// A cause that is only told.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TextCause(pub(crate) String);

/// A cause in words.
pub(crate) fn cause_of_text(text: impl Into<String>) -> Cause {
    Box::new(TextCause(text.into()))
}

/// A library's error in one line: its own words and those of the innermost cause. What
/// follows a `?` in an address is left out: it may be a signature.
pub(crate) fn summed_up(error: &dyn std::error::Error) -> Cause {
    let mut text = error.to_string();
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let innermost = innermost.to_string();
    if !text.contains(&innermost) {
        text = format!("{text}: {innermost}");
    }
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => format!("{address}?…"),
        _ => word.to_owned(),
    });
    cause_of_text(words.collect::<Vec<_>>().join(" "))
}

/// The store's error for a keeper that failed.
pub(crate) fn backend_error(verb: &'static str, name: &Path, source: Cause) -> StoreError {
    StoreError::Keeper {
        verb,
        path: name.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_in_an_address_is_not_repeated() {
        let cause = TextCause("PUT https://a.example/b?sig=hunter2&se=1 in 2 ms: why?".to_owned());
        let text = summed_up(&cause).to_string();
        assert_eq!(text, "PUT https://a.example/b?… in 2 ms: why?");
    }
}
