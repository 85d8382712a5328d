//! The kinds `host`, `volume`, `node`, `ui` and `syncer` as tables.
//!
//! - Returns: schemas for validation, diff, `pospool explain` and the reference page.
//! - Never: says how anything is done.

use pospool_model::schema::{
    AttributeSchema, KindSchema, OnChange, OutputSchema, Presence, Role, Type,
};
use pospool_model::{Address, ProviderError};

use crate::codes;
use crate::syncer::SYNCER;
use crate::workload::{ContainerKind, ContainerSpec, Workload};

/// Value of the attribute `hardening` while nobody changed the container.
pub(crate) const AS_MADE: &str = "as made";

/// All kinds of this provider.
pub(crate) const KINDS: &[KindSchema] = &[HOST, VOLUME, NODE, UI, SYNCER];
/// Those that are containers.
const CONTAINERS: &[&dyn ContainerKind] = &[
    &crate::node::NodeKind,
    &crate::ui::UiKind,
    &crate::syncer::SyncerKind,
];

/// A kind of containers by its name.
pub(crate) fn container_kind(kind: &str) -> Option<&'static dyn ContainerKind> {
    let mut kinds = CONTAINERS.iter().copied();
    kinds.find(|it| it.schema().kind == kind)
}

/// The kind of a container that a plan names.
pub(crate) fn kind_of(address: &Address) -> Result<&'static dyn ContainerKind, ProviderError> {
    container_kind(address.kind()).ok_or_else(|| {
        let what = format!("the plan holds a container for {address}, which has none; plan again");
        ProviderError::refused(codes::BAD_PAYLOAD, what)
    })
}

/// How a container is made that a plan names.
pub(crate) fn workload_of(spec: &ContainerSpec) -> Result<Workload, ProviderError> {
    kind_of(&spec.address)?.workload(spec).map_err(|problem| {
        let what = format!(
            "the plan holds no container that can be made: {}",
            problem.summary
        );
        ProviderError::refused(codes::BAD_PAYLOAD, what)
    })
}

// Outputs of more than one kind.
pub(crate) const CONTAINER_ID: OutputSchema =
    OutputSchema::new("container_id", "Id of the container.");
pub(crate) const CONTAINER_NAME: OutputSchema =
    OutputSchema::new("container_name", "Name of the container.");
pub(crate) const NETWORK: OutputSchema =
    OutputSchema::new("network", "Docker network that it is in.");
pub(crate) const DOCKER: OutputSchema = OutputSchema::new("docker", "URL of the engine's socket.");
pub(crate) const ENGINE_ID: OutputSchema =
    OutputSchema::new("engine_id", "The engine that runs it.");
pub(crate) const IMAGE_ID: OutputSchema = OutputSchema::new("image_id", "Id of that image.");

const HOST: KindSchema = KindSchema {
    kind: "host",
    doc: "A machine with a Docker Engine that pospool talks to.",
    role: Role::Given,
    attributes: &[AttributeSchema::new(
        "docker",
        Type::Text,
        Presence::Optional,
        OnChange::Ignore,
        "URL of the engine's socket, such as `unix:///var/run/docker.sock`. Default: the environment \
         variable DOCKER_HOST, or that socket. `tcp://` and `ssh://` are not supported yet.",
    )],
    outputs: &[
        DOCKER,
        OutputSchema::new(
            "engine_id",
            "The engine's own random name: two sockets of one engine have the same.",
        ),
        OutputSchema::new("engine_version", "Release of the engine."),
        OutputSchema::new("architecture", "Architecture of the machine."),
    ],
    open_outputs: false,
    identity: Some("docker"),
    irreversible: None,
    example: "host \"main\" {\n  docker = \"unix:///var/run/docker.sock\"\n}\n",
};

const VOLUME: KindSchema = KindSchema {
    kind: "volume",
    doc: "A place for the data of one node: the chain, the PoS database and the PoS key. It is a Docker volume, or a \
          folder on a disk of your choice. A volume that holds a key is never deleted unless it is named: `pospool destroy --delete volume.main`.",
    role: Role::Managed,
    attributes: &[HOST_OF, PATH],
    outputs: &[
        OutputSchema::new(
            "name",
            "Name of the volume in Docker, or where the folder really is, without symbolic links.",
        ),
        DOCKER,
        OutputSchema::new("engine_id", "The engine that has it."),
        OutputSchema::new(
            "holds",
            "Whose PoS key it holds, such as `pos_key of node.main`; not there without a key.",
        ),
    ],
    open_outputs: false,
    identity: Some("name"),
    irreversible: None,
    example: "volume \"main\" {\n  host = host.main\n}\n",
};

const PATH: AttributeSchema = AttributeSchema::new(
    "path",
    Type::Text,
    Presence::Optional,
    OnChange::Update,
    "Absolute path of a folder for the data, instead of a Docker volume. It must be there, belong to 10001:10001 and \
     have mode 0700: `sudo install -d -o 10001 -g 10001 -m 0700 /srv/pool`. pospool marks it with \
     `.pospool-volume.json`. Another path, or none, means that the data moves: its node must be stopped, the data is \
     copied, and the old place stays as it is.",
);

