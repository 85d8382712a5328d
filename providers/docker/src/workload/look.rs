//! Finding a resource's container during a refresh.
//!
//! - Reads: the list of containers, and one in detail.
//! - Returns: the container that is the resource's, and what all kinds say of it.
//! - Never: goes by a name alone: labels say whose a container is.

use bollard::models::ContainerInspectResponse;
use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Address, Attributes, Problem, Value};

use super::labels::{labels_match, owner_labels};
use crate::attributes::attribute_text;
use crate::client::ListedContainer;
use crate::codes;
use crate::facts::KeptContainer;
use crate::names::Name;
use crate::view::EngineView;

/// The container of a resource in the list.
#[derive(Clone, Debug)]
pub(crate) struct OwnContainer<'a> {
    pub(crate) one: &'a ListedContainer,
    /// The one that it replaced, where a run did not come to its end.
    pub(crate) aside: Option<KeptContainer>,
}

/// Finds the container of a resource by its labels.
pub(crate) fn own_container<'a>(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    view: &'a EngineView,
    name: &Name,
) -> Result<Option<OwnContainer<'a>>, Problem> {
    let owner = owner_labels(scene.lineage, target.address);
    let containers = view.containers.iter();
    let mut own: Vec<&ListedContainer> = containers
        .filter(|it| labels_match(&owner, &it.labels))
        .collect();
    let mut aside = None;
    // A container that is kept stands aside of one that replaces it; alone it is the container itself.
    let kept = super::spec::aside_name(name);
    let is_kept = |it: &&ListedContainer| it.name == kept.as_str() && !it.running;
    if own.len() == 2
        && own.iter().any(|it| it.name == name.as_str())
        && let Some(at) = own.iter().position(is_kept)
    {
        let kept = own.remove(at);
        aside = Some(KeptContainer {
            id: Name::new(kept.id.as_str()).map_err(|error| error.problem(&[]))?,
            labels: kept.labels.clone(),
        });
    }
    match own[..] {
        [one] => Ok(Some(OwnContainer { one, aside })),
        [] if view.containers.iter().any(|it| it.name == name.as_str()) => Err(Problem::new(
            codes::NAME_TAKEN,
            &[],
            format!("a container `{name}` is there that this project did not make"),
        )
        .help(format!(
            "give {} another label in the spec, or remove the other container",
            target.address
        ))),
        [] => Ok(None),
        _ => {
            let names: Vec<&str> = own.iter().map(|it| it.name.as_str()).collect();
            let what = format!(
                "several containers say that they are {}: {}",
                target.address,
                names.join(", ")
            );
            Err(Problem::new(codes::TWO_CONTAINERS, &[], what).help(format!(
                "stop and remove the copy: {}",
                why_only_one(target.address)
            )))
        }
    }
}

fn why_only_one(address: &Address) -> &'static str {
    match address.kind() {
        "node" => "two nodes with one PoS key must never vote",
        "syncer" => "two syncers with one key take each other's nonces",
        _ => "pospool cares for one of them only",
    }
}

/// A container of the list in detail, with its id; one may be gone meanwhile.
pub(crate) async fn inspect_listed(
    view: &EngineView,
    listed: &ListedContainer,
) -> Result<Option<(Name, ContainerInspectResponse)>, Problem> {
    let id = Name::new(listed.id.as_str()).map_err(|error| error.problem(&[]))?;
    let found = view.engine.inspect(&id).await;
    let found = found.map_err(|error| Problem::new(error.code(), &[], error.to_string()))?;
    Ok(found.map(|found| (id, found)))
}

/// What a plan is bound to: which container, and how it is.
pub(crate) fn plan_binding(container: &Name, state: &str) -> String {
    let id = container.as_str().get(..12).unwrap_or_default();
    format!("{id} {state}")
}

/// Whether it runs another image than the one that the state knows, under the same name. A run that did not come to its end
/// has recorded the image of a container that may be gone again.
pub(crate) fn has_other_content(target: &Target<'_>, found: &ContainerInspectResponse) -> bool {
    let recorded = target
        .recorded
        .filter(|it| it.complete)
        .and_then(|it| attribute_text(&it.outputs, "image_id"));
    recorded.is_some_and(|recorded| found.image.as_deref() != Some(recorded))
}

/// Ids of a container and of its image.
pub(crate) fn container_ids(found: &ContainerInspectResponse) -> Attributes {
    let ids = [("container_id", &found.id), ("image_id", &found.image)];
    let known = ids.into_iter().filter_map(|(name, id)| {
        let id = id.as_deref()?;
        Some((name.to_owned(), Value::from(id)))
    });
    known.collect()
}

/// Outputs of a container: those that were planned, and what is seen of it and of its engine.
pub(crate) fn container_outputs(
    planned: Attributes,
    view: &EngineView,
    found: &ContainerInspectResponse,
) -> Attributes {
    let mut outputs = planned;
    outputs.extend(container_ids(found));
    outputs.insert("docker".to_owned(), view.docker.as_str().into());
    outputs.insert("engine_id".to_owned(), view.facts.id.as_str().into());
    outputs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pospool_model::state::Recorded;

    use super::*;

    #[test]
    fn an_image_counts_as_another_one_only_beside_what_a_whole_run_recorded() {
        let address = "node.main".parse().unwrap();
        let found = ContainerInspectResponse {
            image: Some("sha256:old".to_owned()),
            ..ContainerInspectResponse::default()
        };
        let other = |image: &str, complete| {
            let recorded = Recorded {
                outputs: [("image_id".to_owned(), image.into())].into(),
                complete,
                ..Recorded::default()
            };
            let target = Target {
                address: &address,
                wanted: None,
                recorded: Some(&recorded),
                used: &BTreeSet::new(),
            };
            has_other_content(&target, &found)
        };
        assert!(!other("sha256:old", true));
        assert!(other("sha256:new", true));
        assert!(!other("sha256:new", false));
    }
}
