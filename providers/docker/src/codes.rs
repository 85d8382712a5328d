//! Explanations of the codes of nodes, their releases and their ports.

/// Codes with what they mean.
pub const NODE_CODES: &[(&str, &str)] = &[
    (
        "docker/address-without-port",
        "`public_address` of a node tells other nodes where to connect to, and no port of the node is published. Write \
         `publish_p2p`, or leave the address out.",
    ),
    (
        "docker/bad-port",
        "A port cannot be published: it is out of range, needs root, or has another use in the container.",
    ),
    (
        "docker/bad-public-address",
        "`public_address` of a node is an IPv4 address, or a name that has one. conflux-rust cuts it at the first colon, \
         so that neither an IPv6 address nor a port can be announced.",
    ),
    (
        "docker/image-network",
        "The image is built for the other public network: its rules are compiled in.",
    ),
    (
        "docker/node-epoch",
        "The node is behind its network, stands at a hard fork, follows another chain after one, or is ahead of the RPC \
         that was asked.",
    ),
    (
        "docker/release-form",
        "`release_form` contradicts the image's tag. It is for releases that this build does not know.",
    ),
    (
        "docker/release-past-fork",
        "The network went on at a hard fork with a newer release than the node's. An older one stops following there, and \
         its PoS key is retired within hours. Use the current image, and data of a snapshot if the node stood at the \
         fork.",
    ),
    (
        "docker/unknown-release",
        "The image's tag names no release that this build knows, and files of another form would stop the node. Say the \
         form with `release_form`.",
    ),
];
