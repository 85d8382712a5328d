//! Which providers exist: the only place that names them.
//!
//! - Reads: where caches belong, from the environment.
//! - Returns: the registry of a run.
//! - Never: connects to anything; a provider does that when it is asked to look.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pospool_chain::{ChainProvider, ChainSettings};
use pospool_docker::{DockerProvider, DockerSettings};
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_model::status::EngineWord;
use pospool_model::{Code, Provider};
use pospool_source::{Cache, SourceProvider};

/// The wait of commands that never wait.
pub const NO_WAIT: Duration = Duration::ZERO;

/// Time between two looks at the chain.
pub const POLL: Duration = Duration::from_secs(1);

/// Kinds that `pospool sync` may serve without anybody's approval, and the attribute in which
/// they show what there is to do.
pub const SERVICES: &[&str] = &["bridge_service"];
/// See [`SERVICES`].
pub const DUTIES: &str = "duties";

/// Tables of codes of the providers.
pub const CODES: &[&[Code]] = &[
    pospool_chain::codes::CODES,
    pospool_chain::codes::TX_CODES,
    pospool_docker::codes::CODES,
    pospool_source::codes::CODES,
];

/// All providers. Waits longer than `wait` end as "converging".
#[must_use]
pub fn build_registry(wait: Duration) -> Registry {
    registry_at(wait, POLL)
}

/// The same, with so much time between two looks at the chain.
#[must_use]
pub fn registry_at(wait: Duration, poll: Duration) -> Registry {
    let providers: Vec<Arc<dyn Provider>> = vec![
        Arc::new(RecordProvider),
        Arc::new(DockerProvider::new(DockerSettings { wait })),
        Arc::new(
            ChainProvider::new(ChainSettings { wait, poll })
                .with_own_nodes(pospool_docker::own_nodes()),
        ),
        Arc::new(SourceProvider::new(find_source_cache())),
    ];
    Registry::new(providers)
}

/// What the Docker Engine of this machine says of itself, or why it does not.
pub async fn describe_engine() -> Result<EngineWord, String> {
    pospool_docker::describe_engine().await
}

/// Ends the programs that providers run on this machine, for a process that leaves at once.
pub fn end_tools() {
    pospool_source::end_all_tools();
}

/// The current image of conflux-rust for a public network, by the table of releases.
#[must_use]
pub fn current_image(network: &str) -> Option<&'static str> {
    pospool_docker::current_image(network)
}

/// Where sources and compilers are kept: `pospool` in the user's cache folder.
#[must_use]
pub fn find_cache_folder() -> PathBuf {
    user_folder("XDG_CACHE_HOME", ".cache")
        .unwrap_or_else(std::env::temp_dir)
        .join("pospool")
}

/// That folder, and the key of its seals: in the user's folder of states, since caches are what people share and restore.
#[must_use]
pub fn find_source_cache() -> Cache {
    let states = user_folder("XDG_STATE_HOME", ".local/state");
    Cache {
        folder: find_cache_folder(),
        key: states.map(|folder| folder.join("pospool/cache.key")),
    }
}

/// A folder of the user, by its variable or below their home.
fn user_folder(name: &str, below_home: &str) -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    folder(name).or_else(|| Some(folder("HOME")?.join(below_home)))
}
