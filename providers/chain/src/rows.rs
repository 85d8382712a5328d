//! What tables of several kinds say in the same words.

use pospool_model::OutputSchema;

/// Text of the attribute `chain`.
pub(crate) const CHAIN_TEXT: &str = "The chain it is on. Default: the only `chain` of the spec.";

/// The output that says how new an answer must be.
pub(crate) const NEWEST: OutputSchema = OutputSchema::new(
    "epoch",
    "Epoch of its newest transaction. A node that has not come so far is not believed.",
);
