//! The image of a syncer: the program, its spec, and the certificate authorities that it trusts.
//!
//! - Reads: a recipe, the program, a file of this machine.
//! - Returns: a name made from the content, and the archive that Docker builds the image from.
//! - Never: holds a key. Certificates are those of the day on which the image is made: they are not in its digest, but in a
//!   label ([`crate::names::INSIDE`]), so that an image of other certificates is not used again.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use pospool_model::ProviderError;
use pospool_model::endpoint::any_key_in;
use pospool_model::provider::Progress;
use serde::{Deserialize, Serialize};

use crate::client::Engine;
use crate::codes;
use crate::image::{BuildContext, Buildable, add_file, archive_error, hash_bytes};
use crate::program::{Program, inside_digest};
use crate::user::USER;

/// Where its volume is mounted.
pub(crate) const DATA_DIR: &str = "/data";
/// Where a container that starts without a person finds its private key.
pub(crate) const KEY_PATH: &str = "/run/pospool/private_key";
/// Where its spec lies.
const SPEC: &str = "/etc/pospool/sync.hcl";
/// What it says of itself; gone after each stop, so that it is never the word of an earlier process.
pub(crate) const STATUS: &str = "/tmp/pospool.sync.json";
/// Counted up when the image changes in a way that its parts do not show.
const FORM: u32 = 1;
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// Most bytes of a file with certificates.
const LIMIT: u64 = 16 << 20;
/// Where systems keep the certificate authorities that they trust.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Everything that goes into the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncerImageBuild {
    /// The spec.
    pub(crate) spec: String,
    /// Release of the program.
    pub(crate) release: String,
    /// File of this machine with certificates, if the operator names one.
    pub(crate) ca_bundle: Option<String>,
}

impl SyncerImageBuild {
    /// Those of this machine now.
    fn certificates(&self) -> Result<Vec<u8>, ProviderError> {
        read_certificates(self.ca_bundle.as_deref())
            .map_err(|what| ProviderError::refused(codes::NO_CERTIFICATES, what))
    }

    /// The archive from which Docker makes the image.
    fn archive(&self, program: &Program, certificates: &[u8]) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        let file = dockerfile(program);
        add_file(&mut archive, "Dockerfile", file.as_bytes(), 0o644)?;
        for (path, bytes) in &program.files {
            add_file(&mut archive, path, bytes, 0o755)?;
        }
        let spec = SPEC.trim_start_matches('/');
        add_file(&mut archive, spec, self.spec.as_bytes(), 0o644)?;
        add_file(&mut archive, CERTIFICATES, certificates, 0o644)?;
        // A new volume takes over owner and mode of the folder that it is mounted on.
        let data = format!("{}/.volume", DATA_DIR.trim_start_matches('/'));
        add_file(&mut archive, &data, &[], 0o644)?;
        archive.into_inner()
    }
}

#[async_trait]
impl Buildable for SyncerImageBuild {
    fn repository(&self) -> &'static str {
        SYNCERS
    }

    fn digest(&self) -> String {
        let parts = serde_json::json!([FORM, self.spec, self.release, self.ca_bundle]);
        hash_bytes(parts.to_string().as_bytes())
    }

    fn check(&self) -> Result<(), ProviderError> {
        if any_key_in(&self.spec) {
            let what = "the syncer's image was planned with whole URLs in it; plan again";
            return Err(ProviderError::refused(codes::OTHER_ENDPOINTS, what));
        }
        Ok(())
    }

    fn inside(&self) -> Result<Option<String>, ProviderError> {
        inside_digest(&self.certificates()?).map(Some)
    }

    async fn context(&self, _: &Engine, _: &dyn Progress) -> Result<BuildContext, ProviderError> {
        self.check()?;
        let (program, certificates) = (Program::for_image()?, self.certificates()?);
        let archive = self.archive(&program, &certificates);
        archive.map(BuildContext::from).map_err(archive_error)
    }
}

/// Words after the program's own with which a syncer starts.
pub(crate) fn syncer_command(every: &str) -> Vec<String> {
    let state = format!("{DATA_DIR}/sync.state.json");
    let words = [
        "sync", "--spec", SPEC, "--state", &state, "--status", STATUS, "--every", every,
    ];
    words.map(str::to_owned).into()
}

/// Words after the program's own that read the spec and do nothing.
pub(crate) fn trial_command() -> [&'static str; 3] {
    ["validate", "--spec", SPEC]
}

