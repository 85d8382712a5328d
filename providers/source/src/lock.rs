//! The packages that a project's lock file pins.
//!
//! - Reads: the text of a `package-lock.json`, version 2 or 3.
//! - Returns: name, version and hash of single packages.
//! - Never: takes a package without a hash, or with one that can be forged (SHA-1 has known collisions), or from anywhere but the registry that the user's own
//!   npm settings name: where the lock says to load from is left out.

use std::{collections::BTreeMap, io::ErrorKind, path::Path, path::PathBuf};

use serde::Deserialize;

use crate::bounded;
use crate::error::{SourceError, io_error};

/// Most bytes of a lock file.
const LOCK_LIMIT: usize = 64 << 20;

/// Packages that locks in use pin by SHA-1 only, with a strong hash of the same content:
/// name, version, the weak hash, the strong hash.
const STRONGER: &[(&str, &str, &str, &str)] = &[(
    "@openzeppelin/contracts",
    "4.3.2",
    "sha1-/4Cv/W01Lb4bvFtOGDPEGv1ig7Y=",
    "sha512-AybF1cesONZStg5kWf6ao9OlqTZuPqddvprc0ky7lrUVOjXeKpmQ2Y9FK+6ygxasb+4aic4O5pneFBfwVsRRRg==",
)];

/// One package of the registry, pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Name that it is imported by.
    pub(crate) name: String,
    /// Name in the registry; differs for an alias.
    pub(crate) registered: String,
    /// Exact version.
    pub(crate) version: String,
    /// Hash in the form of npm: `sha512-` and base64.
    pub(crate) integrity: String,
}

impl Package {
    /// Checks the parts of a pinned package.
    pub(crate) fn new(
        name: &str,
        registered: &str,
        version: &str,
        integrity: &str,
    ) -> Result<Self, SourceError> {
        for text in [name, registered] {
            if !is_package_name(text) {
                let problem = format!("`{text}` is not the name of an npm package");
                return Err(SourceError::Request { problem });
            }
        }
        if !is_version(version) {
            let problem = format!("`{version}` is not an exact version of package `{name}`");
            return Err(SourceError::Request { problem });
        }
        let integrity = usable_integrity(registered, version, integrity)?;
        let [name, registered, version] = [name, registered, version].map(str::to_owned);
        Ok(Self {
            name,
            registered,
            version,
            integrity,
        })
    }
}

/// A lock file.
#[derive(Debug)]
pub(crate) struct Lockfile {
    file: PathBuf,
    packages: BTreeMap<String, LockedPackage>,
}

#[derive(Debug, Deserialize)]
struct LockfileForm {
    #[serde(rename = "lockfileVersion")]
    version: u64,
    #[serde(default)]
    packages: BTreeMap<String, LockedPackage>,
}

#[derive(Debug, Deserialize)]
struct LockedPackage {
    name: Option<String>,
    version: Option<String>,
    integrity: Option<String>,
    resolved: Option<String>,
    #[serde(default)]
    link: bool,
}

impl Lockfile {
    /// Reads the lock of a project; a project without one pins nothing.
    pub(crate) fn read(project: &Path) -> Result<Self, SourceError> {
        let file = project.join("package-lock.json");
        match bounded::read_bounded(&file, LOCK_LIMIT) {
            Ok(bytes) => Self::parse(&file, &bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self {
                file,
                packages: BTreeMap::new(),
            }),
            Err(error) if bounded::is_too_large(&error) => Err(SourceError::Lock {
                file,
                problem: error.to_string(),
            }),
            Err(error) => Err(io_error("read", file)(error)),
        }
    }

    /// Reads the bytes of a lock; `file` is for messages.
    pub(crate) fn parse(file: &Path, bytes: &[u8]) -> Result<Self, SourceError> {
        let unusable = |problem: String| SourceError::Lock {
            file: file.to_owned(),
            problem,
        };
        let form: LockfileForm =
            serde_json::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
        if !matches!(form.version, 2 | 3) {
            return Err(unusable(format!(
                "its lockfileVersion is {}, not 2 or 3",
                form.version
            )));
        }
        Ok(Self {
            file: file.to_owned(),
            packages: form.packages,
        })
    }

