//! `node` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{
    CONTAINER_ID, CONTAINER_NAME, DOCKER, ENGINE_ID, HOST_TEXT, NETWORK, RUNTIME_TEXT,
};

const NODE_OUTPUTS: &[OutputSchema] = &[
    CONTAINER_ID,
    CONTAINER_NAME,
    OutputSchema::new("image_id", "Id of the hardened image that it runs."),
    OutputSchema::new(
        "hardened_image",
        "Name of that image, made from the digest of all that went into it.",
    ),
    OutputSchema::new("started_at", "When the container was last started."),
    OutputSchema::new(
        "stopped_at",
        "When it last stopped, and with which exit code.",
    ),
    OutputSchema::new(
        "pos_address",
        "PoS address of its key, 0x and 64 hex digits.",
    ),
    OutputSchema::new(
        "register_data",
        "Call data of `register(bytes32,uint64,bytes,bytes,bytes[2])` for one vote of its key.",
    ),
    OutputSchema::new("client_version", "What the node says of its version."),
    NETWORK,
    OutputSchema::new(
        "own_network",
        "Whether that network was made for it, and goes with it.",
    ),
    OutputSchema::new("volume", "Docker volume with its data and its PoS key."),
    DOCKER,
    ENGINE_ID,
];

const SNAPSHOT_TEXT: &str = "Where a new node's chain data comes from, instead of weeks of sync: `\"full\"` or `\"archive\"` (the community's \
     archive-tool), the URL of a .tar.gz, or an absolute path of one on this machine. As a map it may say more: \
     `{ from = \"full\", sha256 = \"…\", way = \"spooled\", spool = \"/mnt/big\", version = \"3.0.3\" }`. `way` is \
     `spooled` (the archive is kept in the folder `spool` until it is unpacked, and any stop goes on at its byte) or \
     `streamed` (space for the data alone; a stopped apply starts over). Default: `spooled` where there is room. Only \
     an empty volume is filled; PoS keys and safety files never come out of an archive.";

const REFILL_TEXT: &str = "A word of your own, such as today's date. When a new one is written, the node's chain data and PoS database are \
     thrown away and unpacked anew from `snapshot`. Its PoS key and its safety file stay.";

kind! {
    /// A `node` block.
    pub(crate) struct NodeSpec;
    /// The kind as a table.
    pub(crate) const NODE = "node", Managed, "A Conflux node in a hardened container: no root, a read-only root file system, no capabilities, no \
          published RPC. It has one PoS key, made at its first start, on its volume. A guard is process 1: it starts \
          conflux without a vote, lets it vote when it is in sync and nobody else signs with its key, and starts it \
          again when it ends, hangs or is cut off. With a `credential(…)` or `mount(…)` as its password it comes back alone after a \
          reboot; else run `pospool apply`.";
    attributes {
        host: Reference["host"], Implied, Refuse, HOST_TEXT;
        chain: Reference["chain"], Implied, Refuse, "The network that it joins.";
        image: Text, Required, Replace, "Image of conflux-rust in the layout of the official one, such as \
             `confluxchain/conflux-rust:3.1.0-testnet@sha256:…`. Pin it with its digest: a tag can be moved. \
             pospool builds a hardened image from it.";
        data: Reference["volume"], Required, Replace, "Volume for everything that the node keeps. Another volume means another PoS key.";
        // What it did is done when the node is there.
        snapshot: Any, Optional, Ignore, SNAPSHOT_TEXT;
        refill: Text, Optional, Replace, REFILL_TEXT;
        pos_key_password: Secret, Required, Ignore, "Password that encrypts the PoS key. `env(…)` and `file(…)` are read by pospool and go to the container's standard \
             input: after a reboot of the host the node stays down until `pospool apply`. `credential(\"NAME\")` is \
             sealed to the machine, and `pospool agent` opens it at each boot; `mount(\"/PATH\")` is a file of the host that \
             only the container's user (10001) can read. With both Docker starts the node by itself; whoever is root on the \
             host has the password, and with `mount` whoever reads its disk. It is in no argument, state or `docker inspect`.";
        // Not settings: a key that the spec drops must go from the node as well.
        starts: Text, Optional, Replace, "Whether Docker starts it without a person: `unattended` with a `credential(…)` or `mount(…)` as the password, `attended` with others. \
             It follows from the password, and is there to show a change of it.";
        config: Any, Optional, Replace, "Keys of the node's own configuration, such as `{ public_address = \"203.0.113.7\" }`. Keys that \
             pospool owns, and keys that are dangerous, are refused.";
        docker_network: Text, Optional, Replace, "Existing Docker network to join. Default: a bridge network of the node's own.";
        bootnodes: Text, Optional, Replace, "Nodes to connect to first: `cfxnode://…@ip:port`, with commas. Default: those of the chain, or \
             of the image.";
        core_rpc: Any, Optional, Ignore, "URL of a Core Space RPC as the container reaches it, or a list of them; a URL may be a secret. The node's guard \
             compares its node with these sources, and lets it vote only when they agree. Taken over at the next start. \
             Default: those of the chain.";
        state: Text, Optional, Update, "`running` (default) or `stopped`. A plan may also find it `starting`, `paused`, or `waiting for its password` \
             when somebody started the container by hand.";
        memory: Text, Optional, Replace, "Most memory that it may use, such as `16g`, and none of it is swapped out. Default: 80 % of the host's for a container that is made now; one that is there keeps what it was made with.";
        publish_p2p: Integer, Optional, Replace, "Port of the host through which other nodes reach it (TCP and UDP), 1024 or above, such as 32323; the node \
             listens under the same number. Default: none; it then only connects out, and `public_address` must not be \
             set.";
        release_form: Text, Optional, Replace, "Form of the release's files, `3.0` or `3.1`, for an image whose tag names no release that pospool knows.";
        old_release: Text, Optional, Ignore, "`accept` lets a release run that its network has gone on without at a hard fork. Without it the plan \
             refuses to make such a node.";
        rollback_after: Text, Optional, Ignore, "How long a node that replaces another one has, from its start, to follow its chain, such as `45m` (default). \
             If it does not, it is stopped, and the container before it runs again, where the data still is for that one; \
             the plan says so before anything stops. A while: less than PoS waits for a vote, more than a restart takes.";
        hardening: Text, Optional, Replace, "Whether the container still is as pospool made it. Only `as made` may be written; it is there to \
             show drift.";
        runtime: Text, Optional, Update, RUNTIME_TEXT;
    }
    outputs: NODE_OUTPUTS,
    identity: Some("container_id"),
    example: "node \"main\" {\n  image            = \"confluxchain/conflux-rust:3.1.0-testnet@sha256:…\"\n  \
              data             = volume.main\n  pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n  \
              config           = { public_address = \"203.0.113.7\" }\n  publish_p2p      = 32323\n}\n",
}
