//! User and group of every container.

/// User and group of every container.
pub(crate) const USER: &str = "10001:10001";

/// The user of [`USER`].
pub(crate) const USER_ID: u32 = 10001;

/// The group of [`USER`].
pub(crate) const GROUP_ID: u32 = 10001;
