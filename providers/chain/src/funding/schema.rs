//! `funding` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{CHAIN_TEXT, NEWEST};

kind! {
    /// A `funding` block.
    pub(crate) struct FundingSpec;
    /// The kind as a table.
    pub(crate) const FUNDING = "funding", Managed, "Money for an account in eSpace, from an account in Core Space. The account there is filled up to the amount once: when the block is new, and when its amount or its receiver changes. What is spent afterwards is not replaced.";
    attributes {
        amount: Amount, Required, Update, "What the account in eSpace has at least afterwards.";
        from: Reference["account"], Implied, Ignore, "The account that pays, in Core Space. Default: the only `account` of the spec.";
        to: Reference["account"], Optional, Update, "The account that is filled up, in eSpace. Default: `from`.";
        chain: Reference["chain"], Implied, Refuse, CHAIN_TEXT;
    }
    outputs: &[
        OutputSchema::new("address", "The account in eSpace, in hex."),
        NEWEST,
    ],
    identity: Some("address"),
    example: r#"funding "espace" {
  amount = cfx(50)
}"#,
}
