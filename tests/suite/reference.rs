//! The reference pages are made from the tables that the program itself uses.

use std::fmt::Write as _;
use std::path::Path;

use pospool_cli::view::Paint;
use pospool_cli::view::explain;
use pospool_cli::wiring;

#[test]
fn the_reference_page_says_what_the_program_explains() {
    compare("spec.md", &page());
}

#[test]
fn the_page_of_transactions_says_what_the_table_decides() {
    compare("transactions.md", &pospool_chain::transactions_page());
}

#[test]
fn the_page_of_states_says_what_the_doctor_checks() {
    compare("doctor.md", &pospool_status::format_states_page());
}

/// With `POSPOOL_BLESS=1` the page is written instead of compared.
fn compare(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    let path = folder.join(name);
    if std::env::var_os("POSPOOL_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/reference/{name} is old: run this test with POSPOOL_BLESS=1"
    );
}

fn page() -> String {
    let plain = Paint::default();
    let registry = wiring::build_registry(wiring::NO_WAIT);
    let mut page =
        "# What a spec can hold\n\nMade from the program's own tables; `pospool explain` \
                    prints the same.\n"
            .to_owned();
    let mut section = |title: &str, text: &str| {
        let _ = write!(page, "\n## {title}\n\n```text\n{}\n```\n", text.trim_end());
    };
    for schema in registry.schemas() {
        section(schema.kind, &explain::format_kind(schema, plain));
    }
    section("Functions", &explain::format_functions(plain));
    section("Exit codes", &explain::format_exit_codes(plain));
    section(
        "Codes of problems",
        &explain::format_code_list(&pospool_cli::catalogue::all_codes(), plain),
    );
    page
}
