//! What follows when bytes were handed in and not taken: a second, smaller table.
//!
//! - Reads: what an endpoint answered, what was seen of the transaction before, and whether its price can rise.
//! - Returns: the row that decides.
//! - Never: gives up what may be in a pool. A refusal is the end only of bytes that this run signed and that nobody
//!   has taken.

use super::situation::{History, Price, choice};
use crate::codes;
use pospool_model::Code;

choice! {
    /// What an endpoint answers to bytes.
    pub(crate) Answer {
        Taken = "taken": "they are in its pool now",
        Known = "known": "they are in its pool already",
        NonceUsed = "nonce used": "their nonce is executed or packed",
        NonceTaken = "nonce taken": "other bytes with their nonce are in its pool",
        NonceTooFar = "nonce too far": "too many earlier ones are missing",
        Full = "full": "its pool is full",
        Busy = "busy": "it is catching up, takes no more requests now, or cannot be reached",
        TooPoor = "too poor": "the account cannot pay for them",
        TooCheap = "too cheap": "their price is below what it takes at all",
        TooOld = "too old": "their last epoch is over",
        OtherChain = "other chain": "they are for another chain",
        Invalid = "invalid": "they break another rule",
    }
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// A pool has it.
    Sent,
    /// Look again.
    Later,
    /// Their price is too low: the next look signs with a higher one.
    Raise,
    /// Nobody has them, and nobody will: given up with this code.
    Never(Code),
}

/// One row. An empty column allows every value.
pub(crate) struct AnswerRow {
    pub(super) answer: Answer,
    pub(super) history: &'static [History],
    pub(super) price: &'static [Price],
    pub(crate) then: Then,
    pub(crate) why: &'static str,
}

const fn row(answer: Answer, then: Then, why: &'static str) -> AnswerRow {
    AnswerRow {
        answer,
        history: &[],
        price: &[],
        then,
        why,
    }
}

/// The end of what nobody has.
const fn never(answer: Answer, code: Code, why: &'static str) -> AnswerRow {
    AnswerRow {
        history: &[History::Unsent],
        ..row(answer, Then::Never(code), why)
    }
}

pub(super) static TABLE: &[AnswerRow] = &[
    row(Answer::Taken, Then::Sent, "it is in the pool of the node"),
    row(Answer::Known, Then::Sent, "it is in the pool of the node"),
    row(
        Answer::NonceUsed,
        Then::Later,
        "the node calls its nonce used: looking for its receipt",
    ),
    row(
        Answer::NonceTaken,
        Then::Later,
        "another transaction with its nonce is in the pool of the node",
    ),
    row(
        Answer::NonceTooFar,
        Then::Later,
        "too many earlier transactions of the account are missing",
    ),
    row(Answer::Full, Then::Later, "the pool of the node is full"),
    row(
        Answer::Busy,
        Then::Later,
        "no node takes transactions now: they are catching up, busy, or out of reach",
    ),
    AnswerRow {
        price: &[Price::TooLow],
        ..row(
            Answer::TooCheap,
            Then::Raise,
            "the node does not take its price, and `max_gas_price` allows more",
        )
    },
    never(
        Answer::TooCheap,
        codes::GAS_PRICE,
        "no node takes its price, and `max_gas_price` allows no more",
    ),
    row(
        Answer::TooCheap,
        Then::Later,
        "the node does not take its price, and `max_gas_price` allows no more",
    ),
    never(
        Answer::TooPoor,
        codes::NOT_ENOUGH_BALANCE,
        "the account cannot pay for it",
    ),
    row(
        Answer::TooPoor,
        Then::Later,
        "the account cannot pay for it: send CFX there",
    ),
    never(Answer::TooOld, codes::EXPIRED, "it is too old to be packed"),
    row(
        Answer::TooOld,
        Then::Later,
        "the node calls it too old: once its last epoch is final that is certain",
    ),
    never(
        Answer::OtherChain,
        codes::WRONG_NETWORK,
        "the nodes are on another chain than the plan",
    ),
    row(
        Answer::OtherChain,
        Then::Later,
        "the node is on another chain than the plan",
    ),
    never(Answer::Invalid, codes::REJECTED, "no node takes it"),
    row(
        Answer::Invalid,
        Then::Later,
        "this node refuses it now, and another one may have it",
    ),
];

/// Stands in for a row that is missing; a test shows that it is never reached.
static UNDECIDED: AnswerRow = row(
    Answer::Busy,
    Then::Later,
    "the node's answer is not understood",
);

impl AnswerRow {
    pub(super) fn matches(&self, answer: Answer, history: History, price: Price) -> bool {
        self.answer == answer
            && (self.history.is_empty() || self.history.contains(&history))
            && (self.price.is_empty() || self.price.contains(&price))
    }
}

/// The row that decides. For the price: [`Price::AtCeiling`] if it cannot rise, else [`Price::TooLow`].
pub(crate) fn row_after(answer: Answer, history: History, price: Price) -> &'static AnswerRow {
    TABLE
        .iter()
        .find(|row| row.matches(answer, history, price))
        .unwrap_or(&UNDECIDED)
}
