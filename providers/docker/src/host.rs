//! `host` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::DOCKER;

kind! {
    /// A `host` block.
    pub(crate) struct HostSpec;
    /// The kind as a table.
    pub(crate) const HOST = "host", Given, "A machine with a Docker Engine that pospool talks to.";
    attributes {
        docker: Text, Optional, Ignore, "URL of the engine's socket, such as `unix:///var/run/docker.sock`. Default: the environment \
         variable DOCKER_HOST, or that socket. `tcp://` and `ssh://` are not supported yet.";
    }
    outputs: &[
        DOCKER,
        OutputSchema::new(
            "engine_id",
            "The engine's own random name: two sockets of one engine have the same.",
        ),
        OutputSchema::new("engine_version", "Release of the engine."),
        OutputSchema::new("architecture", "Architecture of the machine."),
    ],
    identity: Some("docker"),
    example: "host \"main\" {\n  docker = \"unix:///var/run/docker.sock\"\n}\n",
}
