//! The kind `syncer` as a table.
//!
//! - Returns: the schema for validation, diff, `pospool explain` and the reference page.
//! - Never: says how anything is done.

use pospool_model::schema::{
    AttributeSchema, KindSchema, OnChange, OutputSchema, Presence, Role, Type,
};

use crate::kinds::{
    CONTAINER_ID, CONTAINER_NAME, DOCKER, ENGINE_ID, IMAGE_ID, NETWORK, RUNTIME, optional_attribute,
};

/// The kind as a table.
pub(crate) const SYNCER: KindSchema = KindSchema {
    kind: "syncer",
    doc: "`pospool sync` for a bridge between the spaces, in a hardened container: no root, a read-only root file \
          system, no capabilities, limits. pospool passes its key on stdin at each start, so Docker never restarts it by \
          itself: after a reboot of the host run `pospool apply`. Its journal is on a volume of its own, which goes \
          when the block goes.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "host",
            Type::Reference(&["host"]),
            Presence::Implied,
            OnChange::Refuse,
            "Machine that it is on. It cannot be moved: its journal would have to move with it.",
        ),
        AttributeSchema::new(
            "chain",
            Type::Reference(&["chain"]),
            Presence::Implied,
            OnChange::Refuse,
            "The network that it serves. Its `wait_level` and `max_gas_price` hold for the syncer too.",
        ),
        AttributeSchema::new(
            "bridge",
            Type::Text,
            Presence::Required,
            OnChange::Replace,
            "Address of the bridge: `core_contract.bridge.address`.",
        ),
        AttributeSchema::new(
            "private_key",
            Type::Secret,
            Presence::Required,
            OnChange::Replace,
            "Private key that owns the bridge and pays. It goes to the container's standard input at each start, and \
             is in no file, argument or `docker inspect`. Nothing else should sign with it while the syncer runs.",
        ),
        optional_attribute(
            "core_rpc",
            Type::Any,
            OnChange::Replace,
            "URL of a Core Space RPC as the container reaches it, or a list of them in the order of trust; a URL may be \
             a secret, `env(\"NAME\")`. One with a key goes to the container's standard input, like the private key. \
             Default: those of the chain. `127.0.0.1` would be the container itself.",
        ),
        optional_attribute(
            "docker_network",
            Type::Text,
            OnChange::Replace,
            "Existing Docker network to join. Default: a bridge network of its own.",
        ),
        optional_attribute(
            "every",
            Type::Text,
            OnChange::Replace,
            "Time between two rounds, such as `5m`. Default: `30s`.",
        ),
        optional_attribute(
            "claim_every",
            Type::Blocks,
            OnChange::Replace,
            "Blocks between two claims of interest. Default: `blocks(3600)`, about half an hour.",
        ),
        optional_attribute(
            "claim_from",
            Type::Amount,
            OnChange::Replace,
            "Least interest that is worth a claim. Default: more than the gas of the claim costs.",
        ),
        optional_attribute(
            "ca_bundle",
            Type::Text,
            OnChange::Replace,
            "File of this machine with the certificate authorities that it trusts. Default: those of this machine \
             when the image is made.",
        ),
        optional_attribute(
            "state",
            Type::Text,
            OnChange::Update,
            "Whether it runs and is well. Only `running` may be written; a plan may find it `stopped`, `waiting for \
             its key` when somebody started the container by hand, or `unwell` when its rounds fail.",
        ),
        optional_attribute(
            "hardening",
            Type::Text,
            OnChange::Replace,
            "Whether the container still is as pospool would make it. Only `as made` may be written; it is there to \
             show drift.",
        ),
        RUNTIME,
    ],
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
    open_outputs: false,
    identity: Some("container_id"),
    irreversible: None,
    example: "syncer \"main\" {\n  bridge      = core_contract.bridge.address\n  \
              private_key = env(\"POSPOOL_SYNCER_KEY\")\n}\n",
};
