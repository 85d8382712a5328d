//! The compilers that the explorer has.
//!
//! - Reads: the version of a submission.
//! - Returns: a [`Compiler`], or the refusal.
//! - Never: takes a long version without its `v`; that is a rule of the original.

use crate::answer::HandlerRefusal;

/// Long versions of the compilers that [`pospool_source`] knows the hashes of.
const BUILT_IN: &[&str] = &[
    "0.8.4+commit.c7e474f2",
    "0.8.19+commit.7dd6d404",
    "0.8.24+commit.e11b9ed9",
    "0.8.28+commit.7893614a",
];

/// One compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// Long version: `0.8.4+commit.c7e474f2`.
    pub version: String,
    /// Hash of the npm package `solc`, for a version that is not built in.
    pub integrity: Option<String>,
}

impl Compiler {
    /// Returns the compilers that are built in.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let compiler = |version: &&str| Self {
            version: (*version).to_owned(),
            integrity: None,
        };
        BUILT_IN.iter().map(compiler).collect()
    }

    /// Version without the commit: `0.8.4`.
    pub(crate) fn short(&self) -> &str {
        self.version.split('+').next().unwrap_or_default()
    }
}

/// Finds the compiler that a submission names: `v` and the long version, or the short version.
pub(crate) fn find_compiler(
    compilers: &[Compiler],
    asked: &str,
) -> Result<Compiler, HandlerRefusal> {
    if asked.is_empty() {
        return Err(HandlerRefusal::Error("solc version required".to_owned()));
    }
    let fits = |compiler: &&Compiler| match asked.strip_prefix('v') {
        Some(long) => compiler.version == long,
        None => compiler.short() == asked,
    };
    let found = compilers.iter().find(fits).cloned();
    found.ok_or_else(|| HandlerRefusal::Error(format!("solc version {asked} not supported")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_long_with_a_v_or_short_without() {
        let compilers = Compiler::built_in();
        for asked in ["v0.8.4+commit.c7e474f2", "0.8.4"] {
            assert_eq!(find_compiler(&compilers, asked).unwrap(), compilers[0]);
        }
        for wrong in [
            "0.8.4+commit.c7e474f2",
            "v0.8.4",
            "v0.8.4+commit.deadbeef",
            "0.8.5",
            "",
        ] {
            assert!(find_compiler(&compilers, wrong).is_err(), "{wrong}");
        }
    }
}
