//! Where a state is kept, as the user names it.
//!
//! - Reads: a path or a URL.
//! - Returns: a [`Location`], or what is wrong with it.
//! - Never: takes a credential from a URL, since URLs end up in files, logs and messages.

use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::Url;

/// Where a state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file; the lock and the journal lie beside it.
    File(PathBuf),
    /// An object in a store: `s3://bucket/key`, `gs://bucket/key`, `az://container/key`.
    Object(Url),
    /// A server that speaks the HTTP state protocol.
    Http(Url),
}

/// Why a location cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// It is no URL.
    #[error("`{text}` is not a URL: {why}")]
    Malformed {
        /// What was given.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// Its scheme is unknown.
    #[error("states are not kept at `{scheme}://`; write a path, s3://, gs://, az:// or https://")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// It holds more than the name of the state.
    #[error(
        "the location of a state ({scheme}://…) holds {what}, which would end up in messages; {instead}"
    )]
    Revealing {
        /// The scheme.
        scheme: String,
        /// What it holds.
        what: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// It names no object.
    #[error("`{text}` names no state; write {form}")]
    Incomplete {
        /// What was given.
        text: String,
        /// What to write.
        form: &'static str,
    },
}

const OBJECT_FORM: &str = "s3://bucket/name.json (gs:// and az:// likewise)";

impl Location {
    /// Reads a path or a URL. Relative paths start at `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, LocationError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::File(folder.join(text)));
        };
        let url = Url::parse(text).map_err(|error| LocationError::Malformed {
            text: without_user(text),
            why: error.to_string(),
        })?;
        match url.scheme() {
            "file" => url.to_file_path().map(Self::File).map_err(|()| {
                let text = text.to_owned();
                let form = "file:///folder/name.json, or only the path";
                LocationError::Incomplete { text, form }
            }),
            "s3" | "gs" | "az" => {
                check_nothing_revealed(&url)?;
                let named = url.host_str().is_some_and(|host| !host.is_empty());
                if named && !url.path().trim_matches('/').is_empty() && !rest.ends_with('/') {
                    return Ok(Self::Object(url));
                }
                let (text, form) = (text.to_owned(), OBJECT_FORM);
                Err(LocationError::Incomplete { text, form })
            }
            "http" | "https" => {
                check_nothing_revealed(&url)?;
                Ok(Self::Http(url))
            }
            _ => Err(LocationError::Scheme {
                scheme: scheme.to_owned(),
            }),
        }
    }

    /// The state's name in messages.
    #[must_use]
    pub fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Object(url) | Self::Http(url) => url.as_str().into(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().display().fmt(f)
    }
}

/// Refuses a URL that holds a user, a password, a query or a fragment.
fn check_nothing_revealed(url: &Url) -> Result<(), LocationError> {
    let revealing = |what, instead| {
        let scheme = url.scheme().to_owned();
        Err(LocationError::Revealing {
            scheme,
            what,
            instead,
        })
    };
    if !url.username().is_empty() || url.password().is_some() {
        let instead = match url.scheme() {
            "s3" => "give it as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            "gs" => "give it as GOOGLE_SERVICE_ACCOUNT",
            "az" => "give it as AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
            _ => "give it as POSPOOL_HTTP_USERNAME and POSPOOL_HTTP_PASSWORD",
        };
        return revealing("a user or a password", instead);
    }
    if url.query().is_some() || url.fragment().is_some() {
        let instead = "give credentials in the environment and name the state by its path alone";
        return revealing("a query or a fragment", instead);
    }
    Ok(())
}

/// A malformed URL without what may be a password.
fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Location, LocationError> {
        Location::parse(text, Path::new("/home/me"))
    }

    #[test]
    fn paths_and_urls_are_told_apart() {
        assert_eq!(
            parse("a/b.json").unwrap(),
            Location::File("/home/me/a/b.json".into())
        );
        assert_eq!(
            parse("file:///a/b.json").unwrap(),
            Location::File("/a/b.json".into())
        );
        let object = parse("s3://harbour/pools/a.json").unwrap();
        assert!(matches!(object, Location::Object(_)));
        assert_eq!(object.to_string(), "s3://harbour/pools/a.json");
        assert!(matches!(
            parse("https://git.example/state/a").unwrap(),
            Location::Http(_)
        ));
    }

    #[test]
    fn what_names_no_state_is_refused() {
        for wrong in ["s3://harbour", "s3://harbour/", "gs://b/a/", "az:///a"] {
            let refused = parse(wrong).unwrap_err();
            assert!(
                matches!(refused, LocationError::Incomplete { .. }),
                "{wrong}: {refused}"
            );
        }
        assert!(matches!(
            parse("ftp://a/b").unwrap_err(),
            LocationError::Scheme { .. }
        ));
    }

    #[test]
    fn a_credential_in_a_url_is_refused_and_not_repeated() {
        for revealing in [
            "s3://key:hunter2@harbour/a",
            "https://me:hunter2@git.example/a",
            "https://git.example/a?token=hunter2",
            "https://git.example/a#hunter2",
            "https://me:hunter2@git example/a",
        ] {
            let told = parse(revealing).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
