//! All files that one file needs, under the names that the compiler knows them by.
//!
//! - Reads: a project's folder and the folders of installed packages.
//! - Returns: source name -> text, or the packages that must be installed first. The names are those
//!   that Hardhat gives (`contracts/A.sol`, `@scope/name/B.sol`), since they are part of the bytecode.
//! - Never: reads outside of the project and the packages, or from a `node_modules` of the project.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    bounded,
    error::{SourceError, io_error},
    scan,
};

/// Most bytes of all sources of one contract together.
const SOURCES_LIMIT: usize = 16 << 20;

/// Where source files are.
pub(crate) struct Roots<'a> {
    /// Folder of the project, without symbolic links in its path.
    pub(crate) project: &'a Path,
    /// Package name -> its folder.
    pub(crate) packages: &'a BTreeMap<String, PathBuf>,
}

/// What a walk along the imports gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closure {
    /// Every file: source name -> text.
    Complete(BTreeMap<String, String>),
    /// Packages to install: name -> a file that imports it.
    Missing(BTreeMap<String, String>),
}

/// Collects a file and all that it imports.
pub(crate) fn collect_imports(start: &str, roots: &Roots<'_>) -> Result<Closure, SourceError> {
    let mut sources = BTreeMap::new();
    let mut missing = BTreeMap::new();
    let mut seen = BTreeSet::from([start.to_owned()]);
    let mut open = vec![(start.to_owned(), "the spec".to_owned())];
    let mut left = SOURCES_LIMIT;
    while let Some((name, importer)) = open.pop() {
        let Some(path) = roots.find(&name, &importer)? else {
            missing.insert(package_of(&name).0.to_owned(), importer);
            continue;
        };
        let bytes = bounded::read_bounded(&path, left).map_err(|error| {
            if bounded::is_too_large(&error) {
                let (file, limit) = (start.to_owned(), SOURCES_LIMIT);
                return SourceError::SourcesTooLarge { file, limit };
            }
            io_error("read", &path)(error)
        })?;
        left -= bytes.len();
        let text = String::from_utf8(bytes).map_err(|_| SourceError::Request {
            problem: format!("source file `{name}` is not UTF-8"),
        })?;
        for import in scan::outline_file(&text).imports {
            let found = resolve_import(&import, &name)?;
            if seen.insert(found.clone()) {
                open.push((found, name.clone()));
            }
        }
        sources.insert(name, text);
    }
    Ok(if missing.is_empty() {
        Closure::Complete(sources)
    } else {
        Closure::Missing(missing)
    })
}

impl Roots<'_> {
    /// Finds one file; `None` if its package is not installed.
    fn find(&self, name: &str, importer: &str) -> Result<Option<PathBuf>, SourceError> {
        let (root, rest) = if self.is_local(name) {
            (self.project, name)
        } else {
            let (package, rest) = package_of(name);
            let Some(folder) = self.packages.get(package) else {
                return Ok(None);
            };
            (folder.as_path(), rest)
        };
        let missing = || SourceError::FileMissing {
            file: name.into(),
            importer: importer.into(),
        };
        let path = root.join(rest).canonicalize().map_err(|_| missing())?;
        if !path.starts_with(root) {
            return Err(outside(name, importer));
        }
        if !path.is_file() {
            return Err(missing());
        }
        Ok(Some(path))
    }

    /// Tells a file of the project from one of a package, as Hardhat does: by its first folder.
    fn is_local(&self, name: &str) -> bool {
        let first = name.split('/').next().unwrap_or(name);
        first != "node_modules" && !first.starts_with('@') && self.project.join(first).exists()
    }
}

