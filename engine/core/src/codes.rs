//! Every code that the engine can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    APPLY_MISSING_OUTPUT = "apply/missing-output",
        "An effect needs an output of another resource that is not known after that resource's steps, so it is not begun.",
        "Run `pospool plan` again. If the error stays, report it as a defect of the provider.";
    APPLY_NOT_JOURNALLED = "apply/not-journalled",
        "Another form of an effect, such as a transaction with a higher gas price, could not be written to the journal, and so it was not sent.",
        "Correct what keeps the journal from being written, such as a full disk, and run `pospool apply` again.";
    APPLY_UNKNOWN_PROVIDER = "apply/unknown-provider",
        "A plan or the journal names a provider that this build of pospool does not have, so the effect is not begun or stays open.",
        "Use the build of pospool that made the plan or the journal.";
    CHECK_AMOUNT_OVERFLOW = "check/amount-overflow",
        "The costs of a plan for one account are too large to add, so nobody can tell whether its balance suffices.",
        "Correct the amounts in the spec that the account pays, and plan again.";
    CHECK_INSUFFICIENT_FUNDS = "check/insufficient-funds",
        "An account has less CFX than the whole plan may need; nothing is begun that the balance does not cover to its end.",
        "Send at least the missing amount of the message to the account, and plan again.";
    CHECK_OTHER_CHAIN = "check/other-chain",
        "A chain answers with other chain ids or another genesis block than the one that the state was made on.",
        "Point the chain's RPC at the old network, or use another state with `--state`.";
    PLAN_BOTH_RECORDED = "plan/both-recorded",
        "A `moved` block renames a resource to a name that the state has already.",
        "Take the block out of the spec; a resource that is only to be forgotten is named in a `removed` block.";
    PLAN_FIXED_ATTRIBUTE = "plan/fixed-attribute",
        "An attribute differs from the spec that cannot be changed once the object exists.",
        "Write the old value again, or give the new value to a resource with another label.";
    PLAN_IRREVERSIBLE = "plan/irreversible",
        "A resource to be made cannot be undone, and the spec does not accept that.",
        "Read the reason in the message, then write `irreversible` with the value `accept` into a `lifecycle` block of the resource.";
    PLAN_IN_USE = "plan/in-use",
        "A resource that left the spec is not taken down, since something that uses it stays: that one is blocked or was left out.",
        "Correct what blocks the other one, or take it out of `--exclude` or into `--target`, and apply again.";
    PLAN_MAY_BE_RENAMED = "plan/may-be-renamed",
        "A resource that left the spec is not taken down, since a new one of its kind is blocked: the two may be one thing whose block was renamed.",
        "Correct what blocks the new one. If the block was only renamed, move the old one's state first: `pospool state mv OLD NEW`, where that is allowed.";
    PLAN_RENAMED_BLOCK = "plan/renamed-block",
        "A plan forgets a resource and makes one of the same kind: the two may be one thing whose block was renamed, which would then be made a second time.",
        "If it is one thing, write a `moved` block or run `pospool state mv OLD NEW`, and plan again; if it is not, go on.";
    PLAN_LEFT_OUT = "plan/left-out",
        "A resource needs something of another one that `--target` or `--exclude` left out and of which nothing is recorded.",
        "Name that one with `--target` too, or leave the options out.";
    PLAN_NO_START = "plan/no-start",
        "`pospool start` was asked for something that cannot be started: it was never made, is to stand still by the spec, or is nothing that runs.",
        "Read the message. What is missing is made by `pospool apply`.";
    PLAN_PROTECTED = "plan/protected",
        "A resource with `prevent_destroy = true` would be taken down, or forgotten by `pospool state rm`.",
        "Set `prevent_destroy = false` in its block and apply that first, if it must go.";
    PLAN_UNSETTLED = "plan/unsettled",
        "Resources name each other in their settings, and the identity of one of them changes in every round of planning, so it cannot be foretold.",
        "Take it out of the settings of the resource that it depends on, run `pospool apply`, and put it back.";
    RECORD_NO_EFFECT = "record/no-effect",
        "A plan or the journal names an effect of a `record`, which has none, so it was not made by this build.",
        "Make a new plan with this build: `pospool plan`.";
    RECORD_SECRET = "record/secret",
        "The value of a `record` holds a secret; a record is kept in the state, and a secret never is.",
        "Name the secret with `env(…)` or `file(…)` in the attribute that uses it, and take it out of the `record`.";
    SPEC_SECRET_REUSED = "spec/secret-reused",
        "One secret is named for two things, such as a private key as the key of an explorer's API. Each goes to another place, so one of them would get what it must never have.",
        "Give each its own secret. Two accounts, or an account and a syncer, may share a private key.";
    STATE_GIVEN_RECORDED = "state/given-recorded",
        "The state has a record of an account, a chain, a host or a source. pospool records none of these: who can write the state wanted an address or code of theirs to be believed. Nothing was done.",
        "Find out who can write the state, and bring back one of before with `pospool state restore`.";
    STATE_CLOSED_TICKET = "state/closed-ticket",
        "An effect of an earlier run was not carried out again: what is there is looked at instead. It stands in journals only.",
        "Nothing is to be done.";
    STATE_DAMAGED = "state/damaged",
        "The bytes of a state, a remote state or a saved plan are not what its version promises, so it is not used.",
        "Restore the state and its journal from a backup, or bring the last one back that is kept: `pospool state restore`. For a saved plan, make a new one with `pospool plan --out FILE`.";
    STATE_DROPPED_TICKET = "state/dropped-ticket",
        "A person closed a ticket with `pospool state settle --drop`. It stands in journals only.",
        "Nothing is to be done.";
    STATE_EMPTY = "state/empty",
        "The state file is empty; it is never read as a new state, since everything would be made a second time.",
        "Restore the state and its journal from a backup, or bring the last one back that is kept: `pospool state restore`.";
    STATE_ENCODE = "state/encode",
        "The state, the journal or a plan could not be written as JSON, so nothing was written.",
        "Run `pospool apply` again. If the error stays, report it as a defect of pospool.";
    STATE_FOREIGN = "state/foreign",
        "The file is not a state or a plan of pospool, so it is neither read nor overwritten.",
        "Name the right file, a state with `--state`.";
    STATE_FOREIGN_TICKET = "state/foreign-ticket",
        "The journal holds a transaction that no account of the spec signed on a chain of the spec: another key or chain is in the spec now, or somebody else wrote it. It is not carried out. It may be under way all the same, so the account that it names sends nothing on that chain.",
        "If the key or the chain was changed, wait until the transaction's nonce is final, or write the old one again. If nobody knows it, find out who can write the state, then close it with `pospool state settle --drop ID`.";
    STATE_IO = "state/io",
        "The operating system refused to read or write the state, its journal or a plan; a run ends before its next effect.",
        "Read the cause in the message, such as a full or read-only disk, correct it, and run `pospool apply` again.";
    STATE_JOURNAL_DAMAGED = "state/journal-damaged",
        "The journal is damaged before its end; only a torn last line is normal after a crash.",
        "Restore both the state and the journal from a backup.";
    STATE_JOURNAL_FOREIGN = "state/journal-foreign",
        "The journal beside the state belongs to another state or to a later version of it, so open effects could be misread.",
        "Put the state file back that the journal was written with. Do not remove the journal: it may hold transactions under way.";
    STATE_JOURNAL_WITHOUT_STATE = "state/journal-without-state",
        "There is a journal and no state file beside it, so nothing is done.",
        "Put the state file back that the journal was written with.";
    STATE_KEEPER = "state/keeper",
        "The store or server that keeps the remote state refused or did not answer; nothing is begun whose ticket is not kept.",
        "Check that it can be reached, and that the credentials in the environment may read and write the state. Then run the command again.";
    STATE_LOCK_LOST = "state/lock-lost",
        "Another run took the state over while this one went on, or its lock file was removed; this run writes nothing more and began nothing since.",
        "Wait until the other run has ended, then run `pospool apply` again: what is under way is in the journal and is settled first.";
    STATE_LOCKED = "state/locked",
        "Another process holds the lock of the state, so this one does nothing.",
        "Wait until it has ended: a file's lock ends with its process, a remote state's with its lease. If the holder of a remote state was killed, run `pospool state unlock ID`.";
    STATE_LOST = "state/lost",
        "The state knows of nothing, an account of the spec has signed before, and what the spec wants is there under another state: `pospool apply` would make a second pool, with a second node and another stake, and ends with 6.",
        "Bring the state back: `pospool state restore`, a backup, or `--state` with the place where it is now. If a new pool is meant, apply with `--new-pool`.";
    STATE_MOVED = "state/moved",
        "The state was moved with `pospool state migrate`, and nothing is done in its old place.",
        "Write the location of the message into the `state` block of the spec, or name it with `--state`.";
    STATE_NO_HISTORY = "state/no-history",
        "The state knows of nothing, and an account of the spec has signed before; if a pool was made with it, its state is lost or elsewhere (a warning).",
        "If something was made with the account, put its state here before you apply, or it is all made a second time. If not, go on.";
    STATE_NOT_AUTHENTIC = "state/not-authentic",
        "The seal of a state, its journal or a saved plan is not that of its content, or a line of the journal is missing or in another place: somebody who has not the key wrote it, or it was damaged. Nothing is read from it, and nothing was changed.",
        "Find out who can write it. Then bring the last state back that is kept and sealed: `pospool state restore`, or take one of your own backups. A journal that is refused is moved away first. For a saved plan, make a new one.";
    STATE_NOT_SEALED = "state/not-sealed",
        "The spec has a key for its state, and the state, its journal, a replaced state or a saved plan was written without one: by a program that had no key, or by somebody who has none. Nothing is read from it, and nothing was changed.",
        "If you gave the key just now and this is your state, seal it once: `pospool state seal`; if that was cut, run it again. If it was sealed before, somebody replaced it: bring your own back with `pospool state restore` or from a backup. For a saved plan, make a new one.";
    STATE_OLDER = "state/older",
        "The sealed state is genuine, and older than one that was seen in this place before, or of the same serial and another version, or gone: somebody put an old copy back. What was made since would be forgotten. Nothing was changed.",
        "Put the newest one back: from the bucket's versions, your backups or `pospool state restore`. If this one is the newest that there is, remove `.pospool.seen.json` beside the spec, and read the next plan with care.";
    STATE_OLDER_CHAIN = "state/older-chain",
        "A counter that only grows, such as an account's nonce, is lower than the last apply left it: the chain is an older copy or its RPC lags behind (a warning).",
        "Check that the RPC has caught up and is the one that the last apply used. On a chain that was set back, what the state knows may never have happened.";
    STATE_OTHER_KEY = "state/other-key",
        "The state, its journal, a replaced state or a saved plan is sealed with another key than the one that the spec names. Nothing is read from it, and nothing was changed.",
        "Give the key that it was sealed with. To change the key, keep the old one at hand and run `pospool state rekey --old env:NAME`; if that was cut, run it again. For a saved plan, make a new one.";
    STATE_OTHER_HAND = "state/other-hand",
        "A counter such as an account's nonce is higher than the last apply left it: somebody signed by hand or has a newer state. `pospool apply` ends with 6, `pospool sync` stands by.",
        "Put the newest copy of the state in place before you apply; if you signed by hand and this is the newest one, apply with `--signed-by-hand`. Let only one syncer run with a key.";
    STATE_OTHER_FILE = "state/other-file",
        "A file that an option names to be written, such as `plan --out`, is there and is not of that kind, or it is a device or a link to nowhere; it would be lost.",
        "Nothing was written. Name another file, or move away what is there.";
    STATE_REPLACED = "state/replaced",
        "The state file was replaced while a run went on; the run stopped before its next effect and kept its own state beside it.",
        "To go on with that run, put the kept state back with `mv pospool.state.json.kept pospool.state.json`, and run `pospool apply`.";
    STATE_SEAL_LOST = "state/seal-lost",
        "A state is to be sealed that has no seal, and this folder saw a sealed one in its place: somebody replaced it, or took the seal away in another folder. Sealing it would vouch for what it says. Nothing was changed.",
        "Bring the last sealed state back with `pospool state restore`, or from a backup. If you took the seal away yourself and this state is yours, `pospool state seal --unsealed-by-hand`; to go on without a seal, take `key` out of the spec.";
    STATE_SEALED = "state/sealed",
        "The state, its journal, a replaced state or a saved plan is sealed, and neither the spec nor `--state-key` names a key. Nothing is read from it, and nothing was changed.",
        "Name the key in the spec, `key = env(\"NAME\")` in its `state` block, or with `--state-key env:NAME`. To keep the state without a seal, run `pospool state unseal`; if that was cut, run it again.";
    STATE_TOO_NEW = "state/too-new",
        "The state, journal or plan was written by a newer pospool, whose version this one cannot read.",
        "Use the newer pospool.";
}
