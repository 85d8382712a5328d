//! PoS keys that survive: the file of a key, a bundle with all that a lost host needs, and the age format that it is locked in.
//!
//! - Reads: bytes and secrets that it is given.
//! - Returns: bytes, public names, and what is wrong with either.
//! - Never: touches a disk, a network or a clock, or shows a secret in an error.

pub mod age;
mod bundle;
pub mod codes;
mod error;
mod manifest;
mod placement;
mod pos_key;
#[doc(hidden)]
pub mod testing;

pub use bundle::KeyBundle;
pub use error::BundleError;
pub use manifest::{FileDigest, KeptUpTo, Manifest};
pub use placement::{BroughtKey, Placement, plan_placement};
pub use pos_key::{PosKey, PosKeyError};
