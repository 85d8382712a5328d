//! The specs that people copy are valid.

use std::path::Path;

use pospool_cli::wiring;
use pospool_engine::resolve;
use pospool_lang::config::{self, VariableInputs};
use pospool_lang::spec::SourceFile;

/// A value for every variable without a default, by example.
const VARIABLES: &[(&str, &[(&str, &str)])] = &[
    ("both-spaces", &[]),
    (
        "bring-your-own-key",
        &[("register_data", include_str!("register_data.hex"))],
    ),
    ("mainnet", &[]),
    (
        "private-network",
        &[
            ("core_rpc", "http://127.0.0.1:12537"),
            ("core_rpc_inside", "http://172.18.0.2:12537"),
            ("bootnodes", BOOTNODE),
            ("docker_network", "pospool-devnet-demo"),
        ],
    ),
    ("testnet", &[]),
];

const BOOTNODE: &str = "cfxnode://00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000@172.18.0.2:32323";

/// The same as the text of a file of variables.
pub(crate) fn example_variables(example: &str) -> String {
    let found = VARIABLES.iter().find(|(name, _)| *name == example);
    let lines = found.into_iter().flat_map(|(_, variables)| *variables);
    lines.fold(String::new(), |text, (name, value)| {
        format!("{text}{name} = \"{}\"\n", value.trim())
    })
}

#[test]
fn every_example_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let known: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "each example is tested");
    let registry = wiring::build_registry(wiring::NO_WAIT);
    for (name, variables) in VARIABLES {
        let text = std::fs::read_to_string(folder.join(name).join("pool.hcl")).unwrap();
        let inputs = VariableInputs {
            assignments: variables
                .iter()
                .map(|(name, text)| {
                    (
                        (*name).to_owned(),
                        (*text).trim().to_owned(),
                        "--var".to_owned(),
                    )
                })
                .collect(),
            ..VariableInputs::default()
        };
        let file = SourceFile::new("pool.hcl", text);
        let (config, mut problems) = config::decode_spec(&[file], &registry.kinds(), &inputs);
        problems.extend(resolve::resolve_unseen(&config, &registry).1);
        assert!(problems.is_empty(), "{name}: {problems:#?}");
        assert!(config.resources().count() > 4);
    }
}

/// Name of the node's image before its tag.
const NODE_IMAGE: &str = "confluxchain/conflux-rust:";

#[test]
fn case_old_release_documents_and_examples_name_the_current_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let current = ["mainnet", "testnet"].map(|network| wiring::current_image(network).unwrap());
    let mut files = vec![root.join("README.md"), root.join("docs/reference/spec.md")];
    let guide = std::fs::read_dir(root.join("docs/guide")).unwrap();
    files.extend(guide.map(|entry| entry.unwrap().path()));
    let names = VARIABLES.iter().map(|(name, _)| name);
    files.extend(names.map(|name| root.join("examples").join(name).join("pool.hcl")));
    let mut seen = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices(NODE_IMAGE) {
            let rest = &text[at..];
            let is_part = |c: char| c.is_ascii_alphanumeric() || "/:.-".contains(c);
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let image = rest[..end].trim_end_matches('.');
            assert!(current.contains(&image), "{}: {image}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
