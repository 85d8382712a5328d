//! The effects that fill a volume, with every choice made.
//!
//! - Reads: the node's desired config; what was found of the archive and of the disks.
//! - Returns: jobs and notes, or the problem that stands in the way.
//! - Never: does I/O.

use pospool_model::plan::{Effect, Nature};
use pospool_model::provider::ChangeRequest;
use pospool_model::{Address, Problem};

use super::job::{ArchivePin, ArchiveSource, NodesHash, SnapshotJob, TransferMode};
use super::observe::is_planned;
use super::space::format_bytes;
use super::spec::{self, DesiredTransferMode};
use crate::attributes::missing_attribute;
use crate::codes;
use crate::facts::SnapshotFacts;
use crate::job::DockerJob;
use crate::names::ImageRef;
use crate::node::image::NodeImageBuild;
use crate::workload::design::docker_effect;
use crate::workload::spec::ContainerSpec;

/// Everything that one plan decides about a snapshot.
pub(crate) struct SnapshotPlan {
    job: SnapshotJob,
    notes: Vec<String>,
}

/// Free bytes of a disk, and the disk's number.
type FreeSpace = Option<(u64, u64)>;

/// What a plan for this node does with its snapshot; nothing when the node has its data.
pub(crate) fn plan_snapshot(
    task: &ChangeRequest<'_>,
    facts: Option<&SnapshotFacts>,
    volume: &Address,
    docker: &str,
    image: &ImageRef,
    recipe: &NodeImageBuild,
    spec: &ContainerSpec,
) -> Result<Option<SnapshotPlan>, Problem> {
    if !is_planned(task.wanted, task.observed, task.recorded) {
        return Ok(None);
    }
    let (Some(desired), Some(facts)) = (spec::read_snapshot(task.wanted)?, facts) else {
        let what = "the snapshot was not observed";
        return Err(Problem::new(
            codes::SNAPSHOT_UNREACHABLE,
            &["snapshot"],
            what,
        ));
    };
    refuse_newer(facts, image)?;
    let pin = facts.found.pin.clone();
    let way = way(desired.way, &pin, facts)?;
    let place = spec
        .place
        .clone()
        .ok_or_else(|| missing_attribute("data"))?;
    let refill = task.wanted.get("refill").and_then(|it| it.as_text());
    let job = SnapshotJob {
        docker: docker.to_owned(),
        lineage: spec.lineage.clone(),
        volume: volume.clone(),
        place,
        node: spec.name.clone(),
        image: spec.image.clone(),
        digest: spec.digest.clone(),
        pin,
        way,
        refill: refill.map(str::to_owned),
        nodes: nodes(recipe),
    };
    let notes = notes(&job, facts);
    Ok(Some(SnapshotPlan { job, notes }))
}

impl SnapshotPlan {
    /// Loads the archive, if it is kept; before anything stops.
    pub(crate) fn fetch(&self, effects: &mut Vec<Effect>) {
        let TransferMode::Spooled(folder) = &self.job.way else {
            return;
        };
        let summary = format!(
            "load {} from {} into {folder}",
            format_bytes(self.job.pin.length),
            shown(&self.job.pin.source)
        );
        effects.push(docker_effect(
            "fetch",
            summary,
            Nature::Act,
            &DockerJob::Fetch(Box::new(self.job.clone())),
        ));
    }

    /// Unpacks it; when no container of the node is there.
    pub(crate) fn fill(&self, effects: &mut Vec<Effect>) {
        let (job, place) = (&self.job, &self.job.place);
        let from = match &job.way {
            TransferMode::Spooled(_) => "the snapshot".to_owned(),
            TransferMode::Streamed => format!("{} as it comes", shown(&job.pin.source)),
        };
        let summary = match &job.refill {
            None => format!("unpack {from} into {place}"),
            Some(_) => format!(
                "throw away blockchain_data and pos_db on {place}, all but the PoS safety file, and unpack {from}"
            ),
        };
        effects.push(docker_effect(
            "fill",
            summary,
            Nature::Act,
            &DockerJob::Fill(Box::new(job.clone())),
        ));
    }

    /// What a reader of the plan should know.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn shown(source: &ArchiveSource) -> String {
    match source {
        ArchiveSource::Web(url) => url.clone(),
        ArchiveSource::File(file) => file.to_string(),
    }
}

