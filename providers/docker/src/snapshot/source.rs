//! Where archives are, and what makes one of them this very one.
//!
//! - Reads: the table of named sources; a server's answer to a request for one byte; a file's length and date.
//! - Returns: an [`ArchivePin`], or the reason why there is none.
//! - Never: loads the archive itself.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use pospool_model::Problem;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED, RANGE};
use reqwest::{Client, StatusCode, Url};

use super::job::{ArchivePin, ArchiveSource};
use super::spec::{DesiredSnapshot, SnapshotOrigin, SnapshotSize, find_release};
use crate::codes;
use crate::place::Folder;
use crate::snapshot::job::FoundArchive;

/// Longest wait for a connection, and for the head of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest script that names an archive.
const SCRIPT_LIMIT: usize = 64 << 10;

/// Scripts of the archive-tool that name the newest archive, by network and kind.
const NAMED: &[(&str, SnapshotSize, &str)] = &[
    (
        "mainnet",
        SnapshotSize::Full,
        "https://conflux-blockchain-data-us.s3.us-west-1.amazonaws.com/fullnode-db/M/download.sh",
    ),
    (
        "mainnet",
        SnapshotSize::Full,
        "https://conflux-blockchain-bj.oss-cn-beijing.aliyuncs.com/fullnode-db/mainnet/download.sh",
    ),
    (
        "mainnet",
        SnapshotSize::Archive,
        "https://conflux-blockchain-data-us.s3.us-west-1.amazonaws.com/archivenode-db/M/download.sh",
    ),
    (
        "mainnet",
        SnapshotSize::Archive,
        "https://conflux-blockchain-data-eu.s3.eu-central-1.amazonaws.com/archivenode-db/M/download.sh",
    ),
    (
        "mainnet",
        SnapshotSize::Archive,
        "https://conflux-blockchain-bj.oss-cn-beijing.aliyuncs.com/archivenode-db/mainnet/download.sh",
    ),
    (
        "testnet",
        SnapshotSize::Archive,
        "https://conflux-blockchain-bj.oss-cn-beijing.aliyuncs.com/archivenode-db/testnet/download.sh",
    ),
];

/// Finds the archive that a desired snapshot means.
pub(super) async fn find_archive(
    desired: &DesiredSnapshot,
    network: &str,
) -> Result<FoundArchive, Problem> {
    let pinned = |pin: ArchivePin, version| FoundArchive {
        pin: ArchivePin {
            sha256: desired.sha256.clone(),
            ..pin
        },
        version: desired.version.or(version),
    };
    match &desired.from {
        SnapshotOrigin::File(file) => pin_file(file).map(|pin| pinned(pin, None)),
        SnapshotOrigin::Web(url) => {
            let client = archive_client().map_err(|error| unreachable(url, &error.to_string()))?;
            let pin = pin_url(&client, url, desired.sha256.is_some()).await?;
            Ok(pinned(pin, None))
        }
        SnapshotOrigin::Named(size) => {
            let (pin, version) = find_named(*size, network, desired.sha256.is_some()).await?;
            Ok(pinned(pin, version))
        }
    }
}

/// Asks the servers of a named source one after the other.
async fn find_named(
    size: SnapshotSize,
    network: &str,
    hashed: bool,
) -> Result<(ArchivePin, Option<(u32, u32)>), Problem> {
    let scripts = NAMED.iter().filter(|row| row.0 == network && row.1 == size);
    let scripts: Vec<&str> = scripts.map(|row| row.2).collect();
    if scripts.is_empty() {
        let what = match network {
            "testnet" => "the archive-tool has no full snapshot of the testnet, only `archive`",
            "mainnet" => "the archive-tool has no such snapshot",
            _ => "the archive-tool has snapshots of mainnet and testnet only",
        };
        return Err(Problem::new(codes::BAD_SNAPSHOT, &["snapshot"], what)
            .help("write another name, a URL, or the path of a file"));
    }
    let client = archive_client().map_err(|error| unreachable(scripts[0], &error.to_string()))?;
    let mut last = None;
    for script in scripts {
        match newest(&client, script, hashed).await {
            Ok(found) => return Ok(found),
            Err(problem) => last = Some(problem),
        }
    }
    Err(last.unwrap_or_else(|| unreachable("the archive-tool", "it has no server")))
}

