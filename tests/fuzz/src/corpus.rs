//! The committed corpus, without a fuzzer.

use std::fs;
use std::path::Path;

use crate::targets;

/// A name and a body.
type Target = (&'static str, fn(&[u8]));

/// All targets by name.
const TARGETS: &[Target] = &[
    ("compiler_output", targets::compiler_output),
    ("docker_answer", targets::docker_answer),
    ("journal", targets::journal),
    ("plan_file", targets::plan_file),
    ("register_data", targets::register_data),
    ("remote_document", targets::remote_document),
    ("rpc_answer", targets::rpc_answer),
    ("sources", targets::sources),
    ("spec", targets::spec),
    ("state", targets::state),
    ("texts", targets::texts),
    ("variables", targets::variables),
];

/// Most bytes of the whole corpus.
const MOST_BYTES: u64 = 400_000;
/// Most files of one target.
const MOST_FILES: usize = 40;

#[test]
fn every_file_of_the_corpus_keeps_every_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut size = 0;
    for (name, target) in TARGETS {
        let mut files = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            // The name of the file that breaks a promise stands before the panic's own words.
            println!("{}", path.display());
            target(&bytes);
            size += bytes.len() as u64;
            files += 1;
        }
        assert!(
            (1..=MOST_FILES).contains(&files),
            "{name} has {files} files"
        );
    }
    assert!(size <= MOST_BYTES, "{size} bytes");
    let folders = fs::read_dir(corpus).unwrap().count();
    assert_eq!(folders, TARGETS.len(), "a folder for each target");
}

#[test]
fn every_target_has_its_program() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut names: Vec<String> = fs::read_dir(programs)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
}
