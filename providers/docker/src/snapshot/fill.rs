//! Unpacking an archive into a volume, through the engine.
//!
//! - Reads: the kept archive, a file of this machine, or the server as it sends; the volume's own marks.
//! - Returns: a volume with whole chain data, or one whose data is marked as not whole.
//! - Never: begins while a process runs on the volume; touches a PoS key or a safety file that is there.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};

use super::fetch::{BACKOFF, KeptArchive, load_archive};
use super::job::{NodesHash, SnapshotJob, TransferMode};
use super::pump::pump_archive;
use super::unpack::ArchiveReport;
use crate::client::Engine;
use crate::codes;
use crate::image;
use crate::workload::helper::{self, Helper, ScriptExit};
use crate::workload::labels::owner_labels;

/// Its words: the archive's name, the word of `refill` or `-`, and `look` or `begin`.
///
/// 0: go on; 40: filled already; 43: other chain data is there; 46: a copy of the node's data is not whole.
const BEGIN: &str = r#"set -eu
shopt -s dotglob nullglob
cd /data
unfinished=.pospool-unfinished filled=.pospool-snapshot
if [ -e $unfinished ]; then
  case $(cat $unfinished) in snapshot\ *) ;; *) exit 46 ;; esac
elif [ -e $filled ]; then
  read -r id word < $filled
  if [ "$2" = - ] || [ "$2" = "$word" ]; then exit 40; fi
