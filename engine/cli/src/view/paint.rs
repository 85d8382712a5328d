//! Colours.
//!
//! - Reads: whether colours are wanted.
//! - Returns: text, with or without them.
//! - Never: adds a meaning that the text does not have without them.

use crate::exit::Exit;

/// Colours of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Whether there are any.
    pub colors: bool,
}

impl Paint {
    /// Without colours.
    pub const PLAIN: Self = Self { colors: false };

    /// Heading.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Remark.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// What goes, and errors.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// What comes, and success.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What changes, and warnings.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// The colour of a result.
    #[must_use]
    pub fn result(self, exit: Exit, text: &str) -> String {
        match exit {
            Exit::Done => self.green(text),
            Exit::Converging | Exit::Cancelled => self.yellow(text),
            _ => self.red(text),
        }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colors && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
