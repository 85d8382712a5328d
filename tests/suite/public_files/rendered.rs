//! `pospool render` of the public examples.

use std::collections::BTreeMap;

use pospool_cli::args::{Common, LogArgs, RenderArgs, Variables};
use pospool_cli::commands::{Session, render};
use pospool_cli::console::Console;
use pospool_cli::interrupt::Interrupt;
use pospool_cli::project::{Project, UserEnvironment};
use pospool_cli::view::Paint;
use pospool_cli::wiring;

/// What the command wrote of the example's node.
pub(crate) struct Rendered {
    /// Texts by name.
    pub(crate) files: BTreeMap<String, String>,
    /// What it said of other files.
    pub(crate) notes: Vec<String>,
}

impl Rendered {
    /// Renders the example of a network with a release.
    pub(crate) fn of(network: &str, release: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = format!("confluxchain/conflux-rust:{release}-{network}");
        let args = RenderArgs {
            address: None,
            out: Some("out".into()),
            variables: Variables {
                assignments: vec![("image".to_owned(), image)],
                files: Vec::new(),
            },
        };
        let common = Common {
            spec: super::example(network),
            state: None,
            state_key: None,
            json: false,
            no_color: true,
            log: LogArgs::default(),
        };
        let surroundings = UserEnvironment {
            folder: folder.path().to_owned(),
            ..UserEnvironment::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console {
            out: &mut out,
            err: &mut err,
            input: &mut std::io::empty(),
            asks: false,
            json: false,
            out_paint: Paint::PLAIN,
            err_paint: Paint::PLAIN,
            redraws: false,
        };
        let mut session = Session {
            project: &Project::new(&common, surroundings),
            registry: &wiring::build_registry(wiring::NO_WAIT),
            console: &mut console,
            interrupt: &Interrupt::default(),
        };
        render::run_render(&mut session, &args).unwrap_or_else(|failure| panic!("{failure:?}"));
        let files = std::fs::read_dir(folder.path().join("out/node.main")).unwrap();
        let notes = String::from_utf8(err).unwrap();
        Self {
            files: files
                .map(|entry| {
                    let path = entry.unwrap().path();
                    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                    (name, std::fs::read_to_string(path).unwrap())
                })
                .collect(),
            notes: notes
                .lines()
                .filter_map(|line| line.strip_prefix("note: node.main: "))
                .map(ToOwned::to_owned)
                .collect(),
        }
    }

    /// One of the files.
    pub(crate) fn file(&self, name: &str) -> &str {
        &self.files[name]
    }
}
