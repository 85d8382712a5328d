//! `syncer` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{
    CONTAINER_ID, CONTAINER_NAME, DOCKER, ENGINE_ID, IMAGE_ID, NETWORK, RUNTIME_TEXT,
};

kind! {
    /// A `syncer` block.
    pub(crate) struct SyncerSpec;
    /// The kind as a table.
    pub(crate) const SYNCER = "syncer", Managed, "`pospool sync` for a bridge between the spaces, in a hardened container: no root, a read-only root file \
          system, no capabilities, limits. With a `credential(…)` or `mount(…)` as its key it comes back alone after a reboot; otherwise pospool \
          passes the key on stdin at each start, and after a reboot of the host you run `pospool apply`. Its journal is on a volume of its own, which goes \
          when the block goes.";
    attributes {
        host: Reference["host"], Implied, Refuse, "Machine that it is on. It cannot be moved: its journal would have to move with it.";
        chain: Reference["chain"], Implied, Refuse, "The network that it serves. Its `wait_level` and `max_gas_price` hold for the syncer too.";
        bridge: Text, Required, Replace, "Address of the bridge: `core_contract.bridge.address`.";
        private_key: Secret, Required, Replace, "Private key that owns the bridge and pays. `env(…)` and `file(…)` go to the container's standard input at each \
             start; `credential(\"NAME\")` is sealed to the machine and opened at each boot by `pospool agent`, and \
             `mount(\"/PATH\")` is a file of the host that only the container's user (10001) can read: both need \
             endpoints without a key. It is in no argument or `docker inspect`. Nothing else should sign with it while the syncer runs.";
        core_rpc: Any, Optional, Replace, "URL of a Core Space RPC as the container reaches it, or a list of them in the order of trust; a URL may be \
             a secret, `env(\"NAME\")`. One with a key goes to the container's standard input, like the private key. \
             Default: those of the chain. `127.0.0.1` would be the container itself.";
        docker_network: Text, Optional, Replace, "Existing Docker network to join. Default: a bridge network of its own.";
        every: Text, Optional, Replace, "Time between two rounds, such as `5m`. Default: `30s`.";
        claim_every: Blocks, Optional, Replace, "Blocks between two claims of interest. Default: `blocks(3600)`, about half an hour.";
        claim_from: Amount, Optional, Replace, "Least interest that is worth a claim. Default: more than the gas of the claim costs.";
        ca_bundle: Text, Optional, Replace, "File of this machine with the certificate authorities that it trusts. Default: those of this machine \
             when the image is made.";
        state: Text, Optional, Update, "Whether it runs and is well. Only `running` may be written; a plan may find it `stopped`, `waiting for \
             its key` when somebody started the container by hand, or `unwell` when its rounds fail.";
        hardening: Text, Optional, Replace, "Whether the container still is as pospool would make it. Only `as made` may be written; it is there to \
             show drift.";
        runtime: Text, Optional, Update, RUNTIME_TEXT;
    }
    outputs: &[
        CONTAINER_ID,
        CONTAINER_NAME,
        OutputSchema::new(
            "image",
            "Name of its image, made from the digest of its spec and the release of pospool.",
        ),
        IMAGE_ID,
        OutputSchema::new("volume", "Docker volume with its state and its journal."),
        NETWORK,
        DOCKER,
        ENGINE_ID,
        OutputSchema::new("health", "`well`, or why it is not."),
        OutputSchema::new("signer", "Address of the account that it signs for."),
        OutputSchema::new("balance", "Balance of that account in its last round."),
        OutputSchema::new("duties", "What there was to do in its last round."),
        OutputSchema::new(
            "waiting",
            "What there was to do and could not be done yet, each with the reason.",
        ),
        OutputSchema::new(
            "lag",
            "For how many seconds the oldest of all these has been open.",
        ),
    ],
    identity: Some("container_id"),
    example: "syncer \"main\" {\n  bridge      = core_contract.bridge.address\n  \
              private_key = env(\"POSPOOL_SYNCER_KEY\")\n}\n",
}