/// Data of a newer release cannot be read by an older one.
fn refuse_newer(facts: &SnapshotFacts, image: &ImageRef) -> Result<(), Problem> {
    match (facts.found.version, image.release()) {
        (Some(data), Some(node)) if data > node => Err(Problem::new(
            codes::SNAPSHOT_VERSION,
            &["snapshot"],
            format!(
                "the snapshot was written by release {}.{}, and the node's image is {}.{}",
                data.0, data.1, node.0, node.1
            ),
        )
        .help("take an image of that release or a newer one")),
        _ => Ok(()),
    }
}

/// Hash of the network's first PoS nodes, as the node's image has them.
fn nodes(recipe: &NodeImageBuild) -> Option<NodesHash> {
    const NAME: &str = "initial_nodes.json";
    let taken = recipe.taken.iter().find(|taken| taken.name == NAME);
    let taken = taken.map(|taken| NodesHash::Sha256(taken.sha256.clone()));
    taken.or_else(|| Some(NodesHash::Own(recipe.copies.get(NAME)?.digest.clone())))
}

/// Chooses by free space; a way that the spec names is taken or refused.
fn way(
    wished: Option<DesiredTransferMode>,
    pin: &ArchivePin,
    facts: &SnapshotFacts,
) -> Result<TransferMode, Problem> {
    let need = unpacked(pin);
    let streams = has_room(facts.data_free, need);
    let is_file = matches!(pin.source, ArchiveSource::File(_));
    let spools = !is_file && spool_has_room(pin.length, need, facts.spool_free, facts.data_free);
    match (wished, &facts.spool) {
        _ if is_file && streams => Ok(TransferMode::Streamed),
        (None | Some(DesiredTransferMode::Spooled), Some(spool)) if spools => {
            Ok(TransferMode::Spooled(spool.clone()))
        }
        (None | Some(DesiredTransferMode::Streamed), _) if streams => Ok(TransferMode::Streamed),
        _ => Err(no_room(pin.length, need, facts)),
    }
}

fn no_room(length: u64, need: u64, facts: &SnapshotFacts) -> Problem {
    let free = |free: FreeSpace| {
        free.map_or("an unknown amount".to_owned(), |(free, _)| {
            format_bytes(free)
        })
    };
    let spool = facts
        .spool
        .as_ref()
        .map_or("no folder".to_owned(), ToString::to_string);
    Problem::new(
        codes::SNAPSHOT_SPACE,
        &["snapshot"],
        format!(
            "the snapshot has {}, and about {} unpacked; free are {} for the data, and {} for the archive ({spool})",
            format_bytes(length),
            format_bytes(need),
            free(facts.data_free),
            free(facts.spool_free)
        ),
    )
    .help(
        "name a larger disk: `path` of the volume for the data, `spool` of the snapshot for the archive, or \
         `way = \"streamed\"` to keep no archive",
    )
}

/// Bytes of the data, as an estimate: databases that are compressed already gain little.
fn unpacked(pin: &ArchivePin) -> u64 {
    let name = shown(&pin.source);
    // Without capitals the names of all sources end so.
    if name.to_ascii_lowercase().ends_with(".tar") {
        return pin.length;
    }
    pin.length.saturating_add(pin.length / 2)
}

fn has_room(free: FreeSpace, need: u64) -> bool {
    // What cannot be seen is not refused: the engine may keep its data where this user may not look.
    free.is_none_or(|(free, _)| free >= need)
}

fn spool_has_room(length: u64, need: u64, spool: FreeSpace, data: FreeSpace) -> bool {
    match (spool, data) {
        (Some((_, one)), Some((free, other))) if one == other => {
            free >= length.saturating_add(need)
        }
        _ => has_room(spool, length) && has_room(data, need),
    }
}

