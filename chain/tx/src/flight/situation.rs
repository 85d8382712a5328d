//! What can be the case of a transaction, as nine small choices.
//!
//! - Reads: nothing.
//! - Returns: the choices, each with its name and meaning for the reference page.
//! - Never: holds a number; those are reduced to choices in `sight`.

/// Defines one choice, with the word and the meaning of each of its values.
macro_rules! choice {
    ($(#[$doc:meta])* $vis:vis $name:ident { $($value:ident = $word:literal: $meaning:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $vis enum $name { $(#[doc = $meaning] $value,)* }

        impl $name {
            /// All values, in the order of the definition.
            $vis const ALL: &'static [Self] = &[$(Self::$value),*];

            /// Its word and its meaning.
            $vis fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$value => ($word, $meaning),)* }
            }
        }
    };
}
pub(super) use choice;

choice! {
    /// The receipt of any form of the transaction.
    pub(crate) Receipt {
        None = "none": "nobody shows one",
        Succeeded = "succeeded": "it was executed and did what it should",
        Failed = "failed": "it was executed and reverted: only its gas was paid",
        Skipped = "skipped": "it is in a block and was not executed",
    }
}
choice! {
    /// How deep its receipt is, measured by the wait level of the step.
    pub(crate) Depth {
        Shallow = "shallow": "no receipt, or not yet as deep as the step asks for",
        Deep = "deep": "executed, confirmed or finalised, as the step asks for",
    }
}
choice! {
    /// What the pool of the node says of it.
    pub(crate) Pool {
        Unknown = "unknown": "the node does not know it",
        Ready = "ready": "it is in the pool, and nothing is said against it",
        FutureNonce = "futureNonce": "it is in the pool, and an earlier one of the account is not",
        NotEnoughCash = "notEnoughCash": "it is in the pool, and the account cannot pay for it",
        OldEpochHeight = "oldEpochHeight": "it is in the pool, and too old to be packed",
        OutdatedStatus = "outdatedStatus": "it is in the pool, which no longer knows whether the account can pay",
        InBlock = "in a block": "it is packed, and not executed yet",
    }
}
choice! {
    /// Its nonce against the account's.
    pub(crate) Nonce {
        Missing = "ahead": "earlier ones of the account are not executed",
        Next = "next": "it is the account's next",
        Used = "used": "executed at the newest state, by this one or another",
        UsedFinally = "used for good": "executed in a finalised epoch",
    }
}
choice! {
    /// Its last epoch against the chain's.
    pub(crate) Age {
        Fresh = "fresh": "it can be packed",
        Old = "old": "the newest epoch is beyond its last one",
        Expired = "expired": "the finalised epoch is beyond its last one",
    }
}
choice! {
    /// Its price against what the network asks for.
    pub(crate) Price {
        Enough = "enough": "not below the base fee, as far as is known",
        TooLow = "too low": "below the base fee or refused for it, and `max_gas_price` allows more",
        AtCeiling = "at the ceiling": "below the base fee or refused for it, and `max_gas_price` allows no more, or the key cannot be read",
    }
}
choice! {
    /// What it makes.
    pub(crate) Made {
        Unseen = "unseen": "it makes no contract, or its contract is in no finalised epoch",
        Final = "final": "its contract is there in a finalised epoch",
    }
}
choice! {
    /// What the endpoints say of each other's words.
    pub(crate) Endpoints {
        Unasked = "unasked": "one endpoint was asked, and briefly",
        Agree = "agree": "all that answer show the same, or there is only one",
        Behind = "behind": "one has not finalised what another one's words rest on",
        Disagree = "disagree": "two contradict each other, and neither is behind",
    }
}
choice! {
    /// What was seen of it before this look.
    pub History {
        Unsent = "unsent": "this run signed it and has not handed it in",
        Unsure = "unsure": "it may have been handed in, by this run or an earlier one",
        Sent = "sent": "a node had it",
        Executed = "executed": "a receipt was shown",
    }
}

impl Pool {
    /// Whether the node has it in its pool, and in no block.
    pub(crate) fn is_pooled(self) -> bool {
        !matches!(self, Self::Unknown | Self::InBlock)
    }
}

/// One case: a value of each choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) receipt: Receipt,
    pub(crate) depth: Depth,
    pub(crate) pool: Pool,
    pub(crate) nonce: Nonce,
    pub(crate) age: Age,
    pub(crate) price: Price,
    pub(crate) made: Made,
    pub(crate) endpoints: Endpoints,
    pub(crate) history: History,
}
