//! User and group of every container.

/// User and group of every container.
pub(crate) const USER: &str = "10001:10001";

/// The user of every container.
pub const USER_ID: u32 = 10001;

/// The group of every container.
pub const GROUP_ID: u32 = 10001;
