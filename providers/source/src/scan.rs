//! What a Solidity file imports and defines, without parsing it.
//!
//! - Reads: the text of one file.
//! - Returns: the paths of its imports and the names of its contracts, in the order of the text.
//! - Never: fails; a file that the compiler would refuse gives whatever was recognised.

/// What stands at the top level of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Paths as they are written.
    pub(crate) imports: Vec<String>,
    /// Definitions.
    pub(crate) definitions: Vec<Definition>,
}

/// One contract, library or interface.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    /// Its name.
    pub(crate) name: String,
    /// Whether it can have code: not an interface, not abstract.
    pub(crate) deployable: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(char),
}

/// Finds the imports and definitions of a file.
pub(crate) fn outline_file(text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut tokens = Tokens { rest: text };
    let mut depth = 0_usize;
    let mut is_abstract = false;
    while let Some(token) = tokens.next() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth = depth.saturating_sub(1),
            Token::Word("import") if depth == 0 => outline.imports.extend(tokens.import()),
            Token::Word("abstract") if depth == 0 => {
                is_abstract = true;
                continue;
            }
            Token::Word(kind @ ("contract" | "library" | "interface")) if depth == 0 => {
                if let Some(Token::Word(name)) = tokens.next() {
                    let deployable = kind != "interface" && !is_abstract;
                    outline.definitions.push(Definition {
                        name: name.to_owned(),
                        deployable,
                    });
                }
            }
            _ => {}
        }
        is_abstract = false;
    }
    outline
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Reads up to the end of an import and returns its path: the one string of every form of it.
    fn import(&mut self) -> Option<String> {
        let mut path = None;
        loop {
            match self.next() {
                None | Some(Token::Sign(';')) => return path,
                Some(Token::Text(text)) => path = path.or_else(|| Some(text.to_owned())),
                Some(_) => {}
            }
        }
    }

    /// Takes the text up to an end mark, or to the end of all.
    fn take_until(&mut self, from: usize, end: &str) -> &'a str {
        let body = &self.rest[from..];
        let length = body.find(end).unwrap_or(body.len());
        self.rest = body.get(length + end.len()..).unwrap_or("");
        &body[..length]
    }

    /// Takes a string: up to its quote, over quotes that are escaped.
    fn take_string(&mut self, quote: char) -> &'a str {
        let body = &self.rest[1..];
        let mut escaped = false;
        for (at, c) in body.char_indices() {
            if c == quote && !escaped {
                self.rest = &body[at + 1..];
                return &body[..at];
            }
            escaped = c == '\\' && !escaped;
        }
        self.rest = "";
        body
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("//") {
                self.take_until(2, "\n");
            } else if self.rest.starts_with("/*") {
                self.take_until(2, "*/");
            } else if first == '"' || first == '\'' {
                return Some(Token::Text(self.take_string(first)));
            } else if is_word(first) {
                let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Token::Word(word));
            } else {
                self.rest = &self.rest[first.len_utf8()..];
                return Some(Token::Sign(first));
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_import_is_found() {
        let text = r#"
            // import "./no.sol";
            /* import "./no.sol"; */
            import "./a.sol";
            import './b.sol' as B;
            import * as C from "./c.sol";
            import {
              D, // from "./no.sol"
              E as F
            } from "@scope/name/d.sol";
            contract X { string s = "import './no.sol';"; }
            import"./e.sol";
        "#;
        let wanted = [
            "./a.sol",
            "./b.sol",
            "./c.sol",
            "@scope/name/d.sol",
            "./e.sol",
        ];
        assert_eq!(outline_file(text).imports, wanted);
    }

    #[test]
    fn definitions_are_told_apart() {
        let text = r#"
            /// contract Comment
            interface IPool { function contract_() external; }
            abstract contract Base {}
            contract Pool is Base { struct library_ { uint a; } string x = "} contract No {"; }
            library Sets {}
            contract Last is Pool("\"") {}
        "#;
        let found: Vec<_> = outline_file(text)
            .definitions
            .into_iter()
            .map(|d| (d.name, d.deployable))
            .collect();
        let wanted = [
            ("IPool", false),
            ("Base", false),
            ("Pool", true),
            ("Sets", true),
            ("Last", true),
        ];
        assert_eq!(
            found,
            wanted.map(|(name, deployable)| (name.to_owned(), deployable))
        );
    }

    #[test]
    fn broken_text_ends() {
        for text in [
            "",
            "import",
            "import \"x",
            "/*",
            "contract",
            "}}} contract A {",
            "'\\",
            "ü \u{feff}",
        ] {
            outline_file(text);
        }
        assert_eq!(outline_file("}}} contract A {").definitions[0].name, "A");
    }
}
