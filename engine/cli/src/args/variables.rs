//! The options that give values to a spec's variables.

use std::path::PathBuf;

/// Values of the spec's variables.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Variables {
    /// Value of a variable of the spec; also taken from the environment as `POSPOOL_VAR_name`
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = assignment)]
    pub assignments: Vec<(String, String)>,
    /// File with values of variables, one `name = value` a line
    #[arg(long = "var-file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Reads `name=value`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_keep_everything_after_the_first_equals_sign() {
        assert_eq!(assignment("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(assignment("a").is_err());
        assert!(assignment("=a").is_err());
    }
}