    /// Returns a package of the project itself. Copies that a package has of its own are not
    /// looked at: under one import name there is one package, as with Hardhat.
    pub(crate) fn package(&self, name: &str, importer: &str) -> Result<Package, SourceError> {
        let Some(entry) = self.packages.get(&format!("node_modules/{name}")) else {
            let (package, importer) = (name.to_owned(), importer.to_owned());
            return Err(SourceError::NotLocked {
                package,
                importer,
                file: self.file.clone(),
            });
        };
        let unusable = |problem| SourceError::Lock {
            file: self.file.clone(),
            problem,
        };
        let resolved = entry.resolved.as_deref().unwrap_or("https://");
        if entry.link || !resolved.starts_with("https://") && !resolved.starts_with("http://") {
            return Err(unusable(format!(
                "package `{name}` does not come from a registry"
            )));
        }
        let Some(version) = &entry.version else {
            return Err(unusable(format!("package `{name}` has no version")));
        };
        let registered = entry.name.as_deref().unwrap_or(name);
        Package::new(
            name,
            registered,
            version,
            entry.integrity.as_deref().unwrap_or(""),
        )
    }
}

/// Returns the hash to install by. A weak one must be the known one of the package, which is then replaced by the
/// strong one; of any other package it proves nothing.
fn usable_integrity(name: &str, version: &str, integrity: &str) -> Result<String, SourceError> {
    let known = STRONGER
        .iter()
        .find(|(n, v, ..)| (*n, *v) == (name, version));
    let hashes: Vec<&str> = integrity
        .split_ascii_whitespace()
        .filter(|hash| is_hash(hash))
        .collect();
    if hashes.is_empty() {
        return Err(SourceError::NoIntegrity {
            package: name.into(),
            version: version.into(),
        });
    }
    let strong: Vec<&str> = hashes
        .iter()
        .copied()
        .filter(|hash| !hash.starts_with("sha1-"))
        .collect();
    match known {
        _ if !strong.is_empty() => Ok(strong.join(" ")),
        Some((_, _, weak, strong)) if hashes == [*weak] => Ok((*strong).to_owned()),
        Some((_, _, weak, _)) => Err(SourceError::WrongIntegrity {
            package: name.into(),
            version: version.into(),
            said: format!("the lock has {integrity}, and the published package {weak}"),
        }),
        None => Err(SourceError::WeakIntegrity {
            package: name.into(),
            version: version.into(),
            found: hashes.join(" "),
        }),
    }
}

fn is_hash(text: &str) -> bool {
    let Some((kind, digest)) = text.split_once('-') else {
        return false;
    };
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let length = match kind {
        "sha1" => 28,
        "sha256" => 44,
        "sha384" => 64,
        "sha512" => 88,
        _ => return false,
    };
    digest.len() == length && digest.chars().all(base64)
}

fn is_package_name(name: &str) -> bool {
    let part = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, rest)| part(scope) && part(rest)),
        None => part(name),
    }
}

fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
        && version.split('.').count() >= 3
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use serde_json::json;

    const SHA512: &str = "sha512-5vGoNyzoepB/xCBqGifJZH1ZZR19o/EvSSdZ7XIUWzSCllAZbNshQc0YeaF0BV0hLYvCpS6OrOd8jKjTvDe8ZQ==";

    fn lock(entry: &serde_json::Value) -> Result<Package, SourceError> {
        let dir = tempfile::tempdir().unwrap();
        let text = json!({ "lockfileVersion": 3, "packages": {
            "": { "name": "x" },
            "node_modules/@scope/name": entry,
            "node_modules/other/node_modules/inner": { "version": "1.0.0", "integrity": SHA512 },
        }});
        fs::write(dir.path().join("package-lock.json"), text.to_string()).unwrap();
        Lockfile::read(dir.path())
            .unwrap()
            .package("@scope/name", "contracts/A.sol")
    }

    #[test]
    fn a_package_is_taken_with_its_hash_and_without_its_host() {
        let package = lock(&json!({ "version": "0.3.3", "integrity": SHA512,
            "resolved": "https://example.org/x.tgz", "dependencies": { "other": "1.0.0" } }));
        let package = package.unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("@scope/name", "0.3.3")
        );
        assert_eq!(package.integrity, SHA512);
        let alias =
            lock(&json!({ "name": "real", "version": "1.0.0", "integrity": SHA512 })).unwrap();
        assert_eq!(
            (alias.name.as_str(), alias.registered.as_str()),
            ("@scope/name", "real")
        );
    }

    #[test]
    fn a_package_without_a_hash_or_a_registry_is_refused() {
        let cases = [
            (json!({ "version": "1.0.0" }), "source/no-integrity"),
            (
                json!({ "version": "1.0.0", "integrity": "md5-abc" }),
                "source/no-integrity",
            ),
            (
                json!({ "version": "1.0.0", "integrity": "sha512-short" }),
                "source/no-integrity",
            ),
            (
                json!({ "version": "1.0.0", "integrity": SHA512, "resolved": "git+ssh://x" }),
                "source/lock",
            ),
            (json!({ "link": true, "resolved": "../x" }), "source/lock"),
            (json!({ "integrity": SHA512 }), "source/lock"),
            (
                json!({ "version": "file:../x", "integrity": SHA512 }),
                "source/request",
            ),
            (
                json!({ "name": "../x", "version": "1.0.0", "integrity": SHA512 }),
                "source/request",
            ),
        ];
        for (entry, code) in cases {
            assert_eq!(lock(&entry).unwrap_err().code(), code, "{entry}");
        }
    }

    #[test]
    fn a_weak_hash_is_compared_and_replaced() {
        let (name, version, weak, strong) = STRONGER[0];
        assert_eq!(
            Package::new(name, name, version, weak).unwrap().integrity,
            strong
        );
        let other = "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let error = Package::new(name, name, version, other).unwrap_err();
        assert_eq!(error.code(), "source/wrong-integrity");
        let both = format!("{other} {SHA512}");
        assert_eq!(
            Package::new(name, name, version, &both).unwrap().integrity,
            SHA512
        );
    }

    /// Two packages with one SHA-1 can be made, and one of them reviewed.
    #[test]
    fn case_weak_hash_a_package_with_nothing_but_sha1_is_refused() {
        let weak = "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let error = lock(&json!({ "version": "1.2.3", "integrity": weak })).unwrap_err();
        assert_eq!(error.code(), "source/weak-integrity");
        let said = error.to_string();
        assert!(said.contains("`@scope/name` 1.2.3"), "{said}");
        assert!(said.contains(weak), "{said}");
        assert!(error.help().unwrap().contains("sha512"), "{error:?}");
        let two = format!("{weak} {weak}");
        let error = lock(&json!({ "version": "1.2.3", "integrity": two })).unwrap_err();
        assert_eq!(error.code(), "source/weak-integrity");
        let both = format!("{weak} {SHA512}");
        let package = lock(&json!({ "version": "1.2.3", "integrity": both })).unwrap();
        assert_eq!(package.integrity, SHA512);
    }

    #[test]
    fn only_packages_of_the_project_itself_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let error = Lockfile::read(dir.path())
            .unwrap()
            .package("inner", "contracts/A.sol")
            .unwrap_err();
        assert_eq!(error.code(), "source/not-locked");
        assert!(error.help().unwrap().contains("npm install inner"));
    }

    #[test]
    fn an_old_or_broken_lock_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for text in [r#"{"lockfileVersion":1}"#, "{}", "not json"] {
            fs::write(dir.path().join("package-lock.json"), text).unwrap();
            assert_eq!(
                Lockfile::read(dir.path()).unwrap_err().code(),
                "source/lock",
                "{text}"
            );
        }
    }
}