/// Returns the source name that an import means.
pub(crate) fn resolve_import(import: &str, importer: &str) -> Result<String, SourceError> {
    let odd = import.is_empty() || import.starts_with('/') || import.contains(['\\', ':']);
    if odd || import.contains(char::is_control) {
        return Err(outside(import, importer));
    }
    let mut parts: Vec<&str> = Vec::new();
    if import.starts_with("./") || import.starts_with("../") {
        parts.extend(importer.split('/'));
        parts.pop();
    }
    // The least that must stay, so that a scope is not taken for a package.
    let floor = if importer.starts_with('@') { 2 } else { 0 };
    for part in import.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > floor => drop(parts.pop()),
            ".." => return Err(outside(import, importer)),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Cuts a source name into its package and the path inside of it.
pub(crate) fn package_of(name: &str) -> (&str, &str) {
    let slashes = usize::from(name.starts_with('@'));
    match name.match_indices('/').nth(slashes) {
        Some((at, _)) => (&name[..at], &name[at + 1..]),
        None => (name, ""),
    }
}

fn outside(import: &str, importer: &str) -> SourceError {
    SourceError::OutsideTree {
        import: import.into(),
        importer: importer.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes files into a new folder and returns it with its path.
    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let path = dir.path().canonicalize().unwrap();
        (dir, path)
    }

    #[test]
    fn imports_become_the_names_that_hardhat_gives() {
        let cases = [
            ("./B.sol", "contracts/A.sol", "contracts/B.sol"),
            (
                "../utils/B.sol",
                "contracts/eSpace/A.sol",
                "contracts/utils/B.sol",
            ),
            ("../lib/B.sol", "contracts/A.sol", "lib/B.sol"),
            (
                "../utils/Context.sol",
                "@oz/contracts/access/Ownable.sol",
                "@oz/contracts/utils/Context.sol",
            ),
            (
                "@oz/contracts/access/Ownable.sol",
                "contracts/A.sol",
                "@oz/contracts/access/Ownable.sol",
            ),
            ("lib/B.sol", "contracts/A.sol", "lib/B.sol"),
        ];
        for (import, importer, wanted) in cases {
            assert_eq!(resolve_import(import, importer).unwrap(), wanted);
        }
        assert_eq!(
            package_of("@oz/contracts/a/B.sol"),
            ("@oz/contracts", "a/B.sol")
        );
        assert_eq!(package_of("lib/B.sol"), ("lib", "B.sol"));
    }

    #[test]
    fn an_import_does_not_leave_its_project_or_package() {
        let cases = [
            ("../../etc/passwd", "contracts/A.sol"),
            ("../../other/B.sol", "@oz/contracts/A.sol"),
            ("/etc/passwd", "contracts/A.sol"),
            ("file:///etc/passwd", "contracts/A.sol"),
            ("..\\B.sol", "contracts/A.sol"),
            ("lib/../../B.sol", "contracts/A.sol"),
            ("../../B.sol", "contracts/A.sol"),
        ];
        for (import, importer) in cases {
            let error = resolve_import(import, importer).unwrap_err();
            assert_eq!(error.code(), "source/outside-tree", "{import}");
        }
    }

    #[test]
    fn a_closure_names_missing_packages_and_then_reads_them() {
        let (_keep, project) = tree(&[
            (
                "contracts/A.sol",
                "import './B.sol'; import '@oz/contracts/C.sol';",
            ),
            (
                "contracts/B.sol",
                "import './A.sol'; import {X} from 'contracts/D.sol';",
            ),
            ("contracts/D.sol", ""),
            ("contracts/Unused.sol", "import 'never/Looked.sol';"),
            (
                "node_modules/@oz/contracts/C.sol",
                "wrong: the project's own folder",
            ),
        ]);
        let mut packages = BTreeMap::new();
        let found = collect_imports(
            "contracts/A.sol",
            &Roots {
                project: &project,
                packages: &packages,
            },
        );
        let wanted = BTreeMap::from([("@oz/contracts".to_owned(), "contracts/A.sol".to_owned())]);
        assert_eq!(found.unwrap(), Closure::Missing(wanted));

        let (_keep, package) = tree(&[("C.sol", "right")]);
        packages.insert("@oz/contracts".to_owned(), package);
        let found = collect_imports(
            "contracts/A.sol",
            &Roots {
                project: &project,
                packages: &packages,
            },
        );
        let Closure::Complete(sources) = found.unwrap() else {
            panic!("not complete")
        };
        let names: Vec<_> = sources.keys().map(String::as_str).collect();
        let wanted = [
            "@oz/contracts/C.sol",
            "contracts/A.sol",
            "contracts/B.sol",
            "contracts/D.sol",
        ];
        assert_eq!(names, wanted);
        assert_eq!(sources["@oz/contracts/C.sol"], "right");
    }

    #[test]
    fn a_missing_file_is_named_with_its_importer() {
        let (_keep, project) = tree(&[("contracts/A.sol", "import './Gone.sol';")]);
        let roots = Roots {
            project: &project,
            packages: &BTreeMap::new(),
        };
        let error = collect_imports("contracts/A.sol", &roots)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "source file `contracts/Gone.sol` does not exist, imported by `contracts/A.sol`"
        );
    }

    #[test]
    fn files_that_are_too_large_together_are_refused() {
        let half = "//".repeat(SOURCES_LIMIT / 4 + 1);
        let (_keep, project) = tree(&[
            ("contracts/A.sol", "import './B.sol'; import './C.sol';"),
            ("contracts/B.sol", &half),
            ("contracts/C.sol", &half),
        ]);
        let roots = Roots {
            project: &project,
            packages: &BTreeMap::new(),
        };
        let error = collect_imports("contracts/A.sol", &roots).unwrap_err();
        assert_eq!(error.code(), "source/too-large");
        assert!(collect_imports("contracts/B.sol", &roots).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_does_not_lead_out() {
        let (_keep, secret) = tree(&[("secret.sol", "")]);
        let (_keep, project) = tree(&[("contracts/A.sol", "import './Link.sol';")]);
        let link = project.join("contracts/Link.sol");
        std::os::unix::fs::symlink(secret.join("secret.sol"), link).unwrap();
        let roots = Roots {
            project: &project,
            packages: &BTreeMap::new(),
        };
        let error = collect_imports("contracts/A.sol", &roots).unwrap_err();
        assert_eq!(error.code(), "source/outside-tree");
    }
}
