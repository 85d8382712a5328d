//! The table: situations in their order of precedence, and what follows from each.
//!
//! - Reads: a [`Situation`].
//! - Returns: the first row that matches it.
//! - Never: leaves a situation undecided; a test goes through all of them.

use super::situation::{
    Age, Depth, Endpoints, History, Made, Nonce, Pool, Price, Receipt, Situation, choice,
};

choice! {
    /// What to do next.
    pub(crate) Next {
        Done = "done": "the effect has taken place: its outputs are recorded",
        Failed = "failed": "it is given up: `chain/reverted`",
        Replaced = "replaced": "it is given up: `chain/nonce-taken`",
        Expired = "expired": "it is given up: `chain/expired`",
        Ask = "ask": "all endpoints are asked at once, and the table again",
        Send = "send": "the same bytes are handed in, to one endpoint after the other until one takes them",
        Raise = "raise": "the same transaction is signed with a higher price, journalled, and handed in",
        Wait = "wait": "it is looked at again",
    }
}

/// One row. An empty column allows every value.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) receipt: &'static [Receipt],
    pub(super) depth: &'static [Depth],
    pub(super) pool: &'static [Pool],
    pub(super) nonce: &'static [Nonce],
    pub(super) age: &'static [Age],
    pub(super) price: &'static [Price],
    pub(super) made: &'static [Made],
    pub(super) endpoints: &'static [Endpoints],
    pub(super) history: &'static [History],
    /// What to do.
    pub(crate) next: Next,
    /// Why, in words for a person; no semicolon, since what is added on the way comes after one.
    pub(crate) why: &'static str,
}

const fn row(next: Next, why: &'static str) -> Row {
    Row {
        receipt: &[],
        depth: &[],
        pool: &[],
        nonce: &[],
        age: &[],
        price: &[],
        made: &[],
        endpoints: &[],
        history: &[],
        next,
        why,
    }
}

const EXECUTED: &[Receipt] = &[Receipt::Succeeded, Receipt::Failed];
/// The pool has it and says nothing that a higher price would not mend.
const RAISABLE: &[Pool] = &[Pool::Ready, Pool::OutdatedStatus];
const NOT_SURE: &[Endpoints] = &[Endpoints::Behind, Endpoints::Disagree];
const WAS_KNOWN: &[History] = &[History::Sent, History::Executed];

