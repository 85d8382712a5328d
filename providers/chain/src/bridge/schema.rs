//! `bridge_service` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{CHAIN_TEXT, NEWEST};

kind! {
    /// A `bridge_service` block.
    pub(crate) struct BridgeServiceSpec;
    /// The kind as a table.
    pub(crate) const BRIDGE_SERVICE = "bridge_service", Managed, "What a bridge between the spaces has to be told: stake, unstakes, interest and votes to carry. An apply does what there is to do now; `pospool sync` does it again and again.";
    attributes {
        bridge: Any, Required, Ignore, "The bridge: `core_contract.bridge`, or its address in base32.";
        account: Reference["account"], Implied, Ignore, "The account that calls and pays; most calls are for the bridge's owner alone. Default: the only `account` of the spec.";
        chain: Reference["chain"], Implied, Ignore, CHAIN_TEXT;
        claim_every: Blocks, Optional, Ignore, "Blocks between two claims of interest. Default: `blocks(3600)`, about half an hour.";
        claim_from: Amount, Optional, Ignore, "Least interest that is worth a claim. Default: more than the gas of the claim costs.";
        duties: List[Text], Optional, Update, "What there is to do. Never written in a spec: none is always what is wanted.";
    }
    outputs: &[
        OutputSchema::new("bridge_address", "Address of the bridge."),
        OutputSchema::new("signer", "Address of the account that calls."),
        OutputSchema::new("balance", "Balance of that account."),
        OutputSchema::new("block", "Number of the block that was looked at."),
        OutputSchema::new(
            "waiting",
            "What there is to do and cannot be done yet, each with the reason.",
        ),
        OutputSchema::new(
            "crossing_votes",
            "Votes of eSpace that Core Space has not yet.",
        ),
        OutputSchema::new("unstakes", "Requests to unstake that are in line."),
        OutputSchema::new(
            "unlocked_votes",
            "Votes that are free to be brought back to eSpace.",
        ),
        OutputSchema::new(
            "interest",
            "Interest that eSpace has earned and not yet got.",
        ),
        OutputSchema::new("claimed_block", "Block of the last claim of interest."),
        NEWEST,
    ],
    example: r#"bridge_service "main" {
  bridge  = core_contract.bridge
  account = account.syncer
}"#,
}
