//! Volumes: made once, and kept while they hold a key.
//!
//! - Reads: what was observed, and which nodes use a volume.
//! - Returns: jobs; outputs.
//! - Never: deletes a volume with a PoS key unless the user named it.

use std::collections::BTreeMap;

use pospool_model::plan::{Action, Nature};
use pospool_model::provider::{Design, Observed, Task, World};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, ProviderError, Value};

use crate::client::Engine;
use crate::container::labels::{fit, owner};
use crate::design::{docker_of, effect};
use crate::facts::{DockerFacts, EngineFacts};
use crate::job::{Job, VolumeJob};
use crate::names::{self, HOLDS, Name};
use crate::node::wish::text;

/// What a volume's label says when it holds the key of a node.
pub(crate) fn holds(node: &Address) -> String {
    format!("pos_key of {node}")
}

/// Finds the node that has a volume as its data, in the spec or in the state.
pub(crate) fn user<'a>(
    volume: &Address,
    wanted: &'a BTreeMap<Address, Attributes>,
    recorded: &'a BTreeMap<Address, Recorded>,
) -> Option<&'a Address> {
    let has = |attributes: &Attributes| {
        attributes.get("data").and_then(Value::as_resource) == Some(volume)
    };
    let nodes = wanted
        .iter()
        .filter(|(_, attributes)| has(attributes))
        .map(|(node, _)| node);
    let old = recorded
        .iter()
        .filter(|(_, old)| has(&old.attributes))
        .map(|(node, _)| node);
    nodes.chain(old).find(|node| node.kind() == "node")
}

/// Name of a volume's object: as recorded, or by rule.
pub(crate) fn name(
    lineage: &str,
    volume: &Address,
    recorded: Option<&Recorded>,
) -> Result<Name, Problem> {
    let known = recorded.and_then(|recorded| text(&recorded.outputs, "name"));
    known
        .map_or_else(|| names::object(lineage, volume), Name::new)
        .map_err(|error| error.problem(&[]))
}

/// What a look at the engine says of one volume.
pub(crate) fn observe(
    lineage: &str,
    address: &Address,
    host: Option<&Value>,
    name: &Name,
    docker: &str,
    engine: &EngineFacts,
) -> Result<Observed, Problem> {
    let Some(labels) = engine.volumes.get(name.as_str()) else {
        return Ok(Observed::Absent);
    };
    refuse_stranger(lineage, address, name, labels)?;
    let mut outputs = planned(docker, &engine.id, name);
    if let Some(holds) = labels.get(HOLDS) {
        outputs.insert("holds".to_owned(), Value::from(holds.as_str()));
    }
    let host = host.map(|host| ("host".to_owned(), host.clone()));
    Ok(Observed::Present {
        attributes: host.into_iter().collect(),
        outputs,
    })
}

fn planned(docker: &str, engine_id: &str, name: &Name) -> Attributes {
    Attributes::from([
        ("name".to_owned(), Value::from(name.as_str())),
        ("docker".to_owned(), Value::from(docker)),
        ("engine_id".to_owned(), Value::from(engine_id)),
    ])
}

fn refuse_stranger(
    lineage: &str,
    address: &Address,
    name: &Name,
    labels: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    if fit(&owner(lineage, address), labels) {
        return Ok(());
    }
    Err(Problem::new(
        "docker/name-taken",
        &[],
        format!("a volume `{name}` is there that this project did not make"),
    )
    .help("give the volume another label in the spec, or remove the other one by hand if nobody needs it"))
}

/// Plans one change.
pub(crate) fn design(task: &Task<'_>, world: &World<'_>) -> Result<Design, Vec<Problem>> {
    let name = name(world.lineage, task.address, task.recorded).map_err(|problem| vec![problem])?;
    match task.action {
        Action::Delete => Ok(delete(task, world, name)),
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        _ => create(task, world, name).map_err(|problem| vec![problem]),
    }
}

fn create(task: &Task<'_>, world: &World<'_>, name: Name) -> Result<Design, Problem> {
    let facts = DockerFacts::of(world.facts);
    let docker = docker_of(task.wanted, world, &facts)?;
    let engine_id = facts
        .engines
        .get(&docker)
        .map(|engine| engine.id.clone())
        .unwrap_or_default();
    let mut labels = owner(world.lineage, task.address);
    let mut outputs = planned(&docker, &engine_id, &name);
    if let Some(node) = user(task.address, world.wanted, &BTreeMap::new()) {
        labels.insert(HOLDS.to_owned(), holds(node));
        outputs.insert("holds".to_owned(), holds(node).into());
    }
    let summary = format!("create Docker volume {name}");
    let job = Job::Volume(VolumeJob {
        docker,
        name,
        labels,
    });
    Ok(Design {
        effects: vec![effect("volume", summary, Nature::Act, &job)],
        outputs,
        ..Design::default()
    })
}

fn delete(task: &Task<'_>, world: &World<'_>, name: Name) -> Design {
    let facts = DockerFacts::of(world.facts);
    let recorded = task.recorded.cloned().unwrap_or_default();
    let docker = text(&recorded.outputs, "docker")
        .unwrap_or_default()
        .to_owned();
    let label = facts
        .engines
        .get(&docker)
        .and_then(|engine| engine.volumes.get(name.as_str()))
        .and_then(|labels| labels.get(HOLDS))
        .cloned();
    let key = user(task.address, world.wanted, world.recorded)
        .map(holds)
        .or(label)
        .or_else(|| text(&recorded.outputs, "holds").map(str::to_owned));
    if let Some(key) = &key
        && !task.delete_by_name
    {
        return Design::forgotten(vec![format!(
            "volume {name} stays in Docker: it holds the PoS key ({key}); `docker volume rm {name}` or \
                 `pospool destroy --delete {}` removes it for ever",
            task.address
        )]);
    }
    let notes = key
        .map(|key| format!("the PoS key ({key}) is destroyed with volume {name}: without a backup its votes cannot be operated any more"));
    let summary = format!("remove Docker volume {name}");
    let job = Job::RemoveVolume(VolumeJob {
        docker,
        name,
        labels: owner(world.lineage, task.address),
    });
    Design {
        effects: vec![effect("volume", summary, Nature::Act, &job)],
        notes: notes.into_iter().collect(),
        ..Design::default()
    }
}

/// Makes a volume, or finds it made.
pub(crate) async fn make(engine: &Engine, job: &VolumeJob) -> Result<Attributes, ProviderError> {
    if engine.volume(&job.name).await?.is_none() {
        engine.create_volume(&job.name, &job.labels).await?;
    }
    // Docker answers a create with success also when the volume was there with other labels.
    let found = engine.volume(&job.name).await?.unwrap_or_default();
    let ours = [names::LINEAGE, names::ADDRESS];
    if ours
        .iter()
        .any(|label| found.get(*label) != job.labels.get(*label))
    {
        return Err(ProviderError::refused(
            "docker/name-taken",
            format!(
                "a volume `{}` is there that this project did not make",
                job.name
            ),
        ));
    }
    Ok([("name".to_owned(), Value::from(job.name.as_str()))].into())
}

/// Removes a volume, or finds it gone.
pub(crate) async fn remove(engine: &Engine, job: &VolumeJob) -> Result<Attributes, ProviderError> {
    if let Some(found) = engine.volume(&job.name).await? {
        if !fit(&job.labels, &found) {
            return Err(ProviderError::refused(
                "docker/name-taken",
                format!(
                    "volume `{}` is not the one that this project made",
                    job.name
                ),
            ));
        }
        engine.remove_volume(&job.name).await?;
    }
    Ok(Attributes::new())
}
