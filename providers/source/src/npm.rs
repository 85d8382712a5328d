//! One package of the npm registry, as a folder.
//!
//! - Reads: a pinned package; the user's own `npm` and its settings do the talking.
//! - Returns: the folder of the installed package, below `npm/` of the cache.
//! - Never: runs a script of a package, installs what the package itself depends on (sources are
//!   resolved from the project's lock alone), keeps a package whose hash is wrong, or uses one whose
//!   seal is broken.

use std::{fs, path::Path, path::PathBuf, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    bounded,
    error::{SourceError, io_error},
    lock::Package,
    run::{Environment, Finished, ToolRun, name_of},
    seal::SealKey,
    text::{canonical_json, encode_hex, hash_keccak, shorten_text},
};

const TIME_LIMIT: Duration = Duration::from_mins(5);
const OUTPUT_LIMIT: usize = 1 << 20;
/// Most bytes of a package's own description.
const MANIFEST_LIMIT: usize = 1 << 20;

/// Returns the folder of a package, installing it at the first time, and where it is not as it was installed: npm checks
/// a package against its hash only while it unpacks it.
pub(crate) fn install_package(
    package: &Package,
    cache: &Path,
    npm: &Path,
    seals: &SealKey,
) -> Result<PathBuf, SourceError> {
    let store = cache.join("npm");
    let (manifest, lock) = manifests(package);
    let digest = encode_hex(&hash_keccak(&[manifest.as_bytes(), lock.as_bytes()])[..16]);
    let label = format!(
        "{}-{}-{digest}",
        package.name.replace('/', "+"),
        package.version
    );
    let target = store.join(label);
    let folder = target.join("node_modules").join(&package.name);
    if seals.holds(&target) {
        return Ok(folder);
    }
    fs::create_dir_all(&store).map_err(io_error("create", &store))?;
    let fresh = tempfile::tempdir_in(&store).map_err(io_error("create a folder in", &store))?;
    for (name, text) in [("package.json", &manifest), ("package-lock.json", &lock)] {
        let path = fresh.path().join(name);
        fs::write(&path, text).map_err(io_error("write", &path))?;
    }
    load(package, fresh.path(), npm)?;
    seals.replace(&target, &fresh.keep(), "move the package to")?;
    Ok(folder)
}

/// Returns the texts of a `package.json` and a `package-lock.json` that pin one package. Neither
/// names a host, so that the user's own registry setting counts.
fn manifests(package: &Package) -> (String, String) {
    let wanted = if package.name == package.registered {
        package.version.clone()
    } else {
        format!("npm:{}@{}", package.registered, package.version)
    };
    let dependencies = json!({ package.name.as_str(): wanted });
    let root =
        json!({ "name": "pospool-source", "version": "0.0.0", "dependencies": dependencies });
    let mut manifest = root.clone();
    manifest["private"] = true.into();
    let mut entry = json!({ "version": package.version, "integrity": package.integrity });
    if package.name != package.registered {
        entry["name"] = package.registered.clone().into();
    }
    let mut packages = Map::new();
    packages.insert(String::new(), root);
    packages.insert(format!("node_modules/{}", package.name), entry);
    let lock = json!({
        "name": "pospool-source",
        "version": "0.0.0",
        "lockfileVersion": 3,
        "requires": true,
        "packages": packages,
    });
    (canonical_json(&manifest), canonical_json(&lock))
}

/// Lets npm fill a folder, and checks that it did.
fn load(package: &Package, dir: &Path, npm: &Path) -> Result<(), SourceError> {
    let flags = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--no-progress",
    ];
    let finished = ToolRun {
        tool: npm,
        doing: doing(package),
        args: flags.map(Into::into).to_vec(),
        dir,
        environment: Environment::Network,
        variables: &[],
        input: Vec::new(),
        output_limit: OUTPUT_LIMIT,
        time_limit: TIME_LIMIT,
    }
    .run()?;
    if !finished.success {
        return Err(failure(package, npm, &finished));
    }
    let path = dir
        .join("node_modules")
        .join(&package.name)
        .join("package.json");
    let version = bounded::read_bounded(&path, MANIFEST_LIMIT)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .and_then(|manifest| Some(manifest.get("version")?.as_str()?.to_owned()));
    if version.as_ref() == Some(&package.version) {
        return Ok(());
    }
    let found = version.unwrap_or_else(|| "nothing".to_owned());
    Err(SourceError::Tool {
        tool: name_of(npm),
        doing: doing(package),
        said: format!("it reported success and installed {found}"),
    })
}

fn doing(package: &Package) -> String {
    format!(
        "install package `{}` {}",
        package.registered, package.version
    )
}

/// Sorts a failure of npm by the codes that npm documents.
fn failure(package: &Package, npm: &Path, finished: &Finished) -> SourceError {
    const UNREACHABLE: &[&str] = &[
        "ECONNREFUSED",
        "ECONNRESET",
        "EAI_AGAIN",
        "ENETUNREACH",
        "ENOTFOUND",
        "ETIMEDOUT",
        "ERR_SOCKET_TIMEOUT",
        "UNABLE_TO_",
        "CERT_",
        "SELF_SIGNED",
    ];
    let said = essence(&finished.stderr);
    let (name, version) = (package.registered.clone(), package.version.clone());
    let has = |signs: &[&str]| signs.iter().any(|sign| finished.stderr.contains(sign));
    if has(&["EINTEGRITY"]) {
        return SourceError::WrongIntegrity {
            package: name,
            version,
            said,
        };
    }
    if has(&["E404", "ETARGET"]) {
        return SourceError::PackageMissing {
            package: name,
            version,
        };
    }
    let tool = name_of(npm);
    if has(UNREACHABLE) {
        return SourceError::Unreachable {
            tool,
            doing: doing(package),
            said,
        };
    }
    SourceError::Tool {
        tool,
        doing: doing(package),
        said,
    }
}

