//! Source code in, compiled contracts out.
//!
//! - Reads: a [`SourceRequest`]: a folder or one commit of a repository, a compiler version, a cache.
//! - Returns: an [`Artifact`] for each wanted contract, or a [`SourceError`] that says what to do.
//! - Never: writes outside of the cache but for the key of its seals, uses an entry of the cache whose seal is broken, follows a branch or a version range, runs a script of what
//!   it loaded, lets a program see an environment variable that it does not need.
//!
//! The stages, in the order of the data:
//!
//! ```text
//! git ----> tree --project--> root, files --imports--> sources --solc--> artifacts
//! folder -^                      lock --npm--> packages -^  ^- npm <-- pinned compiler
//! ```
//!
//! Each file is compiled with what it imports and nothing else, under the names that Hardhat uses.
//! So the code of a contract does not change when another contract is asked for in the same run,
//! and it is the code that the project's own tools make.
//!
//! Calls wait for other programs, at most minutes; an async caller uses a thread for blocking work.

mod artifact;
mod bounded;
mod cache;
pub mod codes;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod git;
mod group;
mod imports;
mod lock;
mod npm;
mod project;
mod provider;
mod run;
mod scan;
mod seal;
mod solc;
mod text;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

pub use artifact::Artifact;
pub use error::SourceError;
pub use group::end_all_tools;
pub use provider::SourceProvider;

use artifact::CompiledFile;
use error::io_error;
use imports::{Closure, Roots};
use lock::{Lockfile, Package};
use seal::SealKey;

/// Compiler version of a request that names none.
pub const DEFAULT_COMPILER: &str = "0.8.4";

/// Where sources come from and how they are compiled.
#[derive(Clone, Debug)]
pub struct SourceRequest {
    /// Url of a repository; with `rev`, instead of `path`.
    pub git: Option<String>,
    /// Full commit hash.
    pub rev: Option<String>,
    /// A folder of this machine, instead of `git`.
    pub path: Option<PathBuf>,
    /// Folder of the project in the tree. Without it: `contract`, if that exists and the tree itself
    /// has no `contracts`, else the tree.
    pub subdir: Option<String>,
    /// Exact compiler version: `0.8.4`.
    pub compiler: String,
    /// Hash of the npm package `solc` of that version, for versions that are not built in.
    pub compiler_integrity: Option<String>,
    /// Runs that the optimizer counts with; `None` leaves it off.
    pub optimizer_runs: Option<u32>,
    /// Where everything is kept that is loaded and made.
    pub cache: Cache,
    /// Programs to use.
    pub tools: Tools,
}

/// Where everything is kept that is loaded and made. It can be removed at any time.
#[derive(Clone, Debug)]
pub struct Cache {
    /// The folder; it may be shared or restored from elsewhere.
    pub folder: PathBuf,
    /// File with the key of its seals, which is made where it is missing and must lie elsewhere: an entry that was not sealed
    /// with it is made again. Without one, only what this process made is used.
    pub key: Option<PathBuf>,
}

impl<T: Into<PathBuf>> From<T> for Cache {
    fn from(folder: T) -> Self {
        let folder = folder.into();
        Self { folder, key: None }
    }
}

impl Cache {
    /// Makes the folder, and returns its real place and the key.
    fn open(&self) -> Result<(PathBuf, SealKey), SourceError> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        let real = folder.canonicalize().map_err(io_error("find", folder))?;
        Ok((real, SealKey::open(self.key.as_deref())?))
    }
}

/// Programs that do the loading and compiling.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `git`.
    pub git: PathBuf,
    /// `npm`, version 7 or newer.
    pub npm: PathBuf,
    /// `node`.
    pub node: PathBuf,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            git: "git".into(),
            npm: "npm".into(),
            node: "node".into(),
        }
    }
}

impl SourceRequest {
    /// Asks for a folder of this machine, with the default compiler.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>, cache: impl Into<Cache>) -> Self {
        Self {
            git: None,
            rev: None,
            path: Some(path.into()),
            subdir: None,
            compiler: DEFAULT_COMPILER.to_owned(),
            compiler_integrity: None,
            optimizer_runs: None,
            cache: cache.into(),
            tools: Tools::default(),
        }
    }

    /// Asks for a commit of a repository, with the default compiler.
    #[must_use]
    pub fn commit(url: impl Into<String>, rev: impl Into<String>, cache: impl Into<Cache>) -> Self {
        let request = Self::folder(PathBuf::new(), cache);
        Self {
            git: Some(url.into()),
            rev: Some(rev.into()),
            path: None,
            ..request
        }
    }

    /// Returns the folder with the sources, fetching it if it must.
    fn tree(&self, cache: &Path, key: &SealKey) -> Result<PathBuf, SourceError> {
        match (&self.git, &self.rev, &self.path) {
            (Some(url), Some(rev), None) => {
                git::Commit::new(url, rev)?.checkout(cache, &self.tools.git, key)
            }
            (None, None, Some(path)) => Ok(path.clone()),
            _ => Err(SourceError::Request {
                problem: "a source has either `git` and `rev`, or `path`".to_owned(),
            }),
        }
    }
}