fn notes(job: &SnapshotJob, facts: &SnapshotFacts) -> Vec<String> {
    let pin = &job.pin;
    let which = match (&pin.tag, &pin.modified) {
        (Some(tag), _) => format!("tag {tag}"),
        (None, Some(date)) => format!("of {date}"),
        (None, None) => "known by its SHA-256".to_owned(),
    };
    let how = match (&job.way, &pin.source, pin.ranges) {
        (TransferMode::Spooled(folder), _, true) => format!(
            "it is kept in {folder} until it is unpacked, and goes on at its byte, whatever stops it"
        ),
        (TransferMode::Spooled(folder), _, false) => format!(
            "it is kept in {folder} until it is unpacked; its server gives no parts, so that all of it comes again \
             when the connection is lost"
        ),
        (TransferMode::Streamed, ArchiveSource::File(_), _) => {
            "it is read from this machine".to_owned()
        }
        (TransferMode::Streamed, _, _) => {
            "it is not kept: a lost connection goes on at its byte, but an apply that is stopped \
             starts over"
                .to_owned()
        }
    };
    let mut notes = vec![format!(
        "snapshot: {} ({which}), about {} unpacked; {how}",
        format_bytes(pin.length),
        format_bytes(unpacked(pin))
    )];
    if facts.data_free.is_none() {
        notes.push("the free space for the data cannot be seen from here".to_owned());
    }
    if pin.sha256.is_none() {
        notes.push(
            "nothing proves what is in the snapshot: the node checks the blocks that come after it, not the state that \
             it starts from; write the `sha256` if its maker publishes one"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Folder;
    use crate::snapshot::job::FoundArchive;

    fn facts(url: &str, length: u64, spool: FreeSpace, data: FreeSpace) -> SnapshotFacts {
        SnapshotFacts {
            found: FoundArchive {
                pin: ArchivePin {
                    source: ArchiveSource::Web(url.to_owned()),
                    length,
                    tag: Some("\"a\"".to_owned()),
                    modified: None,
                    sha256: None,
                    ranges: true,
                },
                version: Some((3, 0)),
            },
            spool: Folder::new("/spool").ok(),
            spool_free: spool,
            data_free: data,
        }
    }

    fn chosen(
        wished: Option<DesiredTransferMode>,
        spool: FreeSpace,
        data: FreeSpace,
    ) -> &'static str {
        let facts = facts("https://a/x.tgz", 100, spool, data);
        match way(wished, &facts.found.pin, &facts) {
            Ok(TransferMode::Spooled(_)) => "spooled",
            Ok(TransferMode::Streamed) => "streamed",
            Err(problem) => problem.code.as_str(),
        }
    }

    #[test]
    fn the_way_goes_by_free_space_and_a_named_way_is_never_another() {
        use DesiredTransferMode::{Spooled, Streamed};
        const NONE: &str = "docker/snapshot-space";
        for (wished, spool, data, expected) in [
            (None, Some((100, 1)), Some((150, 2)), "spooled"),
            (None, Some((99, 1)), Some((150, 2)), "streamed"),
            (None, Some((250, 1)), Some((250, 1)), "spooled"),
            (None, Some((249, 1)), Some((249, 1)), "streamed"),
            (None, Some((900, 1)), Some((149, 2)), NONE),
            (None, None, None, "spooled"),
            (Some(Spooled), Some((99, 1)), Some((900, 2)), NONE),
            (Some(Spooled), Some((100, 1)), Some((150, 2)), "spooled"),
            (Some(Streamed), Some((900, 1)), Some((900, 2)), "streamed"),
            (Some(Streamed), Some((900, 1)), Some((149, 2)), NONE),
        ] {
            assert_eq!(
                chosen(wished, spool, data),
                expected,
                "{wished:?} {spool:?} {data:?}"
            );
        }
    }

    #[test]
    fn data_of_a_newer_release_is_refused() {
        let facts = facts("https://a/x.tgz", 1, None, None);
        let image = |text| ImageRef::parse(text).unwrap();
        assert!(refuse_newer(&facts, &image("a/b:3.0.3-testnet")).is_ok());
        assert!(refuse_newer(&facts, &image("a/b:3.1.0")).is_ok());
        let problem = refuse_newer(&facts, &image("a/b:2.4.1")).unwrap_err();
        assert_eq!(problem.code, "docker/snapshot-version");
    }

    #[test]
    fn a_plain_archive_needs_no_more_than_its_length() {
        assert_eq!(
            unpacked(&facts("https://a/x.tar", 100, None, None).found.pin),
            100
        );
        assert_eq!(
            unpacked(&facts("https://a/x.tar.gz", 100, None, None).found.pin),
            150
        );
    }
}
