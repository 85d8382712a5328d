//! Whole requests with a script in the place of npm, which makes a compiler of a few lines.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, path::PathBuf};

use pospool_source::{Artifact, SourceError, SourceRequest, Tools, compile_contracts};

/// A compiler that answers with the code 0x60 for `contracts/A.sol:A`.
const HONEST: &str = r#"
const answer = '{"contracts":{"contracts/A.sol":{"A":{"abi":[],"evm":' +
  '{"bytecode":{"object":"60"},"deployedBytecode":{"object":""}}}}}}';
exports.cwrap = (name) => () => (name === "solidity_version" ? "0.8.4+test" : answer);
"#;

struct World {
    dir: tempfile::TempDir,
    request: SourceRequest,
}

/// Makes a project with one contract, and an npm that installs the given compiler.
fn world(compiler: &str) -> World {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    write(
        "project/contracts/A.sol",
        "import '@scope/name/B.sol'; contract A {}",
    );
    write("soljson.js", compiler);
    write("B.sol", "");
    let lock = format!(
        r#"{{"lockfileVersion":3,"packages":{{"node_modules/@scope/name":
        {{"version":"0.8.4","integrity":"sha512-{}=="}}}}}}"#,
        "A".repeat(86)
    );
    write("project/package-lock.json", &lock);
    // Whatever package is wanted, it gets all of these files.
    let script = r#"#!/bin/sh
        for name in solc @scope/name; do
          mkdir -p node_modules/$name
          cp ../../../soljson.js ../../../B.sol node_modules/$name
          echo '{"version":"0.8.4"}' > node_modules/$name/package.json
        done
        echo run >> ../../../runs"#;
    let npm = write("npm", script);
    fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
    let mut request = SourceRequest::folder(dir.path().join("project"), dir.path().join("cache"));
    request.tools = Tools {
        npm,
        ..Tools::default()
    };
    World { dir, request }
}

impl World {
    fn compile(&self, name: &str) -> Result<Artifact, SourceError> {
        loop {
            match compile_contracts(&self.request, &[name.to_owned()]) {
                Ok(mut artifacts) => return Ok(artifacts.remove(name).unwrap()),
                // Another test may be starting a program just now, which still holds the script.
                Err(SourceError::Tool { said, .. }) if said.contains("Text file busy") => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn code(&self, name: &str) -> pospool_model::Code {
        self.compile(name).unwrap_err().code()
    }
}

#[test]
fn packages_and_compiler_are_installed_once() {
    let world = world(HONEST);
    let artifact = world.compile("A").unwrap();
    assert_eq!(
        (artifact.bytecode.as_str(), artifact.compiler.as_str()),
        ("0x60", "0.8.4+test")
    );
    let text = serde_json::to_string(&artifact).unwrap();
    assert_eq!(serde_json::from_str::<Artifact>(&text).unwrap(), artifact);
    // Another contract text, the same packages.
    let file = world.dir.path().join("project/contracts/A.sol");
    fs::write(file, "import '@scope/name/B.sol'; contract A { }").unwrap();
    assert_ne!(world.compile("A").unwrap().input, artifact.input);
    let runs = fs::read_to_string(world.dir.path().join("runs")).unwrap();
    assert_eq!(runs.lines().count(), 2, "one run for each package");
}

#[test]
fn missing_programs_are_told_apart() {
    let mut world = world(HONEST);
    let tools = world.request.tools.clone();
    world.request.tools.npm = PathBuf::from("/nowhere/npm");
    let error = world.compile("A").unwrap_err().to_string();
    assert_eq!(
        error,
        "`npm` was not found and is needed to install package `@scope/name` 0.8.4"
    );
    world.request.tools = Tools {
        node: PathBuf::from("/nowhere/node"),
        ..tools
    };
    let error = world.compile("A").unwrap_err().to_string();
    assert_eq!(
        error,
        "`node` was not found and is needed to compile `contracts/A.sol`"
    );
}

#[test]
fn a_compiler_that_misbehaves_is_stopped_or_refused() {
    let huge = "exports.cwrap = () => () => 'x'.repeat(70 * 1024 * 1024);";
    assert_eq!(world(huge).code("A"), "source/output-too-large");
    assert_eq!(world("throw new Error('broken');").code("A"), "source/tool");
    assert_eq!(
        world("exports.cwrap = () => () => 'not json';").code("A"),
        "source/compiler-answer"
    );
    assert_eq!(
        world("process.exit(0);").code("A"),
        "source/compiler-answer"
    );
}

#[test]
fn a_contradictory_request_is_refused_before_anything_runs() {
    let world = world(HONEST);
    let nothing = SourceRequest {
        path: None,
        ..world.request.clone()
    };
    let both = SourceRequest {
        git: Some("https://example.org/x".into()),
        ..world.request.clone()
    };
    let branch = SourceRequest::commit("https://example.org/x", "main", world.dir.path());
    let unknown = SourceRequest {
        compiler: "0.4.26".into(),
        ..world.request.clone()
    };
    for (request, code) in [
        (nothing, "source/request"),
        (both, "source/request"),
        (branch, "source/request"),
        (unknown, "source/unknown-compiler"),
    ] {
        assert_eq!(
            compile_contracts(&request, &["A".to_owned()])
                .unwrap_err()
                .code(),
            code
        );
    }
    assert_eq!(world.code("a_"), "source/unknown-contract");
    assert!(!Path::new(&world.dir.path().join("runs")).exists());
}
