//! Every code of a transaction that is sent, with what it means and what to do.
//!
//! They begin with `chain/` as those of the provider do: for an operator both are the chain.

pospool_model::codes! {
    EXPIRED = "chain/expired",
        "The last epoch of a transaction is final without it, or no node accepts it as it is too old, so it can never be executed; no gas was paid.",
        "Run `pospool plan` and `pospool apply` again: a new transaction is made.";
    GAS_PRICE = "chain/gas-price",
        "Gas costs more than `max_gas_price` of the chain allows now, or no node accepts a transaction at a price within it.",
        "Wait until gas is cheaper, or raise `max_gas_price` in the `chain` block. Then run `pospool apply` again.";
    NONCE_TAKEN = "chain/nonce-taken",
        "The nonce of a planned or sent transaction is used by another one, so another program or person signs with the same key, or the nodes forgot the transaction.",
        "Let only one program sign with the key, then run `pospool plan` again: it looks at what is on the chain.";
    NOT_ENOUGH_BALANCE = "chain/not-enough-balance",
        "An account cannot pay for a transaction with its gas, storage collateral and value at most, so it is not planned, signed or accepted.",
        "Send CFX to the address in the message; for eSpace a `funding` block can move it from Core Space. What is not used stays there.";
    OUTCOME_UNKNOWN = "chain/outcome-unknown",
        "The time to wait ended before the outcome of a transaction was known; it is in the journal, and no second one is made.",
        "Run `pospool apply` again: it looks for the transaction and sends the same bytes again if no node has them. Add endpoints to `core_rpc` if none answers.";
    REJECTED = "chain/rejected",
        "No node accepts a transaction that was signed and never sent anywhere, since it breaks a rule of theirs.",
        "Read the nodes' words in the message, correct their cause, and run `pospool plan` again.";
    REVERTED = "chain/reverted",
        "A contract refuses a call: in the test before signing, when nothing was sent, or when executed, when the gas is paid and nothing else happened.",
        "Read the contract's reason in the message, correct its cause, and run `pospool plan` again.";
    WRONG_ADDRESS = "chain/wrong-address",
        "A contract was created at another address than the plan computed, which must not happen.",
        "Report it as a defect of pospool, with the transaction hash and the two addresses of the message.";
    WRONG_NETWORK = "chain/wrong-network",
        "The RPC is on another chain than the spec, the plan or the journal says, or Core Space and eSpace endpoints are on different chains.",
        "Name the RPC of the network that is meant, or correct `network` in the `chain` block. Then run `pospool apply` again.";
}
