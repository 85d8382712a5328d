//! Every code that the program can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    AGENT_NOT_SEALED = "agent/not-sealed",
        "`pospool agent install` is about a secret that was not sealed to this machine, so its unit would fail at each boot.",
        "Run `pospool agent seal` with this name first.";
    AGENT_PROGRAM = "agent/program",
        "The unit of `pospool agent install` runs as root, and somebody else could change the program that it would run, or its path is not a plain one.",
        "Put the program where only root can write, such as `/usr/local/bin/pospool`, and run it from there or name it with `--program`.";
    AGENT_SEALED = "agent/sealed",
        "A secret was sealed to this machine under this name before. It may be the only one that opens the PoS key.",
        "Take another name; or, when the old one is kept elsewhere or belongs to nothing any more, use `--replace`.";
    AGENT_SECRET = "agent/secret",
        "A secret to seal or to open cannot be read, is empty, or has more than one line, so no container would take it.",
        "Give one line of text on standard input: `pospool agent seal NAME < FILE`.";
    AGENT_SYSTEMD = "agent/systemd",
        "Sealing and opening is the work of systemd (250 or later), and one of its programs is not there or refused.",
        "Run it as root on a machine with systemd; where there is none, use `mount(…)` with a file of the host.";
    AGENT_UNIT = "agent/unit",
        "`pospool agent run` was started by hand, or its unit hands no secret over.",
        "Install the unit with `pospool agent install`; `systemctl status 'pospool-agent@*'` says how it is.";
    APPLY_BAD_MOMENT = "apply/bad-moment",
        "`apply --when-safe` waited, and all the time it was better to stop a node of the plan later: its key had no vote in the PoS epoch yet, or nobody knows how long it may stay without one.",
        "Nothing was changed. Run it again later, wait for longer with `--wait`, or leave `--when-safe` out.";
    APPLY_UNSETTLED = "apply/unsettled",
        "An earlier run left effects open, and their outcome cannot be found out now; nothing new begins, as it could happen twice.",
        "Read the cause of each effect in the message, and run `pospool apply` again: it asks about the same attempts and never makes second ones.";
    CLI_BAD_ANSWER = "cli/bad-answer",
        "An answer or an option of `pospool init` has a form that cannot be used, so no spec is written.",
        "Give the answer in the form that the message shows.";
    CLI_DECLINED = "cli/declined",
        "The plan was not approved with `yes`, so nothing was changed.",
        "Run the command again, and answer `yes` if the plan is right.";
    CLI_ENVIRONMENT = "cli/environment",
        "An environment variable that pospool reads, such as `POSPOOL_LEASE`, does not have the form that it needs.",
        "Set the variable of the message to the form that it names, or unset it.";
    CLI_EXISTS = "cli/exists",
        "The file to write exists already, and `pospool init` and `pospool render --out` never overwrite a file.",
        "Edit the file, move it away, or name another place with `--spec` or `--out`.";
    CLI_FILE = "cli/file",
        "The operating system refused to read, write or enter a file or folder that a command needs.",
        "Read the cause in the message, and correct the path, the owner or the permissions.";
    CLI_MISSING_ANSWER = "cli/missing-answer",
        "`pospool init` needs an answer that has no default, and none was given or there is no terminal to ask on.",
        "Give it with the option that the message names, or run `pospool init` on a terminal.";
    CLI_NO_SERVICE = "cli/no-service",
        "`pospool sync` serves a `bridge_service`, and the spec has none.",
        "Give `pospool sync` a spec of its own with a chain, an account and a `bridge_service`, and apply the rest with `pospool apply`.";
    CLI_NO_SPEC = "cli/no-spec",
        "The spec file, by default `pool.hcl`, or its folder does not exist.",
        "Write one with `pospool init`, or name another with `--spec`.";
    CLI_NO_TOPIC = "cli/no-topic",
        "`pospool explain` knows neither a kind nor a code of this name.",
        "List the kinds with `pospool explain` and the codes with `pospool explain codes`.";
    CLI_NOBODY_TO_ASK = "cli/nobody-to-ask",
        "There are changes to approve and no terminal to ask on, so nothing is changed without `--auto-approve`.",
        "Read the plan, then run the command again on a terminal or with `--auto-approve`.";
    CLI_NOT_A_SERVICE = "cli/not-a-service",
        "The spec of `pospool sync` holds something else than a chain, accounts and services, and `sync` approves its plans itself.",
        "Give `pospool sync` a spec of its own with a chain, an account and a `bridge_service`, and apply the rest with `pospool apply`.";
    CLI_NOT_RECORDED = "cli/not-recorded",
        "A resource that a command names, such as one given with `--delete`, is not in the state.",
        "Write a name that the state has: `pospool state list` lists them.";
    CLI_NOTHING_TO_RENDER = "cli/nothing-to-render",
        "`pospool render` was asked for a resource that is not in the spec or puts no file into a container, or the spec has no such resource.",
        "Name a `node` or `ui` of the spec. To check the rest of a spec, run `pospool validate`.";
    CLI_STREAM = "cli/stream",
        "The result could not be written to the output or as JSON, or an answer could not be read from the input.",
        "Check what the output and the input are connected to, such as a closed pipe or a full disk, and run the command again.";
    CLI_SYSTEM = "cli/system",
        "The operating system refused something that pospool needs to run: the current folder, its runtime or a signal handler.",
        "Read the cause in the message, and correct the limits or permissions of the process.";
    CLI_UNCONFIRMED = "cli/unconfirmed",
        "A plan takes down a registered pool, deletes the volume with its key, or everything because the spec makes nothing: that must be confirmed by name, also with `--auto-approve`.",
        "Read the plan. If the spec and the state are the right ones and all of it is meant, give the address of the message with `--confirm`.";
    CLI_UNKNOWN_RESOURCE = "cli/unknown-resource",
        "`--target`, `--exclude` or `start` names a resource that neither the spec nor the state has.",
        "Write the address as `pospool plan` or `pospool show` writes it, such as `node.main`.";
    IMPORT_AMBIGUOUS = "import/ambiguous",
        "More than one thing outside may be what a block of the spec means, so none of them was taken up.",
        "Name the one that is meant: `pospool import ADDRESS PLACE` for a contract, `--lineage` for containers and volumes.";
    IMPORT_BLOCK = "import/block",
        "The spec has no block for what is to be taken up, its kind is not one that is found by an address, the state knows it already, the block says another place, it cannot be given a line, the spec changed while it was asked about, or a new spec would have the state of another one.",
        "Write the block as if it were to be made, over several lines. `pospool state show` says what the state knows.";
    PLAN_STALE = "plan/stale",
        "A saved plan is not what would be planned now: the spec, its variables, the state or what is outside changed since, another version of pospool made it, or somebody edited the file. Nothing was changed.",
        "Make a new plan with `pospool plan --out FILE`, read it, and apply that.";
    SPEC_PROBLEMS = "spec/problems",
        "The spec or its variables have problems, each of which is shown with its own code, so nothing was done.",
        "Correct each problem that is shown, and check the spec with `pospool validate`.";
    STATE_FORKED = "state/forked",
        "The file given to `pospool state push` and the state have the same serial but are different versions: two copies went different ways.",
        "Find out which one says what exists outside. `--force` puts the file in place of the state.";
    STATE_LIVE_LOCK = "state/live-lock",
        "The holder of the lock gave a sign of life a moment ago, so `pospool state unlock` does not take the lock away.",
        "Wait: the lock ends by itself when its holder gives none any more. `--force` takes it away now, and its holder stops at its next write.";
    STATE_LOCATION = "state/location",
        "The location of the state is not a path or a URL of a known kind, names no state, or holds a credential.",
        "Write a path, `s3://bucket/name.json`, `gs://…`, `az://…` or `https://…`, and give credentials in the environment.";
    STATE_NO_BACKUP = "state/no-backup",
        "`pospool state restore` was given a number that none of the replaced states has; the last 20 of them are kept.",
        "List what is kept with `pospool state restore`, and give one of these numbers.";
    STATE_NO_KEY = "state/no-key",
        "The key that the state is sealed with is named and cannot be read, or a command is about it and nobody named one. Nothing was read or changed.",
        "Set the variable or put the file there that the message names, or name a key: `key = env(\"NAME\")` in the `state` block of the spec, or `--state-key env:NAME`.";
    STATE_NONE = "state/none",
        "The command needs a state, and there is none at this location.",
        "Name another with `--state`, or start a new one with `pospool plan`.";
    STATE_NOT_COPIED = "state/not-copied",
        "What was read back from the new location is not what `pospool state migrate` wrote there, so the state stays where it is.",
        "Check what the new location keeps; nothing was lost. Then run `pospool state migrate` again.";
    STATE_NOT_EMPTY = "state/not-empty",
        "There is a state at the new location already, and `pospool state migrate` never writes over another state.",
        "Name an empty location with `--to`. If the state there is the right one, use it with `--state`.";
    STATE_NO_TICKET = "state/no-ticket",
        "`pospool state settle --drop` was given a name that nothing has that is under way.",
        "Run `pospool state settle` to see the names.";
    STATE_OLDER_SERIAL = "state/older-serial",
        "The file given to `pospool state push` is an older version of the state than the one in place.",
        "Fetch the newer one with `pospool state pull`. `--force` goes back to the older one, and what was made since is forgotten.";
    STATE_OPEN_EFFECTS = "state/open-effects",
        "A run stopped while effects were under way: a plan cannot know their outcome, and a command that changes the state would lose their tickets.",
        "Run `pospool apply` first: it finds out what came of them, and plans after that.";
    STATE_OTHER_KIND = "state/other-kind",
        "`pospool state mv` changes names, and a resource of another kind is another resource.",
        "Write the same kind on both sides.";
    STATE_OTHER_LINEAGE = "state/other-lineage",
        "The file given to `pospool state push` is the state of another project, as its lineage differs.",
        "Name the state that the file belongs to with `--state`. `--force` replaces this one, and nothing knows then what it made.";
    STATE_SAME_PLACE = "state/same-place",
        "`pospool state migrate --to` names the location where the state is already.",
        "Name another location with `--to`.";
    STATE_TAKEN_NAME = "state/taken-name",
        "The new name of `pospool state mv` belongs to another resource in the state.",
        "Give it another name, or move the other resource away first.";
    STATE_WEAK_KEY = "state/weak-key",
        "The secret that is named as the key of the state could be guessed: it is neither 64 hex digits nor a passphrase of 16 characters at least.",
        "Make a random one with `openssl rand -hex 32`, or think of a longer passphrase.";
    STATE_WRONG_LOCK = "state/wrong-lock",
        "The lock that is held is another one than `pospool state unlock` was given, so nothing is taken away.",
        "Run `pospool state unlock` without a name to see which lock is held now.";
}