async fn newest(
    client: &Client,
    script: &str,
    hashed: bool,
) -> Result<(ArchivePin, Option<(u32, u32)>), Problem> {
    let silent =
        |error: reqwest::Error| unreachable(script, &innermost_cause(&error.without_url()));
    let mut answer = client
        .get(script)
        .timeout(PATIENCE)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(silent)?;
    let mut text = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(silent)? {
        if text.len() + part.len() > SCRIPT_LIMIT {
            return Err(unreachable(script, "it is too long for a script"));
        }
        text.extend_from_slice(&part);
    }
    let text = String::from_utf8_lossy(&text);
    let (url, version) = read_script(&text)
        .ok_or_else(|| unreachable(script, "it names no archive that is loaded over https"))?;
    Ok((pin_url(client, &url, hashed).await?, version))
}

/// The archive that a script of the archive-tool names, and the release that wrote it.
pub(super) fn read_script(text: &str) -> Option<(String, Option<(u32, u32)>)> {
    let mut variables: BTreeMap<&str, String> = BTreeMap::new();
    let mut version = None;
    let mut url = None;
    for line in text.lines().map(str::trim) {
        if let Some(said) = line.strip_prefix("#Version:") {
            version = find_release(said);
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            continue;
        }
        let mut value = value.trim().trim_matches(['"', '\'']).to_owned();
        for (known, content) in &variables {
            value = value.replace(&format!("${{{known}}}"), content);
        }
        let is_archive = [".tgz", ".tar.gz"].iter().any(|end| value.ends_with(end));
        let parsed = Url::parse(&value).ok();
        let is_safe = parsed.is_some_and(|url| url.scheme() == "https" && url.query().is_none());
        if is_archive && is_safe && !value.contains(['$', '`', ' ']) {
            url = Some(value.clone());
        }
        variables.insert(name, value);
    }
    Some((url?, version))
}

/// A client for archives.
pub(super) fn archive_client() -> Result<Client, reqwest::Error> {
    // reqwest brings no cryptography of its own here. That somebody else installed one before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::limited(5))
        .build()
}

/// Asks a server for one byte: its answer says how long the file is, which one it is, and whether it comes in parts.
pub(super) async fn pin_url(
    client: &Client,
    url: &str,
    hashed: bool,
) -> Result<ArchivePin, Problem> {
    let answer = client
        .get(url)
        .header(RANGE, "bytes=0-0")
        .header(ACCEPT_ENCODING, "identity")
        .timeout(PATIENCE)
        .send()
        .await
        .map_err(|error| unreachable(url, &innermost_cause(&error.without_url())))?;
    let headers = answer.headers();
    let (length, ranges) = match answer.status() {
        StatusCode::PARTIAL_CONTENT => (content_range(headers).map(|(_, total)| total), true),
        StatusCode::OK => (body_length(headers), false),
        status => return Err(unreachable(url, &format!("HTTP status {status}"))),
    };
    let length = length.filter(|length| *length > 0);
    let length = length.ok_or_else(|| unreachable(url, "it does not say how long the file is"))?;
    let (tag, modified) = (
        header_text(headers, &ETAG),
        header_text(headers, &LAST_MODIFIED),
    );
    if tag.is_none() && modified.is_none() && !hashed {
        let problem = unreachable(url, "it gives the file no ETag and no date");
        return Err(problem.help(
            "write the archive's `sha256`: without it nobody can tell one file from the next",
        ));
    }
    Ok(ArchivePin {
        source: ArchiveSource::Web(url.to_owned()),
        length,
        tag,
        modified,
        sha256: None,
        ranges,
    })
}

/// Length of the body that comes.
pub(super) fn body_length(headers: &HeaderMap) -> Option<u64> {
    header_text(headers, &reqwest::header::CONTENT_LENGTH)?
        .parse()
        .ok()
}

/// First byte and whole length of a part: `bytes 5-9/10` is (5, 10); of a refusal: `bytes */10` is (10, 10).
pub(super) fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let text = header_text(headers, &CONTENT_RANGE)?;
    let (part, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = total.parse().ok()?;
    let first = match part {
        "*" => total,
        _ => part.split_once('-')?.0.parse().ok()?,
    };
    Some((first, total))
}

