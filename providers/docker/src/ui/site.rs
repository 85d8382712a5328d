//! What a page's build has of the engine: a container and a network, which end with it.
//!
//! - Reads: containers and networks with the label of builds.
//! - Returns: the network that the packages are loaded over, and the proof that a container has left it.
//! - Never: takes away what another run may still be building with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::time::sleep;

use crate::client::{Engine, Labels};
use crate::codes;
use crate::names::{BUILD, Name};
use crate::workload::run::{ensure_network, inspect_container, is_running};

const POLL: Duration = Duration::from_secs(1);
/// A build has half an hour: what is older than that, with time for large archives and for clocks that differ, was left
/// by a run that was cut.
const OLDEST: Duration = Duration::from_hours(2);

/// One build's container and network, which have one name.
#[derive(Debug)]
pub(super) struct BuildSite {
    pub(super) name: Name,
    /// When nobody can be at work here any more, in seconds since 1970.
    until: u64,
}

impl BuildSite {
    pub(super) fn at(name: Name, until: u64) -> Self {
        Self { name, until }
    }

    /// Makes room and a network of its own: on the one that all share, any container could be asked, and could ask.
    pub(super) async fn prepare(
        engine: &Engine,
        name: Name,
        progress: &dyn Progress,
    ) -> Result<Self, ProviderError> {
        let now = now();
        remove_leftovers(engine, now, progress).await?;
        let site = Self::at(name, now + OLDEST.as_secs());
        // One of an earlier run that was cut: what it made is not trusted.
        site.clear(engine).await?;
        ensure_network(engine, &site.name, Some(&site.labels())).await?;
        Ok(site)
    }

    pub(super) fn labels(&self) -> Labels {
        [(BUILD.to_owned(), self.until.to_string())].into()
    }

    /// Takes a container off the network, and makes sure that it is on none.
    pub(super) async fn cut_off(
        &self,
        engine: &Engine,
        container: &Name,
    ) -> Result<(), ProviderError> {
        engine.leave_network(&self.name, container).await?;
        let found = inspect_container(engine, container).await?;
        let settings = found.network_settings.unwrap_or_default();
        let mut left = settings.networks.unwrap_or_default().into_keys();
        match left.find(|network| network != "none") {
            None => Ok(()),
            Some(network) => Err(ProviderError::refused(
                codes::PAGE_BUILD,
                format!(
                    "the container of the build is still on the network `{network}`, and packages would run there: \
                     nothing was built"
                ),
            )),
        }
    }

    /// Removes both, running or not.
    pub(super) async fn clear(&self, engine: &Engine) -> Result<(), ProviderError> {
        remove_container(engine, &self.name).await?;
        match engine.network(&self.name).await? {
            Some(found) if found.labels.contains_key(BUILD) => {
                engine.remove_network(&self.name).await
            }
            // That it is somebody else's is said where it would be used.
            _ => Ok(()),
        }
    }
}

/// Removes what runs left that were cut. What cannot be removed keeps no page from being built.
async fn remove_leftovers(
    engine: &Engine,
    now: u64,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let containers = engine.containers().await?.into_iter();
    let containers = containers.map(|found| (found.name, found.labels));
    let networks = engine.networks_with(BUILD).await?;
    for (name, labels) in containers.chain(networks) {
        let Some(name) = Name::new(name).ok().filter(|_| is_left(&labels, now)) else {
            continue;
        };
        let site = BuildSite::at(name, 0);
        if let Err(error) = site.clear(engine).await {
            progress.waiting(&format!(
                "`{}` of an earlier build is left: {error}",
                site.name
            ));
        }
    }
    Ok(())
}

/// Whether a label says that nobody builds here any more.
fn is_left(labels: &Labels, now: u64) -> bool {
    let until = labels
        .get(BUILD)
        .and_then(|until| until.parse::<u64>().ok());
    until.is_some_and(|until| until < now)
}

async fn remove_container(engine: &Engine, container: &Name) -> Result<(), ProviderError> {
    engine.signal(container, "SIGKILL").await?;
    while let Some(found) = engine.inspect(container).await? {
        if !found.state.is_some_and(|state| is_running(&state)) {
            return engine.remove(container).await;
        }
        sleep(POLL).await;
    }
    Ok(())
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_labelled_and_old_was_left() {
        let labels = |until: &str| -> Labels { [(BUILD.to_owned(), until.to_owned())].into() };
        assert!(is_left(&labels("99"), 100));
        assert!(!is_left(&labels("100"), 100));
        assert!(!is_left(&labels("soon"), 100));
        assert!(!is_left(&Labels::new(), 100));
        let site = BuildSite::at(Name::new("pospool-build-01").unwrap(), 99);
        assert!(is_left(&site.labels(), 100));
    }
}
