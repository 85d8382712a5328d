//! `verification` as a table.

use pospool_model::{OutputSchema, kind};

kind! {
    /// A `verification` block.
    pub(crate) struct VerificationSpec;
    /// The kind as a table.
    pub(crate) const VERIFICATION = "verification", Managed, "That the code on the chain is what the source compiles to, proxy and implementation both, and that an explorer says so. It is looked at in each plan.";
    attributes {
        contract: Reference["core_contract", "espace_contract"], Optional, Update, "The contract. Either this or `contracts`.";
        contracts: References["core_contract", "espace_contract"], Optional, Update, "Several contracts. Either this or `contract`.";
        explorer: Any, Optional, Update, "`\"confluxscan\"`, the URL of an API like its own, or `{ core = \"https://…\", espace = \"https://…\" }`. Without it the code is only compared.";
        api_key: Secret, Optional, Ignore, "Key of the explorer's API, for more than five requests in a second; ConfluxScan needs none.";
        verified: Any, Optional, Update, "Always `true`, and need not be written. A plan shows in its place why something is not verified any more.";
    }
    outputs: &[
        OutputSchema::new(
            "local",
            "`exact`, or `the same but for the metadata`: other comments or file names, the same instructions.",
        ),
        OutputSchema::new("links", "Pages of the explorer, one for each part."),
    ],
    example: r#"verification "pool" {
  contract = core_contract.pool
  explorer = "confluxscan"
}"#,
}
