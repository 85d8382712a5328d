//! How hosts, syncers and pages are.

use bollard::models::HealthStatusEnum;
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::{Figure, HostStatus, PageStatus, SyncerStatus};
use pospool_model::{Attributes, Drip, Value};

use super::seen::{DOCKER, SeenContainer};
use crate::attributes::attribute_text;
use crate::facts::{DockerFacts, EngineFacts};
use crate::syncer::report::SyncerReport;
use crate::workload::run::read_health;

/// State of a syncer that has no word of itself.
const WAITING: &str = "waiting for its key";
/// The source of what a syncer says of itself.
const SYNCER: &str = "syncer";

/// How a host is.
pub(super) fn host_status(
    target: &Target<'_>,
    context: &StatusContext<'_>,
    facts: &DockerFacts,
) -> HostStatus {
    let outputs = context.scene.outputs.get(target.address);
    let why = context.unseen.get(target.address);
    let why = why.map_or("nothing is on it, so it was not asked", String::as_str);
    let engine = facts
        .hosts
        .get(target.address)
        .and_then(|url| facts.engines.get(url));
    let version = outputs
        .and_then(|outputs| attribute_text(outputs, "engine_version"))
        .map(str::to_owned);
    let of_engine = |engine: Option<&EngineFacts>| engine.map(|engine| engine.live_restore);
    let memory = engine.map(|engine| engine.memory.and_then(|bytes| u64::try_from(bytes).ok()));
    HostStatus {
        engine_version: Figure::said(DOCKER, version, 0, why),
        live_restore: Figure::said(DOCKER, of_engine(engine), 0, why),
        memory_bytes: Figure::said(DOCKER, memory, 0, why),
        ..HostStatus::new(target.address)
    }
}

/// How a page is.
pub(super) fn page_status(seen: &SeenContainer<'_>) -> PageStatus {
    let answers = seen.detail(|found| match read_health(found.state.as_ref()?)? {
        HealthStatusEnum::HEALTHY => Some(true),
        HealthStatusEnum::UNHEALTHY => Some(false),
        _ => None,
    });
    PageStatus {
        container_name: seen.name(),
        container: seen.state("nothing"),
        answers,
        ..PageStatus::new(seen.target.address)
    }
}

/// How a syncer is.
pub(super) fn syncer_status(seen: &SeenContainer<'_>) -> SyncerStatus {
    let runs = seen.container.is_some_and(|it| it.running);
    let report = seen.facts.syncers.get(seen.target.address);
    // Not what is recorded: that is of an earlier process.
    let outputs = report.filter(|_| runs).map(SyncerReport::outputs);
    let outputs = outputs.as_ref();
    let age = report.and_then(SyncerReport::time);
    let age = age.map_or(0, |time| seen.context.now.saturating_sub(time));
    let why = match seen.unseen() {
        Some(why) => why,
        None if runs => "its last report does not say it",
        None => "it does not run, or has said nothing since its start",
    };
    let said = |name: &str| outputs.and_then(|outputs| outputs.get(name));
    let trouble = said("health").and_then(Value::as_text);
    let trouble = trouble.map(|word| (word != "well").then(|| word.to_owned()));
    let lag = said("lag").and_then(Value::as_integer);
    let lag = lag.and_then(|lag| u64::try_from(lag).ok());
    let balance = match said("balance") {
        Some(Value::Amount(drip)) => Some(Drip(drip.0)),
        _ => None,
    };
    SyncerStatus {
        container_name: seen.name(),
        container: seen.state(WAITING),
        trouble: Figure::said(SYNCER, trouble, age, why),
        lag_seconds: Figure::said(SYNCER, lag, age, why),
        duties: Figure::said(SYNCER, texts(outputs, "duties"), age, why),
        waiting: Figure::said(SYNCER, texts(outputs, "waiting"), age, why),
        balance_drip: Figure::said(SYNCER, balance, age, why),
        ..SyncerStatus::new(seen.target.address)
    }
}

fn texts(outputs: Option<&Attributes>, name: &str) -> Option<Vec<String>> {
    let Value::List(list) = outputs?.get(name)? else {
        return None;
    };
    let texts = list.iter().filter_map(Value::as_text);
    Some(texts.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::facts::tests::container;
    use bollard::models::{ContainerInspectResponse, ContainerState as FoundState, Health};
    use pospool_model::Address;
    use pospool_model::provider::{Facts, ObserveContext, Observed};
    use pospool_model::status::ContainerState;
    use pospool_model::status::Unknown;

    /// What a look has found of one page: its container, and what Docker says in detail.
    fn page(
        state: Option<&'static str>,
        health: Option<HealthStatusEnum>,
        unseen: Option<&str>,
    ) -> PageStatus {
        let address: Address = "ui.main".parse().unwrap();
        let (nothing, outputs) = (Attributes::new(), BTreeMap::new());
        let used = BTreeSet::new();
        let target = Target {
            address: &address,
            wanted: Some(&nothing),
            recorded: None,
            used: &used,
        };
        let (wanted, accounts) = (BTreeMap::new(), BTreeMap::new());
        let objects = BTreeMap::from([(address.clone(), Observed::Absent)]);
        let unseen = unseen.map(|why| (address.clone(), why.to_owned()));
        let unseen = unseen.into_iter().collect();
        let facts = Facts::default();
        let context = StatusContext {
            scene: ObserveContext {
                lineage: "1a2b3c4d",
                wanted: &wanted,
                accounts: &accounts,
                outputs: &outputs,
            },
            facts: &facts,
            objects: &objects,
            unseen: &unseen,
            now: 0,
        };
        let container = state.map(|state| container("pospool-1a2b3c4d-ui-main", state, &[]));
        let found = container.as_ref().map(|_| ContainerInspectResponse {
            name: Some("/pospool-1a2b3c4d-ui-main".to_owned()),
            state: Some(FoundState {
                health: health.map(|health| Health {
                    status: Some(health),
                    ..Health::default()
                }),
                ..FoundState::default()
            }),
            ..ContainerInspectResponse::default()
        });
        let docker = DockerFacts::default();
        page_status(&SeenContainer {
            target: &target,
            context: &context,
            facts: &docker,
            container: container.as_ref(),
            engine: None,
            found,
        })
    }

    #[test]
    fn c4_a_page_answers_as_its_own_health_check_says() {
        let well = page(Some("running"), Some(HealthStatusEnum::HEALTHY), None);
        assert_eq!(well.container_name, "pospool-1a2b3c4d-ui-main");
        assert_eq!(well.container.known(), Some(&ContainerState::Running));
        assert_eq!(well.answers.known(), Some(&true));
        let unwell = page(Some("running"), Some(HealthStatusEnum::UNHEALTHY), None);
        assert_eq!(unwell.answers.known(), Some(&false));
        // It has not been asked yet.
        let young = page(Some("running"), Some(HealthStatusEnum::STARTING), None);
        assert_eq!(young.answers.known(), None);
        let stopped = page(Some("stopped"), None, None);
        assert_eq!(stopped.container.known(), Some(&ContainerState::Stopped));
    }

    #[test]
    fn what_was_not_seen_is_not_gone() {
        let gone = page(None, None, None);
        assert_eq!(gone.container.known(), Some(&ContainerState::Gone));
        let unseen = page(None, None, Some("the engine does not answer"));
        assert_eq!(unseen.container.known(), None);
        let why = unseen.container.unknown().map(Unknown::why);
        assert_eq!(why, Some("the engine does not answer"));
    }
}
