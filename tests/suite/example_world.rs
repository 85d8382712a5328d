//! An example of the repository as an operator has it, on stubs.

use std::path::Path;

use pospool_cli::exit::Exit;
use pospool_conflux::Key;
use pospool_modelchain::Account;
use pospool_tests::stub_world::{CommandRun, StubWorld};

use crate::examples::example_variables;

/// A project with the spec of an example, and all that this needs.
pub(crate) struct ExampleWorld {
    pub(crate) world: StubWorld,
    /// The spec as it was when this began.
    pub(crate) spec: String,
    /// The words that name its variables.
    pub(crate) values: &'static [&'static str],
}

/// The account that the key of the stubs' operator has.
pub(crate) fn operator() -> Account {
    let key = Key::parse(&"11".repeat(32)).unwrap();
    key.core_address(1).bytes()
}

/// The spec of an example.
pub(crate) fn spec_of(example: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    std::fs::read_to_string(root.join(example).join("pool.hcl")).unwrap()
}

impl ExampleWorld {
    /// The spec may be another one than that of the example, with the same variables.
    pub(crate) fn new(example: &str, network: u32, spec: String) -> Self {
        Self::over(StubWorld::new(network), example, spec)
    }

    /// The same over a world that is there.
    pub(crate) fn over(world: StubWorld, example: &str, spec: String) -> Self {
        world.engine.add_network("pospool-devnet-demo");
        world.write_network_files();
        world.write_spec(&spec);
        let variables = example_variables(example);
        world.write("values.hcl", &variables);
        let values: &[&str] = if variables.is_empty() {
            &[]
        } else {
            &["--var-file", "values.hcl"]
        };
        Self {
            world,
            spec,
            values,
        }
    }

    /// The pool of the demo.
    pub(crate) fn demo(spec: String) -> Self {
        Self::new("private-network", 1234, spec)
    }

    pub(crate) fn run(&self, words: &[&str]) -> CommandRun {
        self.world.run(&[words, self.values].concat(), "")
    }

    pub(crate) fn ends(&self, words: &[&str], exit: Exit) -> CommandRun {
        let run = self.run(words);
        assert_eq!(run.exit, exit, "{words:?}: {}\n{}", run.out, run.err);
        run
    }

    /// Changes one thing of the spec with which this began.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        assert!(self.spec.contains(from), "{from}");
        self.world.write_spec(&self.spec.replacen(from, to, 1));
    }
}
