//! How an endpoint is closed to a client.

/// How an endpoint answers that is shut for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// HTTP 401: the key in its URL is not known.
    Unauthorised,
    /// Every call is one too many.
    Exhausted,
    /// Batches are refused as batches; single calls pass.
    NoBatches,
}
