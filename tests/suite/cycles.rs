//! Which file uses which, in every crate: no file imports in a circle, whether through others or not.
//!
//! A circle of files is one unit, however many files it has: none of them can be read, tested or moved alone.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::reader::{Crate, Module};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Folders of all crates of the workspace.
fn crates() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml_edit::DocumentMut = text.parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let folder = |member: &toml_edit::Value| member.as_str().unwrap().to_owned();
    members.iter().map(folder).collect()
}

/// Files that use themselves by way of others.
fn in_circles(uses: &BTreeMap<&Module, BTreeSet<&Module>>) -> Vec<String> {
    let reaches = |from: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in uses.get(module).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let circular = uses
        .keys()
        .filter(|module| reaches(module).contains(*module));
    let name = |module: &&Module| match module.as_slice() {
        [] => "the root".to_owned(),
        path => path.join("::"),
    };
    circular.map(name).collect()
}

fn circles_below(src: &Path) -> Vec<String> {
    in_circles(&Crate::read(src).uses())
}

#[test]
fn no_file_imports_in_a_circle() {
    let mut seen = 0;
    for folder in crates() {
        let found = circles_below(&root().join(&folder).join("src"));
        assert!(
            found.is_empty(),
            "{folder} has {} files in circles: {}",
            found.len(),
            found.join(", ")
        );
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

/// Writes files of a crate and returns those in circles.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    circles_below(folder.path())
}

#[test]
fn circles_are_found_however_a_path_is_written() {
    let a = ("a.rs", "pub struct A;");
    for user in [
        "use crate::b::B; pub struct A;",
        "use super::b::{self, C as _}; pub struct A; fn f() { b::g() }",
        "pub struct A; fn f() -> crate::b::B { todo!() }",
        "use super::*; pub struct A; fn f(_: B) {}",
        "mod inner { use super::super::b::B; } pub struct A;",
    ] {
        let root = ("lib.rs", "mod a; mod b; pub use self::b::B;");
        let b = (
            "b.rs",
            "use crate::a::A; pub struct B; pub trait C {} pub fn g() {}",
        );
        assert_eq!(circles_of(&[root, a, b]).len(), 0, "one way is no circle");
        assert_eq!(circles_of(&[root, ("a.rs", user), b]), ["a", "b"], "{user}");
    }
}

#[test]
fn who_takes_a_name_from_above_uses_the_file_that_defines_it() {
    let a = ("a.rs", "use super::B; pub struct A;");
    let b = ("b.rs", "pub struct B;");
    let handing_on = "mod a; mod b; pub use self::{a::A, b::B};";
    assert!(circles_of(&[("lib.rs", handing_on), a, b]).is_empty());
    let using = "mod a; pub use self::a::A; pub struct B; fn f(_: A) {}";
    assert_eq!(circles_of(&[("lib.rs", using), a]), ["the root", "a"]);
}

#[test]
fn tests_texts_and_comments_do_not_count() {
    let b = ("b.rs", "pub struct B;");
    let root = ("lib.rs", "mod a; mod b;");
    let a = "// crate::b\npub struct A; const T: &str = \"crate::b::B\"; const C: char = '\"';\n\
             #[cfg(test)] mod tests { use crate::b::B; }";
    let back = ("b.rs", "use crate::a::A; pub struct B;");
    assert!(circles_of(&[root, ("a.rs", a), b]).is_empty());
    assert!(circles_of(&[root, ("a.rs", a), back]).is_empty());
    let tests = ("a/tests.rs", "use crate::b::B;");
    let a = ("a.rs", "pub struct A; #[cfg(test)] mod tests;");
    assert!(circles_of(&[root, a, tests, back]).is_empty());
    let used = (
        "a.rs",
        "pub struct A; const C: char = '\"'; use crate::b::B;",
    );
    assert_eq!(circles_of(&[root, used, back]), ["a", "b"]);
}
