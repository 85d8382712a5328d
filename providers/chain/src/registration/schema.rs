//! `pos_registration` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{CHAIN_TEXT, NEWEST};

kind! {
    /// A `pos_registration` block.
    pub(crate) struct RegistrationSpec;
    /// The kind as a table.
    pub(crate) const POS_REGISTRATION = "pos_registration", Managed, "The bond between a node's PoS key and a pool, with the pool's first vote. The owner of the pool pays.";
    attributes {
        pool: Reference["core_contract"], Required, Refuse, "The pool contract.";
        node: Reference["node"], Optional, Ignore, "The node whose key votes. Either this, `register_data` or `pos_address`.";
        register_data: Text, Optional, Ignore, "What `conflux rpc local pos register --power 1` printed on a node that pospool does not run. Either this or `node`.";
        pos_address: Text, Optional, Ignore, "The registered key, of a node that pospool does not run: a registration that is there is taken up, and none is made. In the place of `node` and `register_data`.";
        deposit: Amount, Required, Refuse, "Price of the first vote: exactly `cfx(1000)`.";
        restake_due: List[Text], Optional, Update, "After PoS retired the key: how many votes of the pool can be staked again, now and from which view on. Never written in a spec: nothing is always what is wanted.";
        chain: Reference["chain"], Implied, Refuse, CHAIN_TEXT;
    }
    outputs: &[
        OutputSchema::new("pos_address", "Address of the key in PoS."),
        OutputSchema::new(
            "identifier",
            "Identifier of the key in the register: the same 32 bytes as `pos_address`.",
        ),
        OutputSchema::moving("votes", "Votes of the key that work: that can be elected, and vote while the node votes."),
        OutputSchema::moving(
            "votes_leaving",
            "Votes that do not work any more and whose stake is not free yet.",
        ),
        OutputSchema::moving(
            "votes_unlocked",
            "Votes that ever became free, those that were staked again or withdrawn among them.",
        ),
        NEWEST,
    ],
    identity: Some("pos_address"),
    irreversible: Some(
        "1,000 CFX are locked for at least 14 days, and the PoS key is bound to this contract for ever",
    ),
    example: r#"pos_registration "main" {
  node    = node.main
  pool    = core_contract.pool
  deposit = cfx(1000)
  lifecycle { irreversible = "accept" }
}"#,
}
