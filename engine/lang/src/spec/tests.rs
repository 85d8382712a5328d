//! Texts that do not become blocks.

use super::scan::{Findings, MOST_KEYS, MOST_TANGLES, scan_text};
use super::*;

fn refused(text: &str) -> String {
    let problem = parse_file(&SourceFile::new("a.hcl", text)).unwrap_err();
    format!("{} {}", problem.code, problem.summary)
}

#[test]
fn a_file_or_object_that_is_too_large_is_refused_before_it_is_parsed() {
    let keys = |count: usize| -> String {
        let lines: Vec<String> = (0..count)
            .map(|key| {
                format!(
                    "k{key} = {key}
"
                )
            })
            .collect();
        lines.concat()
    };
    let object = |count| format!("a = {{\n{}}}\n", keys(count));
    assert_eq!(
        refused(&" ".repeat(LONGEST + 1)),
        "spec/too-large the file has 8000001 bytes, and 8000000 is the most"
    );
    assert_eq!(
        refused(&object(MOST_KEYS + 1)),
        "spec/too-large an object has more than 5000 keys"
    );
    assert!(parse_file(&SourceFile::new("a", object(1_000))).is_ok());
    assert!(
        parse_file(&SourceFile::new(
            "a",
            format!("a {{\n{}}}\n", keys(MOST_KEYS + 1))
        ))
        .is_ok()
    );
}

#[test]
fn depth_is_limited() {
    let nested = format!("a = {}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(
        refused(&nested),
        "spec/too-deep invalid nesting depth; expected at most 64 nested levels"
    );
}

/// Found by fuzzing: what the parser would read 2^20 times comes back at once.
#[test]
fn an_unclosed_bracket_behind_operators_is_not_read_again_and_again() {
    for open in ["{ x = ", "(", "\"${"] {
        let nested = |depth| format!("a = {}", format!("b && c || {open}").repeat(depth));
        let most = usize::try_from(MOST_TANGLES).unwrap();
        assert_eq!(
            refused(&nested(20)),
            "spec/too-deep operators are nested in each other more than 6 times"
        );
        let shallow = refused(&nested(most));
        assert!(!shallow.starts_with("spec/too-deep"), "{shallow}");
    }
    // One operator each, new expressions, and depth without operators are no matter.
    let fine = [
        format!("a = {}1{}", "2 * (".repeat(30), ")".repeat(30)),
        format!(
            "a = {}1{}",
            "b == 1 && c ? 2 : (".repeat(30),
            ")".repeat(30)
        ),
        format!("a = {}1{}", "[1 + 2 + 3, ".repeat(30), "]".repeat(30)),
        format!(
            "a = {}1{}",
            "{ b = 1 + 2 + 3\n c = ".repeat(30),
            "}".repeat(30)
        ),
    ];
    for text in fine {
        assert!(parse_file(&SourceFile::new("a", &text)).is_ok(), "{text}");
    }
}

#[test]
fn an_error_at_the_end_of_a_text_is_inside_of_it() {
    for text in [
        "a = é",
        "a = [é",
        "é",
        "é {",
        "a",
        "a =",
        "a = \"é",
        "\u{feff}a",
    ] {
        if let Err(problem) = parse_file(&SourceFile::new("a", text)) {
            let bytes = problem.span.unwrap().bytes;
            assert!(text.get(bytes.clone()).is_some(), "{text}: {bytes:?}");
        }
    }
}

#[test]
fn a_scan_sees_brackets_and_quotes_only_where_they_count() {
    let clean = [
        "a = \"}\" # {\n// {\n/* [ \" */\n",
        "a \"b\" {\n  c = \"${ d[\"e\"] }\"\n}\n",
        "a = \"$${\"\nb = \"%%{\"\nc = \"\\\"\"\n",
        "a = <<EOT\n  \" { [\n  EOTX\nEOT\nb = {}\n",
        "a = <<-EOT\n  ${ { b = 1 } }\n  EOT\n",
        "a = b ? { c = d } : { e : f }\n",
    ];
    for text in clean {
        assert_eq!(scan_text(text), Findings::default(), "{text}");
    }
    let open = |text: &str| scan_text(text).unclosed;
    assert_eq!(open("a {\n b = [\n"), Some(9));
    assert_eq!(open("a = \"${ b\""), Some(6));
    assert_eq!(scan_text("a = \"b\nc = \"d\"\n").unterminated, Some(4));
    assert_eq!(scan_text("a = \"b").unterminated, Some(4));
}
