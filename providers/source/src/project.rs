//! Where in a tree the contracts are, and which file defines which.
//!
//! - Reads: the folder of a project and the Solidity files below its `contracts/`.
//! - Returns: the project's root; for each wanted name the file and contract that it means.
//! - Never: follows a symbolic link while it looks around, guesses between two files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use crate::{
    bounded,
    error::{SourceError, io_error},
    scan::{self, Definition},
    text::closest_name,
};

/// Folder of a project that holds its contracts, as with Hardhat.
const CONTRACTS: &str = "contracts";
/// Folder that a repository usually has its contracts' project in, beside other things.
const DEFAULT_SUBDIR: &str = "contract";

/// Most bytes of all Solidity files of a project together.
const PROJECT_LIMIT: usize = 64 << 20;
/// Most files and folders below `contracts/`.
const MOST_ENTRIES: usize = 20_000;

/// One contract of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContractPlace {
    /// Source name of the file.
    pub(crate) file: String,
    /// Name in the file.
    pub(crate) contract: String,
}

/// Returns the root of the project in a tree.
pub(crate) fn find_project_root(tree: &Path, subdir: Option<&str>) -> Result<PathBuf, SourceError> {
    let tree = tree.canonicalize().map_err(io_error("find", tree))?;
    let chosen = match subdir {
        Some(subdir) => {
            let inside = Path::new(subdir)
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            if !inside {
                return Err(invalid(format!(
                    "`subdir` must stay inside of the source, found `{subdir}`"
                )));
            }
            tree.join(subdir)
        }
        None if !tree.join(CONTRACTS).is_dir() && tree.join(DEFAULT_SUBDIR).is_dir() => {
            tree.join(DEFAULT_SUBDIR)
        }
        None => tree.clone(),
    };
    let root = chosen.canonicalize().map_err(io_error("find", &chosen))?;
    if !root.starts_with(&tree) {
        return Err(invalid(format!(
            "`{}` leads out of the source",
            chosen.display()
        )));
    }
    if !root.join(CONTRACTS).is_dir() {
        return Err(invalid(format!(
            "`{}` has no folder `{CONTRACTS}`; name the folder that has one with `subdir`",
            root.display()
        )));
    }
    Ok(root)
}

/// The definitions of a project: source name -> what the file defines.
pub(crate) struct Index {
    root: PathBuf,
    files: BTreeMap<String, Vec<Definition>>,
}

impl Index {
    /// Looks at every Solidity file of the project's own.
    pub(crate) fn of(root: &Path) -> Result<Self, SourceError> {
        let mut files = BTreeMap::new();
        let (mut left, mut entries) = (PROJECT_LIMIT, 0);
        let mut open = vec![(root.join(CONTRACTS), CONTRACTS.to_owned())];
        while let Some((folder, name)) = open.pop() {
            for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
                let entry = entry.map_err(io_error("list", &folder))?;
                entries += 1;
                if entries > MOST_ENTRIES {
                    let what = root.join(CONTRACTS);
                    let what = what.display();
                    return Err(invalid(format!(
                        "`{what}` holds more than {MOST_ENTRIES} files and folders"
                    )));
                }
                let kind = entry
                    .file_type()
                    .map_err(io_error("look at", entry.path()))?;
                // A name that is no text cannot be imported or asked for either.
                let Ok(file) = entry.file_name().into_string() else {
                    continue;
                };
                let inner = format!("{name}/{file}");
                if kind.is_dir() {
                    open.push((entry.path(), inner));
                } else if kind.is_file()
                    && inner.rsplit_once('.').is_some_and(|(_, end)| end == "sol")
                {
                    let bytes = read(&entry.path(), left)?;
                    left -= bytes.len();
                    let text = String::from_utf8_lossy(&bytes);
                    files.insert(inner, scan::outline_file(&text).definitions);
                }
            }
        }
        Ok(Self {
            root: root.to_path_buf(),
            files,
        })
    }

    /// Returns what a name means: `Contract`, or `path/of/File.sol:Contract`.
    pub(crate) fn find(&self, name: &str) -> Result<ContractPlace, SourceError> {
        if let Some((file, contract)) = name.rsplit_once(':') {
            return self.find_in(name, file, contract);
        }
        let defined = |deployable: bool| {
            self.definitions()
                .filter(move |(_, found)| found.name == name && found.deployable == deployable)
                .map(|(file, _)| file.to_owned())
                .collect::<Vec<_>>()
        };
        let places = defined(true);
        match places.as_slice() {
            [file] => Ok(ContractPlace {
                file: file.clone(),
                contract: name.to_owned(),
            }),
            [] => match defined(false).pop() {
                Some(file) => Err(SourceError::NotDeployable {
                    name: name.into(),
                    file,
                }),
                None => Err(self.unknown(name, name)),
            },
            _ => Err(SourceError::AmbiguousContract {
                name: name.into(),
                places,
            }),
        }
    }

    fn find_in(
        &self,
        name: &str,
        file: &str,
        contract: &str,
    ) -> Result<ContractPlace, SourceError> {
        let place = ContractPlace {
            file: file.to_owned(),
            contract: contract.to_owned(),
        };
        let Some(definitions) = self.files.get(file) else {
            // A contract of a package is looked for when the package is there.
            let is_own = file.split('/').next() == Some(CONTRACTS) || !file.contains('/');
            return if is_own {
                Err(self.unknown(name, contract))
            } else {
                Ok(place)
            };
        };
        match definitions.iter().find(|found| found.name == contract) {
            Some(found) if found.deployable => Ok(place),
            Some(_) => Err(SourceError::NotDeployable {
                name: contract.into(),
                file: file.into(),
            }),
            None => Err(self.unknown(name, contract)),
        }
    }

    fn definitions(&self) -> impl Iterator<Item = (&str, &Definition)> {
        self.files
            .iter()
            .flat_map(|(file, found)| found.iter().map(move |one| (file.as_str(), one)))
    }

    /// Says that a name is unknown, and which known one is closest to its last part.
    fn unknown(&self, name: &str, contract: &str) -> SourceError {
        let deployable: Vec<_> = self
            .definitions()
            .filter(|(_, found)| found.deployable)
            .collect();
        let known = deployable.iter().map(|(_, found)| found.name.as_str());
        let similar = closest_name(contract, known).map(|similar| {
            let places: Vec<_> = deployable
                .iter()
                .filter(|(_, found)| found.name == similar)
                .collect();
            match places.first() {
                Some((file, _)) if places.len() > 1 || name.contains(':') => {
                    format!("{file}:{similar}")
                }
                _ => similar.to_owned(),
            }
        });
        SourceError::UnknownContract {
            name: name.into(),
            root: self.root.clone(),
            similar,
        }
    }
}

