//! Stable codes of errors and warnings. A code is made by a table that explains it, and by nothing else.

use std::fmt;

use serde::{Serialize, Serializer};

/// A stable code, such as `docker/pos-key-lost`, with its explanation.
#[derive(Clone, Copy)]
pub struct Code(&'static CodeEntry);

/// What a table says of one code.
#[doc(hidden)]
pub struct CodeEntry {
    /// The code as it is shown.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Code {
    /// For [`codes!`](crate::codes) alone: a code that no table explains must not exist.
    #[doc(hidden)]
    #[must_use]
    pub const fn of_table(entry: &'static CodeEntry) -> Self {
        Self(entry)
    }

    /// The code as it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0.code
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        self.0.remedy
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Code> for &str {
    fn eq(&self, other: &Code) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Code> for String {
    fn eq(&self, other: &Code) -> bool {
        self == other.as_str()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Makes a table of codes: a constant for each, and `CODES` with all of them.
///
/// ```
/// pospool_model::codes! {
///     KEY_LOST = "docker/key-lost", "The key is not where it was.", "Restore it from its backup.";
/// }
/// assert_eq!(KEY_LOST.as_str(), "docker/key-lost");
/// assert_eq!(CODES.len(), 1);
/// ```
#[macro_export]
macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal, $remedy:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $meaning)]
            pub const $name: $crate::Code = $crate::Code::of_table(&$crate::code::CodeEntry {
                code: $code,
                meaning: $meaning,
                remedy: $remedy,
            });
        )*

        /// All codes of this table.
        pub const CODES: &[$crate::Code] = &[$($name),*];
    };
}