elif [ "$2" = - ]; then
  for it in blockchain_data/* pos_db/*; do
    case $it in
      pos_db/secure_storage.json*) ;;
      *) exit 43 ;;
    esac
  done
fi
[ "$3" = begin ] || exit 0
printf 'snapshot %s' "$1" > $unfinished
sync -f .
rm -rf blockchain_data
for it in pos_db/*; do
  case $it in
    pos_db/secure_storage.json*) ;;
    *) rm -rf "$it" ;;
  esac
done
rm -f $filled
sync -f .
"#;

/// Its words: the archive's name, and the word of `refill` or `-`.
const FINISH: &str = r#"set -eu
cd /data
[ "$(cat .pospool-unfinished)" = "snapshot $1" ]
sync -f .
printf '%s %s\n' "$1" "$2" > .pospool-snapshot
sync -f .
rm .pospool-unfinished
sync -f .
"#;

/// Unpacks the archive, or finds it unpacked.
pub(crate) async fn fill_volume(
    engine: &Engine,
    job: &SnapshotJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    if begin(engine, job, "begin", progress).await? {
        unpack(engine, job, progress).await?;
        let ended = run(engine, job, FINISH, &[&job.pin.id(), word(job)], progress).await?;
        if ended.code != 0 {
            return Err(failed_script(job, &ended));
        }
    }
    if let TransferMode::Spooled(folder) = &job.way {
        KeptArchive::of(job, folder).remove().await;
    }
    Ok(Attributes::new())
}

/// Whether the volume was filled from a snapshot already; other data on it is a refusal.
pub(super) async fn is_filled(
    engine: &Engine,
    job: &SnapshotJob,
    progress: &dyn Progress,
) -> Result<bool, ProviderError> {
    begin(engine, job, "look", progress)
        .await
        .map(|go_on| !go_on)
}

/// Checks the volume, and with `begin` marks it and throws the old chain data away; whether there is work to do.
async fn begin(
    engine: &Engine,
    job: &SnapshotJob,
    verb: &str,
    progress: &dyn Progress,
) -> Result<bool, ProviderError> {
    image::require_image(engine, &job.image, &job.digest).await?;
    if verb == "begin" {
        refuse_users(engine, job).await?;
    }
    let ended = run(
        engine,
        job,
        BEGIN,
        &[&job.pin.id(), word(job), verb],
        progress,
    )
    .await?;
    let place = &job.place;
    match ended.code {
        0 => Ok(true),
        40 => Ok(false),
        43 => Err(ProviderError::refused(
            codes::SNAPSHOT_OCCUPIED,
            format!(
                "`{place}` holds chain data already: to use that, take `snapshot` out of the node; to throw it away, \
                 write a word in `refill` of the node, such as today's date"
            ),
        )),
        46 => Err(ProviderError::refused(
            codes::UNFINISHED_DATA,
            format!(
                "a copy of the node's data to `{place}` did not come to its end; apply what began it again"
            ),
        )),
        _ => Err(failed_script(job, &ended)),
    }
}

fn word(job: &SnapshotJob) -> &str {
    job.refill.as_deref().unwrap_or("-")
}

async fn run(
    engine: &Engine,
    job: &SnapshotJob,
    script: &str,
    words: &[&str],
    progress: &dyn Progress,
) -> Result<ScriptExit, ProviderError> {
    let body = helper::script_helper(&job.image, &job.place, None, script, words);
    let helper = open(engine, job, body).await?;
    let ended = helper.run("", progress).await;
    helper.close().await?;
    ended
}

async fn open<'a>(
    engine: &'a Engine,
    job: &SnapshotJob,
    body: bollard::models::ContainerCreateBody,
) -> Result<Helper<'a>, ProviderError> {
    let name = helper::helper_name(&job.lineage, &job.volume)?;
    Helper::open(
        engine,
        &name,
        &owner_labels(&job.lineage, &job.volume),
        body,
    )
    .await
}

fn failed_script(job: &SnapshotJob, ended: &ScriptExit) -> ProviderError {
    ProviderError::refused(
        codes::UNFINISHED_DATA,
        format!(
            "the data on `{}` cannot be made ready, exit code {}: {}",
            job.place,
            ended.code,
            ended.lines.join("; ")
        ),
    )
}

/// Nobody may run on the data that is thrown away.
async fn refuse_users(engine: &Engine, job: &SnapshotJob) -> Result<(), ProviderError> {
    let own = helper::helper_name(&job.lineage, &job.volume)?;
    let containers = engine.containers().await?;
    let mut running = containers
        .iter()
        .filter(|it| it.running && it.name != own.as_str());
    match running.find(|it| job.place.is_mounted_by(it)) {
        None => Ok(()),
        Some(other) => Err(ProviderError::refused(
            codes::VOLUME_IN_USE,
            format!(
                "container `{}` runs on `{}`, which a snapshot is to fill; stop it, then run again",
                other.name, job.place
            ),
        )),
    }
}

/// The archive through the filter into the engine.
async fn unpack(
    engine: &Engine,
    job: &SnapshotJob,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let helper = open(engine, job, helper::idle_helper(&job.image, &job.place)).await?;
    let result = pump_archive(engine, job, &helper, progress).await;
    // It waits until the engine itself has ended what it unpacked.
    helper.close().await?;
    let report = result?;
    refuse_other(job, &report)
}

/// The data must be of the node's network, and the archive the one that was named.
fn refuse_other(job: &SnapshotJob, report: &ArchiveReport) -> Result<(), ProviderError> {
    if job
        .pin
        .sha256
        .as_ref()
        .is_some_and(|sha256| *sha256 != report.sha256)
    {
        return Err(ProviderError::refused(
            codes::SNAPSHOT_CORRUPT,
            format!(
                "the archive has the SHA-256 {}, and not the one of the spec",
                report.sha256
            ),
        ));
    }
    let (Some(wanted), Some((sha256, own))) = (&job.nodes, &report.nodes) else {
        return Ok(());
    };
    let same = match wanted {
        NodesHash::Sha256(hex) => hex == sha256,
        NodesHash::Own(hex) => hex == own,
    };
    if same {
        return Ok(());
    }
    Err(ProviderError::refused(
        codes::SNAPSHOT_NETWORK,
        "the snapshot's own initial_nodes.json is not the one of the node's network: it is chain data of another network",
    ))
}

/// Loads the archive into its folder, or finds it there.
pub(crate) async fn spool_archive(
    engine: &Engine,
    job: &SnapshotJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let TransferMode::Spooled(folder) = &job.way else {
        return Ok(Attributes::new());
    };
    if is_filled(engine, job, progress).await? {
        return Ok(Attributes::new());
    }
    load_archive(job, folder, BACKOFF, progress).await?;
    Ok(Attributes::new())
}

#[cfg(test)]
mod tests {
    use super::super::hostile::sample_job;
    use super::*;

    #[test]
    fn data_of_another_network_or_with_another_hash_is_refused() {
        let report = ArchiveReport {
            sha256: "aa".to_owned(),
            nodes: Some(("bb".to_owned(), "cc".to_owned())),
            ..ArchiveReport::default()
        };
        let mut wanted = sample_job();
        assert!(refuse_other(&wanted, &report).is_ok());
        for (nodes, code) in [
            (NodesHash::Sha256("bb".to_owned()), None),
            (NodesHash::Own("cc".to_owned()), None),
            (
                NodesHash::Sha256("cc".to_owned()),
                Some(codes::SNAPSHOT_NETWORK),
            ),
            (
                NodesHash::Own("bb".to_owned()),
                Some(codes::SNAPSHOT_NETWORK),
            ),
        ] {
            wanted.nodes = Some(nodes);
            let found = refuse_other(&wanted, &report);
            assert_eq!(found.err().map(|error| error.code()), code);
        }
        wanted.nodes = None;
        wanted.pin.sha256 = Some("bb".to_owned());
        let error = refuse_other(&wanted, &report).unwrap_err();
        assert_eq!(error.code(), "docker/snapshot-corrupt");
    }
}
