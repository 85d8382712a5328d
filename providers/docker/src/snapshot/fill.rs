//! Unpacking an archive into a volume, through the engine.
//!
//! - Reads: the kept archive, a file of this machine, or the server as it sends; the volume's own marks.
//! - Returns: a volume with whole chain data, or one whose data is marked as not whole.
//! - Never: begins while a process runs on the volume; touches a PoS key or a safety file that is there.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use super::fetch::{Download, Kept, PACE};
use super::job::{NodesHash, SnapshotJob, Source, Way};
use super::space;
use super::unpack::{Refusal, Report, transfer};
use crate::client::Engine;
use crate::container::helper::{self, Ended, Helper};
use crate::container::labels::owner;
use crate::image;
use crate::render::DATA_DIR;

/// Parts between two ends of a pipe, each at most [`PART`] bytes where we cut them.
const PIPE: usize = 16;
const PART: usize = 1 << 18;
const SAY_EVERY: Duration = Duration::from_millis(500);

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
pub(crate) async fn fill(
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
    if let Way::Spooled(folder) = &job.way {
        Kept::of(job, folder).remove().await;
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

/// Looks at the volume, and with `begin` marks it and throws the old chain data away; whether there is work to do.
async fn begin(
    engine: &Engine,
    job: &SnapshotJob,
    verb: &str,
    progress: &dyn Progress,
) -> Result<bool, ProviderError> {
    image::require(engine, &job.image, &job.digest).await?;
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
            "docker/snapshot-occupied",
            format!(
                "`{place}` holds chain data already: to use that, take `snapshot` out of the node; to throw it away, \
                 write a word in `refill` of the node, such as today's date"
            ),
        )),
        46 => Err(ProviderError::refused(
            "docker/unfinished-data",
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
) -> Result<Ended, ProviderError> {
    let body = helper::script(&job.image, &job.place, None, script, words);
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
    let name = helper::name(&job.lineage, &job.volume)?;
    Helper::open(engine, &name, &owner(&job.lineage, &job.volume), body).await
}

fn failed_script(job: &SnapshotJob, ended: &Ended) -> ProviderError {
    ProviderError::refused(
        "docker/unfinished-data",
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
    let own = helper::name(&job.lineage, &job.volume)?;
    let containers = engine.containers().await?;
    let mut running = containers
        .iter()
        .filter(|it| it.running && it.name != own.as_str());
    match running.find(|it| job.place.is_mounted_by(it)) {
        None => Ok(()),
        Some(other) => Err(ProviderError::refused(
            "docker/volume-in-use",
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
    let helper = open(engine, job, helper::beside(&job.image, &job.place)).await?;
    let result = pump(engine, job, &helper, progress).await;
    // It waits until the engine itself has ended what it unpacked.
    helper.close().await?;
    let report = result?;
    refuse_other(job, &report)
}

async fn pump(
    engine: &Engine,
    job: &SnapshotJob,
    helper: &Helper<'_>,
    progress: &dyn Progress,
) -> Result<Report, ProviderError> {
    let (out, mut packed) = mpsc::channel::<io::Result<Bytes>>(PIPE);
    let read = Arc::new(AtomicU64::new(0));
    let (source, download) = source(job, &read)?;
    let work = spawn(source, out);
    let body = futures_util::stream::poll_fn(move |context| packed.poll_recv(context));
    let upload = engine.upload_stream(helper.id(), DATA_DIR, body);
    let feed = feed(download, progress);
    let (mut say, begin) = (interval(SAY_EVERY), Instant::now());
    let what = match job.way {
        Way::Spooled(_) => "unpacking the snapshot",
        Way::Streamed => "snapshot, unpacked as it comes",
    };
    let line = || {
        let done = read.load(Ordering::Relaxed);
        progress.waiting(&space::progress(
            what,
            done,
            job.pin.length,
            0,
            begin.elapsed(),
        ));
    };
    tokio::pin!(upload, feed);
    let (mut fed, mut uploaded) = (false, None);
    let mut work = work;
    loop {
        tokio::select! {
            result = &mut feed, if !fed => {
                result?;
                fed = true;
            }
            result = &mut upload, if uploaded.is_none() => {
                // When it refused early, the worker's end says whether that was the archive's fault.
                uploaded = Some(result);
            }
            result = &mut work, if uploaded.is_some() || work.is_finished() => {
                let report = result.map_err(|error| ended_badly(&error))?;
                let report = report.map_err(|refusal| explain(job, refusal));
                let report = match report {
                    Ok(report) => report,
                    Err(error) => return Err(forget_corrupt(job, uploaded, error).await),
                };
                let uploaded = match uploaded {
                    Some(result) => result,
                    None => upload.await,
                };
                uploaded?;
                return Ok(report);
            }
            _ = say.tick() => {
                if progress.cancelled() {
                    return Err(ProviderError::Cancelled);
                }
                line();
            }
        }
    }
}

/// What an archive that nobody can unpack leaves: nothing of it is kept, so that the next run loads it again.
async fn forget_corrupt(
    job: &SnapshotJob,
    uploaded: Option<Result<(), ProviderError>>,
    error: ProviderError,
) -> ProviderError {
    // The engine took no more: its own words say why.
    if let (Some(Err(engine)), "docker/outcome-unknown") = (uploaded, error.code()) {
        return engine;
    }
    if let (Way::Spooled(folder), "docker/snapshot-corrupt") = (&job.way, error.code()) {
        Kept::of(job, folder).remove().await;
    }
    error
}

/// Sends what comes from the server to the worker; without a server there is nothing to send.
async fn feed(
    download: Option<(Download, mpsc::Sender<Bytes>)>,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let Some((mut download, to)) = download else {
        return Ok(());
    };
    while let Some(part) = download.next(progress).await? {
        if to.send(part).await.is_err() {
            // The worker ended: it says why.
            break;
        }
    }
    Ok(())
}

type Feed = Option<(Download, mpsc::Sender<Bytes>)>;

/// Where the worker reads from.
fn source(
    job: &SnapshotJob,
    read: &Arc<AtomicU64>,
) -> Result<(Box<dyn Read + Send>, Feed), ProviderError> {
    let path = match (&job.way, &job.pin.source) {
        (Way::Spooled(folder), _) => Kept::of(job, folder).archive,
        (Way::Streamed, Source::File(file)) => {
            let pin = super::source::pin_file(file);
            let same = pin.is_ok_and(|pin| pin.tag == job.pin.tag && pin.length == job.pin.length);
            if !same {
                return Err(ProviderError::refused(
                    "docker/snapshot-replaced",
                    format!("`{file}` is not the file that the plan was made for; plan again"),
                ));
            }
            file.as_path().to_owned()
        }
        (Way::Streamed, Source::Web(_)) => {
            let download = Download::new(&job.pin, 0, PACE)?;
            let (to, from) = mpsc::channel(PIPE);
            let read = Arc::clone(read);
            let pipe = Pipe {
                from,
                part: Bytes::new(),
                read,
            };
            return Ok((Box::new(pipe), Some((download, to))));
        }
    };
    let file = std::fs::File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match file {
        Ok((length, file)) if length == job.pin.length => {
            let read = Arc::clone(read);
            Ok((Box::new(Counted { file, read }), None))
        }
        _ => Err(ProviderError::refused(
            "docker/snapshot-replaced",
            format!(
                "the archive `{}` is not whole any more; plan again",
                path.display()
            ),
        )),
    }
}

/// Unpacks on a thread of its own, because nothing of it waits for anything but bytes.
fn spawn(
    from: Box<dyn Read + Send>,
    to: mpsc::Sender<io::Result<Bytes>>,
) -> JoinHandle<Result<Report, Refusal>> {
    tokio::task::spawn_blocking(move || {
        let mut out = Out {
            to,
            part: Vec::with_capacity(PART),
        };
        let result = transfer(from, &mut out);
        if result.is_err() {
            // A body that ends well would be an archive that ends well.
            let _ = out
                .to
                .blocking_send(Err(io::Error::other("the archive was refused")));
        }
        result
    })
}

/// The data must be of the node's network, and the archive the one that was named.
fn refuse_other(job: &SnapshotJob, report: &Report) -> Result<(), ProviderError> {
    if job
        .pin
        .sha256
        .as_ref()
        .is_some_and(|sha256| *sha256 != report.sha256)
    {
        return Err(ProviderError::refused(
            "docker/snapshot-corrupt",
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
        "docker/snapshot-network",
        "the snapshot's own initial_nodes.json is not the one of the node's network: it is chain data of another network",
    ))
}

fn explain(job: &SnapshotJob, refusal: Refusal) -> ProviderError {
    if matches!(refusal, Refusal::Taker(_)) {
        return ProviderError::OutcomeUnknown {
            code: "docker/outcome-unknown",
            what: format!("the snapshot was being unpacked into `{}`", job.place),
            source: Some(Box::new(refusal)),
        };
    }
    let code = match refusal {
        Refusal::Entry(..) => "docker/snapshot-entry",
        Refusal::Layout => "docker/snapshot-layout",
        _ => "docker/snapshot-corrupt",
    };
    ProviderError::Refused {
        code,
        what: format!("the snapshot for `{}` is refused: {refusal}", job.place),
        source: Some(Box::new(refusal)),
    }
}

fn ended_badly(error: &tokio::task::JoinError) -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: "docker/outcome-unknown",
        what: format!("the thread that unpacks ended badly: {error}"),
        source: None,
    }
}

/// A file whose bytes are counted as they are read.
struct Counted {
    file: std::fs::File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The reading end of a pipe from the server.
struct Pipe {
    from: mpsc::Receiver<Bytes>,
    part: Bytes,
    read: Arc<AtomicU64>,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.from.blocking_recv() {
                Some(part) => self.part = part,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.part.len());
        self.part.copy_to_slice(&mut into[..count]);
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The writing end of a pipe to the engine.
struct Out {
    to: mpsc::Sender<io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..count]);
        if self.part.len() == PART {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART));
        let sent = self.to.blocking_send(Ok(part.into()));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_of_a_pipe_as_they_went_in() {
        let (to, mut from) = mpsc::channel(PIPE);
        let bytes: Vec<u8> = (0..PART + 1000)
            .map(|it| u8::try_from(it % 251).unwrap())
            .collect();
        let mut out = Out {
            to,
            part: Vec::with_capacity(PART),
        };
        out.write_all(&bytes).unwrap();
        out.flush().unwrap();
        drop(out);
        let (again, parts) = mpsc::channel(PIPE);
        while let Ok(Ok(part)) = from.try_recv() {
            again.try_send(part).unwrap();
        }
        drop(again);
        let read = Arc::new(AtomicU64::new(0));
        let mut pipe = Pipe {
            from: parts,
            part: Bytes::new(),
            read: Arc::clone(&read),
        };
        let mut came = Vec::new();
        pipe.read_to_end(&mut came).unwrap();
        assert!(came == bytes);
        assert_eq!(read.load(Ordering::Relaxed), bytes.len() as u64);
    }

    #[test]
    fn a_pipe_that_nobody_reads_any_more_is_an_error() {
        let (to, from) = mpsc::channel(PIPE);
        drop(from);
        let mut out = Out {
            to,
            part: Vec::new(),
        };
        out.write_all(b"x").unwrap();
        assert_eq!(out.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
