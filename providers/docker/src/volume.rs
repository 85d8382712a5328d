//! Volumes: made once, and kept while they hold a key.
//!
//! - Reads: what was observed, and which nodes use a volume.
//! - Returns: jobs; outputs.
//! - Never: deletes a volume with a PoS key unless the user named it.

mod schema;

use std::collections::BTreeMap;

use pospool_model::plan::{Action, Nature};
use pospool_model::provider::{
    ChangeRequest, Design, ObserveContext, Observed, PlanContext, Target,
};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, ProviderError, Value};

pub(crate) use self::schema::{VOLUME, VolumeSpec};
use crate::attributes::attribute_text;
use crate::client::Engine;
use crate::codes;
use crate::facts::{DockerFacts, FolderFacts, Mark};
use crate::job::{DockerJob, FolderJob, VolumeJob};
use crate::names::{self, HOLDS, Name};
use crate::place::{DataLocation, Folder};
use crate::view::EngineView;
use crate::workload::design::{docker_effect, docker_url};
use crate::workload::helper::Helper;
use crate::workload::labels::{labels_match, owner_labels};

/// What a volume's label says when it holds the key of a node.
pub(crate) fn key_label(node: &Address) -> String {
    format!("pos_key of {node}")
}

/// Finds the node that has a volume as its data, in the spec or in the state.
pub(crate) fn find_volume_user<'a>(
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

/// Where the data of a volume is to lie: as the spec says; without a word of the spec, as recorded.
pub(crate) fn data_location(
    lineage: &str,
    volume: &Address,
    wanted: Option<&Attributes>,
    recorded: Option<&Recorded>,
    folders: &BTreeMap<Address, FolderFacts>,
) -> Result<DataLocation, Problem> {
    // A run that was cut early left no outputs.
    let unmade = recorded.filter(|recorded| recorded_place(recorded).is_none());
    let attributes = wanted.or_else(|| unmade.map(|recorded| &recorded.attributes));
    if let Some(path) = attributes.and_then(|attributes| attributes.get("path")) {
        let Some(path) = path.as_text() else {
            return Err(Problem::new(
                codes::UNKNOWN_VALUE,
                &["path"],
                "`path` is not known before the apply, and the node is made on it",
            )
            .help("write the path itself"));
        };
        let real = folders.get(volume).map(|folder| folder.real.clone());
        let real = real.map_or_else(|| Folder::new(path), Ok);
        return real
            .map(DataLocation::Folder)
            .map_err(|what| Problem::new(codes::VOLUME_PATH, &["path"], what));
    }
    match recorded.and_then(recorded_place) {
        Some(place @ DataLocation::Volume(_)) => Ok(place),
        Some(place) if wanted.is_none() => Ok(place),
        _ => names::object_name(lineage, volume)
            .map(DataLocation::Volume)
            .map_err(|error| error.problem(&[])),
    }
}

/// Where the last run left the data.
fn recorded_place(recorded: &Recorded) -> Option<DataLocation> {
    DataLocation::parse(attribute_text(&recorded.outputs, "name")?).ok()
}

/// What a refresh reports about one volume.
pub(crate) fn observe_volume(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    view: &EngineView,
    facts: &DockerFacts,
) -> Result<Observed, Problem> {
    let (address, wanted) = (target.address, target.wanted);
    let place = match target.recorded.and_then(recorded_place) {
        Some(place) => place,
        None => data_location(scene.lineage, address, wanted, None, &facts.folders)?,
    };
    let recorded = target.recorded.map(|recorded| &recorded.attributes);
    let (mut outputs, path) = match &place {
        DataLocation::Volume(name) => {
            let Some(labels) = view.facts.volumes.get(name.as_str()) else {
                return Ok(Observed::Absent);
            };
            if !is_restored(target.recorded, labels) {
                refuse_stranger(scene.lineage, address, name, labels)?;
            }
            let holds = labels.get(HOLDS);
            let holds = holds.map(|holds| ("holds".to_owned(), Value::from(holds.as_str())));
            (holds.into_iter().collect(), None)
        }
        DataLocation::Folder(folder) => {
            let mark = observe_folder(target, folder, facts)?;
            if target.recorded.is_none() && mark != Some(Mark::Ours) {
                return Ok(Observed::Absent);
            }
            let path = recorded.or(wanted).and_then(|it| it.get("path"));
            (Attributes::new(), path.cloned())
        }
    };
    outputs.extend(planned(&view.docker, &view.facts.id, &place));
    let host = wanted.or(recorded).and_then(|it| it.get("host")).cloned();
    let seen = [("host", host), ("path", path)];
    Ok(Observed::Present {
        attributes: seen
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
        outputs,
    })
}