/// Compiles contracts of a source, or finds them compiled.
///
/// A name is that of a contract, or `path/of/File.sol:Contract` where several files define one of
/// that name. The result has one entry for each name, under the name as it was asked for.
pub fn compile_contracts(
    request: &SourceRequest,
    names: &[String],
) -> Result<BTreeMap<String, Artifact>, SourceError> {
    // What can be refused without loading anything is refused first.
    let compiler = solc::solc_package(&request.compiler, request.compiler_integrity.as_deref())?;
    let (cache, key) = request.cache.open()?;
    let tree = request.tree(&cache, &key)?;
    let root = project::find_project_root(&tree, request.subdir.as_deref())?;
    let index = project::Index::of(&root)?;
    let places = names
        .iter()
        .map(|name| index.find(name))
        .collect::<Result<Vec<_>, _>>()?;

    let mut work = CompileWork {
        request,
        cache,
        key,
        root,
        compiler,
        packages: BTreeMap::new(),
    };
    let mut files: BTreeMap<String, CompiledFile> = BTreeMap::new();
    let mut artifacts = BTreeMap::new();
    for (name, place) in names.iter().zip(places) {
        if !files.contains_key(&place.file) {
            files.insert(place.file.clone(), work.compiled(&place.file)?);
        }
        artifacts.insert(
            name.clone(),
            files[&place.file].take(&place.file, &place.contract)?,
        );
    }
    Ok(artifacts)
}

/// Returns the folder with all files of a source, of which contracts are only a part; it is in the cache, or the
/// operator's own.
pub fn find_source_tree(request: &SourceRequest) -> Result<PathBuf, SourceError> {
    let (cache, key) = request.cache.open()?;
    request.tree(&cache, &key)
}

/// Returns the compiler's standard JSON input that an artifact was made from, for an explorer that
/// compiles it again. It is in the cache as long as the artifact is.
pub fn compiler_input(cache: &Path, artifact: &Artifact) -> Result<String, SourceError> {
    cache::read_cached_input(cache, &artifact.input)
}

/// Returns the file that [`compiler_input`] reads, as an absolute path where the cache is there.
#[must_use]
pub fn input_file(cache: &Path, artifact: &Artifact) -> PathBuf {
    let cache = cache.canonicalize().unwrap_or_else(|_| cache.to_owned());
    cache::input_file(&cache, &artifact.input)
}

/// What a compiler answered to a standard JSON input.
#[derive(Clone, Debug)]
pub struct CompilerAnswer {
    /// Long version of the compiler: `0.8.4+commit.c7e474f2`.
    pub compiler: String,
    /// Its answer, in the standard JSON form; whether it compiled anything is said in there.
    pub json: Vec<u8>,
}

/// Runs a pinned compiler on a standard JSON input that is complete: nothing is added, nothing is
/// looked for, nothing is kept but the compiler. `integrity` is needed as in [`SourceRequest`].
pub fn run_compiler(
    compiler: &str,
    integrity: Option<&str>,
    input: &[u8],
    cache: &Cache,
    tools: &Tools,
) -> Result<CompilerAnswer, SourceError> {
    let package = solc::solc_package(compiler, integrity)?;
    let (cache, key) = cache.open()?;
    let solc = npm::install_package(&package, &cache, &tools.npm, &key)?;
    let (compiler, json) = solc::run_solc("the input", input, &solc, &tools.node)?;
    Ok(CompilerAnswer { compiler, json })
}

/// What the files of one request share.
struct CompileWork<'a> {
    request: &'a SourceRequest,
    cache: PathBuf,
    key: SealKey,
    root: PathBuf,
    compiler: Package,
    /// Packages that are installed: name -> folder.
    packages: BTreeMap<String, PathBuf>,
}

impl CompileWork<'_> {
    fn compiled(&mut self, file: &str) -> Result<CompiledFile, SourceError> {
        let sources = self.sources(file)?;
        let input = solc::write_solc_input(file, &sources, self.request.optimizer_runs)?;
        let key = cache::cache_key(&self.compiler, &input);
        if let Some(kept) = cache::read_cached(&self.cache, &key, &input, &self.key)? {
            return Ok(kept);
        }
        let solc = self.install(&self.compiler)?;
        let (version, answer) = solc::run_solc(file, &input, &solc, &self.request.tools.node)?;
        let compiled = artifact::read_compiler_output(&answer, file, &version, &key)?;
        cache::write_cached(&self.cache, &key, &input, &compiled, &self.key)?;
        Ok(compiled)
    }

    fn install(&self, package: &Package) -> Result<PathBuf, SourceError> {
        npm::install_package(package, &self.cache, &self.request.tools.npm, &self.key)
    }

    /// Collects a file and its imports, installing the packages that turn out to be imported.
    fn sources(&mut self, file: &str) -> Result<BTreeMap<String, String>, SourceError> {
        loop {
            let roots = Roots {
                project: &self.root,
                packages: &self.packages,
            };
            let missing = match imports::collect_imports(file, &roots)? {
                Closure::Complete(sources) => return Ok(sources),
                Closure::Missing(missing) => missing,
            };
            let lock = Lockfile::read(&self.root)?;
            for (name, importer) in missing {
                let package = lock.package(&name, &importer)?;
                let folder = self.install(&package)?;
                let folder = folder.canonicalize().map_err(io_error("find", folder))?;
                self.packages.insert(name, folder);
            }
        }
    }
}
