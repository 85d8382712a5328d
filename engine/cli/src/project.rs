//! Which files a run speaks of.
//!
//! - Reads: the arguments, the user's folder, and the environment's `POSPOOL_…`.
//! - Returns: absolute paths and locations, the texts of the spec and of variables, the open state.
//! - Never: writes a file.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pospool_engine::store::{Mode, StateKey, Store};
use pospool_lang::config::{self, StateBlock, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::SecretRef;
use pospool_remote::{Key, Location, RemoteSettings};

use crate::args::{Common, Variables};
use crate::failure::{Failure, StateFailure};

/// Prefix of environment variables that give values to the spec's variables.
const PREFIX: &str = "POSPOOL_VAR_";

/// Most bytes of a spec or of a file of variables: as many as the decoder takes.
const MOST_BYTES: u64 = 8_000_000;

/// Environment variable that says where the state is, if `--state` does not.
const STATE: &str = "POSPOOL_STATE";

/// How often a state that another run may be changing is looked at, and the time between two looks.
const GLANCES: usize = 3;
const GLANCE_PAUSE: Duration = Duration::from_millis(50);

/// File beside the spec that notes the newest sealed state that was seen.
const SEEN: &str = ".pospool.seen.json";

/// The user's folder and environment, as values.
#[derive(Clone, Debug, Default)]
pub struct UserEnvironment {
    /// The folder that the user's paths start at.
    pub folder: PathBuf,
    /// The environment's variables with our prefix, as `(name without it, value)`.
    pub variables: Vec<(String, String)>,
    /// Where the state is, by the environment.
    pub state: Option<String>,
    /// How remote states are kept.
    pub settings: RemoteSettings,
}

impl UserEnvironment {
    /// Takes them from the process.
    pub fn of_process() -> Result<Self, Failure> {
        let folder = std::env::current_dir()
            .map_err(|source| Failure::System("find the current folder", source))?;
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let environment: BTreeMap<_, _> = std::env::vars_os().filter_map(text).collect();
        let state = environment.get(STATE).filter(|text| !text.is_empty());
        Ok(Self {
            folder,
            state: state.cloned(),
            settings: RemoteSettings::read(&environment)?,
            variables: environment
                .into_iter()
                .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
                .collect(),
        })
    }

    /// Makes a path of the user absolute.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// The files of one project.
#[derive(Clone, Debug)]
pub struct Project {
    /// The spec.
    pub spec: PathBuf,
    /// The spec as the user named it, for messages.
    pub spec_name: String,
    /// Where the state is, as `--state` says it.
    named_state: Option<String>,
    /// Where the state is, once it was asked for.
    state: OnceCell<Location>,
    /// What the spec's `state` block says, once it was read.
    block: OnceCell<StateBlock>,
    /// What it is sealed with, as `--state-key` says it.
    named_key: Option<SecretRef>,
    /// What it is sealed with, once it was asked for.
    key: OnceCell<Key>,
    surroundings: UserEnvironment,
}

impl Project {
    /// Finds the files; none of them need be there.
    #[must_use]
    pub fn new(common: &Common, surroundings: UserEnvironment) -> Self {
        Self {
            spec: surroundings.path(&common.spec),
            spec_name: common.spec.display().to_string(),
            named_state: common.state.clone(),
            state: OnceCell::new(),
            block: OnceCell::new(),
            named_key: common.state_key.clone(),
            key: OnceCell::new(),
            surroundings,
        }
    }

    /// Where the state is: by `--state`, by the environment, by the spec, or beside it.
    pub fn state(&self) -> Result<&Location, Failure> {
        if let Some(state) = self.state.get() {
            return Ok(state);
        }
        let named = self
            .named_state
            .as_ref()
            .or(self.surroundings.state.as_ref());
        let state = match named {
            Some(named) => Location::parse(named, &self.surroundings.folder)?,
            None => match &self.state_block()?.url {
                Some(named) => Location::parse(named, self.folder())?,
                None => Location::File(self.spec.with_file_name("pospool.state.json")),
            },
        };
        Ok(self.state.get_or_init(|| state))
    }

    /// What the state is sealed with: by `--state-key`, or by the spec. The spec says whether it is encrypted.
    pub fn key(&self) -> Result<&Key, Failure> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        // A path of the command line starts at the user's folder, one of the spec at its own.
        let folder = match self.named_key {
            Some(_) => &self.surroundings.folder,
            None => self.folder(),
        };
        let named = self.named_key()?.map(|named| resolve(named, folder));
        let encrypt = self.state_block()?.encrypt;
        let key = named.map(|named| read_key(&named, encrypt));
        let mut key = key.transpose()?;
        // In a folder without a spec somebody only looks.
        if self.spec.is_file() {
            key = key.map(|key| key.remembering(self.folder().join(SEEN)));
        }
        let key = key.map(Arc::new);
        Ok(self.key.get_or_init(|| key))
    }

    /// Where the key of the state is, without a look at it.
    pub fn named_key(&self) -> Result<Option<&SecretRef>, Failure> {
        match &self.named_key {
            Some(named) => Ok(Some(named)),
            None => Ok(self.state_block()?.key.as_ref()),
        }
    }

    /// Reads another key, such as that of before.
    pub fn other_key(&self, named: &SecretRef) -> Result<Key, Failure> {
        let named = resolve(named, &self.surroundings.folder);
        read_key(&named, false).map(|key| Some(Arc::new(key)))
    }

    /// What the `state` block of the spec says, if there are both.
    fn state_block(&self) -> Result<&StateBlock, Failure> {
        if let Some(block) = self.block.get() {
            return Ok(block);
        }
        let block = match self.read_spec()? {
            None => StateBlock::default(),
            Some(file) => config::state_block(&file).map_err(|problems| Failure::Problems {
                problems,
                files: vec![file],
            })?,
        };
        Ok(self.block.get_or_init(|| block))
    }

    /// Opens the state.
    pub fn open_state(&self, mode: Mode, command: &str) -> Result<Store, Failure> {
        let settings = self.settings();
        Ok(pospool_remote::open_store(
            self.state()?,
            mode,
            command,
            settings,
            self.key()?,
        )?)
    }

    /// Opens the state to look at it while another run may change it: no lock is taken, so none is waited for.
    pub fn glance_at_state(&self, command: &str) -> Result<Store, Failure> {
        let mut opened = self.open_state(Mode::Glance, command);
        for _ in 1..GLANCES {
            if opened.is_ok() {
                break;
            }
            // A run may have replaced it, and noted that, between two looks of this one.
            std::thread::sleep(GLANCE_PAUSE);
            opened = self.open_state(Mode::Glance, command);
        }
        opened
    }

    /// How remote states are kept.
    #[must_use]
    pub fn settings(&self) -> &RemoteSettings {
        &self.surroundings.settings
    }

    /// The spec's folder, at which relative paths inside it start.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.spec.parent().unwrap_or(&self.spec)
    }

    /// Makes a path of the user absolute.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.surroundings.path(path)
    }

    /// Reads the spec; `None` if there is none.
    pub fn read_spec(&self) -> Result<Option<SourceFile>, Failure> {
        match read_text(&self.spec) {
            Ok(text) => Ok(Some(SourceFile::new(&self.spec_name, text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(unreadable(&self.spec, source)),
        }
    }

    /// Values of variables, each with where it comes from.
    pub fn variable_inputs(&self, given: &Variables) -> Result<VariableInputs, Failure> {
        let mut inputs = VariableInputs::default();
        for (name, text) in &self.surroundings.variables {
            let origin = format!("{PREFIX}{name}");
            inputs
                .assignments
                .push((name.clone(), text.clone(), origin));
        }
        for file in &given.files {
            let path = self.path(file);
            let text = read_text(&path).map_err(|source| unreadable(&path, source))?;
            inputs
                .files
                .push(SourceFile::new(file.display().to_string(), text));
        }
        for (name, text) in &given.assignments {
            let origin = format!("--var {name}");
            inputs
                .assignments
                .push((name.clone(), text.clone(), origin));
        }
        Ok(inputs)
    }
}

/// A secret whose relative path starts at this folder.
fn resolve(named: &SecretRef, folder: &Path) -> SecretRef {
    match named {
        SecretRef::File(path) => SecretRef::File(folder.join(path)),
        other => other.clone(),
    }
}

fn read_key(named: &SecretRef, encrypt: bool) -> Result<StateKey, Failure> {
    let secret = named.read_key().map_err(StateFailure::NoKey)?;
    let key = StateKey::new(&secret, encrypt).map_err(|source| StateFailure::WeakKey {
        named: named.clone(),
        source,
    })?;
    Ok(key)
}

/// Reads a file of text, but not an endless one.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let what = format!("it is larger than {MOST_BYTES} bytes");
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, what));
    }
    String::from_utf8(bytes)
        .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error.utf8_error()))
}

