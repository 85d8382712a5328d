//! Where things are inside of a node's container.

/// Where the configuration lies in the hardened image.
pub(crate) const CONFIG_DIR: &str = "/etc/conflux";

/// Where the node's volume is mounted.
pub(crate) const DATA_DIR: &str = "/data";

/// Port that only the inside of the container can reach.
pub(crate) const LOCAL_PORT: u16 = 12539;
