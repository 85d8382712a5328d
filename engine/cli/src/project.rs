//! Which files a run speaks of.
//!
//! - Reads: the arguments, the user's folder, and the environment's `POSPOOL_VAR_…`.
//! - Returns: absolute paths, and the texts of the spec and of variables.
//! - Never: writes a file or looks into a state.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pospool_engine::config::VariableInputs;
use pospool_engine::spec::SourceFile;

use crate::args::{Common, Variables};
use crate::failure::Failure;

/// Prefix of environment variables that give values to the spec's variables.
const PREFIX: &str = "POSPOOL_VAR_";

/// The user's folder and environment, as values.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The folder that the user's paths start at.
    pub folder: PathBuf,
    /// The environment's variables with our prefix, as `(name without it, value)`.
    pub variables: Vec<(String, String)>,
}

impl Surroundings {
    /// Takes them from the process.
    pub fn of_process() -> Result<Self, Failure> {
        let folder = std::env::current_dir()
            .map_err(|source| Failure::System("find the current folder", source))?;
        let named = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let name = name.strip_prefix(PREFIX)?.to_owned();
            Some((name, value.into_string().ok()?))
        });
        let mut variables: Vec<_> = named.collect();
        variables.sort();
        Ok(Self { folder, variables })
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
    /// The state.
    pub state: PathBuf,
    surroundings: Surroundings,
}

impl Project {
    /// Finds the files; none of them need be there.
    #[must_use]
    pub fn new(common: &Common, surroundings: Surroundings) -> Self {
        let spec = surroundings.path(&common.spec);
        let state = match &common.state {
            Some(state) => surroundings.path(state),
            None => spec.with_file_name("pospool.state.json"),
        };
        Self {
            spec,
            spec_name: common.spec.display().to_string(),
            state,
            surroundings,
        }
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
        match std::fs::read_to_string(&self.spec) {
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
            let text =
                std::fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
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

    #[test]
    fn paths_of_the_user_start_at_their_folder() {
        let surroundings = Surroundings {
            folder: "/home/me".into(),
            variables: Vec::new(),
        };
        let mut common = Common {
            spec: "pools/a.hcl".into(),
            state: None,
            json: false,
            no_color: false,
        };
        let project = Project::new(&common, surroundings.clone());
        assert_eq!(project.spec, Path::new("/home/me/pools/a.hcl"));
        assert_eq!(
            project.state,
            Path::new("/home/me/pools/pospool.state.json")
        );
        assert_eq!(project.folder(), Path::new("/home/me/pools"));
        assert_eq!(project.path(Path::new("x")), Path::new("/home/me/x"));
        common.state = Some("s.json".into());
        let project = Project::new(&common, surroundings);
        assert_eq!(project.state, Path::new("/home/me/s.json"));
    }
}
