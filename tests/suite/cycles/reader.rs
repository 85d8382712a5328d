//! Reads which file of a crate uses what of which other file.
//!
//! - Reads: the Rust files below a `src` folder, without what is only there for tests.
//! - Returns: for each module that is a file, the modules whose items it names.
//! - Never: takes a re-export for a use: who names `parent::Item` uses the file that defines it, and a parent that only
//!   hands on what its children define uses none of them.
//!
//! It is no compiler: it knows words, paths and braces, which is enough since no name of ours is made by a macro.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module by its path in the crate; the crate's root is empty.
pub(super) type Module = Vec<String>;

/// One name that a `use` binds.
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

/// What counts of one file.
#[derive(Default)]
struct File {
    imports: Vec<Import>,
    /// Paths of `use …::*`.
    globs: Vec<Vec<String>>,
    /// Paths in the code, such as `crate::draft::Draft::new` or a single word.
    paths: BTreeSet<Vec<String>>,
    defined: BTreeSet<String>,
    /// Child modules that only tests have.
    tests: BTreeSet<String>,
}

/// The files of one crate.
pub(super) struct Crate(BTreeMap<Module, File>);

impl Crate {
    /// Reads all modules below a `src` folder; programs in `src/bin` are crates of their own.
    pub(super) fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        read_folder(src, &mut Vec::new(), &mut files);
        let tests: Vec<Module> = files
            .iter()
            .flat_map(|(module, file)| file.tests.iter().map(|name| child(module, name)))
            .collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self(files)
    }

    /// For each module those that it uses.
    pub(super) fn uses(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        self.0
            .keys()
            .map(|module| (module, self.uses_of(module)))
            .collect()
    }

    fn uses_of(&self, module: &Module) -> BTreeSet<&Module> {
        let file = &self.0[module];
        let mut found = BTreeSet::new();
        for import in &file.imports {
            let is_named = || file.paths.iter().any(|path| path[0] == import.name);
            if !import.is_public || is_named() {
                // What is used of an imported module shows in the paths that begin with its name.
                let used = self.resolve(module, &import.path, 0);
                found.extend(used.filter(|(_, rest)| *rest > 0).map(|(used, _)| used));
            }
        }
        for path in &file.paths {
            let is_word = path.len() == 1;
            if is_word && (file.defined.contains(&path[0]) || self.binds(module, &path[0])) {
                continue;
            }
            if let Some((used, _)) = self.resolve(module, path, 0) {
                found.insert(used);
            }
        }
        found.remove(module);
        found
    }

    /// Whether a file has a name by an import that says it, or as a child.
    fn binds(&self, module: &Module, name: &str) -> bool {
        let imports = &self.0[module].imports;
        imports.iter().any(|import| import.name == name)
            || self.0.contains_key(&child(module, name))
    }

    /// The file that a path leads to, and how many of its words are items in there; `None` if that is another crate.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<(&Module, usize)> {
        let (mut at, mut rest) = match path[0].as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|word| *word == "super").count();
                (from[..from.len().saturating_sub(up)].to_vec(), &path[up..])
            }
            word if self.knows(from, word, depth) => (from.clone(), path),
            _ => return None,
        };
        while let Some((word, more)) = rest.split_first() {
            let next = child(&at, word);
            if self.0.contains_key(&next) {
                (at, rest) = (next, more);
                continue;
            }
            let file = self.0.get(&at)?;
            if file.defined.contains(word) || depth > 20 {
                break;
            }
            if let Some(import) = file.imports.iter().find(|import| import.name == *word) {
                // A name that stands for itself, as `use serde::de;` does for `de`, is of another crate.
                if import.path.len() == 1 && import.path[0] == *word {
                    return None;
                }
                let whole = [&import.path[..], more].concat();
                return self.resolve(&at, &whole, depth + 1);
            }
            let glob = file.globs.iter().find_map(|glob| {
                let (module, _) = self.resolve(&at, glob, depth + 1)?;
                self.knows(module, word, depth + 1).then_some(module)
            });
            match glob {
                Some(module) => return self.resolve(module, rest, depth + 1),
                None => break,
            }
        }
        let (module, _) = self.0.get_key_value(&at)?;
        Some((module, rest.len()))
    }

    fn knows(&self, module: &Module, word: &str, depth: usize) -> bool {
        let Some(file) = self.0.get(module) else {
            return false;
        };
        file.defined.contains(word)
            || self.binds(module, word)
            || depth < 20
                && file.globs.iter().any(|glob| {
                    let found = self.resolve(module, glob, depth + 1);
                    found.is_some_and(|(other, _)| {
                        other != module && self.knows(other, word, depth + 1)
                    })
                })
    }
}

