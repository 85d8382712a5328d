//! `ui` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{CONTAINER_ID, CONTAINER_NAME, DOCKER, ENGINE_ID, IMAGE_ID, RUNTIME_TEXT};

kind! {
    /// A `ui` block.
    pub(crate) struct UiSpec;
    /// The kind as a table.
    pub(crate) const UI = "ui", Managed, "The pool's web page: files that are given, or built from sources in a container, and a server for them \
          in a hardened container of its own. TLS is the business of a front before it. The page is made again when \
          its files, its sources, an address or an RPC changes, and for nothing else.";
    attributes {
        host: Reference["host"], Implied, Refuse, "Machine that serves it.";
        chain: Reference["chain"], Implied, Replace, "The network that the page shows.";
        manager: Text, Required, Replace, "Address of the PoolManager whose pools it shows: `core_contract.manager.address`.";
        core_rpc: Text, Optional, Replace, "Core Space RPC as the visitors' browsers reach it. Default: the first one of the chain if its URL can hold \
             no key, else the public one of the network.";
        espace_rpc: Text, Optional, Replace, "eSpace RPC as the visitors' browsers reach it. Default: the first one of the chain if its URL can hold no \
             key, else the public one of the network.";
        public_rpc: Bool, Optional, Ignore, "Whether everybody may know the path of `core_rpc` and `espace_rpc`. A path or a query often is a key, so it \
             is refused without this; a user or a password always is.";
        built: Text, Optional, Ignore, "Folder of built files with an index.html, instead of a build. What the page must know of the pool lies \
             beside them as `pool.config.json`.";
        tree: Text, Optional, Ignore, "Folder of sources to build, such as `source.reference.tree`. `pool.config.js` is written into `folder`, \
             and `npm run build` (or `yarn build`) must leave `build/`.";
        folder: Text, Optional, Replace, "Folder of the page in its tree, such as `interface`. Default: the tree itself.";
        build_image: Text, Optional, Replace, "Image that has Node.js and npm (or yarn), pinned by its digest.";
        lock: Text, Optional, Ignore, "Lock file of npm or yarn to build with. Default: the one in the tree. Without any nothing is built.";
        build_environment: Any, Optional, Replace, "Variables of the build, such as `{ NODE_OPTIONS = \"--openssl-legacy-provider\" }`. No place for secrets.";
        build_memory: Text, Optional, Ignore, "Most memory of the build. Default: `4g`.";
        package_mirror: Text, Optional, Ignore, "URL of the package registry that the build asks. Default: the public one.";
        ca_bundle: Text, Optional, Ignore, "File with the certificate authorities that the build trusts, where a company has its own.";
        listen: Text, Optional, Replace, "Address and port of the host where it is published. Default: `127.0.0.1:8080`, for a front with TLS.";
        state: Text, Optional, Update, "Whether its server runs and answers. Only `running` may be written; it is there to show drift.";
        hardening: Text, Optional, Replace, "Whether the container still is as pospool made it. Only `as made` may be written; it is there to show drift.";
        content: Text, Optional, Replace, "Whether the page is made from the files, the network and the pospool of now. Only `as given` may be \
             written; it is there to show a change.";
        runtime: Text, Optional, Update, RUNTIME_TEXT;
    }
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
    identity: Some("url"),
    example: "ui \"site\" {\n  manager = core_contract.manager.address\n  built   = \"./site\"\n  \
              listen  = \"127.0.0.1:8080\"\n}\n",
}