/// Keeps the lines of npm that tell what is wrong.
fn essence(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter_map(|line| {
            line.strip_prefix("npm error ")
                .or_else(|| line.strip_prefix("npm ERR! "))
        })
        // Neither the way through npm's own code nor the object that the error was.
        .filter(|line| !line.starts_with([' ', '}']) && !line.contains("complete log"))
        .collect();
    shorten_text(
        if lines.is_empty() {
            stderr.to_owned()
        } else {
            lines.join("\n")
        }
        .as_str(),
        600,
    )
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn package() -> Package {
        Package {
            name: "@scope/name".into(),
            registered: "@scope/name".into(),
            version: "1.2.3".into(),
            integrity: "sha512-x".into(),
        }
    }

    fn seals() -> SealKey {
        SealKey::open(None).unwrap()
    }

    /// Runs an installation with a script in the place of npm.
    fn with_npm(script: &str) -> (tempfile::TempDir, Result<PathBuf, SourceError>) {
        let cache = tempfile::tempdir().unwrap();
        let npm = cache.path().join("npm-script");
        fs::write(&npm, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
        let mut result = install_package(&package(), cache.path(), &npm, &seals());
        // Another test may be starting a program just now, which still holds the open script.
        while matches!(&result, Err(SourceError::Tool { said, .. }) if said.contains("Text file busy"))
        {
            result = install_package(&package(), cache.path(), &npm, &seals());
        }
        (cache, result)
    }

    const MAKE: &str = r#"
        mkdir -p node_modules/@scope/name
        echo '{"version":"1.2.3"}' > node_modules/@scope/name/package.json
        echo "$@" > arguments"#;

    #[test]
    fn a_package_is_installed_once_and_without_scripts() {
        let (cache, folder) = with_npm(MAKE);
        let folder = folder.unwrap();
        let root = folder.ancestors().nth(3).unwrap();
        let arguments = fs::read_to_string(root.join("arguments")).unwrap();
        assert!(
            arguments.starts_with("ci --ignore-scripts --no-audit --no-fund"),
            "{arguments}"
        );
        let again = install_package(
            &package(),
            cache.path(),
            Path::new("/nowhere/npm"),
            &seals(),
        );
        assert_eq!(again.unwrap(), folder);
    }

    #[test]
    fn case_poisoned_cache_a_replaced_package_is_installed_again_or_refused() {
        let (cache, folder) = with_npm(MAKE);
        let folder = folder.unwrap();
        let manifest = folder.join("package.json");
        let good = fs::read(&manifest).unwrap();
        let install = |npm: &Path| install_package(&package(), cache.path(), npm, &seals());
        fs::write(folder.join("index.js"), "poison").unwrap();
        let refused = install(Path::new("/nowhere/npm")).unwrap_err();
        assert_eq!(refused.code(), "source/tool-missing");
        assert_eq!(install(&cache.path().join("npm-script")).unwrap(), folder);
        assert!(!folder.join("index.js").exists());
        assert_eq!(fs::read(&manifest).unwrap(), good);
    }

    #[test]
    fn the_lock_pins_and_names_no_host() {
        let (manifest, lock) = manifests(&package());
        assert_eq!(
            manifest,
            r#"{"dependencies":{"@scope/name":"1.2.3"},"name":"pospool-source","private":true,"version":"0.0.0"}"#
        );
        let lock: Value = serde_json::from_str(&lock).unwrap();
        let entry = &lock["packages"]["node_modules/@scope/name"];
        assert_eq!(
            entry,
            &json!({ "version": "1.2.3", "integrity": "sha512-x" })
        );
        let alias = Package {
            name: "short".into(),
            ..package()
        };
        assert!(
            manifests(&alias)
                .0
                .contains(r#"{"short":"npm:@scope/name@1.2.3"}"#)
        );
    }

    #[test]
    fn failures_are_sorted_and_leave_nothing() {
        let cases = [
            (
                "echo 'npm error code EINTEGRITY' >&2; exit 1",
                "source/wrong-integrity",
            ),
            (
                "echo 'npm error code ETARGET' >&2; exit 1",
                "source/package-missing",
            ),
            (
                "echo 'npm ERR! code ENOTFOUND' >&2; exit 1",
                "source/unreachable",
            ),
            ("echo 'npm error code EUSAGE' >&2; exit 1", "source/tool"),
            ("exit 0", "source/tool"),
        ];
        for (script, code) in cases {
            let (cache, result) = with_npm(script);
            assert_eq!(result.unwrap_err().code(), code, "{script}");
            assert_eq!(
                fs::read_dir(cache.path().join("npm")).unwrap().count(),
                0,
                "{script}"
            );
        }
    }

    #[test]
    fn a_missing_npm_is_named() {
        let cache = tempfile::tempdir().unwrap();
        let error = install_package(
            &package(),
            cache.path(),
            Path::new("/nowhere/npm"),
            &seals(),
        )
        .unwrap_err();
        assert_eq!(error.code(), "source/tool-missing");
    }
}