/// Reads one file of a project that may have so many bytes left.
fn read(path: &Path, left: usize) -> Result<Vec<u8>, SourceError> {
    bounded::read_bounded(path, left).map_err(|error| {
        if bounded::is_too_large(&error) {
            let (file, limit) = (CONTRACTS.to_owned(), PROJECT_LIMIT);
            return SourceError::SourcesTooLarge { file, limit };
        }
        io_error("read", path)(error)
    })
}

fn invalid(problem: String) -> SourceError {
    SourceError::Request { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn index() -> (tempfile::TempDir, Index) {
        let dir = tree(&[
            (
                "contracts/Pool.sol",
                "import './IPool.sol'; contract Pool {} contract Helper {}",
            ),
            ("contracts/IPool.sol", "interface IPool {}"),
            ("contracts/Escrow.sol", "contract Escrow {}"),
            ("contracts/eSpace/Escrow.sol", "contract Escrow {}"),
            ("contracts/README.md", "contract Readme {}"),
        ]);
        let index = Index::of(dir.path()).unwrap();
        (dir, index)
    }

    #[test]
    fn the_root_is_where_the_contracts_are() {
        let dir = tree(&[("contract/contracts/A.sol", ""), ("interface/x", "")]);
        let path = dir.path().canonicalize().unwrap();
        assert_eq!(
            find_project_root(&path, None).unwrap(),
            path.join("contract")
        );
        assert_eq!(
            find_project_root(&path, Some("contract")).unwrap(),
            path.join("contract")
        );
        assert_eq!(
            find_project_root(&path.join("contract"), None).unwrap(),
            path.join("contract")
        );
        for subdir in ["..", "/etc", "contract/../.."] {
            assert_eq!(
                find_project_root(&path, Some(subdir)).unwrap_err().code(),
                "source/request",
                "{subdir}"
            );
        }
        let message = find_project_root(&path, Some("interface"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("no folder `contracts`"), "{message}");
        assert_eq!(
            find_project_root(&path.join("gone"), None)
                .unwrap_err()
                .code(),
            "source/io"
        );
    }

    #[test]
    fn a_project_without_end_is_refused() {
        let dir = tree(&[("contracts/A.sol", "")]);
        let large = fs::File::create(dir.path().join("contracts/B.sol")).unwrap();
        large.set_len(PROJECT_LIMIT as u64 + 1).unwrap();
        let error = Index::of(dir.path()).err().unwrap();
        assert_eq!(error.code(), "source/too-large");
        large.set_len(0).unwrap();
        assert!(Index::of(dir.path()).is_ok());
        for number in 0..MOST_ENTRIES {
            fs::File::create(dir.path().join(format!("contracts/{number}"))).unwrap();
        }
        let error = Index::of(dir.path()).err().unwrap();
        assert!(error.to_string().contains("more than 20000"), "{error}");
    }

    #[test]
    fn a_name_means_one_contract() {
        let (_keep, index) = index();
        let place = index.find("Helper").unwrap();
        assert_eq!(place.file, "contracts/Pool.sol");
        let place = index.find("contracts/eSpace/Escrow.sol:Escrow").unwrap();
        assert_eq!(
            (place.file.as_str(), place.contract.as_str()),
            ("contracts/eSpace/Escrow.sol", "Escrow")
        );
        let place = index.find("@scope/name/A.sol:A").unwrap();
        assert_eq!(place.file, "@scope/name/A.sol");
    }

    #[test]
    fn a_name_in_two_files_must_be_given_with_its_file() {
        let (_keep, index) = index();
        let error = index.find("Escrow").unwrap_err();
        assert_eq!(
            error.to_string(),
            "contract `Escrow` is defined in contracts/Escrow.sol and contracts/eSpace/Escrow.sol"
        );
        let help = error.help().unwrap();
        assert_eq!(
            help,
            "name the file too, such as `contracts/Escrow.sol:Escrow`"
        );
    }

    #[test]
    fn an_unknown_name_gets_the_closest_one() {
        let (_keep, index) = index();
        let help = |name: &str| index.find(name).unwrap_err().help();
        assert_eq!(help("Pol").unwrap(), "did you mean `Pool`?");
        assert_eq!(
            help("Escro").unwrap(),
            "did you mean `contracts/Escrow.sol:Escrow`?"
        );
        assert_eq!(
            help("contracts/Gone.sol:Pool").unwrap(),
            "did you mean `contracts/Pool.sol:Pool`?"
        );
        assert_eq!(help("Readme"), None);
        assert_eq!(
            index.find("IPool").unwrap_err().code(),
            "source/not-deployable"
        );
    }
}
