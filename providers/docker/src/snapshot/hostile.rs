//! A server that does everything wrong, and what comes of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pospool_model::ProviderError;
use pospool_model::provider::{Progress, Ticket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fetch::{Backoff, KeptArchive, load_archive};
use super::job::{ArchivePin, ArchiveSource, SnapshotJob, TransferMode};
use super::source::{archive_client, pin_url};
use crate::codes;
use crate::names::Name;
use crate::place::{DataLocation, Folder};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(5),
};

/// How one request is answered.
#[derive(Clone, Copy, Debug)]
enum Trick {
    /// As it should be.
    Fair,
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// The whole file, whatever part was asked for.
    Whole,
    /// The right part, with the `ETag` of another file.
    OtherTag,
    /// Another length than before.
    OtherLength,
    /// A part that begins elsewhere.
    OtherPart,
    /// This status and nothing more.
    Status(u16),
    /// `If-Match` is believed to differ.
    Changed,
    /// After so many bytes of the body nothing more comes, for ever.
    Hang(usize),
    /// No length, no tag, no parts: the body ends with the connection.
    Mute,
}

struct Server {
    url: String,
    /// `Range` of each request, `-` without one, and whether it named the tag.
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

fn content() -> Vec<u8> {
    (0..100_000_u32)
        .map(|it| u8::try_from(it % 251).unwrap())
        .collect()
}

/// Answers one request after the other with the next trick, and fairly when there is none left.
async fn serve(tricks: &[Trick]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.tgz", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut tricks: VecDeque<Trick> = tricks.iter().copied().collect();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let trick = tricks.pop_front().unwrap_or(Trick::Fair);
            let seen = Arc::clone(&seen);
            tokio::spawn(async move { answer(stream, trick, &seen).await });
        }
    });
    Server { url, asked }
}

async fn answer(
    mut stream: TcpStream,
    trick: Trick,
    seen: &Mutex<Vec<(String, bool)>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(it, _)| *it == name);
        found.map(|(_, value)| value.to_owned())
    };
    let range = header("range");
    let tagged = header("if-match").as_deref() == Some("\"one\"");
    let noted = range.clone().unwrap_or_else(|| "-".to_owned());
    seen.lock().unwrap().push((noted, tagged));
    let (head, body) = told(trick, range.as_deref());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    if matches!(trick, Trick::Hang(_)) {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}

/// Head and body of an answer.
fn told(trick: Trick, range: Option<&str>) -> (String, Vec<u8>) {
    let content = content();
    let total = content.len();
    let bounds = range.and_then(|it| it.strip_prefix("bytes=")?.split_once('-'));
    let (first, last) = bounds.map_or((0, total - 1), |(first, last)| {
        (first.parse().unwrap(), last.parse().unwrap_or(total - 1))
    });
    let part = |shift: usize, total: usize, tag: &str| {
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {}-{last}/{total}\r\n\
             ETag: {tag}\r\nConnection: close\r\n\r\n",
            last + 1 - first,
            first + shift
        )
    };
    let whole = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {total}\r\nETag: \"one\"\r\nConnection: close\r\n\r\n"
    );
    let mute = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned();
    let fair = match range {
        Some(_) => part(0, total, "\"one\""),
        None => whole.clone(),
    };
    let (head, bytes) = match trick {
        Trick::Fair => (fair, first..last + 1),
        Trick::Hang(at) => (fair, first..first + at),
        Trick::Cut(at) => (fair, first..(first + at).min(last)),
        Trick::Whole => (whole, 0..total),
        Trick::OtherTag => (part(0, total, "\"two\""), first..last + 1),
        Trick::OtherLength => (part(0, total + 1, "\"one\""), first..last + 1),
        Trick::OtherPart => (part(1, total, "\"one\""), first..last + 1),
        Trick::Changed => (bare(412), 0..0),
        Trick::Status(status) => (bare(status), 0..0),
        Trick::Mute => (mute, 0..total),
    };
    (head, content[bytes].to_vec())
}

