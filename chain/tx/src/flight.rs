//! What to do next about a signed transaction: a total decision table over what is seen of it.
//!
//! - Reads: a [`Sight`]: what one endpoint shows, in words that both spaces share.
//! - Returns: the row of the table that decides, with its reason.
//! - Never: asks or sends, and names no method of a node.
//!
//! ```text
//! endpoint --look--> Sight --situation--> Situation --table--> Row { next, why }
//! other endpoints --look--> Sights --witness--> the best one, and whether they agree
//! ```
//!
//! Finality decides, not a count of looks: a transaction is given up only on what PoS has finalised and on what no
//! other endpoint contradicts. Until then the same bytes may go out as often as needed: their nonce is in them, so they
//! take effect at most once.

mod page;
mod refusal;
mod sight;
mod situation;
mod table;
#[cfg(test)]
mod tests;
mod witness;

pub use self::page::transactions_page;
pub(crate) use self::refusal::{Answer, Then, row_after};
pub(crate) use self::sight::{Executed, Heads, Ours, Sight};
pub use self::situation::History;
pub(crate) use self::situation::{Endpoints, Pool, Price, Receipt};
pub(crate) use self::table::{Next, Row, decide_row};
pub(crate) use self::witness::best_sight;
