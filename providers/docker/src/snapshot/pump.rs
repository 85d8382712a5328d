//! The bytes of an archive, from where they are through the filter into the engine.
//!
//! - Reads: the kept archive, a file of this machine, or the server as it sends.
//! - Returns: what the filter saw, once the engine has taken all of it.
//! - Never: holds more of the archive in memory than a few parts.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, interval};

use super::fetch::{BACKOFF, Download, KeptArchive};
use super::job::{ArchiveSource, SnapshotJob, TransferMode};
use super::space;
use super::unpack::{ArchiveRefusal, ArchiveReport, transfer_archive};
use crate::client::Engine;
use crate::codes;
use crate::render::layout::DATA_DIR;
use crate::workload::helper::Helper;

/// Parts between two ends of a pipe, each at most [`PART`] bytes where we cut them.
const PIPE: usize = 16;
const PART: usize = 1 << 18;
const SAY_EVERY: Duration = Duration::from_millis(500);

/// Unpacks the archive into the place that a helper stands beside.
pub(super) async fn pump_archive(
    engine: &Engine,
    job: &SnapshotJob,
    helper: &Helper<'_>,
    progress: &dyn Progress,
) -> Result<ArchiveReport, ProviderError> {
    let (out, mut packed) = mpsc::channel::<io::Result<Bytes>>(PIPE);
    let read = Arc::new(AtomicU64::new(0));
    let (source, download) = source(job, &read)?;
    let work = spawn(source, out);
    let body = futures_util::stream::poll_fn(move |context| packed.poll_recv(context));
    let unpacked = async {
        // It also ends when the archive is refused: its body ends badly then.
        let taken = engine.upload_stream(helper.id(), DATA_DIR, body).await;
        match work.await.map_err(|error| ended_badly(&error))? {
            Ok(report) => taken.map(|()| report),
            Err(refusal) => Err(refused(job, refusal, taken).await),
        }
    };
    let feed = feed(download, progress);
    let (mut say, begin) = (interval(SAY_EVERY), Instant::now());
    let what = match job.way {
        TransferMode::Spooled(_) => "unpacking the snapshot",
        TransferMode::Streamed => "snapshot, unpacked as it comes",
    };
    let line = |done| space::format_progress(what, done, job.pin.length, 0, begin.elapsed());
    tokio::pin!(unpacked, feed);
    let mut is_over = false;
    loop {
        tokio::select! {
            result = &mut feed, if !is_over => {
                result?;
                is_over = true;
            }
            result = &mut unpacked => return result,
            _ = say.tick() => {
                if progress.cancelled() {
                    return Err(ProviderError::Cancelled);
                }
                progress.waiting(&line(read.load(Ordering::Relaxed)));
            }
        }
    }
}

/// Why it was not unpacked; nothing is kept of an archive that nobody can unpack, so that the next run loads it again.
async fn refused(
    job: &SnapshotJob,
    refusal: ArchiveRefusal,
    taken: Result<(), ProviderError>,
) -> ProviderError {
    let corrupt = matches!(refusal, ArchiveRefusal::Corrupt(_));
    if let (ArchiveRefusal::Taker(_), Err(error)) = (&refusal, taken) {
        // The engine took no more: its own words say why.
        return error;
    }
    if let (TransferMode::Spooled(folder), true) = (&job.way, corrupt) {
        KeptArchive::of(job, folder).remove().await;
    }
    explain(job, refusal)
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
        (TransferMode::Spooled(folder), _) => KeptArchive::of(job, folder).archive,
        (TransferMode::Streamed, ArchiveSource::File(file)) => {
            let pin = super::source::pin_file(file);
            let same = pin.is_ok_and(|pin| pin.tag == job.pin.tag && pin.length == job.pin.length);
            if !same {
                return Err(ProviderError::refused(
                    codes::SNAPSHOT_REPLACED,
                    format!("`{file}` is not the file that the plan was made for; plan again"),
                ));
            }
            file.as_path().to_owned()
        }
        (TransferMode::Streamed, ArchiveSource::Web(_)) => {
            let download = Download::new(&job.pin, 0, BACKOFF)?;
            let (to, from) = mpsc::channel(PIPE);
            let read = Arc::clone(read);
            let pipe = ServerReader {
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
            codes::SNAPSHOT_REPLACED,
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
) -> JoinHandle<Result<ArchiveReport, ArchiveRefusal>> {
    tokio::task::spawn_blocking(move || {
        let mut out = EngineWriter {
            to,
            part: Vec::with_capacity(PART),
        };
        let result = transfer_archive(from, &mut out);
        if result.is_err() {
            // A body that ends well would be an archive that ends well.
            let _ = out
                .to
                .blocking_send(Err(io::Error::other("the archive was refused")));
        }
        result
    })
}

fn explain(job: &SnapshotJob, refusal: ArchiveRefusal) -> ProviderError {
    if matches!(refusal, ArchiveRefusal::Taker(_)) {
        return ProviderError::OutcomeUnknown {
            code: codes::OUTCOME_UNKNOWN,
            what: format!("the snapshot was being unpacked into `{}`", job.place),
            source: Some(Box::new(refusal)),
        };
    }
    let code = match refusal {
        ArchiveRefusal::Entry(..) => codes::SNAPSHOT_ENTRY,
        ArchiveRefusal::Layout => codes::SNAPSHOT_LAYOUT,
        _ => codes::SNAPSHOT_CORRUPT,
    };
    ProviderError::Refused {
        code,
        what: format!("the snapshot for `{}` is refused: {refusal}", job.place),
        source: Some(Box::new(refusal)),
    }
}

fn ended_badly(error: &JoinError) -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: codes::OUTCOME_UNKNOWN,
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
struct ServerReader {
    from: mpsc::Receiver<Bytes>,
    part: Bytes,
    read: Arc<AtomicU64>,
}

impl Read for ServerReader {
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
struct EngineWriter {
    to: mpsc::Sender<io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for EngineWriter {
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
        let mut out = EngineWriter {
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
        let mut pipe = ServerReader {
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
        let mut out = EngineWriter {
            to,
            part: Vec::new(),
        };
        out.write_all(b"x").unwrap();
        assert_eq!(out.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