/// Words after the program's own that ask a running syncer how it is.
pub(crate) fn health_command() -> [&'static str; 4] {
    ["sync", "--health", "--status", STATUS]
}

/// The certificate authorities that go in: those that are named, or this machine's.
pub(crate) fn read_certificates(named: Option<&str>) -> Result<Vec<u8>, String> {
    let set = std::env::var("SSL_CERT_FILE").ok();
    let system = || {
        let places = set.iter().map(String::as_str).chain(SYSTEM);
        let mut there = places.filter(|place| Path::new(place).is_file());
        there.next()
    };
    let place = named.or_else(system).ok_or_else(|| {
        "this machine has no file of certificate authorities; install `ca-certificates`, or name one in `ca_bundle`"
            .to_owned()
    })?;
    let failed = |error: io::Error| format!("the certificates `{place}` cannot be read: {error}");
    if std::fs::metadata(place).map_err(failed)?.len() > LIMIT {
        return Err(format!("`{place}` is too large for certificates"));
    }
    std::fs::read(place).map_err(failed)
}

fn dockerfile(program: &Program) -> String {
    let words = |words: &[String]| serde_json::to_string(words).unwrap_or_default();
    let mut probe = program.entry.clone();
    probe.extend(health_command().map(str::to_owned));
    format!(
        "FROM scratch\nCOPY pospool/ /pospool/\nCOPY etc/ /etc/\n\
         COPY --chown={USER} data/ {DATA_DIR}/\nENV SSL_CERT_FILE=/{CERTIFICATES}\n\
         USER {USER}\nWORKDIR {DATA_DIR}\nENTRYPOINT {}\n\
         HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD {}\n",
        words(&program.entry),
        words(&probe),
    )
}

/// Syncers.
pub(crate) const SYNCERS: &str = "pospool/syncer";

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> SyncerImageBuild {
        SyncerImageBuild {
            spec: "chain \"pool\" {}\n".to_owned(),
            release: "1".to_owned(),
            ca_bundle: None,
        }
    }

    #[test]
    fn another_spec_or_release_is_another_image() {
        let mut other = recipe();
        other.spec.push('\n');
        let newer = SyncerImageBuild {
            release: "2".to_owned(),
            ..recipe()
        };
        assert_ne!(other.tag(), recipe().tag());
        assert_ne!(newer.tag(), recipe().tag());
    }

    #[test]
    fn the_image_ends_as_a_user_without_rights_and_asks_itself_how_it_is() {
        let program = Program {
            files: vec![("pospool/pospool".to_owned(), vec![1])],
            entry: vec!["/pospool/pospool".to_owned()],
        };
        let text = dockerfile(&program);
        assert!(text.starts_with("FROM scratch\n"), "{text}");
        assert!(text.contains("\nUSER 10001:10001\n"), "{text}");
        let probe = "[\"/pospool/pospool\",\"sync\",\"--health\",\"--status\",\"/tmp/pospool.sync.json\"]\n";
        assert!(text.ends_with(&format!(" CMD {probe}")), "{text}");
        let context = recipe().archive(&program, b"certificates").unwrap();
        let names: Vec<String> = tar::Archive::new(&context[..])
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(
            names,
            [
                "Dockerfile",
                "pospool/pospool",
                "etc/pospool/sync.hcl",
                "etc/ssl/certs/ca-certificates.crt",
                "data/.volume",
            ]
        );
    }

    #[test]
    fn other_certificates_are_another_inside_and_the_same_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let recipe = SyncerImageBuild {
            ca_bundle: file.path().to_str().map(str::to_owned),
            ..recipe()
        };
        std::fs::write(file.path(), "one").unwrap();
        let (tag, one) = (recipe.tag(), recipe.inside().unwrap());
        assert_eq!(recipe.inside().unwrap(), one);
        std::fs::write(file.path(), "two").unwrap();
        assert_ne!(recipe.inside().unwrap(), one);
        assert_eq!(recipe.tag(), tag);
    }

    #[test]
    fn certificates_that_are_named_must_be_there() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "own").unwrap();
        assert_eq!(read_certificates(file.path().to_str()).unwrap(), b"own");
        let gone = read_certificates(Some("/nowhere/ca.pem")).unwrap_err();
        assert!(gone.contains("/nowhere/ca.pem"), "{gone}");
    }
}
