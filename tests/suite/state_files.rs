//! The promise about files on disk: schemas are those of the types, and every sample is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_engine::planfile::PlanFile;
use pospool_engine::store::{
    Header, JournalEntry, Mode, MovedFile, SealedFile, SealedHeader, StateFile, StateKey, Store,
    decode_snapshot, seal_medium,
};
use pospool_keys::Manifest;
use pospool_model::{Secret, dependency};
use pospool_remote::Document;
use schemars::schema_for;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../state-schema")
}

/// With `POSPOOL_BLESS=1` the files are written instead of compared.
fn compare(name: &str, schema: &schemars::Schema) {
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    let path = folder().join(name);
    if std::env::var_os("POSPOOL_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{name} is not the schema of the types: a form on disk changed. If that is meant, it needs a \
         new version (state-schema/README.md); then run the tests with POSPOOL_BLESS=1"
    );
}

#[test]
fn the_schemas_are_those_of_the_types() {
    compare("state.v2.schema.json", &schema_for!(StateFile));
    compare("sealed.v3.schema.json", &schema_for!(SealedFile));
    compare(
        "sealed-journal-header.v2.schema.json",
        &schema_for!(SealedHeader),
    );
    compare("journal-header.v1.schema.json", &schema_for!(Header));
    compare("journal-entry.v1.schema.json", &schema_for!(JournalEntry));
    compare("plan.v2.schema.json", &schema_for!(PlanFile));
    compare("moved.v1.schema.json", &schema_for!(MovedFile));
    compare("remote.v2.schema.json", &schema_for!(Document));
    compare("key-bundle.v1.schema.json", &schema_for!(Manifest));
}

#[test]
fn every_sample_state_is_read_and_written_back_unchanged() {
    let samples = folder().join("samples/v1");
    let scratch = tempfile::tempdir().unwrap();
    let state = scratch.path().join("state.json");
    std::fs::copy(samples.join("state.json"), &state).unwrap();
    std::fs::copy(
        samples.join("state.json.journal"),
        scratch.path().join("state.json.journal"),
    )
    .unwrap();
    let store = Store::open(&state, Mode::Read, "test").unwrap();
    assert!(!store.state().resources.is_empty());
    assert_eq!(
        store.open_effects().len(),
        1,
        "the sample was cut in the middle of an effect"
    );
    let text = std::fs::read_to_string(samples.join("state.json")).unwrap();
    let file: StateFile = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&file).unwrap(), text.trim_end());
}

#[test]
fn the_sample_with_a_group_is_read_and_written_back_unchanged() {
    let text = std::fs::read_to_string(folder().join("samples/v2/state.json")).unwrap();
    let state = decode_snapshot("sample".as_ref(), text.as_bytes()).unwrap();
    let reader = &state.resources[&"record.last".parse().unwrap()];
    assert_eq!(
        dependency::reached_resources(&reader.depends_on, &state.groups).len(),
        33
    );
    let file = StateFile::new(state);
    assert_eq!(file.version, 2);
    assert_eq!(serde_json::to_string(&file).unwrap(), text.trim_end());
}

#[test]
fn the_samples_of_remote_states_are_read_and_written_back_unchanged() {
    let sample =
        |name: &str| std::fs::read_to_string(folder().join("samples/v1").join(name)).unwrap();
    let text = sample("remote.json");
    let document: Document = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&document).unwrap(), text.trim_end());
    let snapshot = document.snapshot.unwrap();
    assert_eq!(snapshot.get(), sample("state.json").trim_end());
    assert_eq!(document.journal.unwrap(), sample("state.json.journal"));
    let newer = std::fs::read_to_string(folder().join("samples/v2/remote.json")).unwrap();
    let document: Document = serde_json::from_str(&newer).unwrap();
    assert_eq!((document.version, document.backups.len()), (2, 1));
    assert_eq!(serde_json::to_string(&document).unwrap(), newer.trim_end());
    let text = sample("moved.json");
    let note = MovedFile::read(text.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&note).unwrap(), text.trim_end());
}

#[test]
fn the_sample_of_a_bundle_s_manifest_is_read_and_written_back_unchanged() {
    let text = std::fs::read_to_string(folder().join("samples/v1/key-bundle.json")).unwrap();
    let manifest = Manifest::parse(text.as_bytes()).unwrap();
    assert!(manifest.safety.is_some() && manifest.chain.is_some());
    assert_eq!(serde_json::to_string(&manifest).unwrap(), text.trim_end());
}

/// The key of the sealed samples, which are those of version 1 behind a seal.
fn sample_key() -> Arc<StateKey> {
    let secret = Secret::new("5eed".repeat(16));
    Arc::new(StateKey::new(&secret, false).unwrap())
}

/// A state of the samples and its journal, in a folder of its own, since a lock lies beside it.
fn copy_sample(name: &str) -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    for end in ["", ".journal"] {
        let from = folder().join(format!("samples/{name}{end}"));
        std::fs::copy(from, scratch.path().join(format!("state.json{end}"))).unwrap();
    }
    let state = scratch.path().join("state.json");
    (scratch, state)
}

#[test]
fn case_sealed_state_every_sealed_sample_is_read() {
    let (_plain, state) = copy_sample("v1/state.json");
    let plain = Store::open(&state, Mode::Read, "test").unwrap();
    for name in ["v3/sealed.json", "v3/encrypted.json"] {
        let (_sealed, state) = copy_sample(name);
        let refused = Store::open(&state, Mode::Read, "test").unwrap_err();
        assert_eq!(refused.code(), "state/sealed");
        let keeper = Store::keeper(&state, Mode::Read, "test").unwrap();
        let sealed = seal_medium(keeper, &state, sample_key());
        let store = Store::over(sealed, &state, Mode::Read).unwrap();
        assert_eq!(store.state(), plain.state(), "{name}");
        assert_eq!(store.open_effects(), plain.open_effects(), "{name}");
    }
}