/// One header as text.
pub(super) fn header_text(
    headers: &HeaderMap,
    name: &reqwest::header::HeaderName,
) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Pins a file of this machine.
pub(super) fn pin_file(file: &Folder) -> Result<ArchivePin, Problem> {
    let wrong = |what: String| {
        Problem::new(
            codes::SNAPSHOT_UNREACHABLE,
            &["snapshot", "from"],
            format!("the archive `{file}` cannot be read: {what}"),
        )
        .help("pospool reads it itself: let its user read the file")
    };
    let opened = std::fs::metadata(file.as_path()).and_then(|found| {
        // To open a pipe is to wait for its other end.
        if found.is_file() {
            std::fs::File::open(file.as_path())?.metadata()
        } else {
            Err(std::io::Error::other("it is not a regular file"))
        }
    });
    let found = opened.map_err(|error| wrong(error.to_string()))?;
    if found.len() == 0 {
        return Err(wrong("it is empty".to_owned()));
    }
    Ok(ArchivePin {
        source: ArchiveSource::File(file.clone()),
        length: found.len(),
        tag: Some(format!(
            "{}-{}-{}.{:09}",
            found.dev(),
            found.ino(),
            found.mtime(),
            found.mtime_nsec()
        )),
        modified: None,
        sha256: None,
        ranges: true,
    })
}

fn unreachable(what: &str, why: &str) -> Problem {
    Problem::new(
        codes::SNAPSHOT_UNREACHABLE,
        &["snapshot"],
        format!("the snapshot `{what}` cannot be loaded: {why}"),
    )
    .help("check whether this machine reaches the server, or load the archive elsewhere and write its path")
}

/// Says the innermost cause: reqwest's own words are only "error sending request".
pub(super) fn innermost_cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "#!/bin/bash\n#Version: conflux-rust 3.0.3\n#DB_Name: x\n\
        Date=2025-08-22\n\
        Download_path=https://bucket.example/M/conflux-archivenode-db-snapshot-${Date}.tgz\n\
        httpcode=`curl -I -m 10 -o /dev/null -s -w %{http_code} $Download_path`\n\
        [ $httpcode -eq 200 ] && curl -C - -O $Download_path || echo 'Sorry'\n";

    #[test]
    fn the_script_names_the_archive_and_who_wrote_it() {
        let (url, version) = read_script(SCRIPT).unwrap();
        assert_eq!(
            url,
            "https://bucket.example/M/conflux-archivenode-db-snapshot-2025-08-22.tgz"
        );
        assert_eq!(version, Some((3, 0)));
        for script in [
            "",
            "<html>Sorry</html>",
            "Download_path=http://bucket.example/x.tgz\n",
            "Download_path=https://bucket.example/${Date}.tgz\n",
            "Download_path=https://bucket.example/x.tgz?signature=1\n",
        ] {
            assert_eq!(read_script(script), None, "{script}");
        }
    }

    #[test]
    fn each_network_has_the_names_that_the_archive_tool_has() {
        let has = |network: &str, size| NAMED.iter().any(|row| row.0 == network && row.1 == size);
        assert!(has("mainnet", SnapshotSize::Full) && has("mainnet", SnapshotSize::Archive));
        assert!(has("testnet", SnapshotSize::Archive) && !has("testnet", SnapshotSize::Full));
    }

    #[tokio::test]
    async fn a_name_that_the_archive_tool_does_not_have_is_refused() {
        for (network, said) in [
            ("testnet", "only `archive`"),
            ("devnet", "mainnet and testnet only"),
        ] {
            let problem = find_named(SnapshotSize::Full, network, false)
                .await
                .unwrap_err();
            assert_eq!(problem.code, "docker/bad-snapshot");
            assert!(problem.summary.contains(said), "{problem:?}");
        }
    }

    #[test]
    fn a_file_is_pinned_by_its_length_and_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tgz");
        let file = Folder::new(path.to_str().unwrap()).unwrap();
        assert_eq!(
            pin_file(&file).unwrap_err().code,
            "docker/snapshot-unreachable"
        );
        std::fs::write(&path, "12345").unwrap();
        let pin = pin_file(&file).unwrap();
        assert_eq!(pin.length, 5);
        assert_eq!(pin, pin_file(&file).unwrap());
        let other = folder.path().join("y");
        std::fs::write(&other, "54321").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(pin.id(), pin_file(&file).unwrap().id());
        let here = Folder::new(folder.path().to_str().unwrap()).unwrap();
        assert!(pin_file(&here).is_err());
    }
}
