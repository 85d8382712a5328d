//! All codes that this program can show.

use std::collections::BTreeMap;

use pospool_model::Code;

use crate::{codes, wiring};

/// All codes, by their text. The tables of every crate are the only makers of codes, so none can be missing here
/// that a table has which is named here; a test looks for tables that are not.
#[must_use]
pub fn all_codes() -> BTreeMap<&'static str, Code> {
    let engine = [
        codes::CODES,
        pospool_model::codes::CODES,
        pospool_engine::codes::CODES,
        pospool_lang::config::CODES,
        pospool_serve::codes::CODES,
        pospool_keys::codes::CODES,
    ];
    let tables = engine.into_iter().chain(wiring::CODES.iter().copied());
    let codes = tables.flatten().copied();
    codes.map(|code| (code.as_str(), code)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Rust files of all crates of the program.
    fn sources() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut open = vec![
            root.join("engine"),
            root.join("chain"),
            root.join("keys"),
            root.join("providers"),
        ];
        let mut files = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(path);
                }
            }
        }
        files
    }

    /// Names and codes of every table in the sources: `NAME = "stage/code",`.
    fn tables() -> Vec<(String, String)> {
        let mut rows = Vec::new();
        for file in sources().iter().filter(|file| file.ends_with("codes.rs")) {
            let text = fs::read_to_string(file).unwrap();
            let row = |line: &str| {
                let (name, code) = line.trim().split_once(" = \"")?;
                Some((name.to_owned(), code.strip_suffix("\",")?.to_owned()))
            };
            rows.extend(text.lines().filter_map(row));
        }
        rows
    }

    #[test]
    fn case_unexplained_codes_every_table_is_in_the_catalogue() {
        let (tables, all) = (tables(), all_codes());
        assert!(tables.len() > 250, "{}", tables.len());
        let missing: Vec<_> = tables
            .iter()
            .filter(|row| !all.contains_key(row.1.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(all.len(), tables.len(), "a code stands in two tables");
        for code in all.values() {
            for text in [code.meaning(), code.remedy()] {
                assert!(text.len() > 10 && text.ends_with('.'), "{code}: {text}");
            }
        }
    }

    /// Only the macro makes codes, and no code is left over that nothing shows.
    #[test]
    fn case_unexplained_codes_no_code_is_made_or_left_outside_of_the_tables() {
        let mut makers = Vec::new();
        let mut used = String::new();
        for file in sources() {
            let text = fs::read_to_string(&file).unwrap();
            if text.contains(concat!("Code::of", "_table")) {
                makers.push(file.file_name().unwrap().to_owned());
            }
            if !file.ends_with("codes.rs") {
                used.push_str(&text);
            }
        }
        assert_eq!(makers, ["code.rs"]);
        let words: std::collections::BTreeSet<&str> = used
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        let unused: Vec<_> = tables()
            .into_iter()
            .filter(|row| !words.contains(row.0.as_str()))
            .collect();
        assert!(unused.is_empty(), "{unused:?}");
    }
}
