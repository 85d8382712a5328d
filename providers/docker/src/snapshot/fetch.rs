//! Loading an archive from a server that is far away, and keeping it until it is unpacked.
//!
//! - Reads: the parts that a server gives; what an earlier run kept.
//! - Returns: the bytes of the archive that was pinned, each of them once.
//! - Never: takes a byte of another file: each answer must name the length, the tag and the date of the pin.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use pospool_model::ProviderError;
use pospool_model::provider::Progress;
use reqwest::header::{ACCEPT_ENCODING, ETAG, HeaderMap, IF_MATCH, LAST_MODIFIED, RANGE};
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

use super::job::{ArchivePin, ArchiveSource, SnapshotJob};
use super::source::{archive_client, body_length, content_range, header_text, innermost_cause};
use super::space;
use crate::codes;
use crate::place::Folder;

/// Longest silence of a server before its connection counts as lost.
const SILENCE: Duration = Duration::from_mins(1);
/// Attempts without a single byte, one after the other, before it is given up.
const ATTEMPTS: u32 = 10;
/// Bytes after which what came is put on the disk.
const SYNC_EVERY: u64 = 64 << 20;
/// How often it is said how far it is.
const SAY_EVERY: Duration = Duration::from_millis(500);

/// How long it is waited between attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

/// As it is used on real servers.
pub(super) const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(30),
};

/// An archive on its way.
pub(super) struct Download {
    client: Client,
    url: String,
    pin: ArchivePin,
    pace: Backoff,
    /// Bytes that were given out.
    at: u64,
    body: Option<Response>,
    /// Bytes that come once more, because the server gives no parts.
    skip: u64,
    failures: u32,
    last: String,
}

/// What one attempt brought.
enum FetchAttempt {
    Part(Bytes),
    Lost(String),
}

impl Download {
    /// Begins at a byte; nothing is asked yet.
    pub(super) fn new(pin: &ArchivePin, at: u64, pace: Backoff) -> Result<Self, ProviderError> {
        let ArchiveSource::Web(url) = &pin.source else {
            return Err(ProviderError::refused(
                codes::BAD_PAYLOAD,
                "an archive of this machine is not loaded from a server",
            ));
        };
        let client = archive_client().map_err(|error| ProviderError::Refused {
            code: codes::SNAPSHOT_UNREACHABLE,
            what: "no connection can be made from this machine".to_owned(),
            source: Some(Box::new(error)),
        })?;
        Ok(Self {
            client,
            url: url.clone(),
            pin: pin.clone(),
            pace,
            at,
            body: None,
            skip: 0,
            failures: 0,
            last: String::new(),
        })
    }

    /// Returns the next part; `None` when all of it came.
    pub(super) async fn next(
        &mut self,
        progress: &dyn Progress,
    ) -> Result<Option<Bytes>, ProviderError> {
        while self.at < self.pin.length {
            if progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
            match self.attempt().await? {
                FetchAttempt::Part(part) if part.is_empty() => {}
                FetchAttempt::Part(part) => {
                    self.failures = 0;
                    self.at += part.len() as u64;
                    return Ok(Some(part));
                }
                FetchAttempt::Lost(why) => self.lost(why, progress).await?,
            }
        }
        Ok(None)
    }

    async fn attempt(&mut self) -> Result<FetchAttempt, ProviderError> {
        let mut body = match self.body.take() {
            Some(body) => body,
            None => match self.connect().await? {
                Ok(body) => body,
                Err(why) => return Ok(FetchAttempt::Lost(why)),
            },
        };
        let part = match timeout(SILENCE, body.chunk()).await {
            Err(_) => return Ok(FetchAttempt::Lost("the server fell silent".to_owned())),
            Ok(Err(error)) => return Ok(FetchAttempt::Lost(innermost_cause(&error.without_url()))),
            Ok(Ok(None)) => {
                return Ok(FetchAttempt::Lost(
                    "the connection ended too early".to_owned(),
                ));
            }
            Ok(Ok(Some(part))) => part,
        };
        let skipped = self.skip.min(part.len() as u64);
        self.skip -= skipped;
        let part = part.slice(usize::try_from(skipped).unwrap_or(part.len())..);
        if self.at + part.len() as u64 > self.pin.length {
            return Err(self.replaced("it is longer than it was"));
        }
        self.body = Some(body);
        Ok(FetchAttempt::Part(part))
    }

