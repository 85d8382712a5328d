//! Why a source did not become artifacts, as values.
//!
//! - Reads: nothing.
//! - Returns: [`SourceError`]: what failed and where; [`SourceError::help`] says what to do next.
//! - Never: prints, or repeats in a message what its cause says.

use pospool_model::Code;
use std::{io, path::PathBuf};

use crate::codes;

/// Why a source did not become artifacts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The request contradicts itself or names something that cannot be used.
    #[error("invalid source: {problem}")]
    Request {
        /// What is wrong with it.
        problem: String,
    },
    /// A program that the work needs is not installed.
    #[error("`{tool}` was not found and is needed to {doing}")]
    ToolMissing {
        /// The program.
        tool: String,
        /// What for.
        doing: String,
    },
    /// A program failed in a way that has no case of its own.
    #[error("`{tool}` failed to {doing}: {said}")]
    Tool {
        /// The program.
        tool: String,
        /// What it was to do.
        doing: String,
        /// What it said, shortened.
        said: String,
    },
    /// A program did not finish in time and was ended.
    #[error("`{tool}` took longer than {seconds} s to {doing} and was ended")]
    Timeout {
        /// The program.
        tool: String,
        /// What it was to do.
        doing: String,
        /// The limit.
        seconds: u64,
    },
    /// A program wrote more than it may, and was ended.
    #[error("`{tool}` wrote more than {limit} bytes to {doing} and was ended")]
    OutputTooLarge {
        /// The program.
        tool: String,
        /// What it was to do.
        doing: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// A server did not answer.
    #[error("`{tool}` could not reach a server to {doing}: {said}")]
    Unreachable {
        /// The program that tried.
        tool: String,
        /// What it was to do.
        doing: String,
        /// What it said, shortened.
        said: String,
    },
    /// The repository does not have the commit.
    #[error("commit {rev} is not in `{url}`")]
    RevisionMissing {
        /// The repository.
        url: String,
        /// The commit.
        rev: String,
    },
    /// The hash names something else than a commit, or the repository answered with another one.
    #[error("expected commit {wanted} and checked out {found}")]
    RevisionMismatch {
        /// The commit of the spec.
        wanted: String,
        /// What lies in the work tree.
        found: String,
    },
    /// A lock file cannot be used.
    #[error("cannot use `{file}`: {problem}")]
    Lock {
        /// The lock file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A source file imports a package that the lock does not pin.
    #[error("package `{package}`, imported by `{importer}`, is not in `{file}`")]
    NotLocked {
        /// The package.
        package: String,
        /// A source file that needs it.
        importer: String,
        /// The lock file.
        file: PathBuf,
    },
    /// The lock names a package without a usable hash.
    #[error("package `{package}` {version} has no usable integrity")]
    NoIntegrity {
        /// The package.
        package: String,
        /// Its version.
        version: String,
    },
    /// The lock names a package by a hash that two packages can have.
    #[error("package `{package}` {version} is pinned by SHA-1 alone, which can be forged: {found}")]
    WeakIntegrity {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// What the lock has.
        found: String,
    },
    /// A package is not what its hash says.
    #[error("package `{package}` {version} does not have the expected integrity: {said}")]
    WrongIntegrity {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// Expected and found, as far as known.
        said: String,
    },
    /// The registry does not have the package.
    #[error("the registry has no package `{package}` {version}")]
    PackageMissing {
        /// The package.
        package: String,
        /// Its version.
        version: String,
    },
    /// No hash is known for the compiler version.
    #[error("no integrity is known for compiler {version}")]
    UnknownCompiler {
        /// The version asked for.
        version: String,
        /// Versions that are built in.
        known: Vec<&'static str>,
    },
    /// An imported file does not exist.
    #[error("source file `{file}` does not exist, imported by `{importer}`")]
    FileMissing {
        /// The file, by its source name.
        file: String,
        /// Who imports it.
        importer: String,
    },
    /// An import leads out of its project or package.
    #[error("`{importer}` imports `{import}`, which lies outside of the source")]
    OutsideTree {
        /// The import as it is written.
        import: String,
        /// Who imports it.
        importer: String,
    },
    /// The sources are larger than a contract's sources can sensibly be.
    #[error("the sources of `{file}` are larger than {limit} bytes")]
    SourcesTooLarge {
        /// The file that was to be compiled.
        file: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// No file defines the contract.
    #[error("no contract `{name}` in `{root}`")]
    UnknownContract {
        /// The name asked for.
        name: String,
        /// The folder that was searched.
        root: PathBuf,
        /// The closest name that exists.
        similar: Option<String>,
    },
    /// Several files define the contract.
    #[error("contract `{name}` is defined in {}", .places.join(" and "))]
    AmbiguousContract {
        /// The name asked for.
        name: String,
        /// The files, by their source names.
        places: Vec<String>,
    },
    /// It exists, and it has no code of its own: an interface or an abstract contract.
    #[error("`{name}` in `{file}` has no code to deploy")]
    NotDeployable {
        /// The name asked for.
        name: String,
        /// Where it is defined.
        file: String,
    },
    /// The compiler refused the sources.
    #[error("`{file}` does not compile:\n{message}")]
    Compile {
        /// The file that was to be compiled.
        file: String,
        /// The compiler's messages, shortened.
        message: String,
    },
    /// The code has holes for libraries that are deployed apart.
    #[error("`{name}` must be linked with {}, and linking is not supported", .libraries.join(", "))]
    Unlinked {
        /// The contract.
        name: String,
        /// The libraries, as `file:Name`.
        libraries: Vec<String>,
    },
    /// The compiler's answer is not what its documentation promises.
    #[error("the compiler's answer for `{file}` cannot be read: {problem}")]
    CompilerAnswer {
        /// The file that was compiled.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file or folder could not be read or written.
    #[error("failed to {doing} `{path}`")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl SourceError {
    /// Returns the stable code of the failure.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Request { .. } => codes::REQUEST,
            Self::ToolMissing { .. } => codes::TOOL_MISSING,
            Self::Tool { .. } => codes::TOOL,
            Self::Timeout { .. } => codes::TIMEOUT,
            Self::OutputTooLarge { .. } => codes::OUTPUT_TOO_LARGE,
            Self::Unreachable { .. } => codes::UNREACHABLE,
            Self::RevisionMissing { .. } => codes::REVISION_MISSING,
            Self::RevisionMismatch { .. } => codes::REVISION_MISMATCH,
            Self::Lock { .. } => codes::LOCK,
            Self::NotLocked { .. } => codes::NOT_LOCKED,
            Self::NoIntegrity { .. } => codes::NO_INTEGRITY,
            Self::WeakIntegrity { .. } => codes::WEAK_INTEGRITY,
            Self::WrongIntegrity { .. } => codes::WRONG_INTEGRITY,
            Self::PackageMissing { .. } => codes::PACKAGE_MISSING,
            Self::UnknownCompiler { .. } => codes::UNKNOWN_COMPILER,
            Self::FileMissing { .. } => codes::FILE_MISSING,
            Self::OutsideTree { .. } => codes::OUTSIDE_TREE,
            Self::SourcesTooLarge { .. } => codes::TOO_LARGE,
            Self::UnknownContract { .. } => codes::UNKNOWN_CONTRACT,
            Self::AmbiguousContract { .. } => codes::AMBIGUOUS_CONTRACT,
            Self::NotDeployable { .. } => codes::NOT_DEPLOYABLE,
            Self::Compile { .. } => codes::COMPILE,
            Self::Unlinked { .. } => codes::UNLINKED,
            Self::CompilerAnswer { .. } => codes::COMPILER_ANSWER,
            Self::Io { .. } => codes::IO,
        }
    }

    /// Returns what to do about it, if the program knows.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::ToolMissing { tool, .. } => {
                format!("install `{tool}`, or put its folder into PATH")
            }
            Self::Timeout { .. } => "run it again; what was finished is kept in the cache".into(),
            Self::Unreachable { .. } => {
                "check the network, the proxy and the certificate settings (for npm: `npm ping`), \
                 then run it again"
                    .into()
            }
            Self::RevisionMissing { .. } => {
                "check `rev`: a full commit hash that a branch or tag of the repository contains"
                    .into()
            }
            Self::RevisionMismatch { found, .. } => format!("write `rev = \"{found}\"` if it is meant"),
            Self::Lock { .. } => {
                "write a `package-lock.json` with `npm install --package-lock-only` (npm 7 or newer)"
                    .into()
            }
            Self::NotLocked { package, .. } => {
                format!("run `npm install {package}` in the source, so that its lock pins it")
            }
            Self::NoIntegrity { package, .. } => {
                format!("run `npm install {package}` in the source, so that its lock has the hash")
            }
            Self::WeakIntegrity { package, version, .. } => format!(
                "write its sha512 into the lock: take the package's entry out of it and run \
                 `npm install {package}@{version}`; if the registry names SHA-1 only, use another registry"
            ),
            Self::WrongIntegrity { .. } => {
                "do not deploy: the registry or the lock has been changed; compare with another \
                 registry"
                    .into()
            }
            Self::PackageMissing { .. } => {
                "check the registry setting of npm (`npm config get registry`)".into()
            }
            Self::UnknownCompiler { version, known } => format!(
                "use one of {}, or give the integrity that `npm view solc@{version} \
                 dist.integrity` prints",
                known.join(", ")
            ),
            Self::UnknownContract { similar: Some(similar), .. } => {
                format!("did you mean `{similar}`?")
            }
            Self::AmbiguousContract { name, places } => {
                let place = places.first().map_or("contracts/File.sol", String::as_str);
                format!("name the file too, such as `{place}:{name}`")
            }
            Self::NotDeployable { .. } => "name a contract that inherits or implements it".into(),
            _ => return None,
        })
    }
}

/// Makes an [`io::Error`] say what was tried on which path.
pub(crate) fn io_error(
    doing: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> SourceError {
    let path = path.into();
    move |source| SourceError::Io {
        doing,
        path,
        source,
    }
}