pub(crate) const NODE: KindSchema = KindSchema {
    kind: "node",
    doc: "A Conflux node in a hardened container: no root, a read-only root file system, no capabilities, no \
          published RPC. It has one PoS key, made at its first start, on its volume. pospool passes the key's \
          password on stdin at each start, so Docker never restarts the container by itself: a container that came \
          back alone would wait for its password, and two containers of one key must never vote. After a reboot \
          of the host run `pospool apply`.",
    role: Role::Managed,
    attributes: &[
        HOST_OF,
        AttributeSchema::new(
            "chain",
            Type::Reference(&["chain"]),
            Presence::Implied,
            OnChange::Refuse,
            "The network that it joins.",
        ),
        AttributeSchema::new(
            "image",
            Type::Text,
            Presence::Required,
            OnChange::Replace,
            "Image of conflux-rust in the layout of the official one, such as \
             `confluxchain/conflux-rust:3.1.0-testnet@sha256:…`. Pin it with its digest: a tag can be moved. \
             pospool builds a hardened image from it.",
        ),
        AttributeSchema::new(
            "data",
            Type::Reference(&["volume"]),
            Presence::Required,
            OnChange::Replace,
            "Volume for everything that the node keeps. Another volume means another PoS key.",
        ),
        crate::snapshot::SNAPSHOT,
        crate::snapshot::REFILL,
        AttributeSchema::new(
            "pos_key_password",
            Type::Secret,
            Presence::Required,
            OnChange::Ignore,
            "Password that encrypts the PoS key. It goes to the node's standard input at each start, and is \
             in no file, argument or `docker inspect`.",
        ),
        AttributeSchema::new(
            "config",
            // Not settings: a key that the spec drops must go from the node as well.
            Type::Any,
            Presence::Optional,
            OnChange::Replace,
            "Keys of the node's own configuration, such as `{ public_address = \"203.0.113.7\" }`. Keys that \
             pospool owns, and keys that are dangerous, are refused.",
        ),
        AttributeSchema::new(
            "docker_network",
            Type::Text,
            Presence::Optional,
            OnChange::Replace,
            "Existing Docker network to join. Default: a bridge network of the node's own.",
        ),
        AttributeSchema::new(
            "bootnodes",
            Type::Text,
            Presence::Optional,
            OnChange::Replace,
            "Nodes to connect to first: `cfxnode://…@ip:port`, with commas. Default: those of the chain, or \
             of the image.",
        ),
        AttributeSchema::new(
            "state",
            Type::Text,
            Presence::Optional,
            OnChange::Update,
            "`running` (default) or `stopped`. A plan may also find it `starting`, or `waiting for its password` \
             when somebody started the container by hand.",
        ),
        AttributeSchema::new(
            "memory",
            Type::Text,
            Presence::Optional,
            OnChange::Replace,
            "Most memory that it may use, such as `16g`. Default: no limit.",
        ),
        AttributeSchema::new(
            "publish_p2p",
            Type::Integer,
            Presence::Optional,
            OnChange::Replace,
            "Port of the host through which other nodes reach it (TCP and UDP), 1024 or above, such as 32323; the node \
             listens under the same number. Default: none; it then only connects out, and `public_address` must not be \
             set.",
        ),
        optional_attribute(
            "release_form",
            Type::Text,
            OnChange::Replace,
            "Form of the release's files, `3.0` or `3.1`, for an image whose tag names no release that pospool knows.",
        ),
        optional_attribute(
            "old_release",
            Type::Text,
            OnChange::Ignore,
            "`accept` lets a release run that its network has gone on without at a hard fork. Without it the plan \
             refuses to make such a node.",
        ),
        AttributeSchema::new(
            "hardening",
            Type::Text,
            Presence::Optional,
            OnChange::Replace,
            "Whether the container still is as pospool made it. Only `as made` may be written; it is there to \
             show drift.",
        ),
        RUNTIME,
    ],
    outputs: NODE_OUTPUTS,
    open_outputs: false,
    identity: Some("container_id"),
    irreversible: None,
    example: "node \"main\" {\n  image            = \"confluxchain/conflux-rust:3.1.0-testnet@sha256:…\"\n  \
              data             = volume.main\n  pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n  \
              config           = { public_address = \"203.0.113.7\" }\n  publish_p2p      = 32323\n}\n",
};

/// What was changed by hand on a container and can be put right while it runs.
pub(crate) const RUNTIME: AttributeSchema = optional_attribute(
    "runtime",
    Type::Text,
    OnChange::Update,
    "What somebody changed on the container that Docker can put right while it runs: its name, its networks, the limits \
     of memory and of processes, the restart policy. It is there to show drift, and is never written.",
);

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

/// An attribute that may be left out.
pub(crate) const fn optional_attribute(
    name: &'static str,
    ty: Type,
    on_change: OnChange,
    doc: &'static str,
) -> AttributeSchema {
    AttributeSchema::new(name, ty, Presence::Optional, on_change, doc)
}