    /// Asks for what is missing; the inner error is one after which it may be tried again.
    async fn connect(&mut self) -> Result<Result<Response, String>, ProviderError> {
        let mut request = self
            .client
            .get(&self.url)
            .header(ACCEPT_ENCODING, "identity");
        if self.at > 0 {
            request = request.header(RANGE, format!("bytes={}-", self.at));
        }
        if let Some(tag) = self.pin.strong_tag() {
            request = request.header(IF_MATCH, tag);
        }
        let answer = match timeout(SILENCE, request.send()).await {
            Err(_) => return Ok(Err("the server does not answer".to_owned())),
            Ok(Err(error)) => return Ok(Err(innermost_cause(&error.without_url()))),
            Ok(Ok(answer)) => answer,
        };
        let status = answer.status();
        match status {
            StatusCode::PARTIAL_CONTENT | StatusCode::OK => {
                self.refuse_other(status, answer.headers())?;
                // A server that gives no parts sends all of it again.
                self.skip = if status == StatusCode::OK { self.at } else { 0 };
                Ok(Ok(answer))
            }
            StatusCode::PRECONDITION_FAILED => Err(self.replaced("its ETag differs")),
            StatusCode::RANGE_NOT_SATISFIABLE => Err(self.replaced("it is shorter than it was")),
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                Ok(Err(format!("HTTP status {status}")))
            }
            status => Err(ProviderError::refused(
                codes::SNAPSHOT_UNREACHABLE,
                format!(
                    "the server refuses `{}`: HTTP status {status}; plan again",
                    self.url
                ),
            )),
        }
    }

    /// Each answer must be a part of the very file that was pinned.
    fn refuse_other(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), ProviderError> {
        let whole = if status == StatusCode::PARTIAL_CONTENT {
            let (first, total) = content_range(headers)
                .ok_or_else(|| self.replaced("the server does not say which part it gives"))?;
            if first != self.at {
                return Err(self.replaced("the server gives another part than was asked for"));
            }
            Some(total)
        } else {
            body_length(headers)
        };
        if whole.is_some_and(|whole| whole != self.pin.length) {
            return Err(self.replaced("its length differs"));
        }
        let differs = |now: Option<String>, then: &Option<String>| {
            now.is_some_and(|now| then.as_ref().is_some_and(|then| now != *then))
        };
        if differs(header_text(headers, &ETAG), &self.pin.tag) {
            return Err(self.replaced("its ETag differs"));
        }
        if self.pin.tag.is_none()
            && differs(header_text(headers, &LAST_MODIFIED), &self.pin.modified)
        {
            return Err(self.replaced("its date differs"));
        }
        Ok(())
    }

    fn replaced(&self, why: &str) -> ProviderError {
        ProviderError::refused(
            codes::SNAPSHOT_REPLACED,
            format!(
                "`{}` is not the file that the plan was made for: {why}; plan again",
                self.url
            ),
        )
    }

    async fn lost(&mut self, why: String, progress: &dyn Progress) -> Result<(), ProviderError> {
        self.body = None;
        self.failures += 1;
        self.last = why;
        if self.failures >= ATTEMPTS {
            // What is kept is kept: the next run goes on there.
            return Err(ProviderError::Unreachable {
                code: codes::SNAPSHOT_UNREACHABLE,
                what: format!(
                    "the snapshot `{}` (it stops at byte {}: {})",
                    self.url, self.at, self.last
                ),
                source: None,
            });
        }
        let pause = self.pace.first * 2_u32.saturating_pow(self.failures - 1);
        progress.waiting(&format!(
            "the snapshot stopped at {}: {}; trying again",
            space::format_bytes(self.at),
            self.last
        ));
        sleep(pause.min(self.pace.longest)).await;
        Ok(())
    }
}

/// What is known of an archive that is kept, beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveNote {
    pin: ArchivePin,
    /// Boot of the machine in which it was written: until the next one, all that was written is there.
    boot: String,
    /// Bytes that are surely on the disk.
    synced: u64,
}

/// The files of one archive that is kept.
pub(super) struct KeptArchive {
    pub(super) archive: PathBuf,
    note: PathBuf,
}

impl KeptArchive {
    pub(super) fn of(job: &SnapshotJob, spool: &Folder) -> Self {
        let name = format!("{}{}", job.prefix(), job.pin.id());
        let root = spool.as_path();
        Self {
            archive: root.join(format!("{name}.part")),
            note: root.join(format!("{name}.json")),
        }
    }

    /// Removes both; what is gone is fine.
    pub(super) async fn remove(&self) {
        for path in [&self.archive, &self.note] {
            let _ = fs::remove_file(path).await;
        }
    }
}