/// Whether somebody made the recorded volume again, to fill it from a backup: it has nobody's labels. That the recorded key
/// lies on it is seen before a node starts, and that it is that key before anything waits for the node.
fn is_restored(recorded: Option<&Recorded>, labels: &BTreeMap<String, String>) -> bool {
    recorded.is_some_and(|recorded| recorded_place(recorded).is_some())
        && !labels.contains_key(names::LINEAGE)
}

/// The mark of the folder, when the spec still names it.
fn observe_folder(
    target: &Target<'_>,
    folder: &Folder,
    facts: &DockerFacts,
) -> Result<Option<Mark>, Problem> {
    let path =
        |attributes: &Attributes| VolumeSpec::read(attributes).path.known().map(str::to_owned);
    let Some(wanted) = target.wanted.and_then(path) else {
        return Ok(None);
    };
    let Some(found) = facts.folders.get(target.address) else {
        return Ok(None);
    };
    let Some(recorded) = target.recorded else {
        return Ok(Some(found.mark));
    };
    if path(&recorded.attributes).as_ref() != Some(&wanted) {
        // It is to move.
        return Ok(None);
    }
    if found.real != *folder {
        return Err(Problem::new(
            codes::VOLUME_PATH,
            &["path"],
            format!(
                "`{wanted}` leads to `{}` now, and the data is in `{folder}`",
                found.real
            ),
        )
        .help(format!(
            "let it lead to `{folder}` again, or write that path"
        )));
    }
    if found.mark == Mark::Missing {
        return Err(Problem::new(
            codes::VOLUME_UNMARKED,
            &["path"],
            format!("`{folder}` holds no data of {} any more", target.address),
        )
        .help(
            "mount its disk; if it is mounted and the data is lost, restore it from a backup together with \
             `.pospool-volume.json`",
        ));
    }
    Ok(Some(found.mark))
}