fn child(module: &Module, name: &str) -> Module {
    [&module[..], &[name.to_owned()]].concat()
}

fn read_folder(folder: &Path, at: &mut Module, files: &mut BTreeMap<Module, File>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if !(at.is_empty() && name == "bin") {
                at.push(name);
                read_folder(&path, at, files);
                at.pop();
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = match name.as_str() {
                "lib" | "main" if at.is_empty() => Vec::new(),
                "mod" => at.clone(),
                _ => child(at, &name),
            };
            let text = std::fs::read_to_string(&path).unwrap();
            files.insert(module, read_file(&text));
        }
    }
}

/// Reads what counts of one file.
fn read_file(text: &str) -> File {
    let words = words_of(text);
    let (words, tests) = without_tests(&words);
    let mut file = File {
        tests,
        ..File::default()
    };
    // Depths of braces at which modules inside of this file begin: there `super` is the file itself.
    let (mut inner, mut depth, mut at) = (Vec::new(), 0, 0);
    while at < words.len() {
        let word = words[at].as_str();
        let next = words.get(at + 1).map_or("", String::as_str);
        match word {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|begin| *begin < depth);
            }
            "mod" if words.get(at + 2).is_some_and(|word| word == "{") => inner.push(depth),
            "use" => {
                let end = end_of(&words, at, |word| word == ";");
                let is_public = at > 0 && matches!(words[at - 1].as_str(), "pub" | ")");
                let mut leaves = Vec::new();
                expand(&words[at + 1..end], &[], &mut leaves);
                for path in leaves {
                    note_import(&mut file, path, is_public, inner.len());
                }
                at = end;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union"
                if is_name(next) =>
            {
                file.defined.insert(next.to_owned());
            }
            "!" if at > 0 && words[at - 1] == "macro_rules" => {
                file.defined.insert(next.to_owned());
            }
            _ if is_name(word) && !(at > 0 && matches!(words[at - 1].as_str(), "." | "::")) => {
                let path = path_from(&words, at);
                at += 2 * (path.len() - 1);
                file.paths.extend(without_inner(path, inner.len()));
            }
            _ => {}
        }
        at += 1;
    }
    file
}

fn note_import(file: &mut File, mut path: Vec<String>, is_public: bool, inner: usize) {
    let alias = path.iter().position(|word| word == "as");
    let alias = alias.map(|at| path.split_off(at)[1].clone());
    if path.last().is_some_and(|word| word == "self") && path.len() > 1 {
        path.pop();
    }
    let Some(path) = without_inner(path, inner) else {
        return;
    };
    match path.split_last() {
        Some((last, module)) if last == "*" => file.globs.push(module.to_vec()),
        Some((last, _)) => file.imports.push(Import {
            name: alias.unwrap_or_else(|| last.clone()),
            is_public,
            path,
        }),
        None => {}
    }
}

/// The same path seen from the file: out of a module inside of it, the first steps up only lead to the file.
fn without_inner(mut path: Vec<String>, inner: usize) -> Option<Vec<String>> {
    let up = path.iter().take_while(|word| *word == "super").count();
    let inside = up.min(inner);
    if inside > 0 {
        path.drain(..inside);
        if up == inside {
            path.insert(0, "self".to_owned());
        }
    }
    // `self` is also a value, and `pub(crate)` names nothing.
    let is_place = |word: &String| matches!(word.as_str(), "crate" | "self" | "super");
    (!path.iter().all(is_place)).then_some(path)
}