/// The same without checking the volume.
pub(super) async fn load_archive(
    job: &SnapshotJob,
    folder: &Folder,
    pace: Backoff,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let failed = |source: io::Error| ProviderError::Refused {
        code: codes::SNAPSHOT_SPACE,
        what: format!("the snapshot cannot be kept in `{folder}`"),
        source: Some(Box::new(source)),
    };
    fs::create_dir_all(folder.as_path()).await.map_err(failed)?;
    forget_others(job, folder).await.map_err(failed)?;
    let kept = KeptArchive::of(job, folder);
    let mut at = resume(&kept, &job.pin).await.map_err(failed)?;
    refuse_full(folder, job.pin.length - at)?;
    let mut file = open(&kept, at).await.map_err(failed)?;
    let mut download = Download::new(&job.pin, at, pace)?;
    // From here on a kill loses nothing of what is written.
    sync(&mut file, &kept, &job.pin, at).await.map_err(failed)?;
    let (begin, since) = (Instant::now(), at);
    let (mut synced, mut said) = (at, begin);
    let line = |at| space::format_progress("snapshot", at, job.pin.length, since, begin.elapsed());
    progress.waiting(&line(at));
    loop {
        let part = match download.next(progress).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(error) => {
                // A file that is there no more is of no use; anything else goes on here.
                if error.code() == codes::SNAPSHOT_REPLACED {
                    drop(file);
                    kept.remove().await;
                } else {
                    sync(&mut file, &kept, &job.pin, at).await.map_err(failed)?;
                }
                return Err(error);
            }
        };
        file.write_all(&part).await.map_err(failed)?;
        at += part.len() as u64;
        if at - synced >= SYNC_EVERY {
            sync(&mut file, &kept, &job.pin, at).await.map_err(failed)?;
            synced = at;
        }
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            progress.waiting(&line(at));
        }
    }
    sync(&mut file, &kept, &job.pin, at).await.map_err(failed)
}

/// Byte at which it goes on: all that was written in this boot of the machine, else what was surely on the disk.
async fn resume(kept: &KeptArchive, pin: &ArchivePin) -> io::Result<u64> {
    let Ok(text) = fs::read(&kept.note).await else {
        return Ok(0);
    };
    let Ok(note) = serde_json::from_slice::<ArchiveNote>(&text) else {
        return Ok(0);
    };
    let there = match fs::metadata(&kept.archive).await {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    if note.pin != *pin {
        return Ok(0);
    }
    let sure = if note.boot == boot().await {
        there
    } else {
        there.min(note.synced)
    };
    Ok(sure.min(pin.length))
}

/// Opens the archive at a byte; what is behind it is cut off.
async fn open(kept: &KeptArchive, at: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&kept.archive)
        .await?;
    file.set_len(at).await?;
    let mut file = file;
    tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::Start(at)).await?;
    Ok(file)
}

/// Puts what came on the disk, and then says so.
async fn sync(file: &mut File, kept: &KeptArchive, pin: &ArchivePin, at: u64) -> io::Result<()> {
    file.flush().await?;
    file.sync_data().await?;
    let note = ArchiveNote {
        pin: pin.clone(),
        boot: boot().await,
        synced: at,
    };
    let text = serde_json::to_vec(&note).map_err(io::Error::other)?;
    let new = kept.note.with_extension("new");
    fs::write(&new, text).await?;
    fs::rename(&new, &kept.note).await
}

async fn boot() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").await;
    boot.map(|boot| boot.trim().to_owned()).unwrap_or_default()
}

/// Removes what an earlier plan kept for this node: another archive, which nobody will ask for again.
async fn forget_others(job: &SnapshotJob, folder: &Folder) -> io::Result<()> {
    let own = format!("{}{}", job.prefix(), job.pin.id());
    let mut entries = fs::read_dir(folder.as_path()).await?;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let rest = name.strip_prefix(&job.prefix());
        // Its rest is a name of 16 digits and an end: the node `main` does not own what is kept for `main-2`.
        let is_archive = rest
            .and_then(|rest| rest.split_once('.'))
            .is_some_and(|(id, end)| {
                id.len() == 16
                    && id.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && matches!(end, "part" | "json" | "new")
            });
        if is_archive && !name.starts_with(&own) {
            fs::remove_file(entry.path()).await?;
        }
    }
    Ok(())
}

fn refuse_full(folder: &Folder, missing: u64) -> Result<(), ProviderError> {
    match space::free_space(folder.as_path()) {
        Some((free, _)) if free < missing => Err(ProviderError::refused(
            codes::SNAPSHOT_SPACE,
            format!(
                "`{folder}` has {} free, and {} of the snapshot are missing",
                space::format_bytes(free),
                space::format_bytes(missing)
            ),
        )),
        _ => Ok(()),
    }
}
