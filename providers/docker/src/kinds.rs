//! The kinds of this provider: `host`, `volume`, and those that are containers.

use pospool_model::{Address, KindSchema, ProviderError};

use crate::codes;
use crate::host::HOST;
use crate::node::{NODE, NodeKind};
use crate::syncer::{SYNCER, SyncerKind};
use crate::ui::{UI, UiKind};
use crate::volume::VOLUME;
use crate::workload::ContainerKind;
use crate::workload::spec::{ContainerSpec, Workload};

/// All kinds of this provider.
pub(crate) const KINDS: &[KindSchema] = &[HOST, VOLUME, NODE, UI, SYNCER];
/// Those that are containers.
const CONTAINERS: &[&dyn ContainerKind] = &[&NodeKind, &UiKind, &SyncerKind];

/// What a kind of this provider is.
#[derive(Clone, Copy)]
pub(crate) enum DockerKind {
    /// A machine with an engine: it is there already.
    Host,
    /// A place for data.
    Volume,
    /// A container.
    Container(&'static dyn ContainerKind),
}

/// A kind by its name, which is one of [`KINDS`]: the engine asks a provider for no other.
pub(crate) fn kind_named(name: &str) -> DockerKind {
    match name {
        "host" => DockerKind::Host,
        "volume" => DockerKind::Volume,
        _ => DockerKind::Container(
            container_kind(name).expect("the engine asks a provider for its own kinds alone"),
        ),
    }
}

/// A kind of containers by its name.
fn container_kind(kind: &str) -> Option<&'static dyn ContainerKind> {
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
