//! What tables of several kinds say in the same words.

use pospool_model::OutputSchema;

/// Value of the attribute `hardening` while nobody changed the container.
pub(crate) const AS_MADE: &str = "as made";

/// Text of the attribute `host` of what cannot be moved.
pub(crate) const HOST_TEXT: &str =
    "Machine that it is on. It cannot be moved: the PoS key would have to move with it.";

/// Text of the attribute `runtime`: what was changed by hand on a container and can be put right while it runs.
pub(crate) const RUNTIME_TEXT: &str = "What somebody changed on the container that Docker can put right while it runs: its name, its networks, the limits \
     of memory and of processes, the restart policy. It is there to show drift, and is never written.";

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
