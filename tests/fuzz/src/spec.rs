//! The spec: text of a user.
//!
//! - Reads: any bytes as `pool.hcl`.
//! - Checks: no panic while it is decoded, evaluated with nothing known of the outside, and its problems are
//!   shown; every problem lies in the text; a good spec means the same when it is read again.
//! - Never: reads a secret or a file that the spec names.

use std::sync::OnceLock;

use pospool_cli::view::{Paint, diagnostics};
use pospool_cli::wiring;
use pospool_engine::registry::Registry;
use pospool_engine::resolve::{self, Outputs, Wanted};
use pospool_lang::config::{self, Config, Kinds, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::Diagnostic;

use crate::shown;

/// The providers of the program, and their kinds.
fn tables() -> &'static (Registry, Kinds) {
    static TABLES: OnceLock<(Registry, Kinds)> = OnceLock::new();
    TABLES.get_or_init(|| {
        let registry = wiring::build_registry(wiring::NO_WAIT);
        let kinds = registry.kinds();
        (registry, kinds)
    })
}

/// What a spec means before anything outside is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SpecMeaning {
    digest: String,
    wanted: Wanted,
    problems: Vec<Diagnostic>,
}

/// Decodes and resolves, as `pospool validate` does.
pub(crate) fn resolve_meaning(
    files: &[SourceFile],
    inputs: &VariableInputs,
) -> (Config, SpecMeaning) {
    let (registry, kinds) = tables();
    let (config, mut problems) = config::decode_spec(files, kinds, inputs);
    let (wanted, found) = resolve::resolve_resources(&config, registry, &Outputs::new());
    problems.extend(found);
    let digest = config.digest().to_owned();
    let meaning = SpecMeaning {
        digest,
        wanted,
        problems,
    };
    (config, meaning)
}

/// Shows the first problems, and checks that all of them lie in the texts.
pub(crate) fn show_problems(problems: &[Diagnostic], files: &[SourceFile]) {
    for problem in problems {
        let Some(span) = &problem.span else { continue };
        if let Some(file) = files.iter().find(|file| file.name == span.file) {
            assert!(file.text.get(span.bytes.clone()).is_some(), "{problem:?}");
        }
    }
    let first = &problems[..problems.len().min(2)];
    let shown = diagnostics::format_diagnostics(first, files, Paint::PLAIN);
    assert_eq!(shown.is_empty(), first.is_empty());
    shown::check_shown(&shown);
}

/// One run.
pub fn fuzz_spec(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let files = [SourceFile::new("pool.hcl", text)];
    let inputs = VariableInputs::default();
    let (config, first) = resolve_meaning(&files, &inputs);
    show_problems(&first.problems, &files);
    for resource in config.resources() {
        let _ = config.span_of(
            &resource.address,
            &["settings".to_owned(), "name".to_owned()],
        );
    }
    if first.problems.is_empty() {
        assert_eq!(resolve_meaning(&files, &inputs).1, first);
    }
}