/// All rows. Below the rows with a receipt there is none, or a skipped one; below those with a nonce that is used for
/// good it is not; and so on: a row relies on all rows above it.
pub(super) static TABLE: &[Row] = &[
    // There is a receipt.
    Row {
        receipt: EXECUTED,
        endpoints: &[Endpoints::Disagree],
        ..row(
            Next::Wait,
            "the endpoints show different outcomes of it: only one of them can become final",
        )
    },
    Row {
        receipt: &[Receipt::Succeeded],
        depth: &[Depth::Deep],
        ..row(
            Next::Done,
            "it was executed, and is as deep in the chain as this step asks for",
        )
    },
    Row {
        receipt: &[Receipt::Failed],
        depth: &[Depth::Deep],
        endpoints: &[Endpoints::Unasked],
        ..row(
            Next::Ask,
            "it was executed and failed: no single endpoint is believed in that",
        )
    },
    Row {
        receipt: &[Receipt::Failed],
        depth: &[Depth::Deep],
        ..row(Next::Failed, "it was executed and failed")
    },
    Row {
        receipt: EXECUTED,
        ..row(
            Next::Wait,
            "it was executed, and is not yet as deep in the chain as this step asks for",
        )
    },
    // Nobody shows a receipt, and its nonce is used for good.
    Row {
        nonce: &[Nonce::UsedFinally],
        made: &[Made::Final],
        ..row(
            Next::Done,
            "its contract is there for good, and no other sender, nonce and code lead to that address",
        )
    },
    Row {
        nonce: &[Nonce::UsedFinally],
        endpoints: &[Endpoints::Unasked],
        ..row(
            Next::Ask,
            "its nonce is used for good, and another endpoint may have its receipt",
        )
    },
    Row {
        nonce: &[Nonce::UsedFinally],
        endpoints: &[Endpoints::Agree],
        ..row(
            Next::Replaced,
            "its nonce is used for good and no endpoint has its receipt: another transaction of this key took its place, or the nodes forgot it",
        )
    },
    Row {
        nonce: &[Nonce::UsedFinally],
        pool: &[Pool::Unknown],
        age: &[Age::Fresh],
        endpoints: &[Endpoints::Disagree],
        ..row(
            Next::Send,
            "the endpoints contradict each other about its nonce: if it is free, one of them takes it",
        )
    },
    Row {
        nonce: &[Nonce::UsedFinally],
        ..row(
            Next::Wait,
            "its nonce is used for good at one endpoint, and another one cannot confirm that yet",
        )
    },
    // Its last epoch is final.
    Row {
        age: &[Age::Expired],
        endpoints: &[Endpoints::Unasked],
        ..row(
            Next::Ask,
            "its last epoch is final, and another endpoint may have its receipt",
        )
    },
    Row {
        age: &[Age::Expired],
        endpoints: &[Endpoints::Agree],
        ..row(
            Next::Expired,
            "its last epoch is final without it, so it can never be executed any more",
        )
    },
    Row {
        age: &[Age::Expired],
        endpoints: NOT_SURE,
        ..row(
            Next::Wait,
            "its last epoch is final at one endpoint, and another one cannot confirm that yet",
        )
    },
    // It may still be executed.
    Row {
        pool: &[Pool::InBlock],
        ..row(
            Next::Wait,
            "it is in a block, and is executed 5 epochs later",
        )
    },
    Row {
        nonce: &[Nonce::Used],
        pool: &[Pool::Unknown],
        endpoints: &[Endpoints::Unasked],
        ..row(
            Next::Ask,
            "its nonce is used, and another endpoint may have its receipt",
        )
    },
    Row {
        nonce: &[Nonce::Used],
        pool: &[Pool::Unknown],
        age: &[Age::Fresh],
        endpoints: &[Endpoints::Disagree],
        ..row(
            Next::Send,
            "its nonce is used at one endpoint and free at another, which takes it if that is so",
        )
    },
    Row {
        nonce: &[Nonce::Used],
        ..row(
            Next::Wait,
            "its nonce is used: its receipt comes, or finality shows that another transaction took its place",
        )
    },
    Row {
        age: &[Age::Old],
        ..row(
            Next::Wait,
            "it is too old to be packed: once its last epoch is final it is certain that it never will be",
        )
    },
    Row {
        pool: &[Pool::OldEpochHeight],
        ..row(
            Next::Wait,
            "the node calls it too old to be packed: once its last epoch is final that is certain",
        )
    },
    // The pool has it.
    Row {
        pool: &[Pool::FutureNonce],
        ..row(
            Next::Wait,
            "in the pool of the node, where an earlier transaction of the account is missing: the step of that one hands it in",
        )
    },
    Row {
        pool: &[Pool::NotEnoughCash],
        ..row(
            Next::Wait,
            "in the pool of the node, and the account cannot pay for it: send CFX there",
        )
    },
    Row {
        pool: RAISABLE,
        price: &[Price::TooLow],
        ..row(
            Next::Raise,
            "in the pool of the node, and the base fee has risen above its price",
        )
    },
    Row {
        pool: RAISABLE,
        price: &[Price::AtCeiling],
        ..row(
            Next::Wait,
            "in the pool of the node, below the base fee, and its price cannot rise any more: it waits for a lower base fee",
        )
    },
    Row {
        pool: &[Pool::OutdatedStatus],
        ..row(
            Next::Send,
            "the node must hear of the account again: the pools of the other endpoints are given it too",
        )
    },
    Row {
        pool: &[Pool::Ready],
        ..row(Next::Wait, "sent, and not in a block yet")
    },
    // Nobody has it.
    Row {
        history: WAS_KNOWN,
        endpoints: &[Endpoints::Unasked],
        ..row(
            Next::Ask,
            "it was known and is not any more: another endpoint may have it",
        )
    },
    Row {
        price: &[Price::TooLow],
        ..row(Next::Raise, "no pool has it, and its price is too low")
    },
    Row {
        history: &[History::Executed],
        ..row(
            Next::Send,
            "its receipt is gone, so a reorganisation turned it: it goes out again",
        )
    },
    Row {
        history: &[History::Sent],
        ..row(
            Next::Send,
            "it was dropped from the pool: it goes out again",
        )
    },
    Row {
        history: &[History::Unsure],
        ..row(Next::Send, "nobody has it, and its nonce is free")
    },
    Row {
        history: &[History::Unsent],
        ..row(Next::Send, "it was not sent yet")
    },
];

/// Stands in for a row that is missing; a test shows that it is never reached.
static UNDECIDED: Row = row(Next::Wait, "nothing is known of what to do now");

fn allows<T: PartialEq>(column: &[T], value: &T) -> bool {
    column.is_empty() || column.contains(value)
}

impl Row {
    pub(super) fn matches(&self, case: &Situation) -> bool {
        allows(self.receipt, &case.receipt)
            && allows(self.depth, &case.depth)
            && allows(self.pool, &case.pool)
            && allows(self.nonce, &case.nonce)
            && allows(self.age, &case.age)
            && allows(self.price, &case.price)
            && allows(self.made, &case.made)
            && allows(self.endpoints, &case.endpoints)
            && allows(self.history, &case.history)
    }
}

/// The row that decides.
pub(crate) fn decide_row(case: &Situation) -> &'static Row {
    TABLE
        .iter()
        .find(|row| row.matches(case))
        .unwrap_or(&UNDECIDED)
}
