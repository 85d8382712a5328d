//! The two spaces of a chain.

/// One of the two spaces of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplorerSpace {
    /// Core Space: base32 addresses, one path for each question.
    Core,
    /// eSpace: hex addresses, the forms of Etherscan.
    Espace,
}