fn unreadable(path: &Path, source: std::io::Error) -> Failure {
    Failure::File {
        verb: "read",
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::LogArgs;

    #[test]
    fn a_spec_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.hcl");
        std::fs::write(&path, vec![b' '; 8_000_000]).unwrap();
        assert_eq!(read_text(&path).unwrap().len(), 8_000_000);
        std::fs::write(&path, vec![b' '; 8_000_001]).unwrap();
        let too_large =
            |path: &Path| read_text(path).unwrap_err().kind() == ErrorKind::FileTooLarge;
        assert!(too_large(&path) && too_large(Path::new("/dev/zero")));
        std::fs::write(&path, [b'a', 0xff]).unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn paths_of_the_user_start_at_their_folder() {
        let surroundings = UserEnvironment {
            folder: "/home/me".into(),
            ..UserEnvironment::default()
        };
        let mut common = Common {
            spec: "pools/a.hcl".into(),
            state: None,
            state_key: None,
            json: false,
            no_color: false,
            log: LogArgs::default(),
        };
        let mut project = Project::new(&common, surroundings.clone());
        assert_eq!(project.spec, Path::new("/home/me/pools/a.hcl"));
        assert_eq!(
            *project.state().unwrap(),
            Location::File("/home/me/pools/pospool.state.json".into())
        );
        assert_eq!(project.folder(), Path::new("/home/me/pools"));
        assert_eq!(project.path(Path::new("x")), Path::new("/home/me/x"));
        common.state = Some("s.json".into());
        project = Project::new(&common, surroundings);
        assert_eq!(
            *project.state().unwrap(),
            Location::File("/home/me/s.json".into())
        );
    }
}
