//! The forms of releases.

/// Every form with its name, which is that of the releases that have it.
pub(crate) const FORMS: &[(Release, &str, (u32, u32))] =
    &[(Release::V30, "3.0", (3, 0)), (Release::V31, "3.1", (3, 1))];

/// A form of the configuration and of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Release {
    /// 3.0.x: PoS is started from a waypoint and a genesis file.
    V30,
    /// 3.1.x: both are compiled in, and an unknown key in `pos_config.yaml` stops the node.
    V31,
}
