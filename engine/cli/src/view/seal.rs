//! What became of the seal of a state.
//!
//! - Reads: what was sealed anew.
//! - Returns: what was done and what follows from it; as text or JSON.
//! - Never: shows anything of a key.

use std::fmt::Write as _;

use pospool_engine::store::Resealed;
use pospool_remote::Location;
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, format_count};

/// What a state is sealed with from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewSeal {
    /// A key, for the first time.
    First,
    /// Another key than before.
    Other,
    /// Nothing.
    None,
}

/// The state was sealed anew.
#[must_use]
pub fn format_resealed(location: &Location, new: NewSeal, resealed: &Resealed) -> String {
    let kept = format_count(resealed.backups, "replaced state", "replaced states");
    let what = match (resealed.state, new) {
        (false, NewSeal::None) => "had no seal already",
        (false, _) => "was sealed with this key already",
        (true, NewSeal::None) => "has no seal any more",
        (true, NewSeal::First) => "is sealed",
        (true, NewSeal::Other) => "is sealed with the new key",
    };
    let mut text = format!("`{location}` {what}; the same was done to {kept}\n");
    if !resealed.left.is_empty() {
        let numbers: Vec<_> = resealed.left.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "kept as they were, since they are neither of the seal of before nor of this one: {}",
            numbers.join(", ")
        );
    }
    text += match new {
        NewSeal::First => {
            "From now on it is only read with the key: keep a copy of it elsewhere, and name it in the spec of everybody who uses this state\n"
        }
        NewSeal::Other => {
            "The old key opens nothing of it any more; saved plans are to be made again\n"
        }
        NewSeal::None => {
            "Take `key` out of the `state` block of the spec: with it, a state without a seal is refused\n"
        }
    };
    text
}

/// The state was sealed anew, as JSON.
#[must_use]
pub fn resealed_to_json(location: &Location, new: NewSeal, resealed: &Resealed) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "state": location.to_string(),
        "sealed": new != NewSeal::None,
        "changed": resealed.state,
        "backups": resealed.backups,
        "left": resealed.left,
    })
}
