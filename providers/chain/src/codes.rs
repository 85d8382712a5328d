//! Every code that the chain provider can show, with what it means and what to do.
//!
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pub use pospool_conflux_tx::codes::{
    CODES as TX_CODES, GAS_PRICE, NONCE_TAKEN, NOT_ENOUGH_BALANCE, REVERTED, WRONG_NETWORK,
};

pospool_model::codes! {
    ACCOUNT_HELD = "chain/account-held",
        "An account sends nothing in this run: an earlier transaction of it could not be settled, or it cannot pay for the whole plan.",
        "Read the reason in the message, correct it, and run `pospool apply` again. What does not need the account is done all the same.";
    ALREADY_REGISTERED = "chain/already-registered",
        "The PoS key is bound to a contract already, or was bound or the pool was registered since the plan was made; a key is bound once for ever, so nothing is sent.",
        "Name the contract that the key is bound to as `pool`, or give the node a new PoS key. If it happened after the plan was made, run `pospool plan` again.";
    BAD_ACCOUNT = "chain/bad-account",
        "An `account` says neither by a key nor by an address whose it is, or an address in it is none, is of another network, or is not that of the same key as the other one.",
        "Write `private_key`, or `address` (and `espace_address` where eSpace is used) as a wallet shows them.";
    NOTHING_THERE = "chain/nothing-there",
        "The block of a contract says an `address`, and there is no contract at it. What is said to be there is never made.",
        "Correct the address; an explorer of the network shows what is there. Without `address` the contract is made.";
    UNPROVEN_PLACE = "chain/unproven-place",
        "The state says where a contract is, and no account of the spec made it there: whoever can write the state can write an address of their own. Nothing is sent to it.",
        "See in an explorer who made it. If it is the right one, such as after its maker left the spec, write `address` into its block; if not, bring back a state of before (`pospool state restore`).";
    OTHER_CODE = "chain/other-code",
        "A contract was taken up whose code is not what the source of the spec compiles to. It stays as it is.",
        "Name the source that it was made from, if you have it: verification and upgrades need it.";
    OTHER_PLACE = "chain/other-place",
        "The block of a contract says another address than the one at which the state knows the contract.",
        "Take `address` out to keep the contract of the state, or forget that one first with a `removed` block.";
    BAD_ADDRESS = "chain/bad-address",
        "An address cannot be parsed, or it belongs to another network than the chain of the spec, so pospool does not use it.",
        "Write the address of this network; for an address of another network the message shows the same account on this one.";
    BAD_CONSTRUCTOR = "chain/bad-constructor",
        "The values in `constructor` do not fit the contract's constructor in number or type, or its ABI cannot be read, so no init code can be made.",
        "Match `constructor` with the parameters in the contract's source. Texts, whole numbers, booleans and addresses can be passed.";
    BAD_DEPOSIT = "chain/bad-deposit",
        "The `deposit` of a registration is not 1000 CFX, which is exactly what the first vote costs.",
        "Write `deposit = cfx(1000)`. Add more stake through the pool after the registration.";
    BAD_EXPLORER = "chain/bad-explorer",
        "`explorer` is neither `confluxscan` nor an http(s) URL, nor a map with the URL of each space's explorer, or ConfluxScan does not know the network.",
        "Write `confluxscan` for mainnet or testnet, a URL, or a map with the keys `core` and `espace` for the spaces of the contracts; or leave `explorer` out.";
    BAD_PACE = "chain/bad-pace",
        "`calls_per_second` of a chain is not a whole number from 1 to 1000000.",
        "Write how many calls a second the endpoint's operator allows, or leave `calls_per_second` out for the free public endpoints.";
    BAD_PAYLOAD = "chain/bad-payload",
        "An effect of the plan, or a code comparison begun earlier, is in a form that this version of pospool cannot use, so it is not carried out.",
        "Make a new plan with this version: `pospool plan`.";
    BAD_PROFIT = "chain/bad-profit",
        "`profit` of a contract is no map of `claim_every`, `min`, `to` and `max_gas` with values of their types, is written for another contract than a `PoSPool`, or `profit_due`, which is only shown, is written.",
        "Write `profit = { claim_every = blocks(1209600), min = cfx(10), to = account.operator }` as the message says, in the block of the pool.";
    BAD_REGISTER_DATA = "chain/bad-register-data",
        "The register data is damaged or belongs to another PoS key than expected, so no registration is sent with it.",
        "Ask the node for it again with `conflux rpc local pos register --power 1`, and check that it is the node whose key is meant.";
    BAD_RPC = "chain/bad-rpc",
        "An entry of `core_rpc` or `espace_rpc` is not a URL of the form `http://…` or `https://…`, so the chain cannot be asked.",
        "Write such a URL, or `env(…)` or `file(…)` that holds one, or a list of them. The message does not repeat the value, since it may hold a key.";
    BAD_SERVICE = "chain/bad-service",
        "A `bridge_service` sets `duties`, which is only shown and never written, or its `bridge` is a value that is no contract or address.",
        "Remove `duties` from the block. Write `bridge = core_contract.bridge`, or the address of the bridge.";
    BAD_SETTING = "chain/bad-setting",
        "A value in `settings` has the wrong type or form for the contract's setting, or is in a list twice, so the contract cannot hold it.",
        "Write the value as the message says: percentages like `90%`, addresses as accounts or contracts of the right space, each list entry once.";
    BAD_TICKET = "chain/bad-ticket",
        "The journal holds the ticket of an effect in a form that this version cannot read; it may have been sent, so its outcome is unknown and nothing is done.",
        "Settle it with the version of pospool that wrote the journal: run `pospool apply` there first.";
    BAD_WAIT_LEVEL = "chain/bad-wait-level",
        "`wait_level` of a chain is not one of the levels that a transaction can wait for.",
        "Write `executed`, `confirmed` or `finalised` in double quotes, or leave `wait_level` out for the default.";
    BEHIND = "chain/behind",
        "The node behind the RPC has not reached the epoch that the state knows of; reading an older chain would make everything again.",
        "Wait until that node has caught up, or name another endpoint first in `core_rpc`. Then run `pospool plan` again.";
    CODE_DIFFERS = "chain/code-differs",
        "The code on the chain is not what the source compiles to (immutables and metadata aside), or a proxy points at another implementation.",
        "Name the source that the contract was made from, or find out who changed the contract or its proxy.";
    DISPUTED = "chain/disputed",
        "Two different votes of the pool's key for one round were proven to the chain, and PoS holds all of its votes: on the public networks for 180 days.",
        "Stop every node with this key and find out which two voted. Nothing brings the stake back earlier; tell the users of the pool, and do not add stake to this key.";
    FORCE_RETIRED = "chain/force-retired",
        "PoS retired the pool's key: it was elected and did not vote for three PoS epochs in a row. None of its votes works, and stake that is added now goes straight to the exit queue.",
        "Let the node vote again first. The message names the view from which stake that is free can be staked again.";
    KEY_NOT_SAID = "chain/key-not-said",
        "Before 1,000 CFX go with a PoS key, its node is asked for the key once more, and it did not answer. What a state or a plan says of a key may have been written by anybody, so nothing was sent.",
        "See that the node runs (`pospool start node.main`, `pospool plan`), then apply again.";
    MISSING_INPUT = "chain/missing-input",
        "The node did not give its PoS address or its register data, so the step that needs it is not sent.",
        "Check that the node's container runs, then run `pospool apply` again.";
    NO_BRIDGE = "chain/no-bridge",
        "The contract that a `bridge_service` names does not answer the calls of a bridge between the spaces, so its duties cannot be read.",
        "Check that `bridge` is a `CoreBridge` in Core Space of this network, and that its pool, its eSpace pool and its proxy are set.";
    NO_CHAIN = "chain/no-chain",
        "An open effect or a saved plan belongs to a chain that no `chain` block of the spec is; endpoints are taken from the spec only, so nothing was done or lost.",
        "Write the `chain` block of that network again, with any endpoint of it, and run `pospool apply`.";
    NO_CODE = "chain/no-code",
        "`code` names no compiled contract that a source of the spec holds, or the source lacks its compiled code or compiler input, or the code is not known yet.",
        "Write a contract of a source of this spec, such as `code = source.reference.PoSPool`, and keep that `source` block in the spec.";
    NO_KEY = "chain/no-key",
        "The private key of an account is not named, cannot be read, or is another one than when the plan was made, so nothing is signed.",
        "Put the account's private key where `private_key` points, with `env(…)` or `file(…)`, or its keystore where `keystore` points, with the password that opens it. If the key was changed on purpose, write the new `address` into the account's block, or give the secret another name.";
    NO_KEY_TO_REGISTER = "chain/no-key-to-register",
        "A `pos_registration` names neither `node` nor `register_data`, or its node is not known, so there is no PoS key to register.",
        "Write `node = node.main` for a node of this spec, or `register_data` for any other node.";
    NO_MIGRATION = "chain/no-migration",
        "The function that `migrate` names is not in the ABI of the new code, or it takes arguments.",
        "Name a function of the new code without arguments, such as `migrate()`, or remove `migrate`.";
    NO_PROXY_CODE = "chain/no-proxy-code",
        "A contract with `proxy = true` needs the contract `Proxy1967`, and no source of the spec holds it.",
        "Add a source that holds `Proxy1967`, or write `proxy = false`.";
    NO_RPC = "chain/no-rpc",
        "A chain has no RPC endpoint for a space that is needed, and a devnet has no public one.",
        "Write `core_rpc`, and `espace_rpc` if something of the spec is in eSpace, with the URLs where the devnet's node listens.";
    NO_SOURCE_INPUT = "chain/no-source-input",
        "The compiler input of a contract is no longer in the cache of sources, so nothing can be submitted to the explorer.",
        "Run `pospool plan` again: the source is compiled again. Then apply.";
    NO_UPGRADE = "chain/no-upgrade",
        "New code is wanted for a contract without a proxy, whose code can never change.",
        "Name the old source again, or write the new code into a block with another label: that is another contract at another address.";
    NO_VOTES = "chain/no-votes",
        "The key is registered, and none of its votes works: the stake was taken out, or it became free after PoS had retired the key.",
        "Stake again through the pool's manager what is free and no user has asked back. If the pool is to end, take the registration out of the spec.";
    NOT_A_NODE = "chain/not-a-node",
        "What answers at `core_rpc` or `espace_rpc` does not behave as that RPC of a Conflux node, or the chain of a verified contract is not known.",
        "Check the URL; Core Space usually listens on port 12537 and eSpace on 8545. For a verification, write `chain` in the contract's block.";
    NOT_MANAGER = "chain/not-manager",
        "Only the manager of the contract may change these settings, and no account of the spec has its key.",
        "Add an `account` with the manager's key, or set `manager` in `settings` to an account of the spec.";
    NOT_OWNER = "chain/not-owner",
        "Only the owner, or the admin, of the contract may do this, and no account of the spec has its key.",
        "Add an `account` with that key. If the contract was given away for good, write its settings as they are, or leave them out.";
    NOTHING_TO_VERIFY = "chain/nothing-to-verify",
        "A `verification` names neither `contract` nor `contracts`, or both, or it sets `verified` to something else than `true`.",
        "Write one `contract`, or `contracts` with a list, and leave `verified` out.";
    OTHER_KEY = "chain/other-key",
        "A registration names a node that has another PoS key than the registered one, or none yet. Nobody would vote with the registered key, and PoS would retire it.",
        "Name the node with the registered key, with its volume. A key is bound to one pool for ever: another key needs another pool.";
    OVER_LIMIT = "chain/over-limit",
        "The contract's state changed, and a call would use more gas or storage than the plan allows; nothing was sent.",
        "Run `pospool plan` again for new limits, then apply.";
    POOL_REGISTERED = "chain/pool-registered",
        "The pool is bound to another PoS key already, so the node's key cannot be registered with it.",
        "Let the node with that PoS key vote, or make another pool.";
    POOL_UNCONFIRMED = "chain/pool-unconfirmed",
        "PoS has not finalised the code of the pool yet, and money sent there now could be lost, so the registration is not sent.",
        "Run `pospool apply` again in some minutes.";
    POOL_UNPROVEN = "chain/pool-unproven",
        "What is at the pool's address is not what the plan was made with, or it or the register of PoS keys does not answer as expected; nothing was sent.",
        "Run `pospool plan` again and check the pool's address and the code behind its proxy before applying.";
    PROFIT_WAITS = "chain/profit-waits",
        "Profit of the pool is due, and the node, the owner's account or `max_gas` does not allow a call that belongs to it; nothing is lost, it stays in the pool.",
        "See what the message names: raise `max_gas`, add the owner's account, or let open transactions end. What cannot be settled for all stakers at once is settled as they use the pool.";
    RESTAKE_CHANGED = "chain/restake-changed",
        "Votes of a retired pool were to be staked again, and since the plan was made users have asked some of them back, PoS retired the key again, or nobody says what there is: nothing is sent.",
        "Run `pospool plan` again: it counts what is due now.";
    RESTAKE_WAITS = "chain/restake-waits",
        "Votes of a pool that PoS had retired are free, and cannot be staked again as they should: no account of the spec has the manager's key, or the node refuses the call.",
        "Read the reason. Add an `account` with the manager's key; what the node refuses is tried again with each plan.";
    SHOWN_ONLY = "chain/shown-only",
        "An attribute is written in the spec that only shows in a plan what there is to do.",
        "Take the line out.";
    STORAGE_CLASH = "chain/storage-clash",
        "The new code of a proxied contract would misread variables that the old code has stored, so the upgrade is refused.",
        "Keep all variables in their order with their types, and add new ones after the others.";
    TOO_MUCH_GAS = "chain/too-much-gas",
        "A planned transaction may need more gas than one transaction may have, so it could never be executed.",
        "Make the contract smaller, for example with the compiler's optimizer.";
    TWO_KEYS = "chain/two-keys",
        "A `pos_registration` sets both `node` and `register_data`, so it is not clear whose PoS key is registered.",
        "Keep `node` for a node of this spec, or `register_data` for any other node, and remove the other one.";
    UNKNOWN_ACCOUNT = "chain/unknown-account",
        "An account that has to pay, call, own or receive is not an account of the spec, or was not found on the chain and space where it is needed.",
        "Name an `account` of the spec in the attribute of the message, and check that it is of the same `chain`.";
    UNKNOWN_ADDRESS = "chain/unknown-address",
        "The address of a contract, a pool or an account is not known where it is needed, or the owner of the pool is not an account of the spec.",
        "Write an address, or a resource of the spec that has one; give the pool an `owner` that is an `account`. Run `pospool plan` again.";
    UNKNOWN_CONTRACT = "chain/unknown-contract",
        "`settings` are given for a contract whose settings pospool does not know.",
        "Leave `settings` out, or use one of the contracts that the message lists.";
    UNKNOWN_NETWORK = "chain/unknown-network",
        "`network` of a chain is not a network that pospool knows.",
        "Write `mainnet`, `testnet`, or `devnet` for a private network, in double quotes.";
    UNKNOWN_SETTING = "chain/unknown-setting",
        "`settings` has a name that the contract has no setting for.",
        "Write the name that the message suggests, or one of those that it lists.";
    UNKNOWN_STORAGE = "chain/unknown-storage",
        "The storage layout of the old or the new code is not known, so pospool cannot prove that an upgrade reads the stored variables rightly.",
        "Keep the source of the old code in the spec as another `source`, with an `output` that names its contract.";
    UNPROVEN_POOL = "chain/unproven-pool",
        "The pool of a registration is at an address that no account of the spec is known to have created with the code of the spec. What a state says of an address may have been written by anybody, and 1,000 CFX would go there.",
        "See in an explorer who created the contract. If it is yours and the source was changed since, name the revision that it was made from, register, and change back.";
    UNREACHABLE = "chain/unreachable",
        "No RPC endpoint of the chain gives a usable answer, so the chain cannot be looked at; nothing new was sent.",
        "Check the endpoints in `core_rpc` or `espace_rpc`, add a second one, and run the command again. A node that starts needs a moment.";
    VERIFICATION_REFUSED = "chain/verification-refused",
        "The explorer refuses to verify a contract, and its words are in the message; `no_match` means that the source compiles to other code than the chain has.",
        "Correct what the explorer's words name, such as the source or `explorer`, and run `pospool plan` again.";
    VERIFICATION_UNFINISHED = "chain/verification-unfinished",
        "An earlier run submitted a verification, and the explorer does not show the contract as verified; nothing is lost.",
        "Run `pospool plan` and `pospool apply` again: the verification begins again.";
    VOTES_NOT_SEEN = "chain/votes-not-seen",
        "The chain's RPC does not say what PoS counts for the key, so whether its votes work is not known.",
        "Name a `core_rpc` that answers `pos_getAccount`; the public ones do.";
    WRONG_SPACE = "chain/wrong-space",
        "An address or a contract is of the other space than the one that is needed here.",
        "For Core Space name a `core_contract` or a base32 address; for eSpace name an `espace_contract` or a hex address.";
}