fn planned(docker: &str, engine_id: &str, place: &DataLocation) -> Attributes {
    Attributes::from([
        ("name".to_owned(), Value::from(place.to_string())),
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
    if labels_match(&owner_labels(lineage, address), labels) {
        return Ok(());
    }
    Err(Problem::new(
        codes::NAME_TAKEN,
        &[],
        format!("a volume `{name}` is there that this project did not make"),
    )
    .help("give the volume another label in the spec, or remove the other one by hand if nobody needs it"))
}

/// Plans one change.
pub(crate) fn plan_volume(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
) -> Result<Design, Vec<Problem>> {
    let facts = DockerFacts::of(world.facts);
    let wanted = Some(task.wanted).filter(|_| task.action != Action::Delete);
    let place = data_location(
        world.lineage,
        task.address,
        wanted,
        task.recorded,
        &facts.folders,
    )
    .map_err(|problem| vec![problem])?;
    match task.action {
        Action::Delete => Ok(delete(task, world, &facts, place)),
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        _ => create(task, world, &facts, &place).map_err(|problem| vec![problem]),
    }
}

fn create(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
    place: &DataLocation,
) -> Result<Design, Problem> {
    let docker = docker_url(task.wanted, world, facts)?;
    let notes = leaves(task, world, place)?;
    let engine_id = facts
        .engines
        .get(&docker)
        .map(|engine| engine.id.clone())
        .unwrap_or_default();
    let mut labels = owner_labels(world.lineage, task.address);
    let mut outputs = planned(&docker, &engine_id, place);
    if let Some(node) = find_volume_user(task.address, world.wanted, &BTreeMap::new()) {
        labels.insert(HOLDS.to_owned(), key_label(node));
        outputs.insert("holds".to_owned(), key_label(node).into());
    }
    let (summary, job) = match place {
        DataLocation::Volume(name) => (
            format!("create Docker volume {name}"),
            DockerJob::Volume(VolumeJob {
                docker,
                name: name.clone(),
                labels,
            }),
        ),
        DataLocation::Folder(folder) => (
            format!("mark folder {folder} as {}", task.address),
            DockerJob::Folder(folder_job(task, world, docker, folder)),
        ),
    };
    Ok(Design {
        effects: vec![docker_effect("volume", summary, Nature::Act, &job)],
        outputs,
        notes,
        ..Design::default()
    })
}

fn folder_job(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    docker: String,
    folder: &Folder,
) -> FolderJob {
    FolderJob {
        docker,
        folder: folder.clone(),
        lineage: world.lineage.to_owned(),
        address: task.address.clone(),
    }
}

/// What a move to this place leaves behind; only its node carries the data over.
fn leaves(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    place: &DataLocation,
) -> Result<Vec<String>, Problem> {
    let Some(old) = task.recorded.and_then(recorded_place) else {
        return Ok(Vec::new());
    };
    if old == *place {
        return Ok(Vec::new());
    }
    if find_volume_user(task.address, world.wanted, &BTreeMap::new()).is_none() {
        return Err(Problem::new(
            codes::VOLUME_MOVE,
            &["path"],
            format!(
                "the data of {} cannot move from `{old}` to `{place}` without a node",
                task.address
            ),
        )
        .help("write the node that uses it, or write the old place again"));
    }
    Ok(vec![format!(
        "{old} stays as it is, with a copy of the PoS key: two nodes with one key must never vote. When the node works \
         from {place}, remove what is left by hand"
    )])
}

fn delete(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
    place: DataLocation,
) -> Design {
    let recorded = task.recorded.cloned().unwrap_or_default();
    let docker = attribute_text(&recorded.outputs, "docker").map(str::to_owned);
    let docker = docker
        .or_else(|| docker_url(&recorded.attributes, world, facts).ok())
        .unwrap_or_default();
    let label = facts
        .engines
        .get(&docker)
        .and_then(|engine| engine.volumes.get(&place.to_string()))
        .and_then(|labels| labels.get(HOLDS))
        .cloned();
    let key = find_volume_user(task.address, world.wanted, world.recorded)
        .map(key_label)
        .or(label)
        .or_else(|| attribute_text(&recorded.outputs, "holds").map(str::to_owned));
    if let DataLocation::Folder(folder) = &place
        && !task.delete_by_name
    {
        return Design::forgotten(vec![format!(
            "folder {folder} stays as it is; `pospool destroy --delete {}` empties it for ever",
            task.address
        )]);
    }
    if let (DataLocation::Volume(name), Some(key)) = (&place, &key)
        && !task.delete_by_name
    {
        return Design::forgotten(vec![format!(
            "volume {name} stays in Docker: it holds the PoS key ({key}); `docker volume rm {name}` or \
                 `pospool destroy --delete {}` removes it for ever",
            task.address
        )]);
    }
    let notes = key
        .map(|key| format!("the PoS key ({key}) is destroyed with volume {place}: without a backup its votes cannot be operated any more"));
    let (summary, job) = match place {
        DataLocation::Volume(name) => (
            format!("remove Docker volume {name}"),
            DockerJob::RemoveVolume(VolumeJob {
                docker,
                name,
                labels: owner_labels(world.lineage, task.address),
            }),
        ),
        DataLocation::Folder(folder) => (
            format!("empty folder {folder}"),
            DockerJob::RemoveFolder(folder_job(task, world, docker, &folder)),
        ),
    };
    Design {
        effects: vec![docker_effect("volume", summary, Nature::Act, &job)],
        notes: notes.into_iter().collect(),
        ..Design::default()
    }
}

/// Makes a volume, or finds it made.
pub(crate) async fn ensure_volume(
    engine: &Engine,
    job: &VolumeJob,
) -> Result<Attributes, ProviderError> {
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
            codes::NAME_TAKEN,
            format!(
                "a volume `{}` is there that this project did not make",
                job.name
            ),
        ));
    }
    Ok([("name".to_owned(), Value::from(job.name.as_str()))].into())
}

/// Removes a volume, or finds it gone.
pub(crate) async fn remove_volume(
    engine: &Engine,
    job: &VolumeJob,
) -> Result<Attributes, ProviderError> {
    if let Some(found) = engine.volume(&job.name).await? {
        if !labels_match(&job.labels, &found) {
            return Err(ProviderError::refused(
                codes::NAME_TAKEN,
                format!(
                    "volume `{}` is not the one that this project made",
                    job.name
                ),
            ));
        }
        Helper::clear(engine, &job.labels).await?;
        engine.remove_volume(&job.name).await?;
    }
    Ok(Attributes::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_restored_volume_only_the_recorded_one_without_labels_is_taken_up() {
        let name = Attributes::from([("name".to_owned(), Value::from("pospool-1a2b3c4d-main"))]);
        let recorded = Recorded {
            outputs: name,
            ..Recorded::default()
        };
        let unmade = Recorded::default();
        let plain = BTreeMap::new();
        let other = BTreeMap::from([(names::LINEAGE.to_owned(), "other".to_owned())]);
        assert!(is_restored(Some(&recorded), &plain));
        assert!(!is_restored(Some(&recorded), &other));
        assert!(!is_restored(Some(&unmade), &plain));
        assert!(!is_restored(None, &plain));
    }
}