fn bare(status: u16) -> String {
    format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// Stops after so many words.
struct Stops(Mutex<u32>);

impl Stops {
    fn never() -> Self {
        Self(Mutex::new(u32::MAX))
    }
}

#[async_trait::async_trait]
impl Progress for Stops {
    fn sent(&self) {}

    fn waiting(&self, _: &str) {}

    fn cancelled(&self) -> bool {
        let mut left = self.0.lock().unwrap();
        *left = left.saturating_sub(1);
        *left == 0
    }

    async fn amend(&self, _: &Ticket) -> Result<(), ProviderError> {
        Ok(())
    }
}

struct Harness {
    folder: tempfile::TempDir,
    server: Server,
    job: SnapshotJob,
}

/// A job for a volume, of an archive that nobody asks for yet.
pub(super) fn sample_job() -> SnapshotJob {
    SnapshotJob {
        docker: String::new(),
        lineage: "1a2b3c4d".to_owned(),
        volume: "volume.main".parse().unwrap(),
        place: DataLocation::parse("/srv/pool").unwrap(),
        node: Name::new("pospool-1a2b3c4d-main").unwrap(),
        image: String::new(),
        digest: String::new(),
        pin: ArchivePin {
            source: ArchiveSource::Web("http://127.0.0.1:9/x.tgz".to_owned()),
            length: content().len() as u64,
            tag: Some("\"one\"".to_owned()),
            modified: None,
            sha256: None,
            ranges: true,
        },
        way: TransferMode::Streamed,
        refill: None,
        nodes: None,
    }
}

async fn harness(tricks: &[Trick]) -> Harness {
    let server = serve(tricks).await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = sample_job();
    job.pin.source = ArchiveSource::Web(server.url.clone());
    job.way = TransferMode::Spooled(Folder::new(folder.path().to_str().unwrap()).unwrap());
    Harness {
        folder,
        server,
        job,
    }
}

impl Harness {
    fn spool(&self) -> Folder {
        Folder::new(self.folder.path().to_str().unwrap()).unwrap()
    }

    async fn load(&self, progress: &dyn Progress) -> Result<(), ProviderError> {
        load_archive(&self.job, &self.spool(), BACKOFF, progress).await
    }

    fn kept(&self) -> Vec<u8> {
        std::fs::read(KeptArchive::of(&self.job, &self.spool()).archive).unwrap_or_default()
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.server.asked.lock().unwrap();
        asked.iter().map(|(range, _)| range.clone()).collect()
    }
}

#[tokio::test]
async fn case_lost_connection_goes_on_at_its_byte() {
    let desk = harness(&[
        Trick::Cut(1000),
        Trick::Cut(0),
        Trick::Status(503),
        Trick::Cut(500),
    ])
    .await;
    desk.load(&Stops::never()).await.unwrap();
    assert!(desk.kept() == content());
    assert_eq!(
        desk.asked(),
        [
            "-",
            "bytes=1000-",
            "bytes=1000-",
            "bytes=1000-",
            "bytes=1500-"
        ]
    );
    let asked = desk.server.asked.lock().unwrap();
    assert!(
        asked.iter().all(|(_, tagged)| *tagged),
        "each request names the tag"
    );
}

#[tokio::test]
async fn case_killed_load_goes_on_at_its_byte() {
    let desk = harness(&[Trick::Hang(4000), Trick::Cut(300)]).await;
    let never = Stops::never();
    {
        let run = desk.load(&never);
        tokio::pin!(run);
        while desk.kept().len() < 4000 {
            tokio::select! {
                ended = &mut run => panic!("{ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
        // It is dropped here, without a last word.
    }
    desk.load(&never).await.unwrap();
    assert!(desk.kept() == content());
    assert_eq!(desk.asked(), ["-", "bytes=4000-", "bytes=4300-"]);
    // And once more: it is there, and nobody is asked.
    let before = desk.asked().len();
    desk.load(&Stops::never()).await.unwrap();
    assert_eq!(desk.asked().len(), before);
}

#[tokio::test]
async fn case_machine_that_lost_its_power_goes_on_where_the_disk_surely_was() {
    let desk = harness(&[Trick::Cut(4000)]).await;
    let _ = desk.load(&Stops(Mutex::new(3))).await;
    let note = KeptArchive::of(&desk.job, &desk.spool())
        .archive
        .with_extension("json");
    let text = std::fs::read_to_string(&note).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["boot"] = "another".into();
    value["synced"] = 100.into();
    std::fs::write(&note, value.to_string()).unwrap();
    desk.load(&Stops::never()).await.unwrap();
    assert_eq!(desk.asked()[1], "bytes=100-");
    assert!(desk.kept() == content());
}

#[tokio::test]
async fn case_file_replaced_midway_is_never_mixed() {
    for trick in [
        Trick::OtherTag,
        Trick::Changed,
        Trick::OtherLength,
        Trick::OtherPart,
        Trick::Status(416),
    ] {
        let desk = harness(&[Trick::Cut(1000), trick]).await;
        let error = desk.load(&Stops::never()).await.unwrap_err();
        assert_eq!(error.code(), codes::SNAPSHOT_REPLACED, "{trick:?}");
        assert_eq!(desk.kept(), b"", "{trick:?}: what is of no use is not kept");
    }
}

#[tokio::test]
async fn case_server_that_ignores_ranges_sends_it_again() {
    let desk = harness(&[Trick::Cut(1000), Trick::Whole]).await;
    desk.load(&Stops::never()).await.unwrap();
    assert!(desk.kept() == content());
}

#[tokio::test]
async fn case_length_that_is_a_lie_ends_with_a_code() {
    let mut desk = harness(&[]).await;
    desk.job.pin.length += 10;
    let error = desk.load(&Stops::never()).await.unwrap_err();
    assert_eq!(error.code(), codes::SNAPSHOT_REPLACED);
    desk.job.pin.length -= 20;
    let error = desk.load(&Stops::never()).await.unwrap_err();
    assert_eq!(error.code(), codes::SNAPSHOT_REPLACED);
    // One that promises more than it ever sends is given up, and what came is kept.
    let endless = self::harness(&[Trick::Cut(0); 20]).await;
    let error = endless.load(&Stops::never()).await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unreachable { .. }),
        "{error:?}"
    );
    assert_eq!(error.code(), codes::SNAPSHOT_UNREACHABLE);
}

#[tokio::test]
async fn case_server_that_refuses_is_not_asked_again() {
    let desk = harness(&[Trick::Status(404)]).await;
    let error = desk.load(&Stops::never()).await.unwrap_err();
    assert_eq!(error.code(), codes::SNAPSHOT_UNREACHABLE);
    assert_eq!(desk.asked().len(), 1);
}

#[tokio::test]
async fn another_archive_for_the_same_node_takes_the_place_of_the_old_one() {
    let mut desk = harness(&[Trick::Cut(1000)]).await;
    let _ = desk.load(&Stops(Mutex::new(3))).await;
    let other = desk
        .folder
        .path()
        .join("pospool-1a2b3c4d-main-2-0123456789abcdef.part");
    std::fs::write(&other, "of another node").unwrap();
    desk.job.pin.sha256 = Some("00".repeat(32));
    desk.load(&Stops::never()).await.unwrap();
    let names = std::fs::read_dir(desk.folder.path()).unwrap().count();
    assert_eq!(
        names, 3,
        "the archive, its note, and what is another node's"
    );
    assert!(other.exists());
}

#[tokio::test]
async fn an_archive_is_pinned_by_one_byte() {
    let client = archive_client().unwrap();
    let server = serve(&[Trick::Fair, Trick::Whole, Trick::Mute, Trick::Status(403)]).await;
    let pin = pin_url(&client, &server.url, false).await.unwrap();
    assert_eq!(pin.length, 100_000);
    assert_eq!(pin.tag.as_deref(), Some("\"one\""));
    assert!(pin.ranges);
    let pin = pin_url(&client, &server.url, false).await.unwrap();
    assert!(!pin.ranges, "it ignores ranges");
    for _ in 0..2 {
        let problem = pin_url(&client, &server.url, false).await.unwrap_err();
        assert_eq!(problem.code, codes::SNAPSHOT_UNREACHABLE);
    }
}