/// Cuts `a::{b, c as d}` into its leaves; an alias stays at the end as two words.
fn expand(words: &[String], before: &[String], leaves: &mut Vec<Vec<String>>) {
    let (mut path, mut at) = (before.to_vec(), 0);
    while at < words.len() {
        match words[at].as_str() {
            "{" => {
                let end = closing(words, at);
                expand(&words[at + 1..end], &path, leaves);
                path = before.to_vec();
                at = end;
            }
            "," => {
                if path.len() > before.len() {
                    leaves.push(path);
                }
                path = before.to_vec();
            }
            "::" => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    if path.len() > before.len() {
        leaves.push(path);
    }
}

/// The words of a path that begins here.
fn path_from(words: &[String], mut at: usize) -> Vec<String> {
    let mut path = vec![words[at].clone()];
    while words.get(at + 1).is_some_and(|word| word == "::")
        && words.get(at + 2).is_some_and(|word| is_name(word))
    {
        path.push(words[at + 2].clone());
        at += 2;
    }
    path
}

/// Takes out every item under `#[cfg(test)]`, and tells the names of its modules that are files.
fn without_tests(words: &[String]) -> (Vec<String>, BTreeSet<String>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut rest, mut tests, mut at) = (Vec::new(), BTreeSet::new(), 0);
    while at < words.len() {
        if !words[at..].iter().map(String::as_str).take(7).eq(MARK) {
            rest.push(words[at].clone());
            at += 1;
            continue;
        }
        let end = end_of(words, at + 7, |word| matches!(word, ";" | "{"));
        let item = &words[at + 7..end];
        if let Some(name) = item.iter().position(|word| word == "mod") {
            tests.insert(item[name + 1].clone());
        }
        at = 1 + match words.get(end).map(String::as_str) {
            Some("{") => closing(words, end),
            _ => end,
        };
    }
    (rest, tests)
}

fn end_of(words: &[String], from: usize, is_end: impl Fn(&str) -> bool) -> usize {
    let found = words[from..].iter().position(|word| is_end(word));
    found.map_or(words.len(), |length| from + length)
}

/// Where the brace that opens here is closed.
fn closing(words: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (at, word) in words.iter().enumerate().skip(open) {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    words.len()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Cuts a text into names, `::` and other signs, without comments, literals and lifetimes.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if is_name(rest) {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let end = end.unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

/// Length of the text, byte string, letter, lifetime or number that begins here, if one does.
fn literal(rest: &str) -> Option<usize> {
    let quoted = |from: usize, end: char| {
        let mut letters = rest[from..].char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                letters.next();
            } else if letter == end {
                return Some(from + at + 1);
            }
        }
        Some(rest.len())
    };
    let prefix = rest.trim_start_matches('b');
    let skipped = rest.len() - prefix.len();
    if skipped <= 1 && prefix.starts_with('"') {
        return quoted(skipped + 1, '"');
    }
    if let Some(raw) = prefix.strip_prefix('r').filter(|_| skipped <= 1) {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        if raw[marks..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(marks));
            let body = skipped + 2 + marks;
            let length = rest[body..].find(&end).unwrap_or(rest.len() - body);
            return Some((body + length + end.len()).min(rest.len()));
        }
    }
    if skipped <= 1 && prefix.starts_with('\'') {
        let mut letters = prefix[1..].chars();
        let (first, second) = (letters.next()?, letters.next());
        // `'a'` and `'\n'` are letters, `'a` alone is a lifetime.
        if first == '\\' || second == Some('\'') {
            return quoted(skipped + 1, '\'');
        }
        let name = prefix[1..].find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        return Some(skipped + 1 + name.unwrap_or(prefix.len() - 1));
    }
    let number = rest.starts_with(|first: char| first.is_ascii_digit());
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    number.then(|| end.unwrap_or(rest.len()))
}