pub(crate) const UI: KindSchema = KindSchema {
    kind: "ui",
    doc: "The pool's web page: files that are given, or built from sources in a container, and a server for them \
          in a hardened container of its own. TLS is the business of a front before it. The page is made again when \
          its files, its sources, an address or an RPC changes, and for nothing else.",
    role: Role::Managed,
    attributes: &[
        AttributeSchema::new(
            "host",
            Type::Reference(&["host"]),
            Presence::Implied,
            OnChange::Refuse,
            "Machine that serves it.",
        ),
        AttributeSchema::new(
            "chain",
            Type::Reference(&["chain"]),
            Presence::Implied,
            OnChange::Replace,
            "The network that the page shows.",
        ),
        AttributeSchema::new(
            "manager",
            Type::Text,
            Presence::Required,
            OnChange::Replace,
            "Address of the PoolManager whose pools it shows: `core_contract.manager.address`.",
        ),
        optional_attribute(
            "core_rpc",
            Type::Text,
            OnChange::Replace,
            "Core Space RPC as the visitors' browsers reach it. Default: the first one of the chain if its URL can hold \
             no key, else the public one of the network.",
        ),
        optional_attribute(
            "espace_rpc",
            Type::Text,
            OnChange::Replace,
            "eSpace RPC as the visitors' browsers reach it. Default: the first one of the chain if its URL can hold no \
             key, else the public one of the network.",
        ),
        optional_attribute(
            "public_rpc",
            Type::Bool,
            OnChange::Ignore,
            "Whether everybody may know the path of `core_rpc` and `espace_rpc`. A path or a query often is a key, so it \
             is refused without this; a user or a password always is.",
        ),
        optional_attribute(
            "built",
            Type::Text,
            OnChange::Ignore,
            "Folder of built files with an index.html, instead of a build. What the page must know of the pool lies \
             beside them as `pool.config.json`.",
        ),
        optional_attribute(
            "tree",
            Type::Text,
            OnChange::Ignore,
            "Folder of sources to build, such as `source.reference.tree`. `pool.config.js` is written into `folder`, \
             and `npm run build` (or `yarn build`) must leave `build/`.",
        ),
        optional_attribute(
            "folder",
            Type::Text,
            OnChange::Replace,
            "Folder of the page in its tree, such as `interface`. Default: the tree itself.",
        ),
        optional_attribute(
            "build_image",
            Type::Text,
            OnChange::Replace,
            "Image that has Node.js and npm (or yarn), pinned by its digest.",
        ),
        optional_attribute(
            "lock",
            Type::Text,
            OnChange::Ignore,
            "Lock file of npm or yarn to build with. Default: the one in the tree. Without any nothing is built.",
        ),
        optional_attribute(
            "build_environment",
            Type::Any,
            OnChange::Replace,
            "Variables of the build, such as `{ NODE_OPTIONS = \"--openssl-legacy-provider\" }`. No place for secrets.",
        ),
        optional_attribute(
            "build_memory",
            Type::Text,
            OnChange::Ignore,
            "Most memory of the build. Default: `4g`.",
        ),
        optional_attribute(
            "package_mirror",
            Type::Text,
            OnChange::Ignore,
            "URL of the package registry that the build asks. Default: the public one.",
        ),
        optional_attribute(
            "ca_bundle",
            Type::Text,
            OnChange::Ignore,
            "File with the certificate authorities that the build trusts, where a company has its own.",
        ),
        optional_attribute(
            "listen",
            Type::Text,
            OnChange::Replace,
            "Address and port of the host where it is published. Default: `127.0.0.1:8080`, for a front with TLS.",
        ),
        optional_attribute(
            "state",
            Type::Text,
            OnChange::Update,
            "Whether its server runs and answers. Only `running` may be written; it is there to show drift.",
        ),
        optional_attribute(
            "hardening",
            Type::Text,
            OnChange::Replace,
            "Whether the container still is as pospool made it. Only `as made` may be written; it is there to show drift.",
        ),
        optional_attribute(
            "content",
            Type::Text,
            OnChange::Replace,
            "Whether the page is made from the files, the network and the pospool of now. Only `as given` may be \
             written; it is there to show a change.",
        ),
        RUNTIME,
    ],
    outputs: &[
        OutputSchema::new("url", "Where it is published."),
        OutputSchema::new("digest", "Digest over everything that is in the page."),
        OutputSchema::new(
            "image",
            "Name of its image, made from the digest of all that went into it.",
        ),
        IMAGE_ID,
        CONTAINER_ID,
        CONTAINER_NAME,
        DOCKER,
        ENGINE_ID,
    ],
    open_outputs: false,
    identity: Some("url"),
    irreversible: None,
    example: "ui \"site\" {\n  manager = core_contract.manager.address\n  built   = \"./site\"\n  \
              listen  = \"127.0.0.1:8080\"\n}\n",
};

const HOST_OF: AttributeSchema = AttributeSchema::new(
    "host",
    Type::Reference(&["host"]),
    Presence::Implied,
    OnChange::Refuse,
    "Machine that it is on. It cannot be moved: the PoS key would have to move with it.",
);
